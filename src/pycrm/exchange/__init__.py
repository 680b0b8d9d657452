"""Import and export: foreign tables to typed drafts of records, records to tables.

`import_file` and `export_csv` act as somebody, within a CRM. The rest knows no session and no
database: reading, mapping, reporting, writing. Names are loaded when they are first used, so that a
command that only reads pays for nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.exchange.convert import Kind, Lookup
    from pycrm.exchange.draft import Drafts, Orphan
    from pycrm.exchange.exporting import export_csv
    from pycrm.exchange.importing import import_file
    from pycrm.exchange.mapping import Children, Column, Formats, Mapping
    from pycrm.exchange.plan import Draft, Plan
    from pycrm.exchange.reading import Limits, Position, Row, TableReader, read_table
    from pycrm.exchange.report import ImportReport, KeyChange, Progress, ReportMark, RowVerdict, Verdict
    from pycrm.exchange.reverting import Import, ImportRevert, Left, imports, revert_import
    from pycrm.exchange.scores import export_scores
    from pycrm.exchange.writing import TableWriter, neutralise, restore, write_table

_HOMES = {
    "convert": ("Kind", "Lookup"),
    "draft": ("Drafts", "Orphan"),
    "exporting": ("export_csv",),
    "importing": ("import_file",),
    "mapping": ("Children", "Column", "Formats", "Mapping"),
    "plan": ("Draft", "Plan"),
    "reading": ("Limits", "Position", "Row", "TableReader", "read_table"),
    "reverting": ("Import", "ImportRevert", "Left", "imports", "revert_import"),
    "scores": ("export_scores",),
    "report": ("ImportReport", "KeyChange", "Progress", "ReportMark", "RowVerdict", "Verdict"),
    "writing": ("TableWriter", "neutralise", "restore", "write_table"),
}

__all__ = [
    "Children",
    "Column",
    "Draft",
    "Drafts",
    "Formats",
    "Import",
    "ImportReport",
    "ImportRevert",
    "KeyChange",
    "Kind",
    "Left",
    "Limits",
    "Lookup",
    "Mapping",
    "Orphan",
    "Plan",
    "Position",
    "Progress",
    "ReportMark",
    "Row",
    "RowVerdict",
    "TableReader",
    "TableWriter",
    "Verdict",
    "export_csv",
    "export_scores",
    "import_file",
    "imports",
    "neutralise",
    "read_table",
    "restore",
    "revert_import",
    "write_table",
]

__getattr__ = on_demand(__name__, _HOMES)

"""Northwind and Chinook brought into a CRM, through the public import alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from pycrm import CRM, Source
from pycrm.exchange import ImportReport, Verdict, import_file

from .chinook.export import export_chinook
from .northwind.export import export_northwind
from .where import realdata

__all__ = ["load_chinook", "load_northwind", "told"]

HERE = Path(__file__).parent
# The mapping files in their order: the table each is for, and the login that imports it.
NORTHWIND = {
    "units": ("units", ""),
    "users": ("employees", ""),
    "roles": ("employees", ""),
    "categories": ("categories", ""),
    "products": ("products", ""),
    "customers": ("customers", "fuller"),
    "orders": ("orders", "fuller"),
}
CHINOOK = {
    "units": ("units", ""),
    "users": ("employees", ""),
    "roles": ("employees", ""),
    "customers": ("customers", "adams"),
    "invoices": ("invoices", "adams"),
}


def load_northwind(crm: CRM, folder: Path, *, only: Collection[str] = NORTHWIND) -> dict[str, ImportReport]:
    """Units, people, products by the set-up; customers and orders by Fuller, who stands at the top."""
    files = export_northwind(realdata("northwind", "create.sql"), folder)
    return _load(crm, "northwind", files, {name: NORTHWIND[name] for name in NORTHWIND if name in only})


def load_chinook(crm: CRM, folder: Path) -> dict[str, ImportReport]:
    """Units and people by the set-up; customers and invoices by Adams, for their agents."""
    files = export_chinook(realdata("chinook", "Chinook_Sqlite.sqlite"), folder)
    return _load(crm, "chinook", files, CHINOOK)


def _load(
    crm: CRM, name: str, files: Mapping[str, Path], steps: Mapping[str, tuple[str, str]]
) -> dict[str, ImportReport]:
    setup = crm.system("set-up")
    with crm.session(setup) as session:
        if not session.count(Source):
            session.add(Source(name=name.title()))
    reports = {}
    for step, (table, login) in steps.items():
        children = {"order_details": files["order_details"]} if step == "orders" else {}
        mapping = HERE / name / f"{step}.toml"
        reports[step] = import_file(crm, login or setup, files[table], mapping, files=children)
    return reports


def told(reports: Mapping[str, ImportReport], verdict: Verdict) -> dict[str, int]:
    """How many rows of each import had that verdict; an import with another verdict shows as -1."""
    return {
        name: report.counts[verdict] if report.counts[verdict] == report.rows else -1
        for name, report in reports.items()
    }

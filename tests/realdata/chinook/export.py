"""Chinook as CSV files: employees with their units, customers with their agents, invoices with lines.

python -m realdata.chinook.export DATABASE FOLDER        (in the folder tests)
"""

from __future__ import annotations

import sys
from pathlib import Path

from ..figures import open_chinook
from ..tables import export

__all__ = ["TABLES", "export_chinook"]

_MANAGERS = "SELECT ReportsTo FROM Employee WHERE ReportsTo IS NOT NULL"

TABLES = {
    "units": "SELECT EmployeeId AS UnitId, LastName || '''s team' AS UnitName, ReportsTo AS ParentId"
    f" FROM Employee WHERE EmployeeId IN ({_MANAGERS}) ORDER BY ReportsTo IS NOT NULL, EmployeeId",
    "employees": f"SELECT *, CASE WHEN EmployeeId IN ({_MANAGERS}) THEN EmployeeId ELSE ReportsTo END"
    " AS UnitId FROM Employee ORDER BY EmployeeId",
    "customers": "SELECT * FROM Customer ORDER BY CustomerId",
    # The agent of an invoice is the agent of its customer.
    "invoices": "SELECT Invoice.*, SupportRepId FROM Invoice JOIN Customer USING (CustomerId) ORDER BY InvoiceId",
    "invoice_lines": "SELECT * FROM InvoiceLine ORDER BY InvoiceLineId",
    "tracks": "SELECT * FROM Track ORDER BY TrackId",
    "genres": "SELECT * FROM Genre ORDER BY GenreId",
}


def export_chinook(source: Path, folder: Path) -> dict[str, Path]:
    """Write the tables that a CRM has a place for to the folder, and name the files."""
    database = open_chinook(source)
    try:
        return export(database, TABLES, folder)
    finally:
        database.close()


if __name__ == "__main__":
    for name, path in export_chinook(Path(sys.argv[1]), Path(sys.argv[2])).items():
        print(f"{name:<22}{path}")

"""Northwind as CSV files: every table, the units of its managers, and each employee's unit.

python -m realdata.northwind.export CREATE_SQL FOLDER        (in the folder tests)
"""

from __future__ import annotations

import sys
from pathlib import Path

from ..figures import load_northwind
from ..tables import export

__all__ = ["TABLES", "export_northwind"]

_MANAGERS = "SELECT ReportsTo FROM Employees WHERE ReportsTo IS NOT NULL"

# A unit for each manager, under the unit of the manager's own manager; managers come before those
# who report to them, since Northwind numbers them so.
TABLES = {
    "units": "SELECT EmployeeID AS UnitID, LastName || '''s team' AS UnitName, ReportsTo AS ParentID"
    f" FROM Employees WHERE EmployeeID IN ({_MANAGERS}) ORDER BY ReportsTo IS NOT NULL, EmployeeID",
    "employees": f"SELECT *, CASE WHEN EmployeeID IN ({_MANAGERS}) THEN EmployeeID ELSE ReportsTo END"
    " AS UnitID FROM Employees ORDER BY EmployeeID",
    "regions": "SELECT * FROM Regions ORDER BY RegionID",
    "categories": "SELECT * FROM Categories ORDER BY CategoryID",
    "suppliers": "SELECT * FROM Suppliers ORDER BY SupplierID",
    "products": "SELECT * FROM Products ORDER BY ProductID",
    "customers": "SELECT * FROM Customers ORDER BY CustomerID",
    "orders": "SELECT * FROM Orders ORDER BY OrderID",
    "order_details": 'SELECT * FROM "Order Details" ORDER BY OrderID, ProductID',
    "shippers": "SELECT * FROM Shippers ORDER BY ShipperID",
    "territories": "SELECT * FROM Territories ORDER BY TerritoryID",
    "employee_territories": "SELECT * FROM EmployeeTerritories ORDER BY EmployeeID, TerritoryID",
}


def export_northwind(script: Path, folder: Path) -> dict[str, Path]:
    """Load `create.sql` into a scratch database, write its tables to the folder, and name the files."""
    database = load_northwind(script)
    try:
        return export(database, TABLES, folder)
    finally:
        database.close()


if __name__ == "__main__":
    for name, path in export_northwind(Path(sys.argv[1]), Path(sys.argv[2])).items():
        print(f"{name:<22}{path}")

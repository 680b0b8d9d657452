"""A vendor's package on pycrm: project sales between companies.

`plugin` is the table of contents, `project` and `buyer` declare what is kept, `process` how a project
runs, and `sample` fills an empty database with two years of invented business.
"""

from b2b_project_sales.buyer import BuyerProfile
from b2b_project_sales.plugin import ProjectSales
from b2b_project_sales.project import Criterion, Project

__all__ = ["BuyerProfile", "Criterion", "Project", "ProjectSales"]

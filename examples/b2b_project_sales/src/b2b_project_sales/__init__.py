"""A vendor's package on pycrm: project sales between companies.

`plugin` is the table of contents, `buyer` declares what is kept of customers besides, `sample` fills an empty
database with two years of invented business, and `story` tells how one of its projects was won. The project files
themselves are those of the bundled plugin `projects`.
"""

from b2b_project_sales.buyer import BuyerProfile
from b2b_project_sales.plugin import ProjectSales

__all__ = ["BuyerProfile", "ProjectSales"]

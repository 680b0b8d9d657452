"""The nouns of every CRM: organisation, parties, customers, sales and what happens between."""

from pycrm.entities.activity import Activity, Commitment, Note, Task
from pycrm.entities.customer import Contact, Customer, OwnershipInterval
from pycrm.entities.lead import Lead, LeadContactPoint
from pycrm.entities.opportunity import Opportunity, OpportunityContact, OpportunityLine
from pycrm.entities.org import Grant, OrgUnit, Role, RoleAssignment, UnitClosure, User
from pycrm.entities.party import Address, ContactPoint, Organization, Party, Person, Region, Source
from pycrm.entities.product import Product, ProductCategory

__all__ = [
    "Activity",
    "Address",
    "Commitment",
    "Contact",
    "ContactPoint",
    "Customer",
    "Grant",
    "Lead",
    "LeadContactPoint",
    "Note",
    "Opportunity",
    "OpportunityContact",
    "OpportunityLine",
    "OrgUnit",
    "Organization",
    "OwnershipInterval",
    "Party",
    "Person",
    "Product",
    "ProductCategory",
    "Region",
    "Role",
    "RoleAssignment",
    "Source",
    "Task",
    "UnitClosure",
    "User",
]

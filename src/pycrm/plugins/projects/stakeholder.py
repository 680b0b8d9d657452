"""Who decides on a project at the customer, what they think of us, and who of us looks after them."""

from __future__ import annotations

from enum import StrEnum

from pycrm import Contact, Field, Link, Record, User, field, ge, le, link, through
from pycrm.plugins.projects.project import ProjectFile

__all__ = ["FOUR", "Stakeholder", "StakeholderDepartment", "StakeholderRole"]


class StakeholderDepartment(StrEnum):
    """For whom a stakeholder speaks."""

    USER = "user"
    TECHNICAL = "technical"
    PROCUREMENT = "procurement"
    DECISION = "decision"
    FINANCE = "finance"
    DESIGNER = "designer"
    CONSULTANT = "consultant"


# The departments in which somebody has to be known before a project is initiated.
FOUR = (
    StakeholderDepartment.USER,
    StakeholderDepartment.TECHNICAL,
    StakeholderDepartment.PROCUREMENT,
    StakeholderDepartment.DECISION,
)


class StakeholderRole(StrEnum):
    """What part somebody has in the decision."""

    DECIDER = "decider"
    INFLUENCER = "influencer"
    USER = "user"
    GATEKEEPER = "gatekeeper"
    COACH = "coach"
    BUYER = "buyer"


class Stakeholder(Record, table="projects_stakeholder", scope=through("project")):
    """Somebody with a say in a project (干系人), and who of our people is in charge of them.

    The stance goes from -2 (against us) to 2, and is None where nobody knows; it changes with what proves it.
    Without days of its own the interval of contacts follows from the influence.
    """

    project: Link[ProjectFile] = link("Project", zh="项目")
    contact: Link[Contact] = link("Contact", zh="联系人")
    name: Field[str] = field("Name", zh="姓名", init=False, longest=300)
    department: Field[StakeholderDepartment] = field("Department", zh="部门")
    role: Field[StakeholderRole] = field("Role", zh="角色")
    stance: Field[int | None] = field("Stance", zh="态度", default=None, validator=(ge(-2), le(2)))
    stance_evidence: Field[str | None] = field(
        "Evidence of the stance", zh="态度依据", default=None, longest=1000
    )
    influence: Field[int] = field("Influence", zh="影响力", validator=(ge(1), le(5)))
    relation: Field[int | None] = field("Relation", zh="关系", default=None, validator=(ge(0), le(5)))
    needs: Field[str | None] = field("Needs", zh="需求", default=None, longest=2000)
    our_person: Link[User] = link("In charge", zh="我方负责人")
    contact_every_days: Field[int | None] = field(
        "Contact every (days)", zh="联系间隔", default=None, validator=ge(1)
    )

    mirrors = {"name": "contact"}

    def begin(self, session: object) -> dict[str, str]:
        """The name comes from the contact."""
        return {"name": session.get(self.contact).name}  # type: ignore[attr-defined]

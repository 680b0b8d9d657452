"""What the centre keeps of a customer who is examined, beside what core knows of the person."""

from __future__ import annotations

from pycrm import Customer, Facet, Field, Link, field, link

__all__ = ["ExamineeProfile"]


class ExamineeProfile(Facet, table="checkup_examinee", of=Customer):
    """A customer as an examinee (受检人); seen by whoever sees the customer.

    `health_note` is special: it never comes with the record, and each look at it is recorded.
    """

    employer: Link[Customer | None] = link("Employer", zh="单位", default=None)
    employee_no: Field[str | None] = field("Employee number", zh="工号", default=None, longest=40)
    report_to_self: Field[bool] = field("Report to the person alone", zh="报告仅本人领取", default=True)
    needs_help: Field[bool] = field("Needs help on the way", zh="需要陪检", default=False)
    health_note: Field[str | None] = field(
        "Health to mind", zh="健康提示", default=None, special=True, longest=500
    )

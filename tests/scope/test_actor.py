"""Who may act at all, from when to when, and that a change of roles acts at once."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from house import Cast, enterprise

from pycrm import (
    CRM,
    Customer,
    FixedClock,
    ForbiddenError,
    Grant,
    NotFoundError,
    Opportunity,
    OrgUnit,
    Ref,
    Role,
    RoleAssignment,
    Source,
    StoreError,
    User,
)
from pycrm.entities.org import Action, Reach, UserState


@pytest.fixture
def cast(crm: CRM) -> Cast:
    """The people of the catalogue with their 40 customers."""
    return enterprise(crm, customers=True)


def seen(crm: CRM, who: Any, cls: Any = Customer) -> int:
    """How many records somebody sees."""
    with crm.view(who) as session:
        return session.count(cls)


def file(session: Any) -> Customer:
    """Somebody files a customer."""
    made: Customer = session.add(Customer.organization("New", email="new@example.com", source="exhibition"))
    return made


@pytest.mark.parametrize("state", [UserState.SUSPENDED, UserState.LEFT])
def test_who_left_or_is_suspended_is_refused(crm: CRM, cast: Cast, state: UserState) -> None:
    """A user who left or is suspended is refused at the next session, by login, record and actor (COR-26)."""
    user = cast.people["tech_1"]
    with crm.view("tech_1") as session:
        actor = session.actor
    with crm.session("admin") as session:
        session.change(session.get(User, user.id), state=state)
    for who in ("tech_1", user, user.ref, user.id, actor):
        for open_ in (crm.view, crm.session):
            with pytest.raises(ForbiddenError), open_(who):
                pass
    with crm.session("admin") as session:
        session.change(session.get(User, user.id), state=UserState.ACTIVE)
    assert seen(crm, "tech_1") == 0


def test_an_archived_user_is_nobody(crm: CRM, cast: Cast) -> None:
    """An account that was put away is answered like one that never was."""
    with crm.session("admin") as session:
        session.archive(session.get(User, cast.people["tech_1"].id))
    with pytest.raises(NotFoundError), crm.view("tech_1"):
        pass


NOBODY = ["nobody", "REP_A", " rep_a", "", "rep_a\x00", "\ud800", "' OR 1=1 --", "游", "x" * 100_000]


def test_unknown_logins_are_one_refusal(crm: CRM, cast: Cast) -> None:
    """Whatever is typed as a login: one that is nobody's is refused in the same words."""
    customer = Ref("Customer", uuid4())
    answers = set()
    for who in (*NOBODY, None, 5, 2.5, b"rep_a", uuid4(), customer, object()):
        with pytest.raises(NotFoundError) as refused, crm.view(who):
            pass
        answers.add(str(refused.value.as_dict()))
    assert len(answers) == 1


def test_a_login_is_known_in_either_normal_form(crm: CRM, cast: Cast) -> None:
    """A login with an accent is the same person however the keyboard composes it."""
    with crm.session("admin") as session:
        session.add(User(login="ren\u00e9", name="Ren\u00e9", home_unit=cast.units["East"]))
    with crm.view("rene\u0301") as session:
        assert session.actor.name == "ren\u00e9"


def test_a_dated_role_counts_on_its_days(crm: CRM, cast: Cast, clock: FixedClock) -> None:
    """`rep_c` leads West in July: 5 + 10 customers then, 5 before and after, by the day in Shanghai (SCO-S7)."""
    with crm.session("admin") as session:
        session.add(
            RoleAssignment(
                user=cast.people["rep_c"],
                role=cast.roles["leader"],
                unit=cast.units["West"],
                since=date(2026, 7, 1),
                until=date(2026, 7, 31),
            )
        )
    for moment, expected in (
        ("2026-06-30T23:59:59+08:00", 5),
        ("2026-06-30T16:00:00+00:00", 15),
        ("2026-07-15T09:00:00+08:00", 15),
        ("2026-07-31T23:59:59+08:00", 15),
        ("2026-07-31T16:00:00+00:00", 5),
    ):
        clock.set(moment)
        assert (moment, seen(crm, "rep_c")) == (moment, expected)


def test_by_the_day_of_greenwich_the_role_would_begin_late(
    crm: CRM, cast: Cast, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were days counted in Greenwich, a role of July would not count at midnight in Shanghai."""
    monkeypatch.setattr(CRM, "calendar_day", lambda crm, moment: moment.date())
    given = RoleAssignment(
        user=cast.people["rep_c"], role=cast.roles["leader"], unit=cast.units["West"], since=date(2026, 7, 1)
    )
    with crm.session("admin") as session:
        session.add(given)
    clock.set("2026-06-30T16:00:00+00:00")
    assert seen(crm, "rep_c") == 5


def test_roles_are_data_and_act_with_the_next_session(crm: CRM, cast: Cast) -> None:
    """When staff may read what their unit owns, they do so from the next session on, and no longer after."""
    staff = cast.roles["staff"]
    with crm.session("admin") as session:
        role = session.get(Role, staff.id)
        wider = [*role.grants, Grant(entity="Customer", action=Action.READ, reach=Reach.UNIT)]
        session.change(role, grants=wider)
    assert (seen(crm, "rep_a"), seen(crm, "rep_c")) == (23, 7)
    with crm.session("admin") as session:
        session.change(session.get(Role, staff.id), grants=role.grants)
    assert (seen(crm, "rep_a"), seen(crm, "rep_c")) == (12, 5)


def test_what_was_rolled_back_is_never_granted(crm: CRM, cast: Cast) -> None:
    """Grants that an administrator tried and did not keep give nobody anything, whoever asked meanwhile."""
    staff = cast.roles["staff"]

    def widened(session: Any, reach: Reach) -> None:
        role = session.get(Role, staff.id)
        session.change(role, grants=[*role.grants, Grant(entity="*", action=Action.READ, reach=reach)])

    def tried() -> None:
        with crm.session("admin") as session:
            widened(session, Reach.ALL)
            assert session.why("rep_a", cast.people["rep_b"].ref)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tried()
    with crm.session("admin") as session:
        widened(session, Reach.NONE)
    assert seen(crm, "rep_a") == 12


def test_an_assignment_that_ended_ends_with_it(crm: CRM, cast: Cast) -> None:
    """An assignment or a role that was put away gives nothing from the next session on."""
    with crm.session("admin") as session:
        (held,) = session.find(RoleAssignment, RoleAssignment.user == cast.people["lead_w"])
        session.archive(held)
        session.archive(session.get(Role, cast.roles["staff"].id))
    assert (seen(crm, "lead_w"), seen(crm, "rep_a"), seen(crm, "dir")) == (0, 0, 40)


def test_a_system_actor_has_the_grants_it_names(crm: CRM, cast: Cast) -> None:
    """The product itself, acting with narrow grants, reads what they name and nothing else."""
    only = crm.system("count customers", grants=["Customer.read"])
    assert (seen(crm, only), seen(crm, only, Opportunity), seen(crm, only, User)) == (40, 0, 0)
    whole = crm.system("keep customers", grants=["Customer"])
    with crm.session(only) as session:
        customer = session.find(Customer)[0]
        with pytest.raises(ForbiddenError):
            session.change(customer, channel="x")
        with pytest.raises(ForbiddenError):
            session.add(OrgUnit(name="x", code="x"))
    with crm.session(whole) as session:
        assert session.change(session.find(Customer)[0], channel="x").channel == "x"
    assert seen(crm, crm.system("nothing", grants=[])) == 0


def test_a_session_acts_only_inside_its_block(crm: CRM, cast: Cast) -> None:
    """A session that was not entered, or has ended, neither reads nor writes."""
    never = crm.session("rep_a")
    with crm.session("rep_a") as ended:
        customer = ended.find(Customer)[0]
    for session in (never, ended):
        for act in (
            lambda one: one.find(Customer),
            lambda one: one.count(Customer),
            lambda one: one.get(customer.ref),
            lambda one: one.page(Customer),
            lambda one: one.sum(Opportunity.amount),
            lambda one: one.change(customer, channel="x"),
            lambda one: one.add(OrgUnit(name="x", code="x")),
            file,
        ):
            with pytest.raises(StoreError):
                act(session)
    assert seen(crm, "rep_a") == 12


def test_a_view_refuses_to_write(crm: CRM, cast: Cast) -> None:
    """A session opened for reading refuses every verb that writes."""
    with crm.view("dir") as session:
        customer = session.find(Customer)[0]
        for act in (
            lambda: session.change(customer, channel="x"),
            lambda: session.amend(customer, strategic=True, because="a reason"),
            lambda: session.archive(customer),
            lambda: session.restore(customer),
            lambda: session.add_all([OrgUnit(name="x", code="x")]),
            lambda: file(session),
        ):
            with pytest.raises(StoreError, match="only reads"):
                act()
    with crm.view("dir") as session:
        assert session.get(customer.ref).version == customer.version


def test_staff_see_no_roles_and_keep_no_organisation(crm: CRM, cast: Cast) -> None:
    """Staff, leaders and top management read no roles, and add neither units nor people nor roles."""
    for login in ("rep_a", "lead_e", "dir"):
        with crm.session(login) as session:
            assert session.find(Role) == []
            assert session.count(RoleAssignment) == 0
            with pytest.raises(NotFoundError):
                session.get(Role, cast.roles["staff"].id)
            for thing in (
                OrgUnit(name="x", code="x"),
                User(login="x", name="x", home_unit=cast.units["East"]),
                Role(name="x"),
            ):
                with pytest.raises((ForbiddenError, NotFoundError)):
                    session.add(thing)
            with pytest.raises(ForbiddenError):
                session.amend(session.get(cast.units["East"].ref), parent=None, because="a reason")
    with crm.view("admin") as session:
        assert session.count(Role) == 4


def test_nobody_takes_a_role(crm: CRM, cast: Cast) -> None:
    """A salesperson who knows the ids of role, unit and account cannot make an assignment of them."""
    mine = RoleAssignment(
        user=cast.people["rep_a"], role=cast.roles["top"], unit=cast.units["HQ"], since=date(2026, 1, 1)
    )
    with crm.session("rep_a") as session, pytest.raises((ForbiddenError, NotFoundError)):
        session.add(mine)
    assert seen(crm, "rep_a") == 12


def test_the_administrator_sees_no_business(crm: CRM, cast: Cast) -> None:
    """Who keeps users and roles sees no customer, and can add none (SCO-19)."""
    with crm.session("admin") as session:
        assert session.find(Customer) == []
        assert session.count(Opportunity) == 0
        assert session.reach(Customer) == "nothing"
        with pytest.raises(ForbiddenError):
            file(session)
        assert session.count(User) == len(cast.people)
        assert session.add(Source(name="web")).name == "web"

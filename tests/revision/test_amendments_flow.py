"""Who has to agree to a change of key data, and what becomes of it then."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from scope.rights import ruled

from pycrm import (
    CRM,
    AmendmentRequiredError,
    ApprovalMode,
    Approver,
    ConflictError,
    Customer,
    FixedClock,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    Organization,
    StaleError,
)
from revision.amending import approve, ask, company, flow, policy, step, waiting, world
from revision.world import differing, tables


def test_a_direct_write_is_refused_with_its_policy(crm: CRM) -> None:
    """Whoever writes T2 over the tax id T1 directly is told of T1 and that approval is needed (REV-S1)."""
    made = world(crm)
    policy(crm, "Organization.tax_id")
    before = tables(crm)
    with crm.session("rep_a") as session:
        facet = session.facet(made.pump.party, Organization)
        with pytest.raises(AmendmentRequiredError) as refused:
            session.change(facet, tax_id="T2", industry="B")
    assert refused.value.data["current"] == {"tax_id": "T1"}
    assert refused.value.data["policy"] == {"tax_id": "approval"}
    assert differing(before, tables(crm)) == []


def test_a_leader_agrees_and_it_is_true(crm: CRM) -> None:
    """A change that needs approval waits for the unit leader, and holds once she has agreed (REV-5)."""
    made = world(crm)
    policy(crm, "Organization.tax_id")
    amendment = ask(crm, "rep_a", made.pump, tax_id="T9")
    assert (amendment.state, amendment.submitted_by) == ("submitted", made.cast.people["rep_a"].ref)
    assert company(crm, "rep_a", made.pump).tax_id == "T1"
    assert [waiting(crm, who) for who in ("rep_a", "rep_b", "lead_w", "dir")] == [[], [], [], []]
    (found,) = waiting(crm, "lead_e")
    done = approve(crm, "lead_e", found, because="seen the licence")
    assert (done.state, company(crm, "rep_a", made.pump).tax_id) == ("applied", "T9")
    assert waiting(crm, "lead_e") == []
    with crm.view("rep_a") as session:
        (one,) = [each for each in session.history(made.pump) if each.act == "amend"]
        acts = [each.act for each in session.history(amendment)]
    assert (one.amendment, one.approvers) == (amendment.ref, (made.cast.people["lead_e"].ref,))
    assert (one.reason, one.by) == ("licence renewed", made.cast.people["lead_e"].ref)
    assert [(each.path, each.old, each.new) for each in one.changes] == [("tax_id", "T1", "T9")]
    assert acts[-1] == "add"


def test_a_raise_of_credit_goes_by_its_size(crm: CRM) -> None:
    """From 100,000 to 115,000 is for the leader alone, to 130,000 for finance as well (REV-S2)."""
    made = world(crm, employees=100_000)
    steps = step(), step(Approver.ROLE, who="finance", condition="percent > 20")
    flow(crm, "capital", *steps)
    policy(crm, "Organization.employees", flow="capital")
    other = company(crm, "lead_e", made.own)
    # 115,000 is 15 % more.
    small = ask(crm, "lead_e", made.own, employees=115_000)
    assert approve(crm, "dir", small).state == "applied"
    assert company(crm, "lead_e", made.own).version == other.version + 1
    # 130,000 is 30 % more.
    large = ask(crm, "rep_a", made.pump, employees=130_000)
    assert approve(crm, "lead_e", large).state == "submitted"
    assert company(crm, "rep_a", made.pump).employees == 100_000
    assert [one.id for one in waiting(crm, "fin_1")] == [large.id]
    assert approve(crm, "fin_1", large).state == "applied"
    assert company(crm, "rep_a", made.pump).employees == 130_000


def test_what_changed_meanwhile_is_no_more_applied(crm: CRM) -> None:
    """N1 to N2 was asked for, N3 was written: the approver sees all three, and nothing is applied (REV-S3)."""
    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    with crm.session("dir") as session:
        session.override(session.get(made.pump.ref), name="N3", because="the register says so")
    after = approve(crm, "lead_e", amendment)
    assert after.state == "conflicted"
    with crm.view("lead_e") as session:
        (line,) = session.lines(after)
        assert (line.base, line.current, line.new) == ("Pump", "N3", "N2")
        assert line.is_conflicting
        assert session.get(made.pump.ref).name == "N3"
        assert [one.id for one in session.inbox()] == [amendment.id]
    with pytest.raises(ConflictError):
        approve(crm, "lead_e", after)
    with crm.session("lead_e") as session:
        again = session.rebase(after)
    assert (again.state, again.round) == ("submitted", 2)
    with pytest.raises(StaleError):
        approve(crm, "lead_e", amendment)
    assert approve(crm, "lead_e", again).state == "applied"
    with crm.view("rep_a") as session:
        assert session.get(made.pump.ref).name == "N2"


@pytest.mark.parametrize("verb", ["amend", "override"])
def test_a_name_that_changed_since_it_was_read_is_not_overwritten(crm: CRM, verb: str) -> None:
    """Who read a customer before its name changed, and changes the name, is told what it says now."""
    made = world(crm)
    policy(crm, "Party.name")
    with crm.session("dir") as session:
        session.override(session.get(made.pump.ref), name="N3", because="the register says so")
    who = "rep_a" if verb == "amend" else "dir"
    with crm.session(who) as session, pytest.raises(StaleError) as refused:
        getattr(session, verb)(made.pump, name="N2", because="licence renewed")
    assert refused.value.data["fields"] == {"name": {"base": "Pump", "theirs": "N3", "yours": "N2"}}
    with crm.session(who) as session:
        getattr(session, verb)(session.get(made.pump.ref), name="N2", because="licence renewed")


def test_whoever_may_not_read_a_name_any_more_is_not_told_what_it_says_now(crm: CRM) -> None:
    """Who read a name before it was hidden, and may write it, asks for a change as if nothing had been read."""
    made = world(crm)
    policy(crm, "Party.name")
    ruled(crm, "staff", ("Party.name", "hidden", True))
    with crm.session("dir") as session:
        session.override(session.get(made.pump.ref), name="N3", because="the register says so")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    assert approve(crm, "lead_e", amendment).state == "applied"
    with crm.view("lead_e") as session:
        assert session.get(made.pump.ref).name == "N2"


def test_it_holds_from_its_day_on(crm: CRM, clock: FixedClock) -> None:
    """Agreed on 06-30 for 07-01: until midnight the old value and what is ahead, then the new (REV-S4)."""
    made = world(crm)
    policy(crm, "Organization.employees")
    clock.advance(minutes=1)
    amendment = ask(crm, "rep_a", made.pump, employees=60, effective_on=date(2026, 7, 1))
    assert approve(crm, "lead_e", amendment).state == "scheduled"
    before = clock.now()
    with crm.view("rep_a") as session:
        (planned,) = session.ahead(made.pump)
    assert (planned.path, planned.new, planned.on) == ("employees", 60, date(2026, 7, 1))
    clock.set("2026-06-30T23:59:59+08:00")
    assert crm.run_jobs().applied == ()
    assert company(crm, "rep_a", made.pump).employees == 30
    clock.set("2026-07-01T00:00:00+08:00")
    assert crm.run_jobs(date(2026, 6, 30)).applied == ()
    assert crm.run_jobs().applied == (amendment.id,)
    assert crm.run_jobs().applied == ()
    assert company(crm, "rep_a", made.pump).employees == 60
    with crm.view("rep_a") as session:
        facet = session.facet(made.pump.party, Organization)
        assert session.ahead(made.pump) == []
        then = session.as_of(facet, before)
        assert then is not None
        assert then.employees == 30
    with pytest.raises(InvalidError):
        crm.run_jobs(date(2026, 7, 2))


def test_a_day_that_comes_to_other_values_changes_nothing(crm: CRM, clock: FixedClock) -> None:
    """What was overridden before its day is left to people, and the day's run says so (REV-9)."""
    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "rep_a", made.pump, name="N2", effective_on=date(2026, 7, 1))
    approve(crm, "lead_e", amendment)
    with crm.session("dir") as session:
        session.override(session.get(made.pump.ref), name="N3", because="the register says so")
    clock.set("2026-07-01T00:00:00+08:00")
    report = crm.run_jobs()
    assert (report.applied, report.conflicted) == ((), (amendment.id,))
    with crm.session("lead_e") as session:
        assert session.get(made.pump.ref).name == "N3"
        now = session.get(amendment.ref)
        assert session.reject(now, because="the register is right").state == "rejected"


def test_recorded_fields_wait_for_a_day_too(crm: CRM, clock: FixedClock) -> None:
    """A change with a reason alone is scheduled without anybody's consent, and may be withdrawn."""
    made = world(crm)
    amendment, other = (
        ask(crm, "rep_a", made.pump, strategic=True, effective_on=date(2026, 7, 2)),
        ask(crm, "lead_e", made.own, strategic=True, effective_on=date(2026, 7, 2)),
    )
    assert amendment.state == "scheduled"
    with crm.session("lead_e") as session:
        assert session.withdraw(other).state == "withdrawn"
    clock.set("2026-07-02T08:00:00+08:00")
    assert crm.run_jobs().applied == (amendment.id,)
    with crm.view("lead_e") as session:
        assert session.get(made.pump.ref).strategic
        assert not session.get(made.own.ref).strategic


def test_nobody_decides_on_an_own_amendment(crm: CRM) -> None:
    """What the leader submits on her own customer goes to the director (REV-S6, REV-E5)."""
    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "lead_e", made.own, name="N2")
    assert waiting(crm, "lead_e") == []
    assert [one.id for one in waiting(crm, "dir")] == [amendment.id]
    for who in ("lead_e", "rep_a", "lead_w"):
        expected = NotFoundError if who != "lead_e" else ForbiddenError
        with pytest.raises(expected):
            approve(crm, who, amendment)
    assert approve(crm, "dir", amendment).state == "applied"


def test_whoever_was_not_named_does_not_decide(crm: CRM) -> None:
    """Its submitter, the director and finance see it and were not asked: none of them decides on it (REV-E5)."""
    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    before = tables(crm)
    for who in ("rep_a", "dir", "fin_1"):
        for verb in ("approve", "reject", "return_"):
            with crm.session(who) as session, pytest.raises(ForbiddenError):
                getattr(session, verb)(amendment, because="it is time")
    assert differing(before, tables(crm)) == []


def test_the_director_alone_waits_for_a_second(crm: CRM) -> None:
    """Of what the only director submits nobody decides; it says so, and a second one may (REV-6)."""
    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "dir", made.own, name="N2")
    # The leader of the customer's unit stands below the director, and was named by the flow.
    assert [one.id for one in waiting(crm, "lead_e")] == [amendment.id]
    flow(crm, "high", step(Approver.TOP))
    policy(crm, "Organization.tax_id", flow="high")
    second = ask(crm, "dir", made.own, tax_id="T7")
    assert (second.state, second.tasks) == ("submitted", ())
    assert second.waits is not None
    with crm.session(crm.system("a second director")) as session:
        from pycrm import RoleAssignment

        session.add(
            RoleAssignment(
                user=made.cast.people["mkt_1"],
                role=made.cast.roles["top"],
                unit=made.cast.units["HQ"],
                since=date(2026, 1, 1),
            )
        )
    crm.run_jobs()
    (found,) = waiting(crm, "mkt_1")
    assert found.id == second.id
    assert approve(crm, "mkt_1", found).state == "applied"


def test_free_and_key_fields_together(crm: CRM) -> None:
    """Together they are refused whole; split, the one is there and the other is asked for (REV-3, REV-S8)."""
    made = world(crm)
    policy(crm, "Organization.tax_id")
    before = tables(crm)
    with pytest.raises(AmendmentRequiredError) as refused:
        ask(crm, "rep_a", made.pump, tax_id="T9", industry="B")
    assert refused.value.data == {"amendment": ["tax_id"], "at_once": ["industry"]}
    assert differing(before, tables(crm)) == []
    version = company(crm, "rep_a", made.pump).version
    amendment = ask(crm, "rep_a", made.pump, tax_id="T9", industry="B", split=True)
    now = company(crm, "rep_a", made.pump)
    assert (now.industry, now.tax_id, now.version) == ("B", "T1", version + 1)
    with crm.view("rep_a") as session:
        assert [one.path for one in session.lines(amendment)] == ["tax_id"]
    assert approve(crm, "lead_e", amendment).state == "applied"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a reason too short (REV-E1)": ({"tax_id": "T9", "because": "no"}, "because"),
    "no change (REV-E2)": ({"tax_id": "T1"}, "tax_id"),
    "a day in the past (REV-E3)": ({"tax_id": "T9", "effective_on": date(2026, 6, 29)}, "effective_on"),
    "a rule of the policy: evidence": ({"legal_representative": "Li"}, "evidence"),
    "a rule of the policy: a long reason": ({"strategic": True}, "because"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_leaves_no_trace(crm: CRM, case: str) -> None:
    """Nobody amends without reason, evidence or difference, and the refusal changes no table (P4)."""
    made = world(crm)
    policy(crm, "Organization.tax_id")
    policy(crm, "Organization.legal_representative", evidence_required=True)
    policy(crm, "Customer.strategic", "recorded", reason_min=30)
    values, path = REFUSED[case]
    before = tables(crm)
    with pytest.raises(InvalidError) as refused:
        ask(crm, "rep_a", made.pump, **values)
    assert [one.path for one in refused.value.fields] == [path]
    assert differing(before, tables(crm)) == []


def test_one_open_amendment_a_path(crm: CRM) -> None:
    """A second amendment of a path names the first; over other paths it is fine (REV-E4, REV-8)."""
    made = world(crm)
    policy(crm, "Party.name")
    policy(crm, "Organization.tax_id")
    first = ask(crm, "rep_a", made.pump, name="N2")
    with pytest.raises(ConflictError) as refused:
        ask(crm, "lead_e", made.pump, name="N3")
    author = str(made.cast.people["rep_a"].id)
    assert refused.value.data == {"amendment": str(first.id), "submitted_by": author}
    second = ask(crm, "rep_a", made.pump, tax_id="T9")
    assert {one.id for one in waiting(crm, "lead_e")} == {first.id, second.id}
    with crm.session("rep_a") as session:
        assert session.withdraw(first).state == "withdrawn"
    assert ask(crm, "lead_e", made.pump, name="N3").state == "submitted"


def test_a_rejection_says_why(crm: CRM) -> None:
    """Whoever rejects says why, and the submitter reads it and asks for something else (REV-16, REV-E6)."""
    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    with crm.session("lead_e") as session:
        with pytest.raises(InvalidError):
            session.reject(amendment, because="  ")
        session.reject(amendment, because="not on the licence")
    with crm.view("rep_a") as session:
        now = session.get(amendment.ref)
        assert (now.state, now.verdict) == ("rejected", "not on the licence")
    assert ask(crm, "rep_a", made.pump, name="N4").state == "submitted"


def test_sent_back_and_submitted_again(crm: CRM) -> None:
    """What an approver sends back its submitter changes and submits again; nobody else does."""
    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    with crm.session("lead_e") as session:
        draft = session.return_(amendment, because="spell it out")
        assert draft.state == "draft"
        with pytest.raises(ForbiddenError):
            session.submit(draft)
    with crm.session("rep_a") as session:
        again = session.submit(draft, name="Ningbo Two")
    assert (again.state, again.round) == ("submitted", 2)
    assert approve(crm, "lead_e", again).state == "applied"
    with crm.view("rep_a") as session:
        assert session.get(made.pump.ref).name == "Ningbo Two"


def test_withdrawn_until_the_first_decision(crm: CRM) -> None:
    """A submitter takes it back until somebody has agreed, and nobody else does (REV-16)."""
    made = world(crm)
    flow(crm, "two", step(), step(Approver.TOP))
    policy(crm, "Party.name", flow="two")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    with crm.session("lead_e") as session, pytest.raises(ForbiddenError):
        session.withdraw(amendment)
    approve(crm, "lead_e", amendment)
    with crm.session("rep_a") as session, pytest.raises(ConflictError):
        session.withdraw(amendment)


def test_all_of_a_step_and_one_of_a_step(crm: CRM) -> None:
    """Where all are asked the last one counts, where any is asked the first."""
    made = world(crm)
    flow(
        crm,
        "both",
        step(Approver.ROLE, who="leader", mode=ApprovalMode.ALL),
        step(Approver.LEADER_N_LEVELS, levels=4),
    )
    policy(crm, "Party.name", flow="both")
    amendment = ask(crm, "rep_c", _customer(crm, made), name="N2")
    # Of the three leaders lead_w sees no customer of East-2.
    assert [len(waiting(crm, who)) for who in ("lead_e", "lead_e2", "lead_w", "dir")] == [1, 1, 0, 0]
    assert approve(crm, "lead_e2", amendment).step == 0
    assert approve(crm, "lead_e", amendment).step == 1
    # Then the leaders of four levels, of which there are three, one after the other.
    assert approve(crm, "lead_e2", amendment).step == 2
    assert approve(crm, "lead_e", amendment).step == 3
    assert approve(crm, "dir", amendment).state == "applied"


def _customer(crm: CRM, made: Any) -> Customer:
    with crm.session("rep_c") as session:
        return session.add(Customer.organization("C", email="c@example.com", source="exhibition"))


def test_more_signers_and_other_signers(crm: CRM) -> None:
    """An approver asks one more person, whose consent is needed too, or leaves the task to another."""
    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    with crm.session("lead_e") as session:
        with pytest.raises(InvalidError):
            session.enlist(amendment, "rep_a")
        with pytest.raises(InvalidError):
            session.enlist(amendment, "lead_w")
        session.enlist(amendment, "fin_1")
        assert session.approve(amendment).state == "submitted"
    assert approve(crm, "fin_1", amendment).state == "applied"
    other = ask(crm, "rep_a", made.pump, name="N3")
    with crm.session("lead_e") as session:
        session.entrust(other, "dir", because="on leave")
        with pytest.raises(ConflictError):
            session.approve(other)
    assert approve(crm, "dir", other).state == "applied"


def test_who_stands_in_decides_on_behalf(crm: CRM) -> None:
    """Whoever was given a leader's right to approve finds her tasks and decides in her name (SCO-12)."""
    made = world(crm)
    policy(crm, "Party.name")
    with crm.session("lead_e") as session:
        until = date(2026, 7, 3)
        session.delegate(
            made.cast.people["lead_w"],
            actions=["read", "approve"],
            since=date(2026, 6, 30),
            until=until,
            because="away",
        )
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    assert [one.id for one in waiting(crm, "lead_w")] == [amendment.id]
    assert approve(crm, "lead_w", amendment).state == "applied"
    with crm.view("dir") as session:
        (one,) = [each for each in session.history(made.pump) if each.act == "amend"]
    assert (one.by, one.on_behalf) == (made.cast.people["lead_w"].ref, made.cast.people["lead_e"].ref)


def test_the_top_overrides_with_a_reason(crm: CRM) -> None:
    """Top management applies an amendment past its flow; it is marked and listed (REV-18)."""
    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    for who in ("rep_a", "lead_e"):
        with crm.session(who) as session, pytest.raises(ForbiddenError):
            session.override(amendment, because="it cannot wait")
    with crm.session("dir") as session:
        done = session.override(amendment, because="it cannot wait")
        since = session.now
    assert (done.state, done.overridden, done.verdict) == ("applied", True, "it cannot wait")
    with crm.view("lead_e") as session:
        from datetime import timedelta

        (one,) = session.overrides(since - timedelta(days=30), since + timedelta(seconds=1))
    assert (one.act, one.amendment) == ("override", amendment.ref)
    with crm.view("rep_w") as session:
        assert session.overrides(since - timedelta(days=30), since + timedelta(seconds=1)) == []


def test_many_at_once_or_one_by_one(crm: CRM) -> None:
    """An approver decides on several; the one that may not be decided on stops no other (REV-15)."""
    made = world(crm)
    policy(crm, "Party.name")
    mine = ask(crm, "rep_a", made.pump, name="N2")
    own = ask(crm, "lead_e", made.own, name="N3")
    with crm.session("lead_e") as session:
        first, second = session.decide([own, mine], "approve")
    assert isinstance(first.refusal, ForbiddenError)
    assert (first.amendment.id, second.amendment.state, second.refusal) == (own.id, "applied", None)


def test_a_submitter_without_the_right_is_no_more_heard(crm: CRM) -> None:
    """Nothing is applied for somebody who lost the record meanwhile, and the approver is told (REV-7)."""
    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    with crm.session("lead_e") as session:
        session.assign(session.get(made.pump.ref), made.cast.people["rep_b"])
    before = tables(crm)
    with pytest.raises(NotFoundError):
        approve(crm, "lead_e", amendment)
    assert differing(before, tables(crm)) == []


def test_a_tax_id_taken_meanwhile_is_refused(crm: CRM) -> None:
    """A value that somebody claimed since it was proposed is refused when it is decided on."""
    made = world(crm)
    policy(crm, "Organization.tax_id")
    amendment = ask(crm, "rep_a", made.pump, tax_id="T9")
    with crm.session("rep_b") as session:
        session.add(Customer.organization("B", mobile="13900000009", source="exhibition", tax_id="T9"))
    with pytest.raises(ConflictError):
        approve(crm, "lead_e", amendment)
    with crm.view("lead_e") as session:
        assert session.get(amendment.ref).state == "submitted"


def test_an_amendment_is_seen_with_its_record(crm: CRM) -> None:
    """Peers and other branches find no amendment of a record that they do not see."""
    from pycrm import Amendment

    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    seen = {}
    for who in ("rep_a", "rep_b", "lead_e", "lead_w", "dir", "fin_1", "admin"):
        with crm.view(who) as session:
            seen[who] = (len(session.find(Amendment)), session.count(Amendment))
    assert seen == {
        "rep_a": (1, 1),
        "rep_b": (0, 0),
        "lead_e": (1, 1),
        "lead_w": (0, 0),
        "dir": (1, 1),
        "fin_1": (1, 1),
        "admin": (0, 0),
    }
    with crm.view("rep_b") as session, pytest.raises(NotFoundError):
        session.lines(amendment)


def test_an_amendment_is_changed_by_its_verbs_alone(crm: CRM) -> None:
    """Nobody adds, rewrites or puts away an amendment by hand."""
    from pycrm import Amendment

    made = world(crm)
    policy(crm, "Party.name")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    before = tables(crm)
    for act in (
        lambda session: session.add(Amendment()),
        lambda session: session.change(amendment, state="applied"),
        lambda session: session.change(amendment, tasks=[]),
        lambda session: session.archive(amendment),
    ):
        with pytest.raises((InvalidError, ConflictError)), crm.session("dir") as session:
            act(session)
    assert differing(before, tables(crm)) == []


def test_taking_back_an_amendment_is_one_itself(crm: CRM) -> None:
    """What an amendment changed goes back by another one, which waits for consent in its turn (REV-13)."""
    made = world(crm)
    policy(crm, "Organization.tax_id")
    approve(crm, "lead_e", ask(crm, "rep_a", made.pump, tax_id="T9"))
    with crm.session("rep_a") as session:
        (done,) = [one for one in session.history(made.pump) if one.act == "amend"]
        back = session.revert(done, because="it was the wrong one")
    assert back.state == "submitted"
    assert company(crm, "rep_a", made.pump).tax_id == "T9"
    before = company(crm, "rep_a", made.pump).version
    assert approve(crm, "lead_e", back).state == "applied"
    now = company(crm, "rep_a", made.pump)
    assert (now.tax_id, now.version) == ("T1", before + 1)


def test_a_move_is_no_way_round(crm: CRM) -> None:
    """What needs consent is not written along with a move either (REV-2)."""
    from pycrm import Opportunity

    made = world(crm)
    policy(crm, "Opportunity.need")
    with crm.session("rep_a") as session:
        deal = session.add(Opportunity(customer=made.pump, name="Pumps", expected_close=date(2026, 12, 1)))
    with crm.session("rep_a") as session, pytest.raises(AmendmentRequiredError):
        session.move(deal, to="contacted", need="a pump")
    with crm.session("rep_a") as session:
        assert session.move(deal, to="contacted").stage == "contacted"

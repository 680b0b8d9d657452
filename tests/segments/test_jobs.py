"""Segments are looked at anew, and customers served, by the jobs of the night."""

from __future__ import annotations

from pycrm import Customer, FixedClock, JobDone
from pycrm.plugins.segments import Segment, SegmentMember, Serving
from pycrm.plugins.segments.treating import add_defaults

from .world import World, customers


def test_the_night_looks_at_segments_and_serves(world: World, clock: FixedClock) -> None:
    """Nobody has to call for it: members come in and customers are served on each day, once (SEG-2)."""
    some = customers(world, "rep_a", [90, 50])
    world.score()
    world.act(add_defaults)
    # Its name comes first, and what it names is looked at before it.
    for code, expression in (("best", "grade = A"), ("a_best", "in segment best")):
        world.act(lambda s, code=code, text=expression: s.add(Segment(code=code, name=code, expression=text)))
    assert world.crm.run_jobs().plugins == (JobDone("segments.refresh", 2), JobDone("segments.serve", 1))
    assert world.crm.run_jobs().plugins == ()
    with world.crm.view("dir") as session:
        assert {one.customer.id for one in session.find(SegmentMember)} == {some[0].id}
        assert session.count(SegmentMember) == 2
        assert session.count(Serving) == session.count(Customer) == 2
    clock.set("2026-07-01T00:10:00+08:00")
    assert len(world.crm.run_jobs().plugins) == 2


def test_a_segment_that_makes_no_sense_keeps_back_no_other(world: World) -> None:
    """What one segment is refused for is told, and the others are looked at all the same."""
    customers(world, "rep_a", [90])
    world.score()
    for code, expression in (("one", "grade = A"), ("two", "channel = fair")):
        world.act(lambda s, code=code, text=expression: s.add(Segment(code=code, name=code, expression=text)))
    with world.crm.session(world.crm.system("a mistake of old")) as session:
        broken = session.find(Segment, Segment.code == "one")[0]
        session.transaction.execute(
            Segment.__table__.update()
            .where(Segment.__table__.c.id == broken.id)
            .values(expression="gone = A")
        )
    report = world.crm.run_jobs().plugins[0]
    assert (report.name, report.done, len(report.failures)) == ("segments.refresh", 1, 1)

"""The examination centre: who may take which package, and that no place is given twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import attrs
import medical_exam_center.plugin as rules
import pytest
from house import enterprise
from medical_exam_center import (
    Booking,
    ExamCenter,
    ExamineeProfile,
    ExamPackage,
    Half,
    Identity,
    PackageItem,
    Place,
    Resource,
    Sex,
    Slot,
)
from medical_exam_center.desk import places_for
from medical_exam_center.sample import PEOPLE, add

from pycrm import (
    CRM,
    Action,
    AmendmentRequiredError,
    ConflictError,
    Customer,
    FixedClock,
    Grant,
    InvalidError,
    Money,
    MoveError,
    NotFoundError,
    Opportunity,
    Reach,
    RefusedError,
    Role,
    RoleAssignment,
)
from pycrm.entities.org import RoleLevel
from pycrm.testing import PluginContract

FRIDAY, MONDAY = date(2026, 7, 3), date(2026, 7, 6)


class TestExamCenter(PluginContract):
    """The example keeps what every plugin keeps."""

    plugin = ExamCenter
    values = {
        Booking: {"places": [Place]},
        Slot: {"resource": Resource.RECEPTION, "capacity": 99, "taken": 0},
    }
    common = (Slot, ExamPackage)
    by_system = (Booking,)


@attrs.define
class Centre:
    """A centre with two places of everything on a Friday and a Monday, and a package for men from 40."""

    crm: CRM
    package: ExamPackage
    man: Customer

    def person(self, name: str, number: int, *, born: date = date(1980, 1, 1), gender: str = "male") -> Any:
        """A further customer of rep_a."""
        with self.crm.session("rep_a") as session:
            made = Customer.person(
                name, mobile=f"1390000{number:04}", source="exhibition", gender=gender, birth_date=born
            )
            return session.add(made)

    def book(self, customer: Any, day: date = FRIDAY, login: str = "rep_a") -> Booking:
        """A booking in the morning."""
        with self.crm.session(login) as session:
            places = places_for(session, self.package, day, Half.MORNING)
            return session.add(Booking(customer=customer, package=self.package, places=places))

    def taken(self, day: date = FRIDAY) -> dict[str, int]:
        """How many places of a morning are taken, by resource."""
        with self.crm.view("rep_a") as session:
            found = session.find(Slot, Slot.day == day, Slot.half == Half.MORNING)
        return {one.resource.value: one.taken for one in found if one.taken}


@pytest.fixture
def centre(exam: CRM) -> Centre:
    """The centre, in the organisation of the catalogue."""
    cast = enterprise(exam)
    with exam.session(exam.system("packages and places")) as session:
        grants = [Grant(entity="Slot", action=Action.UPDATE, reach=Reach.ALL)]
        booking = session.add(Role(name="booking", level=RoleLevel.STAFF, grants=grants))
        for login, unit in (("rep_a", "East"), ("rep_b", "East")):
            given = RoleAssignment(
                user=cast.people[login], role=booking, unit=cast.units[unit], since=date(2026, 1, 1)
            )
            session.add(given)
        session.add_all(
            [
                Slot(day=day, half=half, resource=resource, capacity=2)
                for day in (FRIDAY, MONDAY)
                for half in Half
                for resource in (Resource.RECEPTION, Resource.ULTRASOUND)
            ]
        )
        package = session.add(
            ExamPackage(
                code="P320",
                name="Men from 40",
                sex=Sex.MALE,
                age_from=40,
                price=Money("1380", "CNY"),
                items=[
                    PackageItem(name="Blood count", department="Laboratory", fasting=True),
                    PackageItem(name="Prostate", department="Ultrasound", resource=Resource.ULTRASOUND),
                ],
            )
        )
    made = Centre(exam, package, None)  # type: ignore[arg-type]
    made.man = made.person("Li Ming", 1)
    return made


def test_a_booking_takes_a_place_of_all_that_its_package_needs(centre: Centre) -> None:
    """A booking takes one place at the desk and one at the ultrasound, and has their day and the price."""
    made = centre.book(centre.man)
    assert (made.name, made.day, made.half, made.price) == (
        "Li Ming",
        FRIDAY,
        Half.MORNING,
        Money("1380", "CNY"),
    )
    assert centre.taken() == {"reception": 1, "ultrasound": 1}


def test_nobody_is_booked_for_a_package_of_others(centre: Centre) -> None:
    """A woman, and a man of 39 on that day, are refused by name, and no place is taken (EXM-2)."""
    woman = centre.person("Wang Fang", 2, gender="female", born=date(1970, 1, 1))
    young = centre.person("Zhao Lei", 3, born=date(1986, 7, 4))
    for customer, told in (
        (woman, "Wang Fang: the package Men from 40 is for male examinees"),
        (young, "Zhao Lei: the package Men from 40 is for ages 40 to 130, not 39"),
    ):
        with pytest.raises(InvalidError, match=told):
            centre.book(customer)
    assert centre.taken() == {}
    assert centre.book(centre.person("Qian Bo", 4, born=date(1986, 7, 3))).day == FRIDAY


def test_a_package_holds_no_item_for_the_other_sex(centre: Centre) -> None:
    """A package for men with an item for women is refused, naming the item (EXM-2)."""
    item = PackageItem(name="Breast", department="Ultrasound", sex=Sex.FEMALE)
    with (
        pytest.raises(InvalidError, match="Breast is not for everybody") as refused,
        centre.crm.session(centre.crm.system("a package")) as session,
    ):
        session.add(
            ExamPackage(code="X", name="X", sex=Sex.MALE, price=Money("1", "CNY"), items=[item], age_to=10)
        )
    assert [one.path for one in refused.value.fields] == ["items/0/sex"]


def test_a_full_half_day_says_when_the_next_place_is_free(centre: Centre) -> None:
    """The third for two places is refused with the next day that has one (EXM-5, EXM-S3)."""
    for number in (2, 3):
        centre.book(centre.person(f"Man {number}", number))
    with pytest.raises(ConflictError, match=f"no place of reception is left on {FRIDAY}.*{MONDAY}"):
        centre.book(centre.man)
    assert centre.taken() == {"reception": 2, "ultrasound": 2}


def race(centre: Centre) -> list[str]:
    """Two colleagues book the last place at once: what came of each."""
    centre.book(centre.man)
    customers = [centre.person("Man 2", 2), centre.person("Man 3", 3)]
    start, came = threading.Barrier(2), []

    def book(customer: Any) -> None:
        start.wait()
        try:
            centre.book(customer)
            came.append("booked")
        except RefusedError as refused:
            came.append(refused.code)

    threads = [threading.Thread(target=book, args=(one,)) for one in customers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(came)


def test_the_last_place_goes_to_one_of_two(centre: Centre) -> None:
    """Of two who book the last place at the same time one has it, and the other is told (EXM-S4)."""
    booked, refused = race(centre)
    assert booked == "booked"
    assert refused in ("conflict", "stale")
    assert centre.taken() == {"reception": 2, "ultrasound": 2}


def test_a_booking_that_moves_or_is_cancelled_gives_its_places_back(centre: Centre) -> None:
    """Moving takes the new places as it frees the old ones; cancelling frees them, with a reason (EXM-6)."""
    made = centre.book(centre.man)
    with centre.crm.session("rep_a") as session:
        places = places_for(session, centre.package, MONDAY, Half.MORNING)
        moved = session.change(made, places=places)
    assert (moved.day, centre.taken(FRIDAY)) == (MONDAY, {})
    assert centre.taken(MONDAY) == {"reception": 1, "ultrasound": 1}
    with pytest.raises(MoveError), centre.crm.session("rep_a") as session:
        session.move(moved, "cancelled")
    with centre.crm.session("rep_a") as session:
        session.move(moved, "cancelled", because="on a journey")
    assert centre.taken(MONDAY) == {}


def test_places_of_two_days_or_too_few_are_refused(centre: Centre) -> None:
    """A booking has one place of each, all of one half-day."""
    with centre.crm.view("rep_a") as session:
        friday = places_for(session, centre.package, FRIDAY, Half.MORNING)
        monday = places_for(session, centre.package, MONDAY, Half.MORNING)
    for places, told in (
        ((friday[0], monday[1]), "in one half of one day"),
        (friday[:1], "one place each of reception, ultrasound"),
    ):
        with pytest.raises(InvalidError, match=told), centre.crm.session("rep_a") as session:
            session.add(Booking(customer=centre.man, package=centre.package, places=places))
    assert centre.taken() == {}


def test_people_are_checked_in_on_their_day_by_what_they_show(centre: Centre, clock: FixedClock) -> None:
    """Nobody is checked in before the day, or without a document; the day of arrival is written down (EXM-7)."""
    made = centre.book(centre.man)
    shown: dict[str, Any] = {"identity": Identity.ID_CARD}
    with (
        pytest.raises(MoveError, match=f"the booking is for {FRIDAY}"),
        centre.crm.session("rep_a") as session,
    ):
        session.move(made, "checked_in", **shown)
    clock.set("2026-07-03T08:10:00+08:00")
    with pytest.raises(MoveError) as refused, centre.crm.session("rep_a") as session:
        session.move(made, "checked_in")
    assert [one["name"] for one in refused.value.data["missing"]] == ["identity"]
    with centre.crm.session("rep_a") as session:
        here = session.move(made, "checked_in", **shown)
    assert (here.stage, here.arrived_on) == ("checked_in", FRIDAY)


def test_nobody_is_absent_before_the_half_day_is_over(centre: Centre, clock: FixedClock) -> None:
    """At 11:59 it is too early, at 12:00 not; the place counts as used (EXM-20)."""
    made = centre.book(centre.man)
    clock.set("2026-07-03T11:59:00+08:00")
    with pytest.raises(MoveError, match="ends at 12:00"), centre.crm.session("rep_a") as session:
        session.move(made, "no_show")
    clock.advance(minutes=1)
    with centre.crm.session("rep_a") as session:
        assert session.move(made, "no_show").stage == "no_show"
    assert centre.taken() == {"reception": 1, "ultrasound": 1}


def test_a_price_changes_by_an_amendment_and_no_booking_with_it(centre: Centre) -> None:
    """A package becomes dearer by an amendment alone, and whoever has booked pays what was said."""
    made = centre.book(centre.man)
    with pytest.raises(AmendmentRequiredError), centre.crm.session(centre.crm.system("prices")) as session:
        session.change(centre.package, price=Money("1500", "CNY"))
    with centre.crm.session(centre.crm.system("prices")) as session:
        session.amend(centre.package, price=Money("1500", "CNY"), because="new price list")
    with centre.crm.view("rep_a") as session:
        assert session.get(centre.package.ref).price == Money("1500", "CNY")
        assert session.get(made.ref).price == Money("1380", "CNY")


def test_colleagues_see_neither_the_booking_nor_the_health_of_an_examinee(centre: Centre) -> None:
    """rep_b finds no booking of rep_a's examinee; what is to be minded of the health comes with no record."""
    made = centre.book(centre.man)
    with centre.crm.session(centre.crm.system("health")) as session:
        profile = ExamineeProfile(of=centre.man, employee_no="E1", health_note="allergic to contrast agent")
        session.add(profile)
    with centre.crm.view("rep_b") as session:
        assert session.count(Booking) == 0
        with pytest.raises(NotFoundError):
            session.get(made.ref)
    with centre.crm.view("rep_a") as session:
        seen = session.facet(centre.man, ExamineeProfile)
        assert seen is not None
        assert seen.employee_no == "E1"
        assert "allergic" not in repr(seen)
        with pytest.raises(InvalidError):
            session.find(Customer, ExamineeProfile.health_note == "allergic to contrast agent")


def test_the_sample_shows_each_rank_what_the_catalogue_says(exam: CRM) -> None:
    """12 customers for rep_a, 30 for the East, 10 for the West, 40 for the director and the front desk."""
    add(exam)
    seen = {}
    for login in ("rep_a", "lead_e", "lead_w", *PEOPLE.values()):
        with exam.view(login) as session:
            seen[login] = session.count(Customer)
    assert seen == {"rep_a": 12, "lead_e": 30, "lead_w": 10, "dir": 40, "desk": 40}
    with exam.view("desk") as session:
        bookings = session.find(Booking, children=True)
        assert session.count(Opportunity) == 0
        slots = {one.id: one.taken for one in session.find(Slot) if one.taken}
    stages = Counter(one.stage for one in bookings)
    assert set(stages) == {"booked", "checked_in", "examined", "cancelled", "no_show", "broken_off"}
    kept = Counter(place.slot.id for one in bookings if one.stage != "cancelled" for place in one.places)
    assert slots == kept
    with pytest.raises(ConflictError, match="organisation already"):
        add(exam)


FAULTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "places are taken twice": ("take", lambda session, places: None),
    "places are not given back": ("free", lambda session, places: None),
    "everybody fits": ("refuse_unfit", lambda session, booking: None),
    "any day is the day": ("refuse_early", lambda session, booking: None),
    "nobody waits for noon": ("refuse_late", lambda session, booking: None),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_seen(centre: Centre, clock: FixedClock, fault: str) -> None:
    """Were one of the desk's rules forgotten, a test above would fail."""
    guarding: dict[str, Callable[[], None]] = {
        "take": lambda: test_a_booking_takes_a_place_of_all_that_its_package_needs(centre),
        "free": lambda: test_a_booking_that_moves_or_is_cancelled_gives_its_places_back(centre),
        "refuse_unfit": lambda: test_nobody_is_booked_for_a_package_of_others(centre),
        "refuse_early": lambda: test_people_are_checked_in_on_their_day_by_what_they_show(centre, clock),
        "refuse_late": lambda: test_nobody_is_absent_before_the_half_day_is_over(centre, clock),
    }
    name, broken = FAULTS[fault]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, name, broken)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            guarding[name]()

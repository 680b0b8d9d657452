"""Records of any class, entered through the session with whatever they need around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from pycrm.declare import Facet, Ref
from pycrm.declare.policy import OWN_PAIR, Administered, Private, Reference, UsedBy
from pycrm.declare.record import child_class
from pycrm.entities import Contact, Customer, Department, OrgUnit, Party, PartyKind, User
from pycrm.entities.party import contact_points
from pycrm.errors import CRMError
from pycrm.testing.organisation import Organisation
from pycrm.testing.values import UnfitError, value_of

__all__ = ["Examples"]


class Examples:
    """Enters records in the sample organisation, each with values made from its declaration.

    Args:
        organisation: where.
        values: what declarations cannot tell, for each class: ``{Criterion: {"weight": 100}}``; for
            rows a list of their classes, ``{Booking: {"places": [Place]}}``, each with what it links to.
        numbers: by which values differ; those of the examples that are in the database already.
        by_system: the classes that people may not enter, and the system enters for them.
    """

    def __init__(
        self,
        organisation: Organisation,
        values: Mapping[type[Any], Mapping[str, Any]] | None = None,
        numbers: Iterator[int] | None = None,
        by_system: tuple[type[Any], ...] = (),
    ) -> None:
        self.organisation = organisation
        self._values, self._by_system = dict(values or {}), by_system
        self.numbers = count(1) if numbers is None else numbers
        self._common: dict[Any, Ref[Any]] = {}
        # About whom further examples are, and the ids of all that are.
        self._subject: dict[str, Ref[Any]] = {}
        self._about: set[Any] = set()

    def add(self, cls: type[Any], login: str, *, text: str | None = None, **given: Any) -> Any:
        """Enter a record or a facet as that person, who owns it, and return it.

        Args:
            text: fills every field, those that may be empty too, and its texts say this.
            given: values and links of this one; ``of`` is what a facet extends.

        Raises:
            UnfitError: what was made of the declaration is refused; the contract's `values` help.
        """
        draft = self.draft(cls, login, text=text, **given)
        try:
            made = self._entered(cls, draft, login)
        except CRMError as error:
            message = f"an example of {cls.__name__} is refused ({error}): say in `values` what it takes"
            raise UnfitError(message) from error
        ends = (
            getattr(made, spec.name) for spec in cls.__specs__.values() if spec.target and not spec.derived
        )
        if any(end is not None and end.id in self._about for end in ends):
            self._about.add(made.id)
        return made

    def _entered(self, cls: Any, draft: Any, login: str) -> Any:
        keys = _keys(draft) if issubclass(cls, Facet) else {}
        if keys:
            return self._with_keys(cls, draft, keys, login)
        if self.by_people(cls):
            with self.organisation.as_(login) as session:
                return session.add(draft)
        with self.organisation.system() as session:
            has_owner = OWN_PAIR in getattr(cls.__scope__, "pairs", ()) and not isinstance(
                cls.__scope__, Private
            )
            return session.add(draft, owner=session.named(User, login)) if has_owner else session.add(draft)

    def _with_keys(self, cls: Any, draft: Any, keys: dict[str, Any], login: str) -> Any:
        """A facet whose key fields say something: what it extends was there before, so they are amended."""
        rest = {spec.name: getattr(draft, spec.name) for spec in cls.__specs__.values() if spec.init}
        if any(cls.__specs__[name].required for name in keys):
            keys, rest = {name: value for name, value in rest.items() if name != "of"}, {}
        if rest:
            self._entered(
                cls, cls(**{name: value for name, value in rest.items() if name not in keys}), login
            )
        with self.organisation.as_("lin") as session:
            session.override(session.get(draft.of), because="an example", **keys)
            return session.facet(draft.of, cls)

    def by_people(self, cls: Any) -> bool:
        """Whether people enter records of the class themselves."""
        # What is special or restricted nobody writes without a rule for that field.
        is_closed = any(spec.special or spec.restricted for spec in cls.__specs__.values())
        is_open = cls not in self._by_system and not is_closed
        return is_open and not isinstance(cls.__scope__, Reference | Administered)

    def person(self, login: str, name: str) -> Any:
        """Enter a human being as a customer of that person."""
        draft = Customer.person(name, source="fair", email=self._email())
        with self.organisation.as_(login) as session:
            return session.add(draft)

    def concern(self, subject: Mapping[type[Any], Ref[Any]]) -> None:
        """Let all further examples be about somebody, wherever they link to such a record."""
        self._subject = {cls.__name__: ref for cls, ref in subject.items()}
        self._about = {ref.id for ref in subject.values()}

    def concerns(self, record: Any) -> bool:
        """Whether a record leads to whom `concern` named, straight or by others."""
        return record.id in self._about

    def links(self, cls: type[Any], login: str, **given: Any) -> dict[str, Any]:
        """The links that a record needs besides those given, by name; what they name is entered.

        What is entered belongs together: an order's customer and the customer of its contract are one.
        """
        known = {one.entity: one for one in given.values() if isinstance(one, Ref)}
        return {name: self._linked(target, login, known) for name, target in self._open(cls, given)}

    def draft(self, cls: Any, login: str, *, text: str | None = None, **given: Any) -> Any:
        """An example that is not entered yet, whereas what it links to is."""
        if cls is Customer:
            return Customer.organization(self._name(), source="fair", email=self._email())
        if cls is Party:
            kind = PartyKind.PERSON
            return Party(
                kind=kind, name=self._name(), contact_points=contact_points(None, self._email(), None)
            )
        if cls is Contact:
            customer = given.get("customer") or self.add(Customer, login).ref
            user = Department.USER
            return Contact.named(self._name(), customer=customer, department=user, email=self._email())
        fields = self._fields(cls, login, text) | self.links(cls, login, **given) | given
        return cls(**fields)

    def _fields(self, cls: Any, login: str, text: str | None) -> dict[str, Any]:
        own = self._values.get(cls, {})
        found: dict[str, Any] = {}
        wrong: list[str] = []
        for spec in cls.__specs__.values():
            if not spec.init or spec.target or spec.name in own:
                continue
            if spec.child is not None:
                if spec.required or text is not None:
                    found[spec.name] = (self._row(child_class(cls, spec), login, text),)
            elif spec.required or text is not None:
                now = self.organisation.crm.clock.now()
                try:
                    found[spec.name] = value_of(cls.__name__, spec, next(self.numbers), now, text)
                except UnfitError as error:
                    wrong.append(str(error))
        if wrong:
            raise UnfitError("; ".join(wrong))
        return found | {name: self._said(one, login, text) for name, one in own.items()}

    def _row(self, child: type[Any], login: str, text: str | None) -> Any:
        return child(**self._fields(child, login, text) | self.links(child, login))

    def _said(self, value: Any, login: str, text: str | None) -> Any:
        if isinstance(value, list) and value and all(isinstance(one, type) for one in value):
            return tuple(self._row(one, login, text) for one in value)
        return value() if callable(value) else value

    def _linked(self, target: str, login: str, known: dict[str, Ref[Any]]) -> Any:
        crm = self.organisation.crm
        if target in self._subject:
            return self._subject[target]
        if target in (User.__name__, OrgUnit.__name__):
            with self.organisation.system() as session:
                user = session.find(User, User.login == login)[0]
                return user.ref if target == User.__name__ else user.home_unit
        cls = Customer if target == "Record" else crm.record(target)
        if isinstance(cls.__scope__, Reference | Administered | UsedBy) and cls is not Party:
            if cls not in self._common:
                self._common[cls] = self._shared(cls, login)
            return self._common[cls]
        ends = self._open(cls, {})
        given: dict[str, Any] = {name: known[end] for name, end in ends if end in known}
        made = self.add(cls, login, **given)
        known |= {end: getattr(made, name) for name, end in ends} | {target: made.ref}
        found: Ref[Any] = made.ref
        return found

    def _shared(self, cls: Any, login: str) -> Ref[Any]:
        draft = self.draft(cls, login)
        with self.organisation.system() as session:
            found: Ref[Any] = session.add(draft).ref
            return found

    def _name(self) -> str:
        return f"Sample {next(self.numbers)}"

    def _email(self) -> str:
        return f"sample{next(self.numbers)}@example.com"

    def _open(self, cls: Any, given: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The links an example has to name besides those given: required ones, its parent, its subject."""
        links = [spec for spec in cls.__specs__.values() if spec.target and spec.init]
        found = [spec for spec in links if spec.required or spec.target in self._subject]
        if issubclass(cls, Facet):
            hosts = {"of": cls.__facet_of__ or ""}
            return [(one.name, hosts.get(one.name, one.target)) for one in found if one.name not in given]
        # A child row has no scope of its own.
        scope = getattr(cls, "__scope__", None)
        parents = () if isinstance(scope, UsedBy) else getattr(scope, "links", ())
        if parents and not {one.name for one in found} & set(parents):
            found.append(cls.__specs__[parents[0]])
        return [(one.name, one.target or "") for one in found if one.name not in given]


def _keys(draft: Any) -> dict[str, Any]:
    """The key fields of a facet that say more than if nothing had been given."""
    specs = [spec for spec in type(draft).__specs__.values() if spec.key and spec.init]
    return {one.name: value for one in specs if (value := getattr(draft, one.name)) != one.default}

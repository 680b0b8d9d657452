"""Administration: roles as a matrix, pipelines with drawing and preview, plugins."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pycrm.credential import set_password
from pycrm.entities.org import Reach
from pycrm.errors import ForbiddenError, InvalidError, NotFoundError, RefusedError
from pycrm.pipeline.svg import svg
from pycrm.web.catalog import path_of, slug_of
from pycrm.web.problem import sentences
from pycrm.web.render import page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit, redirect

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["give_password", "pipeline", "pipelines", "plugins", "publish", "refuse_others", "roles"]


def refuse_others(session: Session, entity: str) -> None:
    """Hide a page of administration from whoever may not read that kind of record."""
    if not session.reaches(session.crm.record(entity), "read", Reach.OWN):
        raise NotFoundError("no such page")


def roles(visit: Visit) -> Answer:
    """Who may do what: a matrix for each role, reach as a word."""
    with visit.view() as session:
        refuse_others(session, "Role")
        role = session.crm.record("Role")
        found = session.find(role, order=role.name, children=True)
        actions = [
            one.value for one in session.crm.registry.children["Grant"].__specs__["action"].kind.python
        ]
        matrices = [(one, path_of(session.crm, one), _matrix(visit, one, actions)) for one in found]
        words = [visit.words(f"action:{one}") for one in actions]
        return page(
            *(visit, session, "roles.html", visit.words.many(role)),
            matrices=matrices,
            actions=words,
            slug=slug_of(session.crm, role),
        )


def _matrix(visit: Visit, role: Any, actions: list[str]) -> list[tuple[str, list[str]]]:
    reach: dict[str, dict[str, str]] = {}
    for grant in role.grants:
        reach.setdefault(grant.entity, {})[grant.action.value] = visit.words.value(grant.reach)
    return [
        (
            _granted(visit, entity),
            [held.get(one, "") for one in actions],
        )
        for entity, held in sorted(reach.items())
    ]


def _granted(visit: Visit, entity: str) -> str:
    """What a grant is over: a kind of record, all that has owners, or something that is no record."""
    if entity == "*":
        return visit.words("Everything owned")
    if visit.crm.record(entity, None) is None:
        return visit.words(f"granted:{entity}")
    return visit.words.many(entity)


def pipelines(visit: Visit) -> Answer:
    """Every pipeline that there is, by version."""
    with visit.view() as session:
        show = Show(visit, session)
        found = session.pipelines()
        show.know([one.by for one in found])
        lines = [(one, visit.words.record(one.entity), show.name(one.by) if one.by else "") for one in found]
        return page(visit, session, "pipelines.html", visit.words("Pipelines"), lines=lines)


def pipeline(visit: Visit) -> Answer:
    """One version of a pipeline, drawn; and for who may change it the text, with what a change would do."""
    with visit.view() as session:
        return _pipeline(visit, session)


def _pipeline(
    visit: Visit, session: Session, text: str = "", said: tuple[str, ...] = (), status: int = 200
) -> Answer:
    key, number = visit.params["key"], visit.asked("version")
    shown = session.pipeline(key, int(number) if number.isdecimal() and len(number) < 6 else None)
    may = _keeps(session)
    preview = None
    if text and not said:
        try:
            preview = session.preview_pipeline(text, **_ways(visit))
            shown = preview.pipeline
        except RefusedError as error:
            said, status = tuple(sentences(visit.words, error)), error.status
    return page(
        visit,
        session,
        "pipeline.html",
        visit.words("Pipeline: {what}", what=shown.label_in(visit.language)),
        status=status,
        pipeline=shown,
        drawing=Markup(_plain(svg(shown, language=visit.language))),
        text=text or _toml(shown),
        may=may,
        preview=preview,
        said=said,
        running=visit.typed("running", "move"),
        failing=visit.typed("failing", "leave"),
        because=visit.typed("because"),
    )


def _keeps(session: Session) -> bool:
    held = session.actor.held
    return any(one.entity == "pipelines" and one.action == "update" for one in held)


def _ways(visit: Visit) -> dict[str, Any]:
    running, failing = visit.typed("running", "move"), visit.typed("failing", "leave")
    return {
        "running": running if running in ("move", "keep") else "move",
        "failing": failing if failing in ("leave", "move") else "leave",
    }


def _plain(drawing: str) -> str:
    """A drawing within a page, whose colours are those of the page: our policy takes no style inside it."""
    head, _, rest = drawing.partition("<style>")
    return head + rest.partition("</style>")[2]


def _toml(pipeline: Any) -> str:
    """A pipeline as the text that `Pipeline.from_toml` reads."""
    return "\n".join(_written(pipeline.as_dict(), ""))


def _written(data: dict[str, Any], path: str) -> Iterator[str]:
    tables = {name: one for name, one in data.items() if _is_tables(one)}
    for name, value in data.items():
        if name not in tables:
            yield f"{name} = {_value(value)}"
    for name, some in tables.items():
        inner = f"{path}.{name}" if path else name
        for one in some:
            yield ""
            yield f"[[{inner}]]"
            yield from _written(one, inner)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _value(value: Any) -> str:
    import json

    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def publish(visit: Visit) -> Answer:
    """Show what a changed pipeline would do, and publish it when that was seen."""
    text, because = visit.typed("text").replace("\r\n", "\n"), visit.typed("because").strip()
    with visit.view() as session:
        if not _keeps(session):
            raise ForbiddenError("publishing pipelines is not granted")
        if not visit.typed("publish"):
            return _pipeline(visit, session, text)

    def do(session: Session) -> Any:
        if not because:
            raise InvalidError("say why")
        return session.publish_pipeline(text, because=because, **_ways(visit))

    try:
        made = visit.run(do)
    except RefusedError as error:
        with visit.view() as session:
            return _pipeline(visit, session, text, tuple(sentences(visit.words, error)), error.status)
    said = visit.words("Version {version} is published", version=made.pipeline.version)
    return redirect(f"/admin/pipelines/{visit.params['key']}", said=said)


def plugins(visit: Visit) -> Answer:
    """The plugins that run, and what each brings."""
    with visit.view() as session:
        refuse_others(session, "RoleAssignment")
        found = session.crm.registry.describe()
        return page(visit, session, "plugins.html", visit.words("Plugins"), plugins=found)


def give_password(visit: Visit) -> Answer:
    """Make up a temporary password for a person and show it this once, to who keeps users."""
    made = secrets.token_urlsafe(12)

    def do(session: Session) -> Any:
        person = session.get(session.crm.record("User"), visit.params["id"])
        set_password(session, person, made, is_temporary=True)
        return person

    person = visit.run(do)
    with visit.view() as session:
        said = [
            visit.words("The password of {name} until the next sign-in is:", name=person.name),
            made,
            visit.words("It is shown this once."),
        ]
        return page(
            visit, session, "told.html", visit.words("A new password"), said=said, back=f"/users/{person.id}"
        )

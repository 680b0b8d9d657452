"""A CRM as an application over HTTP: the REST face, the pages where they are installed, and health.

`application` is for any ASGI server, ``pycrm serve`` runs it on uvicorn.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Response
from litestar.exceptions import HTTPException

from pycrm.errors import CRMError
from pycrm.http import Answer, Call, Desk, Face, Route, Settings
from pycrm.http.log import places
from pycrm.http.problem import broken

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = ["Application", "application", "routes"]

# Nobody is looked up for them: they answer where the database does not.
_HEALTH = Face(accesses=frozenset())


class Application(Litestar):
    """Our desk, and behind it whatever Litestar handlers a product adds."""

    desk: Desk

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        await self.desk.envelop(scope, receive, send, super().__call__)


def application(
    crm: CRM, settings: Settings | None = None, *, more: Iterable[Route] = (), handlers: Sequence[Any] = ()
) -> Application:
    """The application of a CRM: the REST face under ``/api/v1``, the pages, ``/healthz`` and ``/readyz``.

    Args:
        settings: how it is served; without them to this machine alone.
        more: routes of a product beside ours.
        handlers: of Litestar, for what no route takes.

    Raises:
        DeclarationError: two routes are for one path and method, or what `Settings.docs` names is missing.
    """
    settings = settings or Settings()
    desk = Desk(crm, settings, (*routes(crm), *_docs(settings), *more), _faces())
    made = Application(
        list(handlers),
        openapi_config=None,
        debug=False,
        exception_handlers={HTTPException: _unknown, Exception: _failed},
        logging_config=None,
        on_shutdown=[desk.close],
    )
    made.desk = desk
    return made


def routes(crm: CRM) -> Iterable[Route]:
    """Every route that is served."""
    vital: dict[str, Any] = {"is_open": True, "is_vital": True}
    yield Route("GET", "/healthz", _alive, _HEALTH, **vital)
    yield Route("GET", "/readyz", _readiness(), _HEALTH, **vital)
    for name in ("pycrm.api", "pycrm.web"):
        if importlib.util.find_spec(name) is not None:
            yield from importlib.import_module(name).routes(crm)


def _docs(settings: Settings) -> Iterable[Route]:
    """The page of the documents, where its files were named."""
    if not settings.docs:
        return ()
    from pycrm.api.docs import installed, routes

    return routes(installed() if settings.docs is True else Path(settings.docs), _HEALTH)


def _faces() -> dict[str, Face]:
    """How paths that there are not look: like a page, where there are pages."""
    if importlib.util.find_spec("pycrm.web") is None:
        return {"": _HEALTH}
    return {"/api/": _HEALTH, "": importlib.import_module("pycrm.web").FACE}


def _alive(call: Call) -> Answer:
    """The process answers."""
    return Answer.json({"status": "ok"})


def _readiness() -> Callable[[Call], Answer]:
    """What tells whether the database answers and was migrated."""
    asking = threading.Lock()

    def ready(call: Call) -> Answer:
        # While one question is not answered, no further one is asked: each would hold a thread.
        if asking.acquire(blocking=False):
            try:
                call.crm.refuse_unmigrated()
                call.crm.store.ping()
                return Answer.json({"status": "ok"})
            except CRMError:
                pass
            finally:
                asking.release()
        return Answer.json({"status": "not ready"}, 503)

    return ready


def _unknown(request: Any, error: HTTPException) -> Response[bytes]:
    status = error.status_code
    code = {404: "not_found", 405: "method"}.get(status, "invalid")
    desk: Desk = request.scope["litestar_app"].desk
    return _response(desk.unknown(request.scope, status, code))


def _failed(request: Any, error: Exception) -> Response[bytes]:
    note = request.scope["state"]["pycrm"]
    note.fault, note.places = places(error)
    note.code = "broken"
    return _response(broken(error, note.request))


def _response(answer: Answer) -> Response[bytes]:
    media = answer.media or "application/json"
    return Response(answer.body, status_code=answer.status, media_type=media, headers=dict(answer.headers))

"""Where requests come in: from ASGI to a `Call` in a thread, and from its `Answer` back.

Around every answer, also those of paths that there are not, stand the request id, the headers that
tell browsers what not to do, and the line in the log.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pycrm.errors import RefusedError
from pycrm.http.admit import admit, language_of
from pycrm.http.answer import Answer
from pycrm.http.call import Call
from pycrm.http.face import Face
from pycrm.http.log import Note, failed, places
from pycrm.http.packing import packed
from pycrm.http.problem import problem
from pycrm.http.route import Route
from pycrm.http.settings import Settings
from pycrm.http.table import Table
from pycrm.http.tracing import Tracing, within
from pycrm.work import Workshop

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = ["Desk"]

_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
_ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", _POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_TLS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")

# In seconds: whoever asks whether we are well is answered within two.
_VITAL = 1.5

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
ASGI = Callable[[Any, Receive, Send], Awaitable[None]]


class _TooLargeError(Exception):
    pass


class Desk:
    """Takes requests for one CRM and answers them; `Application` puts it before the router.

    So many threads work at the same time and so many more requests wait; what comes beyond is told to
    come back, so that those that wait are still answered in time.

    Args:
        routes: what is answered here.
        faces: how paths that there are not look, by how they begin; the last begins with nothing.
    """

    def __init__(
        self, crm: CRM, settings: Settings, routes: Iterable[Route], faces: Mapping[str, Face]
    ) -> None:
        self.crm, self.settings, self.faces = crm, settings, faces
        self.routes = tuple(routes)
        self.table = Table(self.routes)
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="pycrm")
        self._apart = ThreadPoolExecutor(2, thread_name_prefix="pycrm-vital")
        # One thread: whoever asks again is not slower for what is done after the answer before.
        self._after = ThreadPoolExecutor(1, thread_name_prefix="pycrm-after")
        self._workshop = Workshop(crm)
        self._behind = threading.BoundedSemaphore(settings.waiting)
        self._tracing = Tracing() if settings.traces else None
        self._inside = 0
        self._counting = threading.Lock()
        self._always = (*_ALWAYS, _TLS) if settings.is_secure else _ALWAYS

    def close(self) -> None:
        """Let the threads end when they have answered, and when what was to be done after is done."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._apart.shutdown(wait=False, cancel_futures=True)
        self._after.shutdown(wait=False)
        self._workshop.close()

    # --- around every answer -----------------------------------------------------------------------

    async def envelop(self, scope: Any, receive: Receive, send: Send, inner: ASGI) -> None:
        """Answer one request, with id, headers and a line in the log.

        What no route of ours takes goes to the inner application.
        """
        note = Note(secrets.token_hex(8), scope["method"])
        if self._tracing is not None:
            note.span = self._tracing.begin(scope)
        scope.setdefault("state", {})["pycrm"] = note
        begun = time.perf_counter()

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                note.status = message["status"]
                headers = list(message["headers"])
                said = {name.lower() for name, _ in headers}
                headers += [one for one in self._always if one[0] not in said]
                headers.append((b"x-request-id", note.request.encode()))
                if not any(name.lower() == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message = {**message, "headers": headers}
            await send(message)

        try:
            if not (self.settings.is_ours(_header(scope, b"host")) or self._is_vital(scope)):
                note.code = "host"
                await self.respond(problem(421, "host"), scope, sending)
            else:
                await self._routed(scope, receive, sending, inner)
        except BaseException as error:
            note.fault, note.places = places(error)
            raise
        finally:
            note.milliseconds = (time.perf_counter() - begun) * 1000
            note.write()
            if self._tracing is not None:
                self._tracing.end(note.span, note)

    def _is_vital(self, scope: Any) -> bool:
        """Whether it is one of the questions whether we are well, whose askers know no more than an address."""
        found = self.table.find(scope["path"])
        return found is not None and all(one.is_vital for one in found[0].routes.values())

    # --- one route ------------------------------------------------------------------------------------

    async def _routed(self, scope: Any, receive: Receive, send: Send, inner: ASGI) -> None:
        found = self.table.find(scope["path"])
        if found is None:
            await inner(scope, receive, send)
            return
        note: Note = scope["state"]["pycrm"]
        place, scope["path_params"] = found
        method = scope["method"]
        route = place.routes.get("GET" if method == "HEAD" else method)
        some = route or next(iter(place.routes.values()))
        note.route = some.path
        if route is not None:
            answer = await self._answer(route, scope, receive, note)
        elif method == "OPTIONS":
            answer = Answer.none().with_header("allow", ", ".join(place.methods))
        else:
            note.code = "method"
            call = self._call(scope, some.path, some.face, b"", note)
            answer = some.face.unknown(call, 405, "method").with_header("allow", ", ".join(place.methods))
        if answer.work is not None:
            self._workshop.take(*answer.work)
        await self.respond(answer, scope, send)
        if answer.after is not None:
            self._do_after(answer.after, note)

    def _do_after(self, act: Callable[[], None], note: Note) -> None:
        if not self._behind.acquire(blocking=False):
            failed(note.request, "busy")
            return

        def run() -> None:
            try:
                act()
            except Exception as error:
                failed(note.request, "broken", error)
            finally:
                self._behind.release()

        self._after.submit(run)

    async def _answer(self, route: Route, scope: Any, receive: Receive, note: Note) -> Answer:
        try:
            body = b"" if scope["method"] in ("GET", "HEAD") else await self._body(route, scope, receive)
        except _TooLargeError:
            note.code = "too_large"
            return route.face.unknown(self._call(scope, route.path, route.face, b"", note), 413, "too_large")
        call = self._call(scope, route.path, route.face, body, note)
        if route.is_vital:
            waiting = asyncio.wrap_future(self._apart.submit(_act, route, call, note))
            with suppress(TimeoutError):
                return await asyncio.wait_for(waiting, _VITAL)
        elif (future := self._submit(route, call, note)) is not None:
            return await asyncio.wrap_future(future)
        note.code = "busy"
        return route.face.unknown(call, 503, "busy").with_header("retry-after", "2")

    def _submit(self, route: Route, call: Call, note: Note) -> Future[Answer] | None:
        with self._counting:
            if self._inside >= self.settings.threads + self.settings.waiting:
                return None
            self._inside += 1
        future = self._pool.submit(_act, route, call, note, time.perf_counter())
        # Also where nobody waits for the answer any more: the thread is at work until then.
        future.add_done_callback(self._leave)
        return future

    def _leave(self, _: Any) -> None:
        with self._counting:
            self._inside -= 1

    async def _body(self, route: Route, scope: Any, receive: Receive) -> bytes:
        most = route.body or self.settings.body
        said = _header(scope, b"content-length")
        if said.isdecimal() and int(said) > most:
            raise _TooLargeError
        pieces: list[bytes] = []
        length = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                break
            piece = message.get("body", b"")
            length += len(piece)
            if length > most:
                raise _TooLargeError
            pieces.append(piece)
            if not message.get("more_body"):
                break
        return b"".join(pieces)

    def _call(self, scope: Any, route: str, face: Face, body: bytes, note: Note) -> Call:
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            # Of a header that is sent twice the first counts, except cookies, which browsers may split.
            text = name.decode("latin-1").lower()
            told = value.decode("latin-1")
            headers[text] = (
                f"{headers[text]}; {told}"
                if text == "cookie" and text in headers
                else headers.get(text, told)
            )
        client = scope.get("client")
        return Call(
            self.crm,
            self.settings,
            face,
            method=scope["method"],
            route=route,
            path={name: str(value) for name, value in (scope.get("path_params") or {}).items()},
            raw_query=scope.get("query_string", b""),
            headers=headers,
            body=body,
            request=note.request,
            address=client[0] if client else "",
            language=language_of(self.settings, headers),
            target=scope["path"],
        )

    def unknown(self, scope: Any, status: int, code: str) -> Answer:
        """The answer for what no route takes."""
        note: Note = scope["state"]["pycrm"]
        note.code = code
        face = next(face for begin, face in self.faces.items() if scope["path"].startswith(begin))
        return face.unknown(self._call(scope, "", face, b"", note), status, code)

    async def respond(self, answer: Answer, scope: Any, send: Send) -> None:
        """Send an answer."""
        headers = [
            (name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers
        ]
        if answer.media is not None:
            headers.append((b"content-type", answer.media.encode()))
        if answer.cached is not None:
            headers.append((b"cache-control", answer.cached.encode()))
        if answer.status != 204:
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _act(route: Route, call: Call, note: Note, since: float | None = None) -> Answer:
    """The answer of a route, in a thread: whatever goes wrong, the face tells of it.

    Args:
        since: when it came to stand in line.
    """
    face = route.face
    if since is not None:
        note.waited = round((time.perf_counter() - since) * 1000, 2)
    try:
        try:
            with within(note.span):
                admit(call, route)
                answer = route.act(call)
            return packed(call, answer) if call.settings.compress else answer
        finally:
            if call.visitor is not None:
                note.actor, note.access = call.visitor.user, call.visitor.access.value
    except RefusedError as error:
        note.code = error.code
        return face.refused(call, error)
    except Exception as error:
        note.fault, note.places = places(error)
        note.code = "broken"
        return face.broken(call, error)


def _header(scope: Any, name: bytes) -> str:
    return next((value.decode("latin-1") for known, value in scope["headers"] if known == name), "")

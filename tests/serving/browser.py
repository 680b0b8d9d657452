"""A client without a network: requests go to the application as a server would hand them on."""

from __future__ import annotations

import asyncio
import json as _json
from collections.abc import Iterable, Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

import attrs

__all__ = ["Browser", "Reply"]


@attrs.frozen
class Reply:
    """One answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next((value for known, value in self.headers if known == name), "")

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def data(self) -> Any:
        return _json.loads(self.body)


@attrs.define
class Browser:
    """Keeps cookies as a browser does, and sends whatever headers it is told."""

    app: Any
    headers: dict[str, str] = attrs.field(factory=dict)
    cookies: dict[str, str] = attrs.field(factory=dict)
    address: str = "127.0.0.1"
    host: str = "127.0.0.1:8000"
    loop: Any = attrs.field(factory=asyncio.new_event_loop)

    def close(self) -> None:
        self.loop.close()

    def ask(
        self,
        method: str,
        target: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    ) -> Reply:
        """Send a request and wait for its answer."""
        sent = [("host", self.host), *self.headers.items(), *dict(headers).items()]
        if json is not None:
            body, kind = _json.dumps(json).encode(), "application/json"
            sent.append(("content-type", kind))
        elif form is not None:
            body, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
            sent.append(("content-type", kind))
        if self.cookies:
            sent.append(("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        if body:
            sent.append(("content-length", str(len(body))))
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote_to_bytes(path).decode("utf-8", "replace"),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent],
            "client": (self.address, 50000),
            "server": ("127.0.0.1", 8000),
        }
        return self.loop.run_until_complete(self._exchange(scope, body))  # type: ignore[no-any-return]

    async def _exchange(self, scope: Any, body: bytes) -> Reply:
        status, headers, pieces = 0, [], []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [(name.decode(), value.decode("latin-1")) for name, value in message["headers"]]
            else:
                pieces.append(message.get("body", b""))

        await self.app(scope, receive, send)
        reply = Reply(status, headers, b"".join(pieces))
        for name, value in headers:
            if name == "set-cookie":
                for one in SimpleCookie(value).values():
                    if one.value:
                        self.cookies[one.key] = one.value
                    else:
                        self.cookies.pop(one.key, None)
        return reply

    def get(self, target: str, **more: Any) -> Reply:
        return self.ask("GET", target, **more)

    def post(self, target: str, **more: Any) -> Reply:
        return self.ask("POST", target, **more)

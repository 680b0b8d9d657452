"""A small issuer of OpenID Connect on loopback: it says who somebody is, truly or, where a test plants it, not."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

__all__ = ["Issuer", "issuer"]

CLIENT, SECRET = "our crm", "a secret: of the client"


@attrs.define
class Issuer:
    """What it answers; `claims` go over what is true, and `told` over what it tells of itself."""

    now: Any
    address: str = ""
    key: ECKey = attrs.field(factory=lambda: ECKey.generate_key("P-256", {"kid": "first"}))
    shown: list[Any] = attrs.field(factory=list)
    claims: dict[str, Any] = attrs.field(factory=dict)
    told: dict[str, Any] = attrs.field(factory=dict)
    codes: dict[str, dict[str, str]] = attrs.field(factory=dict)
    asked: list[str] = attrs.field(factory=list)
    signs_with: Any = None
    algorithm: str = "ES256"
    is_public: bool = False

    def __attrs_post_init__(self) -> None:
        self.shown = [self.key]

    def agree(self, address: str, login: str = "rep_a") -> str:
        """Somebody signs in there: the code that the browser is sent back with."""
        wanted = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code {len(self.codes)}"
        self.codes[code] = wanted | {"login": login}
        return code

    def answer(self, path: str, sent: dict[str, str], known: str) -> tuple[int, Any]:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            told = {"issuer": self.address, "jwks_uri": f"{self.address}/keys"}
            told |= {f"{name}_endpoint": f"{self.address}/{name}" for name in ("authorization", "token")}
            return 200, told | self.told
        if path == "/keys":
            return 200, {"keys": [one.as_dict(private=False) for one in self.shown]}
        pair = base64.b64encode(b"our%20crm:a%20secret%3A%20of%20the%20client").decode()
        if known != ("" if self.is_public else f"Basic {pair}"):
            return 401, {"error": "invalid_client"}
        held = self.codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            held is None
            or challenge != held["code_challenge"]
            or sent["redirect_uri"] != held["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.statement(held)}

    def statement(self, held: dict[str, str]) -> str:
        now = int(self.now().timestamp())
        true = {"iss": self.address, "aud": CLIENT, "sub": "4711", "iat": now, "exp": now + 300}
        true |= {"nonce": held["nonce"], "preferred_username": held["login"], "email": f"{held['login']}@x"}
        claims = {name: one for name, one in (true | self.claims).items() if one is not None}
        key = self.signs_with or self.key
        header = {"alg": self.algorithm} | ({} if isinstance(key, OctKey) else {"kid": key.kid})
        if self.algorithm == "none":
            parts = (json.dumps(one).encode() for one in (header, claims))
            return ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts) + "."
        return jwt.encode(header, claims, key, algorithms=[self.algorithm])


@contextmanager
def issuer(now: Any) -> Iterator[Issuer]:
    """The issuer, answering on a port of loopback."""
    made = Issuer(now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._do({})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            self._do({name: values[0] for name, values in parse_qs(text).items()})

        def _do(self, sent: dict[str, str]) -> None:
            status, data = made.answer(self.path, sent, self.headers.get("authorization", ""))
            body = data if isinstance(data, bytes) else json.dumps(data).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"{made.address}/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

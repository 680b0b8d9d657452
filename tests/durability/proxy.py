"""A proxy before a PostgreSQL server that breaks connections around the commit."""

from __future__ import annotations

import random
import re
import select
import socket
import threading
from collections import Counter
from contextlib import suppress

import attrs
from sqlalchemy.engine import make_url

__all__ = ["MOMENTS", "Proxy"]

#: The commit does not reach the server; it does and nobody waits for it; its answer is lost.
MOMENTS = ("before", "at", "after")
# Asked for as a text, made ready under a name by whoever asks for it often, and asked for by that name.
_COMMIT = b"COMMIT\x00"
_NAMED = re.compile(rb"P....(\w+)\x00COMMIT\x00", re.DOTALL)


@attrs.define(eq=False)
class Proxy:
    """Hands on what clients and server say; of the commits it breaks so large a part, at random."""

    address: str
    part: float
    chance: random.Random
    cuts: Counter[str] = attrs.field(factory=Counter)
    _listening: socket.socket = attrs.field(init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def __attrs_post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address of the database, by way of the proxy."""
        url = make_url(self.address).set(host="127.0.0.1", port=self._listening.getsockname()[1])
        url = url.update_query_dict({"sslmode": "disable", "gssencmode": "disable"})
        return url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        url = make_url(self.address)
        with client, socket.create_connection((str(url.host), url.port or 5432)) as server, suppress(OSError):
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            names: set[bytes] = set()
            while self._hand_on(client, server, names):
                pass

    def _hand_on(self, client: socket.socket, server: socket.socket, names: set[bytes]) -> bool:
        """Pass on what is said next; False when the connection has ended or was broken."""
        ready, _, _ = select.select([client, server], [], [])
        if server in ready:
            said = server.recv(65536)
            client.sendall(said)
            return bool(said)
        said = client.recv(65536)
        moment = self._moment() if _is_commit(said, names) else None
        if moment == "before" or not said:
            return False
        server.sendall(said)
        if moment == "after":
            server.recv(65536)
        return moment is None

    def _moment(self) -> str | None:
        with self._lock:
            if self.chance.random() >= self.part:
                return None
            moment = self.chance.choice(MOMENTS)
            self.cuts[moment] += 1
            return moment


def _is_commit(said: bytes, names: set[bytes]) -> bool:
    made = _NAMED.findall(said)
    names.update(b"\x00" + name + b"\x00" for name in made)
    return not made and (_COMMIT in said or any(name in said for name in names))

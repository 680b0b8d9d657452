"""A headless Chromium on its debugging socket: pages as they are with their script, and no library between."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import attrs
import uvicorn

__all__ = ["Chromium", "chromium", "is_there", "served_at"]

_PATIENCE = 20


def is_there() -> str | None:
    """Where the browser is, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@attrs.define
class Chromium:
    """One page of the browser; what it complains of is kept."""

    socket: socket.socket
    complaints: list[str] = attrs.field(factory=list)
    _number: int = 0
    _rest: bytes = b""

    def do(self, method: str, **given: Any) -> Any:
        """Tell the browser something and wait for its answer."""
        self._number += 1
        data = json.dumps({"id": self._number, "method": method, "params": given}).encode()
        # The mask is there for proxies; one of noughts is a mask.
        self.socket.sendall(b"\x81" + _size(len(data)) + bytes(4) + data)
        while True:
            said = self._heard()
            if said.get("id") == self._number:
                return said.get("result", said)
            if said.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.complaints.append(json.dumps(said["params"]))

    def _heard(self) -> Any:
        whole = b""
        while True:
            first, size = self._bytes(2)
            size &= 127
            if size > 125:
                size = struct.unpack(">H" if size == 126 else ">Q", self._bytes(2 if size == 126 else 8))[0]
            whole += self._bytes(size)
            if first & 0x80:
                return json.loads(whole)

    def _bytes(self, number: int) -> bytes:
        while len(self._rest) < number:
            self._rest += self.socket.recv(65536)
        found, self._rest = self._rest[:number], self._rest[number:]
        return found

    def value(self, expression: str) -> Any:
        """What an expression of the page is."""
        made = self.do("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return made.get("result", {}).get("value")

    def until(self, expression: str) -> Any:
        """What an expression is, once it is something."""
        patience = time.monotonic() + _PATIENCE
        while not (found := self.value(expression)):
            assert time.monotonic() < patience, f"never: {expression}"
            time.sleep(0.05)
        return found

    def open(self, address: str) -> None:
        """Go to a page and wait until its script has begun."""
        self.do("Page.navigate", url=address)
        self.until(f"location.href === {address!r} && document.documentElement.classList.contains('js')")

    def drag(self, what: str, to: str) -> None:
        """Carry an element to another one with the mouse."""
        place = "(() => {{ const box = document.querySelector({0!r}).getBoundingClientRect();"
        place += " return [box.left + box.width / 2, box.top + {1}]; }})()"
        (x, y), (left, top) = self.value(place.format(what, 12)), self.value(place.format(to, 70))
        self._mouse("mousePressed", x, y)
        for part in range(1, 9):
            self._mouse("mouseMoved", x + (left - x) * part / 8, y + (top - y) * part / 8)
        self._mouse("mouseReleased", left, top)

    def _mouse(self, kind: str, x: float, y: float) -> None:
        buttons = 0 if kind == "mouseReleased" else 1
        self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=buttons, clickCount=1)


@contextmanager
def served_at(app: Any) -> Iterator[str]:
    """The address at which an application is served."""
    place = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{place.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def _size(number: int) -> bytes:
    """The length of a masked message, as the protocol writes it."""
    if number < 126:
        return bytes([0x80 | number])
    return b"\xfe" + struct.pack(">H", number) if number < 2**16 else b"\xff" + struct.pack(">Q", number)


@contextmanager
def chromium(folder: Path, **cookies: str) -> Iterator[Chromium]:
    """A browser with these cookies of the loopback address, ended afterwards."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
    options += [
        "--remote-allow-origins=*",
        "--window-size=1400,900",
        f"--user-data-dir={folder}",
        "about:blank",
    ]
    program = is_there()
    assert program is not None
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = _port(folder / "DevToolsActivePort")
        with urlopen(f"http://127.0.0.1:{port}/json") as answer:
            pages = [one for one in json.load(answer) if one["type"] == "page"]
        browser = _connected(port, pages[0]["webSocketDebuggerUrl"])
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.do(f"{domain}.enable")
        for name, value in cookies.items():
            browser.do("Network.setCookie", name=name, value=value, domain="127.0.0.1", path="/")
        yield browser
        browser.socket.close()
    finally:
        process.terminate()
        process.wait()


def _port(file: Path) -> int:
    patience = time.monotonic() + _PATIENCE
    while not file.exists() or not file.read_text().strip():
        assert time.monotonic() < patience, "the browser did not start"
        time.sleep(0.05)
    return int(file.read_text().split()[0])


def _connected(port: int, address: str) -> Chromium:
    made = socket.create_connection(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {address.partition(str(port))[2]} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
    ]
    lines += ["Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
    made.sendall("\r\n".join(lines).encode())
    said = b""
    while b"\r\n\r\n" not in said:
        said += made.recv(1)
    return Chromium(made)

"""Messages go out by a mail server, or into a folder, and what fails tells nothing of them."""

from __future__ import annotations

import email
import email.policy
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from pycrm.errors import DeclarationError
from pycrm.http import ConsoleMessenger, FileMessenger, Message, SmtpMessenger
from pycrm.http.log import Lines

from .conftest import Served
from .test_forgotten import ask, reached

MESSAGE = Message(
    "fang@example.com", "新密码", "方女士，请通过以下链接设置新密码：\n\nhttps://x/reset?key=abc\n"
)


@contextmanager
def mail_server(*offers: str) -> Iterator[tuple[int, list[bytes]]]:
    """A server of one connection that says yes to everything; its port, and the lines that it was told."""
    listener = socket.create_server(("127.0.0.1", 0))
    told: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as lines:
            lines.write(b"220 here\r\n")
            in_data = False
            for line in lines:
                told.append(line)
                word = line[:4].upper()
                if in_data:
                    in_data = line != b".\r\n"
                    answer = b"" if in_data else b"250 kept\r\n"
                elif word == b"EHLO":
                    answer = b"".join(b"250-%s\r\n" % one.encode() for one in offers) + b"250 SIZE\r\n"
                elif word == b"DATA":
                    in_data, answer = True, b"354 go on\r\n"
                else:
                    answer = b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n"
                lines.write(answer)
                if word == b"QUIT":
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], told
    finally:
        thread.join(10)
        listener.close()


def test_a_message_goes_out_by_a_mail_server() -> None:
    """The server is given sender, receiver, subject and text, whatever signs they hold."""
    with mail_server() as (port, told):
        SmtpMessenger("127.0.0.1", "crm@example.com", port=port, security="none").send(MESSAGE)
    assert [one.strip() for one in told[1:3]] == [
        b"mail FROM:<crm@example.com>",
        b"rcpt TO:<fang@example.com>",
    ]
    data = b"".join(told[told.index(b"data\r\n") + 1 : -2])
    mail: Any = email.message_from_bytes(data, policy=email.policy.default)
    assert (mail["Subject"], mail["To"], mail["Auto-Submitted"]) == (
        "新密码",
        "fang@example.com",
        "auto-generated",
    )
    assert mail.get_content().splitlines() == MESSAGE.text.splitlines()


def test_nothing_goes_unprotected_that_was_to_be_protected() -> None:
    """A server without TLS is told neither password nor message, where TLS is asked for."""
    with mail_server("AUTH PLAIN") as (port, told), pytest.raises(OSError, match="STARTTLS"):
        SmtpMessenger(
            "127.0.0.1", "crm@example.com", port=port, login="crm", password="a horse in the orchard"
        ).send(MESSAGE)
    assert {one[:4].upper().strip() for one in told} <= {b"EHLO", b"QUIT"}
    with pytest.raises(DeclarationError, match="without TLS"):
        SmtpMessenger("127.0.0.1", "crm@example.com", security="none", login="crm", password="x")
    with pytest.raises(DeclarationError, match="one of starttls, tls, none"):
        SmtpMessenger("127.0.0.1", "crm@example.com", security="ssl")  # type: ignore[arg-type]
    assert "orchard" not in repr(SmtpMessenger("h", "s@h", login="crm", password="a horse in the orchard"))


def test_nobody_puts_a_header_into_a_message() -> None:
    """A line break in a mailbox or a subject sends nothing."""
    for to, subject in (("a@b.c\r\nBcc: d@e.f", "x"), ("a@b.c", "x\nBcc: d@e.f")):
        with pytest.raises(ValueError, match=r"linefeed|newline|carriage"):
            Message(to, subject, "text").as_mail("crm@example.com")


def test_while_building_messages_are_read_on_this_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They lie in a folder that others do not read, or are printed where the server was started."""
    FileMessenger(tmp_path / "mail").send(MESSAGE)
    (path,) = (tmp_path / "mail").iterdir()
    assert (path.suffix, path.stat().st_mode & 0o077) == (".eml", 0)
    mail: Any = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert "key=abc" in mail.get_content()
    ConsoleMessenger().send(MESSAGE)
    assert "key=abc" in capsys.readouterr().err


class _Broken:
    def send(self, message: Message) -> None:
        raise OSError(f"no way to {message.to}")


def test_a_message_that_does_not_go_out_stands_in_the_log(served: Served) -> None:
    """Its line tells the request and the class of the failure, and neither mailbox nor link."""
    reached(served, "rep_a")
    app = served.serve(messenger=_Broken())
    lines: Queue[str] = Queue()

    class Waiting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.put(Lines().format(record))

    waiting, logger = Waiting(level=logging.ERROR), logging.getLogger("pycrm.http")
    logger.addHandler(waiting)
    try:
        reply = ask(served.browser(), "rep_a")
        line = lines.get(timeout=20)
    finally:
        logger.removeHandler(waiting)
        app.desk.close()
    assert reply.header("x-request-id") in line
    assert '"fault": "builtins.OSError"' in line
    assert "example.com" not in line
    assert "key=" not in line


def test_a_line_of_another_library_shows_numbers_and_no_texts() -> None:
    """Of what others log, the log keeps the sentence and its numbers; a text may be what somebody typed."""

    def told(message: str, *given: Any) -> str:
        return Lines().format(logging.LogRecord("uvicorn.error", 40, "x.py", 1, message, given, None))

    assert '"message": "process [17] ended after 2.5 s"' in told("process [%d] ended after %s s", 17, 2.5)
    assert '"message": "no such file: …"' in told("no such file: %s", "方女士")
    assert '"message": "100% of it"' in told("100% of it")
    assert '"message": "got %d"' in told("got %d", "方女士")

"""What sends messages to people: by a mail server, or, while something is being built, into a folder or a log.

Whatever has a method `send` of one `Message` is a messenger; a product may send by other means.
"""

from __future__ import annotations

import os
import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Literal, Protocol, get_args
from uuid import uuid4

import attrs

from pycrm.errors import DeclarationError

__all__ = ["ConsoleMessenger", "FileMessenger", "Message", "Messenger", "Security", "SmtpMessenger"]

#: How the way to a mail server is kept from others: TLS after a plain greeting, TLS from the beginning, or not.
Security = Literal["starttls", "tls", "none"]


@attrs.frozen
class Message:
    """A message to one person, in plain text."""

    to: str
    subject: str
    text: str = attrs.field(repr=False)

    def as_mail(self, sender: str) -> EmailMessage:
        """The message as it is mailed.

        Raises:
            ValueError: the mailbox or the subject holds a line break.
        """
        made = EmailMessage(policy=SMTP)
        made["From"], made["To"], made["Subject"] = sender, self.to, self.subject
        made["Date"], made["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2] or None)
        # So that no holiday notice is sent back (RFC 3834).
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(self.text)
        return made


class Messenger(Protocol):
    """What sends messages; it is called in a thread of its own after the answer, and may take its time."""

    def send(self, message: Message) -> None:
        """Send one message; whatever it raises is written to the log by its class."""


@attrs.frozen
class SmtpMessenger:
    """Sends by a mail server.

    Args:
        host, port: of the server.
        sender: the mailbox in whose name it is sent.
        security: ``starttls``, ``tls`` or ``none``; it is never less than asked for.
        login, password: by which the server knows us, if it asks.
        timeout: in seconds, of each step.

    Raises:
        DeclarationError: no such security, or a password that would go unprotected.
    """

    host: str
    sender: str
    port: int = 587
    security: Security = "starttls"
    login: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    timeout: float = 20.0

    def __attrs_post_init__(self) -> None:
        if self.security not in get_args(Security):
            raise DeclarationError(f"mail: security is one of {', '.join(get_args(Security))}")
        if self.password is not None and self.security == "none":
            raise DeclarationError("mail: a password is not sent without TLS")

    def send(self, message: Message) -> None:
        """Send one message.

        Raises:
            OSError: the server does not answer, refuses, or does not speak TLS where it should.
        """
        mail = message.as_mail(self.sender)
        context = ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout, context=context
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        with server:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.login is not None:
                server.login(self.login, self.password or "")
            server.send_message(mail)


@attrs.frozen
class FileMessenger:
    """Puts each message into a file of its own, which mail programs open; for building and trying."""

    folder: Path
    sender: str = "pycrm@localhost"

    def send(self, message: Message) -> None:
        """Write one message, for this user's eyes alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{uuid4().hex}.eml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(message.as_mail(self.sender).as_bytes())


@attrs.frozen
class ConsoleMessenger:
    """Prints each message where the server was started; for building and trying."""

    def send(self, message: Message) -> None:
        """Print one message."""
        print(f"to {message.to}: {message.subject}\n\n{message.text}", file=sys.stderr, flush=True)

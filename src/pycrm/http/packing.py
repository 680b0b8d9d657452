"""Compressing answers, where nobody learns by their length what stands in them.

Whoever watches the length of compressed answers, and puts words of their own into them, can find out what
else stands there (BREACH, 2013): a word that is in the answer already makes it no longer. A page holds secrets, the
proof of its forms and what its reader may see, and says again what was asked for. So what is answered to a
browser by its cookie is compressed only where one of our own pages, or the person by hand, asked for it: the browser
says so in ``Sec-Fetch-Site``, and nobody else's page can make it say so. Files without a cookie hold no secret, and
answers to programs by their tokens nobody else can ask for. Besides, the head of each compressed answer is longer
by chance, so that the same answer has many lengths (Palacios and others, "HTB: A Very Effective Method to Protect Web
Servers Against BREACH Attack to HTTPS", IEEE Access, 2022).
"""

from __future__ import annotations

import secrets
import struct
import zlib
from typing import TYPE_CHECKING

from pycrm.credential.model import Access

if TYPE_CHECKING:
    from pycrm.http.answer import Answer
    from pycrm.http.call import Call

__all__ = ["packed"]

#: In bytes; less than this is sent in one piece anyway.
LEAST = 1024
# Half of the time of the usual level, and a tenth longer.
_LEVEL = 3
_LONGEST_NAME = 64


def packed(call: Call, answer: Answer) -> Answer:
    """The answer as it is sent: compressed if that is worth it, can be read and tells nothing."""
    if len(answer.body) < LEAST or not _is_text(answer.media or ""):
        return answer
    answer.with_header("vary", "Accept-Encoding, Sec-Fetch-Site")
    if _is_read(call.headers.get("accept-encoding", "")) and _is_quiet(call):
        answer.body = _gzip(answer.body)
        answer.with_header("content-encoding", "gzip")
    return answer


def _is_text(media: str) -> bool:
    kind = media.partition(";")[0]
    return kind.startswith("text/") or kind.endswith(("json", "+xml"))


def _is_read(accepted: str) -> bool:
    """Whether the client reads gzip; it says so by name, and may say that it does not (RFC 9110, 12.5.3)."""
    for one in accepted.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _is_quiet(call: Call) -> bool:
    """Whether nobody but its reader can have chosen what was asked for."""
    if call.visitor is not None and call.visitor.access is Access.TOKEN:
        return True
    if "cookie" not in call.headers:
        return True
    return call.headers.get("sec-fetch-site") in ("same-origin", "none")


def _gzip(body: bytes) -> bytes:
    """The body in the form of RFC 1952, with a file name of some length."""
    name = b"x" * secrets.randbelow(_LONGEST_NAME)
    pressed = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    parts = (
        b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff",
        name,
        b"\x00",
        pressed.compress(body),
        pressed.flush(),
    )
    return b"".join((*parts, struct.pack("<II", zlib.crc32(body), len(body) & 0xFFFFFFFF)))

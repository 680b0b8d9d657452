"""What the Django peers share: settings for a database as durable as pycrm's, and its columns."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings


def database_of(url: str) -> dict[str, Any]:
    """Django's settings for a database as durable as pycrm's."""
    if url.startswith("sqlite"):
        pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536")
        options = {
            "transaction_mode": "IMMEDIATE",
            "init_command": "".join(f"PRAGMA {setting};" for setting in pragmas),
        }
        name = url.removeprefix("sqlite:///")
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options}
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


def begin(url: str, *apps: str, **more: Any) -> None:
    """Start Django on a database, with these apps besides those of its users."""
    settings.configure(
        DATABASES={"default": database_of(url)},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", *apps],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        **more,
    )
    django.setup()

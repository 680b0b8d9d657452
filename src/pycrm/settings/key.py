"""Every setting that there is."""

from __future__ import annotations

from typing import Any

import attrs

from pycrm.settings.kind import FLAG, PATH, TEXT, WORDS, Kind, number, one_of, whole

__all__ = ["KEYS", "Key"]


@attrs.frozen
class Key:
    """One setting.

    Args:
        name: as it is spoken of, ``serve.port``.
        about: what it says, for the reference.
        default: what holds where nobody says otherwise.
        is_secret: whether it stands in a file of its own, which ``…_file`` names, and is never shown.
    """

    name: str
    kind: Kind
    about: str
    default: Any = None
    is_secret: bool = False

    @property
    def variable(self) -> str:
        """What it is called in the environment."""
        return f"PYCRM_{self.name.replace('.', '_').upper()}"


_KEYS = (
    Key(
        "database",
        TEXT,
        "The database, `sqlite:///clinic.db` or `postgresql://user@host/name`; if it holds a password, a secret.",
        "sqlite:///crm.db",
        is_secret=True,
    ),
    Key("schema", TEXT, "On PostgreSQL, the schema of this tenant."),
    Key("plugins", WORDS, "Installed plugins that are loaded whatever the database says.", ()),
    Key("heads", PATH, "The folder in which the heads of the sealed history are kept."),
    Key("origin", TEXT, "The address under which people come, `https://crm.example.com`."),
    Key("currency", TEXT, "Of sums over nothing, and the default of forms.", "CNY"),
    Key("utc_offset", number(-12, 14), "Of the business day, in hours.", 8.0),
    Key("probes_per_hour", whole(1, 1_000_000), "Values held elsewhere that one person may enter.", 200),
    Key("exported_per_hour", whole(1, 10**9), "Rows that one person may take out by exports.", 100_000),
    Key(
        "on_error",
        one_of("refuse", "isolate"),
        "Whether a plugin that fails stops the CRM or is left out.",
        "refuse",
    ),
    Key("serve.host", TEXT, "The address to listen on.", "127.0.0.1"),
    Key("serve.port", whole(0, 65535), "The port to listen on.", 8000),
    Key("serve.workers", whole(1, 64), "Processes; more than one on PostgreSQL.", 1),
    Key("serve.proxy", TEXT, "The address of the proxy before it, whose word on clients is taken."),
    Key("serve.docs", FLAG, "Whether Swagger UI is served (extra `docs`).", False),
    Key("serve.docs_folder", PATH, "The folder of another distribution of Swagger UI, in the place of that."),
    Key("serve.traces", FLAG, "Whether requests leave spans for OpenTelemetry (extra `traces`).", False),
    Key("serve.compress", FLAG, "Whether long answers are compressed; a proxy may do it too.", True),
    Key("serve.threads", whole(1, 1000), "Requests at work at the same time in one process.", 10),
    Key("serve.waiting", whole(0, 100_000), "Requests in line; what comes beyond is told to come back.", 200),
    Key("serve.body", whole(1024, 2**30), "The most bytes of a request.", 2**20),
    Key("serve.tries", whole(1, 1000), "How often a name or an address may be tried in a minute.", 10),
    Key("serve.idle_minutes", whole(1, 1440), "A session without a request ends after them.", 120),
    Key("serve.longest_hours", whole(1, 168), "Every session ends after them.", 12),
    Key("serve.reset_minutes", whole(5, 1440), "For how long a link to a new password is good.", 30),
    Key("serve.languages", WORDS, "Of the pages; the first is that of who asks for none.", ("en", "zh")),
    Key("serve.passwords", FLAG, "Whether people come in by passwords, beside `oidc`.", True),
    Key("mail.host", TEXT, "The mail server."),
    Key("mail.port", whole(1, 65535), "Its port.", 587),
    Key("mail.security", one_of("starttls", "tls", "none"), "How the way there is protected.", "starttls"),
    Key("mail.login", TEXT, "By which the mail server knows us."),
    Key("mail.password", TEXT, "The password of that login.", is_secret=True),
    Key("mail.sender", TEXT, "The mailbox in whose name messages are sent."),
    Key("mail.folder", PATH, "In the place of a mail server: the folder into which messages are put."),
    Key("mail.console", FLAG, "In the place of a mail server: print messages where the server runs.", False),
    Key("oidc.issuer", TEXT, "The company's own sign-in (OpenID Connect): the address of its issuer."),
    Key("oidc.client", TEXT, "As which the issuer knows us."),
    Key(
        "oidc.secret",
        TEXT,
        "By which the issuer knows us; without one we are a public client.",
        is_secret=True,
    ),
    Key("oidc.claim", TEXT, "Which claim names the login here.", "preferred_username"),
    Key("oidc.label", TEXT, "What the button on the sign-in page says.", "Company account"),
    Key("oidc.scopes", WORDS, "What the issuer is asked for.", ("openid", "profile", "email")),
)

#: All settings by their names.
KEYS = {one.name: one for one in _KEYS}

"""django-simple-history: a model with the columns of pycrm's customer and its history.

The records are read before the clock starts; one is saved by ``save``, a thousand by the package's
own ``bulk_update_with_history``, of which only the changed fields are named.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings
from talk import THOUSAND, answer, customers


def database_of(url: str) -> dict:
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


settings.configure(
    DATABASES={"default": database_of(sys.argv[1])},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "simple_history"],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.db import connection, models, transaction  # noqa: E402
from simple_history.models import HistoricalRecords  # noqa: E402
from simple_history.utils import bulk_update_with_history  # noqa: E402


class Customer(models.Model):
    """The columns and indexes of crm_customer."""

    id = models.UUIDField(primary_key=True)
    version = models.BigIntegerField()
    created_at = models.DateTimeField()
    created_by_id = models.UUIDField(null=True)
    updated_at = models.DateTimeField()
    updated_by_id = models.UUIDField(null=True)
    archived_at = models.DateTimeField(null=True)
    owner_id = models.UUIDField(null=True)
    owner_unit_id = models.UUIDField(null=True)
    code = models.TextField()
    party_id = models.UUIDField(unique=True)
    name = models.TextField()
    kind = models.TextField()
    lifecycle = models.TextField()
    activity_state = models.TextField()
    source_id = models.UUIDField(db_index=True)
    signing_grade = models.TextField(null=True)
    trade_role = models.TextField(null=True)
    channel = models.TextField(null=True)
    strategic = models.BooleanField()
    parent_group_id = models.UUIDField(null=True, db_index=True)
    needs = models.JSONField()
    preferences = models.JSONField()
    last_contact_at = models.DateTimeField(null=True)
    next_contact_on = models.DateField(null=True)
    history = HistoricalRecords(user_model=None, user_db_constraint=False)

    class Meta:
        app_label = "simple_history"
        indexes = [
            models.Index(fields=["name", "id"], name="by_name"),
            models.Index(fields=["owner_id", "name", "id"], name="by_owner"),
            models.Index(fields=["owner_unit_id", "name", "id"], name="by_unit"),
        ]


_CHANGED = ["channel", "version", "updated_at"]


def main() -> None:
    """Fill the database and answer."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Customer)
        editor.create_model(Customer.history.model)
    Customer.objects.bulk_create([Customer(**row) for row in customers()], batch_size=500)
    keys = list(Customer.objects.order_by("id").values_list("id", flat=True)[:THOUSAND])

    @contextmanager
    def change(number: int, value: str) -> Iterator[Callable[[], None]]:
        held = list(Customer.objects.filter(id__in=keys[:number]))

        def act() -> None:
            now = datetime.now(UTC)
            for customer in held:
                customer.channel, customer.updated_at = value, now
                customer.version += 1
            with transaction.atomic():
                if number == 1:
                    held[0].save(update_fields=_CHANGED)
                else:
                    bulk_update_with_history(held, Customer, _CHANGED, batch_size=500)

        versions = Customer.history.filter(id=held[0].id).count()
        yield act
        assert Customer.history.filter(id=held[0].id).count() == versions + 1, "no version was kept"

    answer(change)


if __name__ == "__main__":
    main()

"""django-simple-history: a model with the columns of pycrm's customer and its history.

The records are read before the clock starts; one is saved by ``save``, a thousand by the package's
own ``bulk_update_with_history``, of which only the changed fields are named.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django_begun import begin
from talk import THOUSAND, answer, customers

begin(sys.argv[1], "simple_history")

from django.db import connection, transaction  # noqa: E402
from django_customer import CustomerColumns  # noqa: E402
from simple_history.models import HistoricalRecords  # noqa: E402
from simple_history.utils import bulk_update_with_history  # noqa: E402


class Customer(CustomerColumns):
    """A customer whose history is kept."""

    history = HistoricalRecords(user_model=None, user_db_constraint=False)

    class Meta(CustomerColumns.Meta):
        app_label = "simple_history"


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

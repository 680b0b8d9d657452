"""django-guardian: a page of the customers that somebody holds a permission on, object by object.

The page is what its documentation shows, `get_objects_for_user`, in order and cut off. Of the two ways
in which it stores permissions, `generic` names objects by text and `direct` by foreign keys, which is
the faster one by its own word. Whoever owns a customer and whoever leads the branch holds one.

Arguments: the URL, the way, and a file with the name, the owner and 1 or 0, for whether the reader
sees it, of each customer.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from django_begun import begin
from talk import answer_pages, customers

_URL, _WAY, _FILE = sys.argv[1:]
begin(_URL, "guardian", AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"])

from django.contrib.auth.models import Permission, User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django_customer import CustomerColumns  # noqa: E402
from guardian.models import (  # noqa: E402
    GroupObjectPermissionBase,
    UserObjectPermission,
    UserObjectPermissionBase,
)
from guardian.shortcuts import get_objects_for_user  # noqa: E402

_SIZE = 50
_BATCH = 2000


class Customer(CustomerColumns):
    """A customer on which permissions are held."""

    class Meta(CustomerColumns.Meta):
        app_label = "guardian"


_MODELS = [Customer]

if _WAY == "direct":

    class CustomerUserObjectPermission(UserObjectPermissionBase):
        """Who holds which permission on which customer."""

        content_object = models.ForeignKey(Customer, on_delete=models.CASCADE)

        class Meta(UserObjectPermissionBase.Meta):
            app_label = "guardian"

    class CustomerGroupObjectPermission(GroupObjectPermissionBase):
        """Which group holds which permission on which customer."""

        content_object = models.ForeignKey(Customer, on_delete=models.CASCADE)

        class Meta(GroupObjectPermissionBase.Meta):
            app_label = "guardian"

    _MODELS += [CustomerUserObjectPermission, CustomerGroupObjectPermission]


def fill() -> None:
    """Customers, their owners and the reader, and what each of them may see."""
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        for model in _MODELS:
            editor.create_model(model)
    with Path(_FILE).open(encoding="utf-8") as file:
        told = list(csv.reader(file))
    logins = {"reader", *(owner for _, owner, _ in told)}
    users = {one.username: one for one in User.objects.bulk_create(User(username=login) for login in logins)}
    kind, _ = ContentType.objects.get_or_create(app_label="guardian", model="customer")
    may = Permission.objects.get_or_create(codename="view_customer", content_type=kind)[0]
    rows = [
        Customer(**row | {"name": name}) for row, (name, _, _) in zip(customers(len(told)), told, strict=True)
    ]
    with transaction.atomic():
        Customer.objects.bulk_create(rows, batch_size=_BATCH)
        holders = [
            (users[login], row)
            for row, (_, owner, is_seen) in zip(rows, told, strict=True)
            for login in ((owner, "reader") if is_seen == "1" else (owner,))
        ]
        if _WAY == "direct":
            CustomerUserObjectPermission.objects.bulk_create(
                (
                    CustomerUserObjectPermission(user=user, permission=may, content_object=row)
                    for user, row in holders
                ),
                batch_size=_BATCH,
            )
        else:
            UserObjectPermission.objects.bulk_create(
                (
                    UserObjectPermission(user=user, permission=may, content_type=kind, object_pk=str(row.pk))
                    for user, row in holders
                ),
                batch_size=_BATCH,
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def page() -> list[str]:
    """The first customers that the reader sees, by name; one more tells whether there is a next page."""
    with transaction.atomic():
        reader = User.objects.get(username="reader")
        seen = get_objects_for_user(reader, "guardian.view_customer", klass=Customer)
        found = list(seen.order_by("name", "id")[: _SIZE + 1])
    return [one.name for one in found[:_SIZE]]


if __name__ == "__main__":
    fill()
    answer_pages(page)

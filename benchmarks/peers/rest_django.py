"""Django REST framework with django-guardian: the same three requests, by a token, with rights on objects.

Each customer of the reader has a permission, by direct keys, which is guardian's faster way. No history
is kept. Requests go to the WSGI application as a server would hand them on.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

from django_begun import begin
from talk import customers
from talk_rest import answer_requests

_URL = sys.argv[1]
_PLACE = "rest_framework.authentication.TokenAuthentication"
begin(
    _URL,
    *("guardian", "rest_framework", "rest_framework.authtoken"),
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"],
    ROOT_URLCONF="__main__",
    ALLOWED_HOSTS=["127.0.0.1"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [_PLACE],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
        "PAGE_SIZE": 50,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
)

from django.contrib.auth.models import Permission, User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.urls import include, path  # noqa: E402
from django_customer import CustomerColumns  # noqa: E402
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase  # noqa: E402
from guardian.shortcuts import get_objects_for_user  # noqa: E402
from rest_framework import pagination, routers, serializers, viewsets  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402


class Customer(CustomerColumns):
    """A customer on which permissions are held."""

    class Meta(CustomerColumns.Meta):
        app_label = "guardian"


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


class CustomerSerializer(serializers.ModelSerializer[Any]):
    """Every column."""

    class Meta:
        model = Customer
        fields = "__all__"


class ByName(pagination.CursorPagination):
    """Pages by a cursor, as ours."""

    ordering = ("name", "id")


class CustomerView(viewsets.ModelViewSet[Any]):
    """What one may see, as guardian's documentation shows."""

    serializer_class = CustomerSerializer
    pagination_class = ByName

    def get_queryset(self) -> Any:
        return get_objects_for_user(self.request.user, "guardian.view_customer", klass=Customer)


_router = routers.DefaultRouter()
_router.register("customers", CustomerView, basename="customer")
urlpatterns = [path("", include(_router.urls))]


def fill() -> tuple[str, list[Any]]:
    """Customers, of whom the reader sees a hundred; the reader's token and those customers."""
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        for model in (Customer, CustomerUserObjectPermission, CustomerGroupObjectPermission):
            editor.create_model(model)
    reader = User.objects.create(username="reader")
    kind, _ = ContentType.objects.get_or_create(app_label="guardian", model="customer")
    may = Permission.objects.get_or_create(codename="view_customer", content_type=kind)[0]
    rows = [Customer(**row) for row in customers()]
    own = [row for row in rows if row.owner_id == rows[0].owner_id]
    held = [CustomerUserObjectPermission(user=reader, permission=may, content_object=row) for row in own]
    with transaction.atomic():
        Customer.objects.bulk_create(rows, batch_size=2000)
        CustomerUserObjectPermission.objects.bulk_create(held)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Token.objects.create(user=reader).key, own


def main() -> None:
    """Fill the database and answer."""
    token, own = fill()
    application = get_wsgi_application()

    def ask(method: str, target: str, body: bytes = b"") -> Any:
        where, _, query = target.partition("?")
        said: list[str] = []
        environ = {
            **{"REQUEST_METHOD": method, "PATH_INFO": where, "QUERY_STRING": query, "SCRIPT_NAME": ""},
            **{"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "HTTP_HOST": "127.0.0.1"},
            **{"HTTP_AUTHORIZATION": f"Token {token}", "CONTENT_TYPE": "application/json"},
            **{"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http"},
            "wsgi.errors": sys.stderr,
        }
        answer = application(environ, lambda status, headers: said.append(status))
        content = b"".join(answer)
        answer.close()
        if not said[0].startswith("2"):
            raise RuntimeError(f"{method} {target}: {said[0]} {content[:300]!r}")
        return content

    def act(name: str, number: int) -> int:
        if name == "ready":
            return 0
        if name == "rest_list_50":
            return len(ask("GET", "/customers/"))
        one = f"/customers/{own[number % len(own)].pk}/"
        if name == "rest_get":
            return len(ask("GET", one))
        return len(ask("PATCH", one, json.dumps({"channel": f"fair {number}"}).encode()))

    answer_requests(act)


if __name__ == "__main__":
    main()

"""The columns and indexes of crm_customer as an abstract Django model; imported after `begin`."""

from __future__ import annotations

from django.db import connection, models

# The order of names is that of their bytes, as in pycrm.
_BY_BYTES = "C" if connection.vendor == "postgresql" else None


class CustomerColumns(models.Model):
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
    name = models.TextField(db_collation=_BY_BYTES)
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

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["name", "id"], name="by_name"),
            models.Index(fields=["owner_id", "name", "id"], name="by_owner"),
            models.Index(fields=["owner_unit_id", "name", "id"], name="by_unit"),
        ]

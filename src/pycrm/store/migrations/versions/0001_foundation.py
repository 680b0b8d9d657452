"""Foundation: the tables of core. Written by scripts/first_migration.py."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

# A word for each type of column: one type on SQLite, another on PostgreSQL.
TYPES: dict[str, Any] = {
    "key": sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql"),
    "instant": sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql"),
    "day": sa.Text().with_variant(sa.Date(), "postgresql"),
    "json": sa.Text().with_variant(postgresql.JSONB(), "postgresql"),
    "short": sa.BigInteger().with_variant(sa.Integer(), "postgresql"),
    "grams": sa.Text().with_variant(postgresql.ARRAY(sa.Integer()), "postgresql"),
    "int": sa.BigInteger(),
    "text": sa.Text(),
    "salt": sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql"),
    "flag": sa.Boolean(create_constraint=False),
    "currency": sa.String(3),
    "number": sa.Double(),
}
# What the database draws by itself for each row of a sealed book.
SALTS = {"sqlite": "(randomblob(16))", "postgresql": "gen_random_uuid()"}
RECORD = (
    "id key, version int, created_at instant, created_by_id key?, updated_at instant, updated_by_id key?, "
    "archived_at instant?"
)
FACET = (
    "of_id key, version int, created_at instant, created_by_id key?, updated_at instant, updated_by_id key?"
)
CHILD = "id key, parent_id key, position int"
OWNER = "owner_id key?, owner_unit_id key?"
PARENT = "parent_owner_id key?, parent_unit_id key?"


def upgrade() -> None:
    """Make every table."""
    table(
        "crm_address",
        CHILD,
        "text text, city text?, postcode text?, country text?",
        index="parent_id position",
    )
    table(
        "crm_amendment_effect",
        "record_id key, version int, entity text, amendment_id key",
        key="record_id version entity",
    )
    table(
        "crm_amendment_line",
        "amendment_id key, round int, seq int, entity text, record_id key, path text, act text, base text",
        "new text",
        key="amendment_id round seq",
    )
    table(
        "crm_amendment_policy",
        RECORD,
        "entity text, path text, mode text, condition text?, flow text?, reason_min int",
        "evidence_required flag, rank int",
    )
    table(
        "crm_approval_flow",
        RECORD,
        "name text, remind_after int, escalate_after int",
        unique="name",
        live="name id",
    )
    table(
        "crm_approval_step",
        CHILD,
        "approver text, who text?, levels int, mode text, condition text?, on_empty text",
        index="parent_id position",
    )
    table("crm_attempt", "id key, at instant, login key, place key", index="at, login at, place at")
    table(
        "crm_change",
        "record_id key, version short, entity text, revision_id key, act text, reason text?, changes text",
        "salt salt",
        key="record_id version entity",
        index="revision_id",
    )
    table("crm_claim", "digest key, entity text, record_id key", key="digest", index="record_id")
    table(
        "crm_contact_point",
        CHILD,
        "kind text, value text, shared flag, verified_on day?",
        index="parent_id position",
    )
    table("crm_contact_search", "of_id key, name text?, grams grams?", key="of_id")
    table(
        "crm_custom_field",
        RECORD,
        "entity text, name text, label text, label_zh text?, kind text, options json, is_key flag",
        "is_personal flag, is_restricted flag, is_special flag, is_sorted flag",
    )
    table("crm_customer_search", "of_id key, code text?, name text?, grams grams?", key="of_id")
    table(
        "crm_elevation", "id key, at instant, purpose text, grants text, source text, salt salt", index="at"
    )
    table("crm_erasure", RECORD, "subject_id key, pseudonym text, reason text")
    table(
        "crm_erasure_part",
        CHILD,
        "entity text, rows int, changes int, kept text?, until day?",
        index="parent_id position",
    )
    table("crm_errand", "id key, content key, at instant, told text", index="at")
    table(
        "crm_external_id",
        "entity text, key text, record_id key",
        key="entity key record_id",
        index="record_id",
    )
    table(
        "crm_field_rule", CHILD, "entity text, field text, read text, write flag", index="parent_id position"
    )
    table(
        "crm_forecast_line",
        "snapshot_id key, record_id key, stage text, probability int, amount int, weighted int, currency text",
        key="snapshot_id record_id",
        index="record_id",
    )
    table(
        "crm_forecast_total",
        "snapshot_id key, method text, currency text, units int, reach text",
        key="snapshot_id method currency",
    )
    table(
        "crm_grade_change",
        "run_id key, customer_id key, model text, former text, grade text, at instant",
        key="run_id customer_id",
        index="customer_id model",
    )
    table("crm_grant", CHILD, "entity text, action text, reach text", index="parent_id position")
    table("crm_holiday", RECORD, "on day, name text?, is_working flag", unique="on", live="on id")
    table(
        "crm_import_part",
        "revision_id key, import_id key, takes_back flag",
        key="revision_id",
        index="import_id revision_id",
    )
    table("crm_import_run", "fingerprint text, state text", key="fingerprint")
    table("crm_lead_contact_point", CHILD, "kind text, value text", index="parent_id position")
    table("crm_lead_search", "of_id key, name text?, company text?, grams grams?", key="of_id")
    table(
        "crm_loss_reason",
        RECORD,
        "code text, name text?, needs_competitor flag",
        unique="code",
        live="code id",
    )
    table(
        "crm_open_path",
        "record_id key, entity text, path text, amendment_id key",
        key="record_id entity path",
        index="amendment_id",
    )
    table("crm_opportunity_search", "of_id key, name text?, next_step text?, grams grams?", key="of_id")
    table(
        "crm_product_category",
        RECORD,
        "name text, parent_id key?",
        unique="name",
        refers="parent_id crm_product_category",
        live="name id",
        index="parent_id",
    )
    table("crm_product_search", "of_id key, code text?, name text?, grams grams?", key="of_id")
    table(
        "crm_quiet_claim", "value key, entity text, record_id key", key="value record_id", index="record_id"
    )
    table(
        "crm_region",
        RECORD,
        "name text, code text?, parent_id key?",
        unique="name",
        refers="parent_id crm_region",
        live="name id",
        index="parent_id",
    )
    table("crm_retention", RECORD, "entity text, months int, reason text", unique="entity")
    table("crm_role", RECORD, "name text, level text", unique="name", live="name id")
    table(
        "crm_saved_view",
        RECORD,
        OWNER,
        "entity text, name text, query text",
        live="name id, owner_id name id, owner_unit_id name id",
    )
    table(
        "crm_score",
        "run_id key, customer_id key, score int?, own text, grade text, fallen int, inputs text",
        key="run_id customer_id",
        index="customer_id run_id",
    )
    table("crm_score_now", "customer_id key, model text, run_id key", key="customer_id model", index="run_id")
    table(
        "crm_score_step",
        "run_id key, code text, least number, most number, below int, same int",
        key="run_id code least",
    )
    table("crm_score_total", "run_id key, code text, number int, total number?", key="run_id code")
    table("crm_seal", "number int, kind text, item_id key, hash text, marks text", key="number")
    table("crm_setting", "name text, value text", key="name")
    table("crm_source", RECORD, "name text", unique="name", live="name id")
    table(
        "crm_stall_notice",
        "record_id key, since instant, reminded_at instant, escalated_at instant?",
        key="record_id since",
    )
    table(
        "crm_tombstone",
        "record_id key, version int, entity text, revision_id key, before text, after text",
        key="record_id version entity revision_id",
        index="revision_id",
    )
    table(
        "crm_unit",
        RECORD,
        "name text, code text, parent_id key?, kind text, active flag",
        unique="code",
        refers="parent_id crm_unit",
        live="name id",
        index="parent_id",
    )
    table("crm_unsealed", "id key, kind text")
    table(
        "crm_party",
        RECORD,
        "kind text, name text, region_id key?",
        refers="region_id crm_region",
        index="region_id",
    )
    table(
        "crm_product",
        RECORD,
        "code text, name text, category_id key, kind text, unit text, standard_cost int?",
        "standard_cost_currency currency?, margin_class text?, state text",
        unique="code",
        refers="category_id crm_product_category",
        live="name id",
        index="category_id",
    )
    table(
        "crm_target",
        RECORD,
        OWNER,
        "unit_id key?, since day, until day, measure text, amount int, amount_currency currency",
        refers="unit_id crm_unit",
        live="owner_id since id, owner_unit_id since id, since id",
        index="unit_id",
    )
    table(
        "crm_unit_closure",
        "ancestor_id key, descendant_id key, depth int",
        key="ancestor_id descendant_id",
        refers="ancestor_id crm_unit, descendant_id crm_unit",
        index="ancestor_id, descendant_id, descendant_id ancestor_id",
    )
    table(
        "crm_user",
        RECORD,
        "login text, name text, home_unit_id key, employee_no text?, mobile text?, email text?, hired_on day?",
        "left_on day?, state text",
        unique="login",
        refers="home_unit_id crm_unit",
        live="name id",
        index="home_unit_id",
    )
    table(
        "crm_access",
        "id key, at instant, by_id key?, actor text, on_behalf_id key?, source text, purpose text",
        "entity text, record_id key, fields json, query text, outcome text, salt salt",
        refers="by_id crm_user, on_behalf_id crm_user",
        index="at, by_id, by_id at, on_behalf_id, record_id at",
    )
    table(
        "crm_amendment",
        RECORD,
        "entity text, record_id key, state text, reason text, evidence json, effective_on day?",
        "submitted_by_id key?, submitted_at instant, round int, step int, route text, waits text?",
        "verdict text?, overridden flag, applied_at instant?, batch_id key?",
        refers="submitted_by_id crm_user",
        live="submitted_at id",
        index="batch_id, record_id, submitted_by_id",
    )
    table(
        "crm_approval_task",
        CHILD,
        "round int, step int, group_id key, approver_id key, giver_id key?, state text, comment text?",
        "asked_at instant, due_at instant, escalates_at instant, reminded_at instant?, escalated_at instant?",
        "decided_at instant?",
        refers="approver_id crm_user, giver_id crm_user",
        index="approver_id, giver_id, parent_id position",
    )
    table(
        "crm_customer",
        RECORD,
        OWNER,
        "stage text, stage_at instant, stage_config json?, pipeline text, pipeline_version int, code text",
        "party_id key, name text, kind text, lifecycle text, source_id key, signing_grade text?",
        "trade_role text?, channel text?, strategic flag, parent_group_id key?, needs json, preferences json",
        "active_at instant, last_contact_at instant?, next_contact_on day?",
        unique="party_id",
        refers="party_id crm_party, source_id crm_source, parent_group_id crm_customer",
        live=(
            "active_at id, name id, owner_id active_at id, owner_id name id, owner_unit_id active_at id, "
            "owner_unit_id name id"
        ),
        index="parent_group_id, source_id",
    )
    table(
        "crm_delegation",
        RECORD,
        OWNER,
        "receiver_id key, actions json, since day, until day, reason text",
        refers="receiver_id crm_user",
        live="owner_id id, owner_unit_id id",
        index="receiver_id",
    )
    table(
        "crm_duplicate",
        "id key, at instant, by_id key?, entity text, record_id key, other_entity text, other_id key",
        "path text",
        refers="by_id crm_user",
        index="at, by_id, record_id",
    )
    table(
        "crm_export",
        "id key, at instant, by_id key?, actor text, source text, entity text, columns json, conditions text?",
        "rows int, refused flag, salt salt",
        refers="by_id crm_user",
        index="at, by_id, by_id at",
    )
    table(
        "crm_forecast_snapshot",
        "id key, taken_at instant, by_id key?, since day, until day",
        refers="by_id crm_user",
        index="by_id, since until",
    )
    table(
        "crm_handover",
        RECORD,
        OWNER,
        "giver_id key, reason text, state text, revision key, done_at instant, undone_at instant?",
        refers="giver_id crm_user",
        live="done_at id, owner_id done_at id, owner_unit_id done_at id",
        index="giver_id",
    )
    table(
        "crm_handover_count",
        CHILD,
        "entity text, stage text?, receiver_id key, count int",
        refers="receiver_id crm_user",
        index="parent_id position, receiver_id",
    )
    table(
        "crm_hold",
        RECORD,
        "party_id key, reason text, until day?",
        refers="party_id crm_party",
        index="party_id",
    )
    table(
        "crm_import",
        "id key, at instant, by_id key?, entity text, file text",
        refers="by_id crm_user",
        index="at id, by_id",
    )
    table(
        "crm_opportunity_line",
        CHILD,
        "product_id key, qty int, unit_price int, unit_price_currency currency, discount int",
        refers="product_id crm_product",
        index="parent_id position, product_id",
    )
    table(
        "crm_organization",
        FACET,
        "short_name text?, tax_id text?, legal_representative text?, industry text?, ownership_kind text?",
        "employees int?, registered_capital int?, registered_capital_currency currency?, annual_revenue int?",
        "annual_revenue_currency currency?, founded_on day?, listed flag, market_position text?",
        "website text?",
        key="of_id",
        refers="of_id crm_party!",
    )
    table(
        "crm_ownership",
        "entity text, record_id key, user_id key, unit_id key, since instant, until instant?, by_id key?",
        "reason text",
        key="record_id since",
        refers="user_id crm_user, unit_id crm_unit, by_id crm_user",
        index="by_id, unit_id, user_id, user_id since",
    )
    table(
        "crm_password",
        "user_id key, hash text, changed_at instant, changed_by_id key?, is_temporary flag",
        key="user_id",
        refers="user_id crm_user, changed_by_id crm_user",
        index="changed_by_id, user_id",
    )
    table(
        "crm_person",
        FACET,
        "gender text?, birth_date day?, id_type text?, id_no text?, occupation text?, income_band text?",
        key="of_id",
        refers="of_id crm_party!",
    )
    table(
        "crm_pipeline_version",
        "key text, version int, entity text, state text, definition text, declared flag, mapping text?",
        "at instant?, by_id key?, reason text?",
        key="key version",
        refers="by_id crm_user",
        index="by_id",
    )
    table("crm_probe", "id key, at instant, by_id key?", refers="by_id crm_user", index="at, by_id, by_id at")
    table(
        "crm_reset",
        "id key, user_id key?, login key, at instant, until instant",
        refers="user_id crm_user",
        index="login at, until, user_id",
    )
    table(
        "crm_revision",
        "id key, at instant, by_id key?, actor text, on_behalf_id key?, source text, purpose text?",
        "operation text?",
        refers="by_id crm_user, on_behalf_id crm_user",
        index="at, by_id, on_behalf_id",
        unique_index="operation",
    )
    table(
        "crm_role_assignment",
        RECORD,
        "user_id key, role_id key, unit_id key, since day, until day?",
        refers="user_id crm_user, role_id crm_role, unit_id crm_unit",
        index="role_id, unit_id, user_id",
    )
    table(
        "crm_score_model",
        "key text, version int, definition text, at instant, by_id key?, reason text?",
        key="key version",
        refers="by_id crm_user",
        index="by_id",
    )
    table(
        "crm_score_run",
        "id key, number int, model text, model_version int, kind text, as_of day, state text",
        "began_at instant, ended_at instant?, by_id key?, tables key, before key?, reached key?",
        "customers int, lacking text",
        refers="by_id crm_user",
        index="by_id, model as_of",
        unique_index="model number",
    )
    table(
        "crm_share",
        RECORD,
        OWNER,
        "entity text, record_id key, user_id key?, unit_id key?, mode text, part text?, until day?",
        "reason text?",
        refers="user_id crm_user, unit_id crm_unit",
        live="owner_id id, owner_unit_id id",
        index="unit_id, user_id",
    )
    table(
        "crm_sign_in",
        "id key, user_id key, at instant, seen_at instant, until instant, is_proved flag, sees_id key?",
        "sees_because text?, sees_since instant?",
        refers="user_id crm_user, sees_id crm_user",
        index="sees_id, until, user_id",
    )
    table(
        "crm_stage_entry",
        "record_id key, seq int, region text, pipeline text, version int, source text?, stage text",
        "label text, probability int?, at instant, by_id key?, reason text?, back_at instant?",
        key="record_id seq region",
        refers="by_id crm_user",
        index="by_id, pipeline stage at",
        clustered=True,
    )
    table(
        "crm_token",
        "id key, digest key, user_id key, name text, scope text, at instant, until instant, used_at instant?",
        "revoked_at instant?",
        refers="user_id crm_user",
        index="user_id",
        unique_index="digest",
    )
    table(
        "crm_work",
        "id key, by_id key, at instant, kind text, label text, state text, done int, total int?",
        "seen_at instant, told text, is_to_stop flag",
        refers="by_id crm_user",
        index="at, by_id, by_id at",
    )
    table(
        "crm_contact",
        RECORD,
        PARENT,
        "person_id key, customer_id key, name text, department text, job_title text?, level int?",
        "is_primary flag, roles json, reports_to_id key?, since day?, left_on day?, hobbies text?",
        "family_notes text?, preferred_channel text?",
        refers="person_id crm_party, customer_id crm_customer, reports_to_id crm_contact",
        live="name id, parent_owner_id name id, parent_unit_id name id",
        index="customer_id, person_id, reports_to_id",
    )
    table(
        "crm_grade_override",
        FACET,
        "grade text, until day, reason text",
        key="of_id",
        refers="of_id crm_customer!",
    )
    table(
        "crm_handover_receiver",
        CHILD,
        "receiver_id key, rule text, value text?, customer_id key?",
        refers="receiver_id crm_user, customer_id crm_customer",
        index="customer_id, parent_id position, receiver_id",
    )
    table(
        "crm_lead",
        RECORD,
        OWNER,
        "stage text, stage_at instant, stage_config json?, pipeline text, pipeline_version int, name text",
        "company text?, source_id key, campaign_code text?, need_text text?, reject_reason text?",
        "received_at instant?, first_response_at instant?, converted_to_id key?",
        refers="source_id crm_source, converted_to_id crm_customer",
        live="name id, owner_id name id, owner_unit_id name id",
        index="converted_to_id, source_id",
    )
    table(
        "crm_opportunity",
        RECORD,
        OWNER,
        PARENT,
        "stage text, stage_at instant, stage_config json?, pipeline text, pipeline_version int",
        "customer_id key, name text, amount int?, amount_currency currency?, expected_close day",
        "closed_on day?, need text?, competitors json, lost_reason text?, manual_probability int?",
        "next_step text?, source_lead_id key?, campaign_code text?",
        refers="customer_id crm_customer, source_lead_id crm_lead",
        live=(
            "expected_close id, owner_id expected_close id, owner_unit_id expected_close id, "
            "parent_owner_id expected_close id, parent_unit_id expected_close id"
        ),
        index="customer_id, source_lead_id",
    )
    table(
        "crm_opportunity_contact",
        CHILD,
        "contact_id key, role text?, stance int?, influence int?",
        refers="contact_id crm_contact",
        index="contact_id, parent_id position",
    )
    table(
        "crm_activity",
        RECORD,
        OWNER,
        PARENT,
        "kind text, direction text, channel text?, customer_id key?, lead_id key?, contact_id key?",
        "opportunity_id key?, started_at instant, duration_min int?, summary text, outcome text?",
        "next_step text?, next_on day?, location text?",
        refers="customer_id crm_customer, lead_id crm_lead, contact_id crm_contact, opportunity_id crm_opportunity",
        live=(
            "owner_id started_at id, owner_unit_id started_at id, parent_owner_id started_at id, "
            "parent_unit_id started_at id, started_at id"
        ),
        index="contact_id, customer_id, lead_id, opportunity_id",
    )
    table(
        "crm_note",
        RECORD,
        PARENT,
        "body text, customer_id key?, lead_id key?, opportunity_id key?",
        refers="customer_id crm_customer, lead_id crm_lead, opportunity_id crm_opportunity",
        live="parent_owner_id id, parent_unit_id id",
        index="customer_id, lead_id, opportunity_id",
    )
    table(
        "crm_task",
        RECORD,
        OWNER,
        PARENT,
        "stage text, stage_at instant, stage_config json?, pipeline text, pipeline_version int, title text",
        "due_at instant, priority text, reason text?, customer_id key?, lead_id key?, opportunity_id key?",
        refers="customer_id crm_customer, lead_id crm_lead, opportunity_id crm_opportunity",
        live=(
            "due_at id, owner_id due_at id, owner_unit_id due_at id, parent_owner_id due_at id, "
            "parent_unit_id due_at id"
        ),
        index="customer_id, lead_id, opportunity_id",
    )
    table(
        "crm_commitment",
        RECORD,
        OWNER,
        PARENT,
        "stage text, stage_at instant, stage_config json?, pipeline text, pipeline_version int",
        "activity_id key?, customer_id key?, lead_id key?, text text, to_contact_id key?, due_on day",
        "kept_on day?",
        refers="activity_id crm_activity, customer_id crm_customer, lead_id crm_lead, to_contact_id crm_contact",
        live=(
            "due_on id, owner_id due_on id, owner_unit_id due_on id, parent_owner_id due_on id, "
            "parent_unit_id due_on id"
        ),
        index="activity_id, customer_id, lead_id, to_contact_id",
    )


def table(
    name: str,
    *columns: str,
    key: str = "id",
    unique: str = "",
    refers: str = "",
    live: str = "",
    index: str = "",
    unique_index: str = "",
    clustered: bool = False,
) -> None:
    """Make a table: ``code text`` is a column, ``code text?`` one that may be empty.

    `refers` names columns with the tables whose ids they hold, with ``!`` those whose rows go with
    the row that they refer to. `live` are indexes of the rows that are not archived. Whatever may
    be several is parted by commas. SQLite keeps the rows of a `clustered` one in the order of the key.
    """
    parts: list[Any] = []
    for each in several(", ".join(columns)):
        column, word = each.split()
        drawn = sa.text(SALTS[op.get_bind().dialect.name]) if word == "salt" else None
        kind = TYPES[word.rstrip("?")]
        parts.append(sa.Column(column, kind, nullable=word.endswith("?"), server_default=drawn))
    parts.append(sa.PrimaryKeyConstraint(*key.split(), name=f"pk_{name}"))
    for each in several(unique):
        parts.append(sa.UniqueConstraint(*each.split(), name=named("uq", name, each)))
    for each in several(refers):
        column, target = each.rstrip("!").split()
        cascade = "CASCADE" if each.endswith("!") else None
        parts.append(
            sa.ForeignKeyConstraint(
                [column], [f"{target}.id"], name=named("fk", name, column), ondelete=cascade
            )
        )
    op.create_table(name, *parts, sqlite_with_rowid=not clustered)
    there = sa.text("archived_at IS NULL")
    for each in several(live):
        op.create_index(
            named("ix", name, each), name, each.split(), sqlite_where=there, postgresql_where=there
        )
    for each in several(index):
        op.create_index(named("ix", name, each), name, each.split())
    for each in several(unique_index):
        op.create_index(named("uq", name, each), name, each.split(), unique=True)


def several(text: str) -> list[str]:
    """What is parted by commas."""
    return text.split(", ") if text else []


def named(kind: str, table: str, columns: str) -> str:
    """The name of an index or a constraint; PostgreSQL takes 63 characters."""
    return f"{kind}_{table}_{'_'.join(columns.split())}"[:63]

"""logs directives and visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

KEY = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
DAY = sa.Text().with_variant(sa.Date(), "postgresql")
JSON_TEXT = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "supervision_leave",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("owner_unit_id", KEY, nullable=True),
        sa.Column("since", DAY, nullable=False),
        sa.Column("until", DAY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_leave")),
    )
    with op.batch_alter_table("supervision_leave", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_leave_owner_id_since_id",
            ["owner_id", "since", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_leave_owner_unit_id_since_id",
            ["owner_unit_id", "since", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_leave_since_id",
            ["since", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "supervision_log",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("owner_unit_id", KEY, nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_at", INSTANT, nullable=False),
        sa.Column("stage_config", JSON_TEXT, nullable=True),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("pipeline_version", sa.BigInteger(), nullable=False),
        sa.Column("on", DAY, nullable=False),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("plan", JSON_TEXT, nullable=False),
        sa.Column("whose", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_log")),
    )
    with op.batch_alter_table("supervision_log", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_log_on_id",
            ["on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_supervision_log_owner_id_on", ["owner_id", "on"], unique=False)
        batch_op.create_index(
            "ix_supervision_log_owner_id_on_id",
            ["owner_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_log_owner_unit_id_on_id",
            ["owner_unit_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "supervision_workplace",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("owner_unit_id", KEY, nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("keeps_log", sa.Boolean(), nullable=False),
        sa.Column("since", DAY, nullable=False),
        sa.Column("whose", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_workplace")),
    )
    with op.batch_alter_table("supervision_workplace", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_workplace_owner_id_id",
            ["owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_workplace_owner_unit_id_id",
            ["owner_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "supervision_check_in",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("owner_unit_id", KEY, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("latitude", sa.BigInteger(), nullable=True),
        sa.Column("longitude", sa.BigInteger(), nullable=True),
        sa.Column("accuracy_m", sa.BigInteger(), nullable=True),
        sa.Column("distance_m", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customer.id"], name=op.f("fk_supervision_check_in_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_check_in")),
    )
    with op.batch_alter_table("supervision_check_in", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_check_in_at_id",
            ["at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_supervision_check_in_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_supervision_check_in_owner_id_at", ["owner_id", "at"], unique=False)
        batch_op.create_index(
            "ix_supervision_check_in_owner_id_at_id",
            ["owner_id", "at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_check_in_owner_unit_id_at_id",
            ["owner_unit_id", "at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "supervision_site",
        sa.Column("of_id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("latitude", sa.BigInteger(), nullable=False),
        sa.Column("longitude", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["of_id"], ["crm_customer.id"], name=op.f("fk_supervision_site_of_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("of_id", name=op.f("pk_supervision_site")),
    )
    op.create_table(
        "supervision_visit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("owner_unit_id", KEY, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_at", INSTANT, nullable=False),
        sa.Column("stage_config", JSON_TEXT, nullable=True),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("pipeline_version", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("on", DAY, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("activity_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["crm_activity.id"], name=op.f("fk_supervision_visit_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customer.id"], name=op.f("fk_supervision_visit_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_visit")),
    )
    with op.batch_alter_table("supervision_visit", schema=None) as batch_op:
        batch_op.create_index("ix_supervision_visit_activity_id", ["activity_id"], unique=False)
        batch_op.create_index("ix_supervision_visit_customer_id", ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_supervision_visit_on_id",
            ["on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_supervision_visit_owner_id_on", ["owner_id", "on"], unique=False)
        batch_op.create_index(
            "ix_supervision_visit_owner_id_on_id",
            ["owner_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_visit_owner_unit_id_on_id",
            ["owner_unit_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_visit_parent_owner_id_on_id",
            ["parent_owner_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_visit_parent_unit_id_on_id",
            ["parent_unit_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "supervision_directive",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("owner_unit_id", KEY, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_at", INSTANT, nullable=False),
        sa.Column("stage_config", JSON_TEXT, nullable=True),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("pipeline_version", sa.BigInteger(), nullable=False),
        sa.Column("activity_id", KEY, nullable=True),
        sa.Column("log_id", KEY, nullable=True),
        sa.Column("visit_id", KEY, nullable=True),
        sa.Column("opportunity_id", KEY, nullable=True),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("task_id", KEY, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("by_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["crm_activity.id"], name=op.f("fk_supervision_directive_activity_id")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["crm_user.id"], name=op.f("fk_supervision_directive_by_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customer.id"], name=op.f("fk_supervision_directive_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["log_id"], ["supervision_log.id"], name=op.f("fk_supervision_directive_log_id")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["crm_opportunity.id"], name=op.f("fk_supervision_directive_opportunity_id")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["crm_task.id"], name=op.f("fk_supervision_directive_task_id")),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["supervision_visit.id"], name=op.f("fk_supervision_directive_visit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_directive")),
    )
    with op.batch_alter_table("supervision_directive", schema=None) as batch_op:
        batch_op.create_index("ix_supervision_directive_activity_id", ["activity_id"], unique=False)
        batch_op.create_index("ix_supervision_directive_by_id", ["by_id"], unique=False)
        batch_op.create_index("ix_supervision_directive_by_id_due_at", ["by_id", "due_at"], unique=False)
        batch_op.create_index("ix_supervision_directive_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_supervision_directive_log_id", ["log_id"], unique=False)
        batch_op.create_index("ix_supervision_directive_opportunity_id", ["opportunity_id"], unique=False)
        batch_op.create_index(
            "ix_supervision_directive_owner_id_id",
            ["owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_supervision_directive_owner_id_stage", ["owner_id", "stage"], unique=False)
        batch_op.create_index(
            "ix_supervision_directive_owner_unit_id_id",
            ["owner_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_directive_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_directive_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_supervision_directive_task_id", ["task_id"], unique=False)
        batch_op.create_index("ix_supervision_directive_visit_id", ["visit_id"], unique=False)

    op.create_table(
        "supervision_reply",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("owner_unit_id", KEY, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("directive_id", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["directive_id"], ["supervision_directive.id"], name=op.f("fk_supervision_reply_directive_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_reply")),
    )
    with op.batch_alter_table("supervision_reply", schema=None) as batch_op:
        batch_op.create_index("ix_supervision_reply_directive_id", ["directive_id"], unique=False)
        batch_op.create_index(
            "ix_supervision_reply_owner_id_id",
            ["owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_reply_owner_unit_id_id",
            ["owner_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_reply_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_reply_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )


def downgrade() -> None:
    """Take it back; what it added is lost."""
    with op.batch_alter_table("supervision_reply", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_supervision_reply_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_reply_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_reply_owner_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_reply_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_supervision_reply_directive_id")

    op.drop_table("supervision_reply")
    with op.batch_alter_table("supervision_directive", schema=None) as batch_op:
        batch_op.drop_index("ix_supervision_directive_visit_id")
        batch_op.drop_index("ix_supervision_directive_task_id")
        batch_op.drop_index(
            "ix_supervision_directive_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_directive_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_directive_owner_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_supervision_directive_owner_id_stage")
        batch_op.drop_index(
            "ix_supervision_directive_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_supervision_directive_opportunity_id")
        batch_op.drop_index("ix_supervision_directive_log_id")
        batch_op.drop_index("ix_supervision_directive_customer_id")
        batch_op.drop_index("ix_supervision_directive_by_id_due_at")
        batch_op.drop_index("ix_supervision_directive_by_id")
        batch_op.drop_index("ix_supervision_directive_activity_id")

    op.drop_table("supervision_directive")
    with op.batch_alter_table("supervision_visit", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_supervision_visit_parent_unit_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_visit_parent_owner_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_visit_owner_unit_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_visit_owner_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_supervision_visit_owner_id_on")
        batch_op.drop_index(
            "ix_supervision_visit_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_supervision_visit_customer_id")
        batch_op.drop_index("ix_supervision_visit_activity_id")

    op.drop_table("supervision_visit")
    op.drop_table("supervision_site")
    with op.batch_alter_table("supervision_check_in", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_supervision_check_in_owner_unit_id_at_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_check_in_owner_id_at_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_supervision_check_in_owner_id_at")
        batch_op.drop_index("ix_supervision_check_in_customer_id")
        batch_op.drop_index(
            "ix_supervision_check_in_at_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("supervision_check_in")
    with op.batch_alter_table("supervision_workplace", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_supervision_workplace_owner_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_workplace_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("supervision_workplace")
    with op.batch_alter_table("supervision_log", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_supervision_log_owner_unit_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_log_owner_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_supervision_log_owner_id_on")
        batch_op.drop_index(
            "ix_supervision_log_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("supervision_log")
    with op.batch_alter_table("supervision_leave", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_supervision_leave_since_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_leave_owner_unit_id_since_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_leave_owner_id_since_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("supervision_leave")

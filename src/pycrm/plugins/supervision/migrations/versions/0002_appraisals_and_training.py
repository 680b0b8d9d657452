"""appraisals and training."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

KEY = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
DAY = sa.Text().with_variant(sa.Date(), "postgresql")
JSON_TEXT = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "supervision_appraisal",
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
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("first", DAY, nullable=False),
        sa.Column("last", DAY, nullable=False),
        sa.Column("result", sa.BigInteger(), nullable=True),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.Column("ranked", sa.BigInteger(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("leader_points", sa.BigInteger(), nullable=True),
        sa.Column("leader_text", sa.Text(), nullable=True),
        sa.Column("whose", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_appraisal")),
    )
    with op.batch_alter_table("supervision_appraisal", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_appraisal_first_id",
            ["first", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_appraisal_owner_id_first_id",
            ["owner_id", "first", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_appraisal_owner_unit_id_first_id",
            ["owner_unit_id", "first", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "supervision_appraisal_item",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_appraisal_item")),
    )
    with op.batch_alter_table("supervision_appraisal_item", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_appraisal_item_parent_id_position", ["parent_id", "position"], unique=False
        )

    op.create_table(
        "supervision_appraisal_measure",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_appraisal_measure")),
    )
    with op.batch_alter_table("supervision_appraisal_measure", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_appraisal_measure_parent_id_position", ["parent_id", "position"], unique=False
        )

    op.create_table(
        "supervision_appraisal_plan",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_appraisal_plan")),
        sa.UniqueConstraint("role", name=op.f("uq_supervision_appraisal_plan_role")),
    )
    with op.batch_alter_table("supervision_appraisal_plan", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_appraisal_plan_role_id",
            ["role", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "supervision_training_plan",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("for_role", sa.Text(), nullable=False),
        sa.Column("since", DAY, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_training_plan")),
        sa.UniqueConstraint("name", name=op.f("uq_supervision_training_plan_name")),
    )
    with op.batch_alter_table("supervision_training_plan", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_training_plan_name_id",
            ["name", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "supervision_training_step",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("article", sa.Text(), nullable=True),
        sa.Column("due_day", sa.BigInteger(), nullable=False),
        sa.Column("has_test", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_training_step")),
    )
    with op.batch_alter_table("supervision_training_step", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_training_step_parent_id_position", ["parent_id", "position"], unique=False
        )

    op.create_table(
        "supervision_training_record",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("owner_unit_id", KEY, nullable=True),
        sa.Column("plan_id", KEY, nullable=False),
        sa.Column("begun_on", DAY, nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["supervision_training_plan.id"], name=op.f("fk_supervision_training_record_plan_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_training_record")),
    )
    with op.batch_alter_table("supervision_training_record", schema=None) as batch_op:
        batch_op.create_index(
            "ix_supervision_training_record_begun_on_id",
            ["begun_on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_training_record_owner_id_begun_on_id",
            ["owner_id", "begun_on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_supervision_training_record_owner_unit_id_begun_on_id",
            ["owner_unit_id", "begun_on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_supervision_training_record_plan_id", ["plan_id"], unique=False)

    op.create_table(
        "supervision_training_result",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["by_id"], ["crm_user.id"], name=op.f("fk_supervision_training_result_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_training_result")),
    )
    with op.batch_alter_table("supervision_training_result", schema=None) as batch_op:
        batch_op.create_index("ix_supervision_training_result_by_id", ["by_id"], unique=False)
        batch_op.create_index(
            "ix_supervision_training_result_parent_id_position", ["parent_id", "position"], unique=False
        )


def downgrade() -> None:
    """Take it back; what it added is lost."""
    with op.batch_alter_table("supervision_training_result", schema=None) as batch_op:
        batch_op.drop_index("ix_supervision_training_result_parent_id_position")
        batch_op.drop_index("ix_supervision_training_result_by_id")

    op.drop_table("supervision_training_result")
    with op.batch_alter_table("supervision_training_record", schema=None) as batch_op:
        batch_op.drop_index("ix_supervision_training_record_plan_id")
        batch_op.drop_index(
            "ix_supervision_training_record_owner_unit_id_begun_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_training_record_owner_id_begun_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_training_record_begun_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("supervision_training_record")
    with op.batch_alter_table("supervision_training_step", schema=None) as batch_op:
        batch_op.drop_index("ix_supervision_training_step_parent_id_position")

    op.drop_table("supervision_training_step")
    with op.batch_alter_table("supervision_training_plan", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_supervision_training_plan_name_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("supervision_training_plan")
    with op.batch_alter_table("supervision_appraisal_measure", schema=None) as batch_op:
        batch_op.drop_index("ix_supervision_appraisal_measure_parent_id_position")

    op.drop_table("supervision_appraisal_measure")

    with op.batch_alter_table("supervision_appraisal_plan", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_supervision_appraisal_plan_role_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("supervision_appraisal_plan")
    with op.batch_alter_table("supervision_appraisal_item", schema=None) as batch_op:
        batch_op.drop_index("ix_supervision_appraisal_item_parent_id_position")

    op.drop_table("supervision_appraisal_item")
    with op.batch_alter_table("supervision_appraisal", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_supervision_appraisal_owner_unit_id_first_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_appraisal_owner_id_first_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_supervision_appraisal_first_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("supervision_appraisal")

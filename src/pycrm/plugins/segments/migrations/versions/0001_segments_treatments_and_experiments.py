"""segments treatments and experiments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
DAY = sa.Text().with_variant(sa.Date(), "postgresql")


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "segments_segment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=True),
        sa.Column("review_on", DAY, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments_segment")),
        sa.UniqueConstraint("code", name=op.f("uq_segments_segment_code")),
    )
    with op.batch_alter_table("segments_segment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_segments_segment_code_id",
            ["code", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "segments_treatment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("segment_id", KEY, nullable=True),
        sa.Column("contact_days", sa.BigInteger(), nullable=True),
        sa.Column("first_response_hours", sa.BigInteger(), nullable=True),
        sa.Column("price_tier", sa.BigInteger(), nullable=True),
        sa.Column("account_days", sa.BigInteger(), nullable=True),
        sa.Column("sla_class", sa.Text(), nullable=True),
        sa.Column("dedicated_person", sa.Text(), nullable=True),
        sa.Column("gift_budget", sa.BigInteger(), nullable=True),
        sa.Column("gift_budget_currency", sa.String(length=3), nullable=True),
        sa.Column("offer", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", DAY, nullable=False),
        sa.Column("until", DAY, nullable=True),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments_segment.id"], name=op.f("fk_segments_treatment_segment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments_treatment")),
        sa.UniqueConstraint("name", name=op.f("uq_segments_treatment_name")),
    )
    with op.batch_alter_table("segments_treatment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_segments_treatment_name_id",
            ["name", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_segments_treatment_segment_id", ["segment_id"], unique=False)

    op.create_table(
        "segments_experiment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("owner_unit_id", KEY, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("segment_id", KEY, nullable=False),
        sa.Column("treatment_id", KEY, nullable=False),
        sa.Column("treated_share", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("since", DAY, nullable=False),
        sa.Column("until", DAY, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("cost_currency", sa.String(length=3), nullable=True),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments_segment.id"], name=op.f("fk_segments_experiment_segment_id")
        ),
        sa.ForeignKeyConstraint(
            ["treatment_id"], ["segments_treatment.id"], name=op.f("fk_segments_experiment_treatment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments_experiment")),
    )
    with op.batch_alter_table("segments_experiment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_segments_experiment_name_id",
            ["name", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_segments_experiment_owner_id_name_id",
            ["owner_id", "name", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_segments_experiment_owner_unit_id_name_id",
            ["owner_unit_id", "name", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_segments_experiment_segment_id", ["segment_id"], unique=False)
        batch_op.create_index("ix_segments_experiment_treatment_id", ["treatment_id"], unique=False)

    op.create_table(
        "segments_experiment_member",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("experiment_id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("since", DAY, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customer.id"], name=op.f("fk_segments_experiment_member_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["segments_experiment.id"],
            name=op.f("fk_segments_experiment_member_experiment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments_experiment_member")),
    )
    with op.batch_alter_table("segments_experiment_member", schema=None) as batch_op:
        batch_op.create_index("ix_segments_experiment_member_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_segments_experiment_member_experiment_id", ["experiment_id"], unique=False)
        batch_op.create_index(
            "ix_segments_experiment_member_experiment_id_customer_id",
            ["experiment_id", "customer_id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_segments_experiment_member_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_segments_experiment_member_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "segments_finding",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("since", DAY, nullable=False),
        sa.Column("until", DAY, nullable=False),
        sa.Column("deviation", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customer.id"], name=op.f("fk_segments_finding_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments_finding")),
    )
    with op.batch_alter_table("segments_finding", schema=None) as batch_op:
        batch_op.create_index("ix_segments_finding_customer_id", ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_segments_finding_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_segments_finding_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "segments_member",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("segment_id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("since", DAY, nullable=False),
        sa.Column("until", DAY, nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customer.id"], name=op.f("fk_segments_member_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments_segment.id"], name=op.f("fk_segments_member_segment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments_member")),
    )
    with op.batch_alter_table("segments_member", schema=None) as batch_op:
        batch_op.create_index("ix_segments_member_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_segments_member_customer_id_since", ["customer_id", "since"], unique=False)
        batch_op.create_index(
            "ix_segments_member_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_segments_member_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_segments_member_segment_id", ["segment_id"], unique=False)
        batch_op.create_index("ix_segments_member_segment_id_until", ["segment_id", "until"], unique=False)

    op.create_table(
        "segments_serving",
        sa.Column("of_id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("contact_days", sa.BigInteger(), nullable=True),
        sa.Column("first_response_hours", sa.BigInteger(), nullable=True),
        sa.Column("sla_class", sa.Text(), nullable=True),
        sa.Column("dedicated_person", sa.Text(), nullable=True),
        sa.Column("gift_budget", sa.BigInteger(), nullable=True),
        sa.Column("gift_budget_currency", sa.String(length=3), nullable=True),
        sa.Column("offer", sa.Text(), nullable=True),
        sa.Column("price_tier", sa.BigInteger(), nullable=True),
        sa.Column("account_days", sa.BigInteger(), nullable=True),
        sa.Column("wanted_price_tier", sa.BigInteger(), nullable=True),
        sa.Column("wanted_account_days", sa.BigInteger(), nullable=True),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["of_id"], ["crm_customer.id"], name=op.f("fk_segments_serving_of_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("of_id", name=op.f("pk_segments_serving")),
    )


def downgrade() -> None:
    """Take it back; what it added is lost."""
    op.drop_table("segments_serving")
    with op.batch_alter_table("segments_member", schema=None) as batch_op:
        batch_op.drop_index("ix_segments_member_segment_id_until")
        batch_op.drop_index("ix_segments_member_segment_id")
        batch_op.drop_index(
            "ix_segments_member_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_segments_member_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_segments_member_customer_id_since")
        batch_op.drop_index("ix_segments_member_customer_id")

    op.drop_table("segments_member")
    with op.batch_alter_table("segments_finding", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_segments_finding_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_segments_finding_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_segments_finding_customer_id")

    op.drop_table("segments_finding")
    with op.batch_alter_table("segments_experiment_member", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_segments_experiment_member_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_segments_experiment_member_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_segments_experiment_member_experiment_id_customer_id")
        batch_op.drop_index("ix_segments_experiment_member_experiment_id")
        batch_op.drop_index("ix_segments_experiment_member_customer_id")

    op.drop_table("segments_experiment_member")
    with op.batch_alter_table("segments_experiment", schema=None) as batch_op:
        batch_op.drop_index("ix_segments_experiment_treatment_id")
        batch_op.drop_index("ix_segments_experiment_segment_id")
        batch_op.drop_index(
            "ix_segments_experiment_owner_unit_id_name_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_segments_experiment_owner_id_name_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_segments_experiment_name_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("segments_experiment")
    with op.batch_alter_table("segments_treatment", schema=None) as batch_op:
        batch_op.drop_index("ix_segments_treatment_segment_id")
        batch_op.drop_index(
            "ix_segments_treatment_name_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("segments_treatment")
    with op.batch_alter_table("segments_segment", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_segments_segment_code_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("segments_segment")

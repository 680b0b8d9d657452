"""profile of value."""

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
        "customer_value_profile",
        sa.Column("of_id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("credit_rating", sa.Text(), nullable=True),
        sa.Column("rated_on", DAY, nullable=True),
        sa.Column("purchasing", sa.Text(), nullable=True),
        sa.Column("switching_cost", sa.BigInteger(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("is_reference", sa.Boolean(), nullable=True),
        sa.Column("group_companies", sa.BigInteger(), nullable=True),
        sa.Column("verified_on", DAY, nullable=True),
        sa.ForeignKeyConstraint(
            ["of_id"], ["crm_customer.id"], name=op.f("fk_customer_value_profile_of_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("of_id", name=op.f("pk_customer_value_profile")),
    )


def downgrade() -> None:
    """Take it back; what it added is lost."""
    op.drop_table("customer_value_profile")

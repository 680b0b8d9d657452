"""project files."""

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
GRAMS = sa.Text().with_variant(postgresql.ARRAY(sa.Integer()), "postgresql")


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "projects_bid_rank",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("bidder", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("price_currency", sa.String(length=3), nullable=True),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_bid_rank")),
    )
    with op.batch_alter_table("projects_bid_rank", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_bid_rank_parent_id_position", ["parent_id", "position"], unique=False
        )

    op.create_table(
        "projects_condition",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due_on", DAY, nullable=False),
        sa.Column("met_on", DAY, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_condition")),
    )
    with op.batch_alter_table("projects_condition", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_condition_parent_id_position", ["parent_id", "position"], unique=False
        )

    op.create_table(
        "projects_criterion",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("veto_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_criterion")),
    )
    with op.batch_alter_table("projects_criterion", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_criterion_parent_id_position", ["parent_id", "position"], unique=False
        )

    op.create_table(
        "projects_labour_rate",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("rate_currency", sa.String(length=3), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_labour_rate")),
        sa.UniqueConstraint("grade", name=op.f("uq_projects_labour_rate_grade")),
    )
    with op.batch_alter_table("projects_labour_rate", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_labour_rate_grade_id",
            ["grade", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "projects_limits",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("costs_before_go", sa.BigInteger(), nullable=True),
        sa.Column("costs_before_go_currency", sa.String(length=3), nullable=True),
        sa.Column("evidence_above", sa.BigInteger(), nullable=True),
        sa.Column("evidence_above_currency", sa.String(length=3), nullable=True),
        sa.Column("scale_change", sa.BigInteger(), nullable=False),
        sa.Column("met_within_days", sa.BigInteger(), nullable=False),
        sa.Column("report_yellow_days", sa.BigInteger(), nullable=False),
        sa.Column("report_red_days", sa.BigInteger(), nullable=False),
        sa.Column("late_yellow_days", sa.BigInteger(), nullable=False),
        sa.Column("late_red_days", sa.BigInteger(), nullable=False),
        sa.Column("cost_warning", sa.BigInteger(), nullable=False),
        sa.Column("support_yellow", sa.BigInteger(), nullable=False),
        sa.Column("support_red", sa.BigInteger(), nullable=False),
        sa.Column("bid_within_days", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_limits")),
    )
    op.create_table(
        "projects_project_search",
        sa.Column("of_id", KEY, nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("grams", GRAMS, nullable=True),
        sa.PrimaryKeyConstraint("of_id", name=op.f("pk_projects_project_search")),
    )
    op.create_table(
        "projects_bid_document",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("checked_by_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["crm_user.id"], name=op.f("fk_projects_bid_document_checked_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_bid_document")),
    )
    with op.batch_alter_table("projects_bid_document", schema=None) as batch_op:
        batch_op.create_index("ix_projects_bid_document_checked_by_id", ["checked_by_id"], unique=False)
        batch_op.create_index(
            "ix_projects_bid_document_parent_id_position", ["parent_id", "position"], unique=False
        )

    op.create_table(
        "projects_strategy_move",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("against", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("who_id", KEY, nullable=False),
        sa.Column("due_on", DAY, nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["who_id"], ["crm_user.id"], name=op.f("fk_projects_strategy_move_who_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_strategy_move")),
    )
    with op.batch_alter_table("projects_strategy_move", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_strategy_move_parent_id_position", ["parent_id", "position"], unique=False
        )
        batch_op.create_index("ix_projects_strategy_move_who_id", ["who_id"], unique=False)

    op.create_table(
        "projects_survey_item",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("sure", sa.BigInteger(), nullable=True),
        sa.Column("asked_by_id", KEY, nullable=True),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["crm_user.id"], name=op.f("fk_projects_survey_item_asked_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_survey_item")),
    )
    with op.batch_alter_table("projects_survey_item", schema=None) as batch_op:
        batch_op.create_index("ix_projects_survey_item_asked_by_id", ["asked_by_id"], unique=False)
        batch_op.create_index(
            "ix_projects_survey_item_parent_id_position", ["parent_id", "position"], unique=False
        )

    op.create_table(
        "projects_project",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_at", INSTANT, nullable=False),
        sa.Column("stage_config", JSON_TEXT, nullable=True),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("pipeline_version", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("opportunity_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("investment_scale", sa.BigInteger(), nullable=False),
        sa.Column("investment_scale_currency", sa.String(length=3), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("funding", sa.Text(), nullable=False),
        sa.Column("bid_date", DAY, nullable=True),
        sa.Column("decision_date", DAY, nullable=True),
        sa.Column("start_wanted", DAY, nullable=True),
        sa.Column("our_scope_value", sa.BigInteger(), nullable=True),
        sa.Column("our_scope_value_currency", sa.String(length=3), nullable=True),
        sa.Column("goods_share", sa.BigInteger(), nullable=True),
        sa.Column("tender_kind", sa.Text(), nullable=True),
        sa.Column("no_competitors", sa.Boolean(), nullable=False),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column("lesson", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customer.id"], name=op.f("fk_projects_project_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["crm_opportunity.id"], name=op.f("fk_projects_project_opportunity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_project")),
    )
    with op.batch_alter_table("projects_project", schema=None) as batch_op:
        batch_op.create_index("ix_projects_project_customer_id", ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_projects_project_name_id",
            ["name", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_project_opportunity_id", ["opportunity_id"], unique=False)
        batch_op.create_index(
            "ix_projects_project_parent_owner_id_name_id",
            ["parent_owner_id", "name", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_project_parent_unit_id_name_id",
            ["parent_unit_id", "name", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "projects_bid",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_at", INSTANT, nullable=False),
        sa.Column("stage_config", JSON_TEXT, nullable=True),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("pipeline_version", sa.BigInteger(), nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("deadline", INSTANT, nullable=False),
        sa.Column("bond", sa.BigInteger(), nullable=True),
        sa.Column("bond_currency", sa.String(length=3), nullable=True),
        sa.Column("opened_on", DAY, nullable=True),
        sa.Column("review_reason", sa.Text(), nullable=True),
        sa.Column("review_competitor", sa.Text(), nullable=True),
        sa.Column("price_gap", sa.BigInteger(), nullable=True),
        sa.Column("lesson", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_bid_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_bid")),
    )
    with op.batch_alter_table("projects_bid", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_bid_deadline_id",
            ["deadline", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_bid_parent_owner_id_deadline_id",
            ["parent_owner_id", "deadline", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_bid_parent_unit_id_deadline_id",
            ["parent_unit_id", "deadline", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_bid_project_id", ["project_id"], unique=False)

    op.create_table(
        "projects_budget",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_budget_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_budget")),
    )
    with op.batch_alter_table("projects_budget", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_budget_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_budget_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_budget_project_id", ["project_id"], unique=False)

    op.create_table(
        "projects_competitor",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("competitor", sa.Text(), nullable=False),
        sa.Column("strengths", sa.Text(), nullable=True),
        sa.Column("weaknesses", sa.Text(), nullable=True),
        sa.Column("price_guess", sa.BigInteger(), nullable=True),
        sa.Column("price_guess_currency", sa.String(length=3), nullable=True),
        sa.Column("their_contacts", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_competitor_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_competitor")),
    )
    with op.batch_alter_table("projects_competitor", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_competitor_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_competitor_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_competitor_project_id", ["project_id"], unique=False)

    op.create_table(
        "projects_cost",
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
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("amount_currency", sa.String(length=3), nullable=True),
        sa.Column("on", DAY, nullable=False),
        sa.Column("who_id", KEY, nullable=True),
        sa.Column("hours", sa.BigInteger(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("voucher", sa.Text(), nullable=True),
        sa.Column("approved_by_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["crm_user.id"], name=op.f("fk_projects_cost_approved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_cost_project_id")
        ),
        sa.ForeignKeyConstraint(["who_id"], ["crm_user.id"], name=op.f("fk_projects_cost_who_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_cost")),
    )
    with op.batch_alter_table("projects_cost", schema=None) as batch_op:
        batch_op.create_index("ix_projects_cost_approved_by_id", ["approved_by_id"], unique=False)
        batch_op.create_index(
            "ix_projects_cost_on_id",
            ["on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_cost_owner_id_on_id",
            ["owner_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_cost_owner_unit_id_on_id",
            ["owner_unit_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_cost_parent_owner_id_on_id",
            ["parent_owner_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_cost_parent_unit_id_on_id",
            ["parent_unit_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_cost_project_id", ["project_id"], unique=False)
        batch_op.create_index("ix_projects_cost_who_id", ["who_id"], unique=False)

    op.create_table(
        "projects_document",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_document_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_document")),
    )
    with op.batch_alter_table("projects_document", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_document_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_document_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_document_project_id", ["project_id"], unique=False)

    op.create_table(
        "projects_evaluation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("scale_then", sa.BigInteger(), nullable=False),
        sa.Column("scale_then_currency", sa.String(length=3), nullable=False),
        sa.Column("bid_date_then", DAY, nullable=True),
        sa.Column("competitors_then", JSON_TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_evaluation_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_evaluation")),
    )
    with op.batch_alter_table("projects_evaluation", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_evaluation_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_evaluation_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_evaluation_project_id", ["project_id"], unique=False)

    op.create_table(
        "projects_limited_document",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_limited_document_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_limited_document")),
    )
    with op.batch_alter_table("projects_limited_document", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_limited_document_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_limited_document_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_limited_document_project_id", ["project_id"], unique=False)

    op.create_table(
        "projects_member",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("since", DAY, nullable=False),
        sa.Column("until", DAY, nullable=True),
        sa.Column("share_of_time", sa.BigInteger(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_member_project_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["crm_user.id"], name=op.f("fk_projects_member_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_member")),
    )
    with op.batch_alter_table("projects_member", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_member_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_member_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_member_project_id", ["project_id"], unique=False)
        batch_op.create_index("ix_projects_member_user_id", ["user_id"], unique=False)

    op.create_table(
        "projects_milestone",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("planned", DAY, nullable=False),
        sa.Column("forecast", DAY, nullable=True),
        sa.Column("actual", DAY, nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_milestone_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_milestone")),
    )
    with op.batch_alter_table("projects_milestone", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_milestone_parent_owner_id_planned_id",
            ["parent_owner_id", "planned", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_milestone_parent_unit_id_planned_id",
            ["parent_unit_id", "planned", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_milestone_planned_id",
            ["planned", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_milestone_project_id", ["project_id"], unique=False)

    op.create_table(
        "projects_plan",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_at", INSTANT, nullable=False),
        sa.Column("stage_config", JSON_TEXT, nullable=True),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("pipeline_version", sa.BigInteger(), nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_plan_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_plan")),
    )
    with op.batch_alter_table("projects_plan", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_plan_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_plan_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_plan_project_id", ["project_id"], unique=False)

    op.create_table(
        "projects_report",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("facts", JSON_TEXT, nullable=False),
        sa.Column("risks", JSON_TEXT, nullable=False),
        sa.Column("help_needed", sa.Text(), nullable=True),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("week", DAY, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_report_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_report")),
    )
    with op.batch_alter_table("projects_report", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_report_parent_owner_id_written_at_id",
            ["parent_owner_id", "written_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_report_parent_unit_id_written_at_id",
            ["parent_unit_id", "written_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_report_project_id", ["project_id"], unique=False)
        batch_op.create_index(
            "ix_projects_report_written_at_id",
            ["written_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "projects_revenue",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.String(length=3), nullable=False),
        sa.Column("on", DAY, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_revenue_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_revenue")),
    )
    with op.batch_alter_table("projects_revenue", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_revenue_on_id",
            ["on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_revenue_parent_owner_id_on_id",
            ["parent_owner_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_revenue_parent_unit_id_on_id",
            ["parent_unit_id", "on", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_revenue_project_id", ["project_id"], unique=False)

    op.create_table(
        "projects_stakeholder",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("contact_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("stance", sa.BigInteger(), nullable=True),
        sa.Column("stance_evidence", sa.Text(), nullable=True),
        sa.Column("influence", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.BigInteger(), nullable=True),
        sa.Column("needs", sa.Text(), nullable=True),
        sa.Column("our_person_id", KEY, nullable=False),
        sa.Column("contact_every_days", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["crm_contact.id"], name=op.f("fk_projects_stakeholder_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["our_person_id"], ["crm_user.id"], name=op.f("fk_projects_stakeholder_our_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_stakeholder_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_stakeholder")),
    )
    with op.batch_alter_table("projects_stakeholder", schema=None) as batch_op:
        batch_op.create_index("ix_projects_stakeholder_contact_id", ["contact_id"], unique=False)
        batch_op.create_index("ix_projects_stakeholder_our_person_id", ["our_person_id"], unique=False)
        batch_op.create_index(
            "ix_projects_stakeholder_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_stakeholder_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_stakeholder_project_id", ["project_id"], unique=False)

    op.create_table(
        "projects_survey",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("updated_by_id", KEY, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("parent_owner_id", KEY, nullable=True),
        sa.Column("parent_unit_id", KEY, nullable=True),
        sa.Column("project_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_project.id"], name=op.f("fk_projects_survey_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects_survey")),
    )
    with op.batch_alter_table("projects_survey", schema=None) as batch_op:
        batch_op.create_index(
            "ix_projects_survey_parent_owner_id_id",
            ["parent_owner_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "ix_projects_survey_parent_unit_id_id",
            ["parent_unit_id", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index("ix_projects_survey_project_id", ["project_id"], unique=False)


def downgrade() -> None:
    """Take it back; what it added is lost."""
    with op.batch_alter_table("projects_survey", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_survey_project_id")
        batch_op.drop_index(
            "ix_projects_survey_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_survey_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_survey")
    with op.batch_alter_table("projects_stakeholder", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_stakeholder_project_id")
        batch_op.drop_index(
            "ix_projects_stakeholder_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_stakeholder_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_projects_stakeholder_our_person_id")
        batch_op.drop_index("ix_projects_stakeholder_contact_id")

    op.drop_table("projects_stakeholder")
    with op.batch_alter_table("projects_revenue", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_revenue_project_id")
        batch_op.drop_index(
            "ix_projects_revenue_parent_unit_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_revenue_parent_owner_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_revenue_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_revenue")
    with op.batch_alter_table("projects_report", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_projects_report_written_at_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_projects_report_project_id")
        batch_op.drop_index(
            "ix_projects_report_parent_unit_id_written_at_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_report_parent_owner_id_written_at_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_report")
    with op.batch_alter_table("projects_plan", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_plan_project_id")
        batch_op.drop_index(
            "ix_projects_plan_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_plan_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_plan")
    with op.batch_alter_table("projects_milestone", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_milestone_project_id")
        batch_op.drop_index(
            "ix_projects_milestone_planned_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_milestone_parent_unit_id_planned_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_milestone_parent_owner_id_planned_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_milestone")
    with op.batch_alter_table("projects_member", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_member_user_id")
        batch_op.drop_index("ix_projects_member_project_id")
        batch_op.drop_index(
            "ix_projects_member_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_member_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_member")
    with op.batch_alter_table("projects_limited_document", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_limited_document_project_id")
        batch_op.drop_index(
            "ix_projects_limited_document_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_limited_document_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_limited_document")
    with op.batch_alter_table("projects_evaluation", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_evaluation_project_id")
        batch_op.drop_index(
            "ix_projects_evaluation_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_evaluation_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_evaluation")
    with op.batch_alter_table("projects_document", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_document_project_id")
        batch_op.drop_index(
            "ix_projects_document_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_document_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_document")
    with op.batch_alter_table("projects_cost", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_cost_who_id")
        batch_op.drop_index("ix_projects_cost_project_id")
        batch_op.drop_index(
            "ix_projects_cost_parent_unit_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_cost_parent_owner_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_cost_owner_unit_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_cost_owner_id_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_cost_on_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_projects_cost_approved_by_id")

    op.drop_table("projects_cost")
    with op.batch_alter_table("projects_competitor", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_competitor_project_id")
        batch_op.drop_index(
            "ix_projects_competitor_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_competitor_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_competitor")
    with op.batch_alter_table("projects_budget", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_budget_project_id")
        batch_op.drop_index(
            "ix_projects_budget_parent_unit_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_budget_parent_owner_id_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_budget")
    with op.batch_alter_table("projects_bid", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_bid_project_id")
        batch_op.drop_index(
            "ix_projects_bid_parent_unit_id_deadline_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_bid_parent_owner_id_deadline_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_bid_deadline_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_bid")
    with op.batch_alter_table("projects_project", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_projects_project_parent_unit_id_name_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_projects_project_parent_owner_id_name_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_projects_project_opportunity_id")
        batch_op.drop_index(
            "ix_projects_project_name_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index("ix_projects_project_customer_id")

    op.drop_table("projects_project")
    with op.batch_alter_table("projects_survey_item", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_survey_item_parent_id_position")
        batch_op.drop_index("ix_projects_survey_item_asked_by_id")

    op.drop_table("projects_survey_item")
    with op.batch_alter_table("projects_strategy_move", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_strategy_move_who_id")
        batch_op.drop_index("ix_projects_strategy_move_parent_id_position")

    op.drop_table("projects_strategy_move")
    with op.batch_alter_table("projects_bid_document", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_bid_document_parent_id_position")
        batch_op.drop_index("ix_projects_bid_document_checked_by_id")

    op.drop_table("projects_bid_document")
    op.drop_table("projects_project_search")
    op.drop_table("projects_limits")
    with op.batch_alter_table("projects_labour_rate", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_projects_labour_rate_grade_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.drop_table("projects_labour_rate")
    with op.batch_alter_table("projects_criterion", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_criterion_parent_id_position")

    op.drop_table("projects_criterion")
    with op.batch_alter_table("projects_condition", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_condition_parent_id_position")

    op.drop_table("projects_condition")
    with op.batch_alter_table("projects_bid_rank", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_bid_rank_parent_id_position")

    op.drop_table("projects_bid_rank")

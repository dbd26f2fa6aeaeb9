"""Providers and money

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade():
    op.create_table(
        "cached_values",
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("value", JSON_VALUE, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_cached_values")),
    )
    op.create_index("ix_cached_values_created_at", "cached_values", ["created_at"])
    op.create_table(
        "enrichment_costs",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("charged_calls", sa.Integer(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("in_doubt_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "calls >= charged_calls AND charged_calls >= 0 AND cost_micros >= in_doubt_micros AND in_doubt_micros >= 0",
            name=op.f("ck_enrichment_costs_adds_up"),
        ),
        sa.PrimaryKeyConstraint("job_id", "provider", "day", name=op.f("pk_enrichment_costs")),
    )
    op.create_index("ix_enrichment_costs_day", "enrichment_costs", ["day"])
    op.create_table(
        "enrichment_flights",
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=128), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("call_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reserved_micros", sa.BigInteger(), nullable=False),
        sa.Column("reserved_on", sa.Date(), nullable=False),
        sa.Column("is_pending", sa.Boolean(), nullable=False),
        sa.Column("callback", JSON_VALUE, nullable=True),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("deadline_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "entity_type IN ('person', 'company')", name=op.f("ck_enrichment_flights_entity_type_known")
        ),
        sa.CheckConstraint("reserved_micros >= 0", name=op.f("ck_enrichment_flights_reserved_not_negative")),
        sa.PrimaryKeyConstraint(
            "workspace_slug", "entity_type", "entity_id", "provider", name=op.f("pk_enrichment_flights")
        ),
    )
    op.create_index("ix_enrichment_flights_chunk", "enrichment_flights", ["job_id", "position"])
    op.create_index("ix_enrichment_flights_provider", "enrichment_flights", ["provider", "call_id"])
    op.create_index("ix_enrichment_flights_request_id", "enrichment_flights", ["request_id"], unique=True)
    op.create_table(
        "enrichment_spending",
        sa.Column("scope", sa.String(length=96), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reserved_micros", sa.BigInteger(), nullable=False),
        sa.Column("spent_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "reserved_micros >= 0 AND spent_micros >= 0", name=op.f("ck_enrichment_spending_not_negative")
        ),
        sa.PrimaryKeyConstraint("scope", "day", name=op.f("pk_enrichment_spending")),
    )
    op.create_table(
        "exclusions",
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=320), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("kind IN ('domain', 'email')", name=op.f("ck_exclusions_kind_known")),
        sa.PrimaryKeyConstraint("workspace_slug", "kind", "value", name=op.f("pk_exclusions")),
    )
    op.create_table(
        "provider_paces",
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("state", JSON_VALUE, nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_provider_paces")),
    )
    op.create_table(
        "provider_states",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("condition", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("settings_digest", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "condition IN ('available', 'circuit_open', 'credits_exhausted', 'auth_failed')",
            name=op.f("ck_provider_states_condition_known"),
        ),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_provider_states_failures_not_negative")),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_provider_states")),
    )
    # Columns that SQLite can add in place: no constraint, so that a long table is not made anew.
    with op.batch_alter_table("enrichment_attempts") as change:
        change.add_column(sa.Column("fingerprint", sa.String(length=32), nullable=True))
        change.add_column(sa.Column("withheld", JSON_VALUE, nullable=True))
        change.add_column(sa.Column("is_rejected", sa.Boolean(), server_default=sa.false(), nullable=False))
        change.create_index(
            "ix_enrichment_attempts_raw",
            ["finished_at"],
            postgresql_where=sa.text("raw_answer IS NOT NULL"),
            sqlite_where=sa.text("raw_answer IS NOT NULL"),
        )
    with op.batch_alter_table("enrichment_chunk_progress") as change:
        change.add_column(sa.Column("write_count", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("enrichment_jobs") as change:
        change.add_column(sa.Column("options", JSON_VALUE, nullable=True))
        change.add_column(sa.Column("cap_micros", sa.BigInteger(), nullable=True))
        change.add_column(sa.Column("excluded_count", sa.Integer(), server_default="0", nullable=False))


def downgrade():
    with op.batch_alter_table("enrichment_jobs") as change:
        for name in ("excluded_count", "cap_micros", "options"):
            change.drop_column(name)
    with op.batch_alter_table("enrichment_chunk_progress") as change:
        change.drop_column("write_count")
    with op.batch_alter_table("enrichment_attempts") as change:
        change.drop_index("ix_enrichment_attempts_raw")
        for name in ("is_rejected", "withheld", "fingerprint"):
            change.drop_column(name)
    for name in (
        "provider_states",
        "provider_paces",
        "exclusions",
        "enrichment_spending",
        "enrichment_flights",
        "enrichment_costs",
        "cached_values",
    ):
        op.drop_table(name)

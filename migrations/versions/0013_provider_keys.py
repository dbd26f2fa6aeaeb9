"""Workspaces' own keys for providers; pace and health by account; caps of providers, workspaces and API keys.

Rows that were there before are of the service's own account, which is the empty one. What was spent and reserved is
counted by provider from here on, and what was there before is added up. Going back forgets the accounts of workspaces
with their keys, and the caps.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEYS = {"provider_states": "provider", "provider_paces": "name"}
FLIGHTS = "ix_enrichment_flights_provider"
FINDER = "REPLACE(provider, '-verify', '')"
COUNT = """
    INSERT INTO enrichment_spending (scope, day, reserved_micros, spent_micros)
    SELECT scope, day, SUM(reserved), SUM(spent) FROM (
        SELECT {scope} AS scope, day, 0 AS reserved, cost_micros AS spent FROM enrichment_costs
        UNION ALL
        SELECT {scope}, reserved_on, reserved_micros, 0 FROM enrichment_flights
    ) AS counted GROUP BY scope, day
"""
"""Adds up by provider what was counted by job until now; a verifier's calls are the finder's."""


def upgrade():
    op.create_table(
        "provider_keys",
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("encrypted_key", sa.Text(), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("workspace_slug", "provider", name=op.f("pk_provider_keys")),
    )
    for table, key in KEYS.items():
        with op.batch_alter_table(table) as change:
            change.add_column(sa.Column("account", sa.String(length=64), server_default="", nullable=False))
            change.drop_constraint(op.f(f"pk_{table}"), type_="primary")
            change.create_primary_key(op.f(f"pk_{table}"), [key, "account"])
    for table in KEYS:
        with op.batch_alter_table(table) as change:
            change.alter_column("account", existing_type=sa.String(length=64), server_default=None)
    op.create_table(
        "enrichment_caps",
        sa.Column("scope", sa.String(length=96), nullable=False),
        sa.Column("cap_micros", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(length=120), nullable=False),
        sa.CheckConstraint("cap_micros >= 0", name=op.f("ck_enrichment_caps_not_negative")),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_enrichment_caps")),
    )
    # In place: the table may be long, and nothing is compared with the column.
    op.add_column("enrichment_jobs", sa.Column("api_key_id", sa.Uuid(as_uuid=False), nullable=True))
    for scope in ("'provider:' || {0}", "'provider:' || {0} || '@' || workspace_slug"):
        op.execute(COUNT.format(scope=scope.format(FINDER)))
    with op.batch_alter_table("enrichment_flights") as change:
        change.add_column(sa.Column("account", sa.String(length=64), server_default="", nullable=False))
        change.drop_index(FLIGHTS)
        change.create_index(FLIGHTS, ["provider", "account", "call_id"])


def downgrade():
    op.execute("DELETE FROM enrichment_spending WHERE scope LIKE 'provider:%' OR scope LIKE 'key:%'")
    op.drop_column("enrichment_jobs", "api_key_id")
    op.drop_table("enrichment_caps")
    with op.batch_alter_table("enrichment_flights") as change:
        change.drop_index(FLIGHTS)
        change.drop_column("account")
        change.create_index(FLIGHTS, ["provider", "call_id"])
    for table, key in KEYS.items():
        op.execute(f"DELETE FROM {table} WHERE account <> ''")
        with op.batch_alter_table(table) as change:
            change.drop_constraint(op.f(f"pk_{table}"), type_="primary")
            change.create_primary_key(op.f(f"pk_{table}"), [key])
            change.drop_column("account")
    op.drop_table("provider_keys")

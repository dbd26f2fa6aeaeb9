"""Workspaces' own keys for providers; pace and health by account.

Rows that were there before are of the service's own account, which is the empty one. Going back forgets the accounts of
workspaces with their keys.

Revision ID: 0013
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

KEYS = {"provider_states": "provider", "provider_paces": "name"}
FLIGHTS = "ix_enrichment_flights_provider"


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
    with op.batch_alter_table("enrichment_flights") as change:
        change.add_column(sa.Column("account", sa.String(length=64), server_default="", nullable=False))
        change.drop_index(FLIGHTS)
        change.create_index(FLIGHTS, ["provider", "account", "call_id"])


def downgrade():
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

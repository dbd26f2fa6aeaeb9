"""Verdicts on addresses, which hold for a whole workspace, and one verification of an address at a time.

Addresses that were rejected before are rejected for everybody from now on, by the verifier that was asked next.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FLIGHTS = "enrichment_flights"
ADDRESS = "ix_enrichment_flights_address"
KEEP_REJECTIONS = """
    INSERT INTO address_verdicts (workspace_slug, address, status, verifier, verified_at)
    SELECT workspace_slug, address, 'invalid', verifier, verified_at FROM (
        SELECT offer.workspace_slug, lower({address}) AS address, verdict.provider AS verifier,
            verdict.finished_at AS verified_at,
            row_number() OVER (
                PARTITION BY offer.workspace_slug, lower({address}) ORDER BY verdict.finished_at DESC, verdict.id DESC
            ) AS nth
        FROM enrichment_attempts AS offer JOIN enrichment_attempts AS verdict ON verdict.id = (
            SELECT later.id FROM enrichment_attempts AS later
            WHERE later.workspace_slug = offer.workspace_slug AND later.entity_type = offer.entity_type
                AND later.entity_id = offer.entity_id AND later.provider IN ('findymail-verify', 'leadmagic-verify')
                AND later.outcome_class = 'success' AND later.started_at >= offer.finished_at
            ORDER BY later.started_at, later.id LIMIT 1
        )
        WHERE offer.is_rejected AND length({address}) BETWEEN 3 AND 320
    ) AS rejected
    WHERE nth = 1
"""
ADDRESS_IN = {
    # What SQLite has stored as a value may be no JSON.
    "sqlite": "json_extract(CASE WHEN json_valid(offer.withheld) THEN offer.withheld END, '$.email')",
    "postgresql": "(offer.withheld ->> 'email')",
}


def upgrade():
    op.create_table(
        "address_verdicts",
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=64), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_slug", "address", name=op.f("pk_address_verdicts")),
    )
    op.execute(KEEP_REJECTIONS.format(address=ADDRESS_IN[op.get_context().dialect.name]))
    op.add_column(FLIGHTS, sa.Column("address", sa.String(length=320), nullable=True))
    op.create_index(ADDRESS, FLIGHTS, ["workspace_slug", "address"], unique=True)


def downgrade():
    op.drop_index(ADDRESS, FLIGHTS)
    op.drop_column(FLIGHTS, "address")
    op.drop_table("address_verdicts")

"""The states of a job that must never be, all of them.

A pause ends by time or by hand, not both, and says why. A job has started when
a chunk was claimed, has ended when every entity is decided, and is claimable
exactly while it has work. No version has written anything else.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CLAIMABLE = "ix_enrichment_jobs_claimable"
CHANGED = {
    "paused_will_end": (
        "status <> 'paused' OR paused_manually OR resume_at IS NOT NULL",
        "status <> 'paused' OR paused_manually <> (resume_at IS NOT NULL)",
    ),
    "running_has_lease": (
        "status <> 'running' OR in_flight > 0",
        "status NOT IN ('running', 'cancelling') OR in_flight > 0",
    ),
    "claimable_has_work": (
        "NOT claimable OR (status IN ('pending', 'running') AND next_chunk < chunk_count)",
        "claimable = (status IN ('pending', 'running') AND next_chunk < chunk_count)",
    ),
}
ADDED = {
    "paused_says_why": "status <> 'paused' OR pause_reason IS NOT NULL",
    "started": "(started_at IS NOT NULL) = (next_chunk > 0)",
    "decided_has_ended": "processed_count < total_count OR status IN ('complete', 'cancelled', 'failed')",
    "decided_was_claimed": "processed_count <= next_chunk * chunk_size",
}


def upgrade():
    op.drop_index(CLAIMABLE, "enrichment_jobs")
    with op.batch_alter_table("enrichment_jobs") as change:
        for name, (_, stricter) in CHANGED.items():
            change.drop_constraint(op.f(f"ck_enrichment_jobs_{name}"), type_="check")
            change.create_check_constraint(op.f(f"ck_enrichment_jobs_{name}"), sa.text(stricter))
        for name, condition in ADDED.items():
            change.create_check_constraint(op.f(f"ck_enrichment_jobs_{name}"), sa.text(condition))
    create_claimable_index()


def downgrade():
    op.drop_index(CLAIMABLE, "enrichment_jobs")
    with op.batch_alter_table("enrichment_jobs") as change:
        for name in ADDED:
            change.drop_constraint(op.f(f"ck_enrichment_jobs_{name}"), type_="check")
        for name, (laxer, _) in CHANGED.items():
            change.drop_constraint(op.f(f"ck_enrichment_jobs_{name}"), type_="check")
            change.create_check_constraint(op.f(f"ck_enrichment_jobs_{name}"), sa.text(laxer))
    create_claimable_index()


def create_claimable_index():
    """Make the claim's index by hand: where Alembic makes the table anew, it forgets that the priority is descending."""
    op.create_index(
        CLAIMABLE,
        "enrichment_jobs",
        [sa.literal_column("priority DESC"), "created_at", "id"],
        postgresql_where=sa.text("claimable"),
        sqlite_where=sa.text("claimable = 1"),
    )

"""Whether an open chunk is due as soon as its holder gives it back.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "enrichment_chunk_progress", sa.Column("due_at_once", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade():
    op.drop_column("enrichment_chunk_progress", "due_at_once")

"""Which list a job was made of. Of jobs of before it is not known.

Revision ID: 0017
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("enrichment_jobs", sa.Column("list_id", sa.Uuid(as_uuid=False), nullable=True))
    op.create_index("ix_enrichment_jobs_list_id_id", "enrichment_jobs", ["list_id", "id"])


def downgrade():
    op.drop_index("ix_enrichment_jobs_list_id_id", "enrichment_jobs")
    op.drop_column("enrichment_jobs", "list_id")

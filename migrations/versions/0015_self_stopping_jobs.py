"""Jobs that stop themselves: by which rule, and what came of their last entities.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade():
    for name in ("stop_when", "stop_window"):
        op.add_column("enrichment_jobs", sa.Column(name, JSON_VALUE, nullable=True))


def downgrade():
    for name in ("stop_window", "stop_when"):
        op.drop_column("enrichment_jobs", name)

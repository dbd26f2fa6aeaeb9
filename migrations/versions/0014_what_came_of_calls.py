"""What came of calls, counted beside their costs: finds, latencies, steps.

Rows of before count none of it, and say so: an attempt does not tell what was wanted of it.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COUNTERS = (
    *("finds", "rejected", "turn_answers", "turn_finds", "overlaps"),
    *(f"took_{number}" for number in range(1, 9)),
)


def upgrade():
    op.add_column("enrichment_costs", sa.Column("step", sa.SmallInteger(), nullable=True))
    for name in COUNTERS:
        op.add_column("enrichment_costs", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    counts_answers = sa.Column("counts_answers", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("enrichment_costs", counts_answers)


def downgrade():
    for name in ("counts_answers", *reversed(COUNTERS), "step"):
        op.drop_column("enrichment_costs", name)

"""Pilots: jobs of a sample of a list, and the rest of the list to go on with.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade():
    op.create_table(
        "enrichment_pilots",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("rest_count", sa.Integer(), nullable=False),
        sa.Column("idle_count", sa.Integer(), nullable=False),
        sa.Column("strata", JSON_VALUE, nullable=False),
        sa.Column("sampled", JSON_VALUE, nullable=False),
        sa.Column("continued_job_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.CheckConstraint(
            "rest_count >= idle_count AND idle_count >= 0", name=op.f("ck_enrichment_pilots_counts_add_up")
        ),
        sa.ForeignKeyConstraint(
            ["continued_job_id"],
            ["enrichment_jobs.id"],
            name=op.f("fk_enrichment_pilots_continued_job_id_enrichment_jobs"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["enrichment_jobs.id"],
            name=op.f("fk_enrichment_pilots_job_id_enrichment_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_enrichment_pilots")),
        sa.UniqueConstraint("continued_job_id", name=op.f("uq_enrichment_pilots_continued_job_id")),
    )
    op.create_table(
        "enrichment_rest_chunks",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entity_ids", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["enrichment_pilots.job_id"],
            name=op.f("fk_enrichment_rest_chunks_job_id_enrichment_pilots"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_enrichment_rest_chunks")),
    )


def downgrade():
    op.drop_table("enrichment_rest_chunks")
    op.drop_table("enrichment_pilots")

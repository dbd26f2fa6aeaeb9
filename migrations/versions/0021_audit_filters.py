"""Indexes of the audit log for each of its filters, in the order of a page.

Revision ID: 0021
Revises: 0020
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade():
    op.drop_index("ix_audit_events_subject_id", table_name="audit_events")
    for name in ("action", "actor_id", "subject_id"):
        op.create_index(f"ix_audit_events_{name}_id", "audit_events", [name, "id"])


def downgrade():
    for name in ("subject_id", "actor_id", "action"):
        op.drop_index(f"ix_audit_events_{name}_id", table_name="audit_events")
    op.create_index("ix_audit_events_subject_id", "audit_events", ["subject_id"])

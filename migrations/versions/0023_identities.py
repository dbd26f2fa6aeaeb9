"""Users who come from an identity provider: who says so, and what they are called there.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("users", sa.Column("issuer", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("subject", sa.String(length=255), nullable=True))
    op.create_index("ix_users_issuer_subject", "users", ["issuer", "subject"], unique=True)


def downgrade():
    # Whoever came from the provider stays, without a password: nobody can sign in as them without a link.
    op.drop_index("ix_users_issuer_subject", "users")
    op.drop_column("users", "subject")
    op.drop_column("users", "issuer")

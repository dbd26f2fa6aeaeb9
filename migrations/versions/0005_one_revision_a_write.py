"""One row of history for each write of an entity, in place of one for each field of it.

The rows of one write have its attempt, or none, and its time. On SQLite some of them may be a millisecond apart, and
become two revisions then: no time is changed.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# A field that one attempt changed twice within a millisecond gets a revision for each time.
NUMBERED = """
    SELECT field_changes.*, row_number() OVER (
        PARTITION BY workspace_slug, entity_type, entity_id, provider, attempt_id, created_at, field ORDER BY id
    ) AS nth
    FROM field_changes
"""
FOLD = """
    INSERT INTO entity_revisions
        (workspace_slug, entity_type, entity_id, provider, attempt_id, job_id, changes, created_at)
    SELECT workspace_slug, entity_type, entity_id, provider, attempt_id,
        (SELECT job_id FROM enrichment_attempts WHERE enrichment_attempts.id = attempt_id), {changes}, created_at
    FROM ({numbered}) AS numbered
    GROUP BY workspace_slug, entity_type, entity_id, provider, attempt_id, created_at, nth
    ORDER BY min(id)
"""
UNFOLD = """
    INSERT INTO field_changes
        (workspace_slug, entity_type, entity_id, field, old_value, new_value, provider, attempt_id, created_at)
    SELECT workspace_slug, entity_type, entity_id, change.key, {old}, {new}, provider, attempt_id, created_at
    FROM entity_revisions, {each}(changes) AS change
    ORDER BY entity_revisions.id
"""
# What SQLite has stored as a value may be no JSON: it stays, as a text.
SQLITE_VALUE = "CASE WHEN json_valid({name}) THEN json({name}) ELSE json_quote({name}) END"
# Without the operator ->, which SQLite has since 3.38 only. JSON's true and false would come out as numbers.
SQLITE_ELEMENT = """
    CASE json_type(change.value, '$[{place}]') WHEN 'null' THEN NULL WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
    ELSE json_quote(json_extract(change.value, '$[{place}]')) END
"""
SQL = {
    "sqlite": (
        f"json_group_object(field, json_array({SQLITE_VALUE.format(name='old_value')},"
        f" {SQLITE_VALUE.format(name='new_value')}))",
        {"each": "json_each", "old": SQLITE_ELEMENT.format(place=0), "new": SQLITE_ELEMENT.format(place=1)},
    ),
    "postgresql": (
        "jsonb_object_agg(field, jsonb_build_array(old_value, new_value))",
        {
            "each": "jsonb_each",
            "old": "nullif(change.value -> 0, 'null'::jsonb)",
            "new": "nullif(change.value -> 1, 'null'::jsonb)",
        },
    ),
}


def upgrade():
    op.create_table(
        "entity_revisions",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=128), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("attempt_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("changes", JSON_VALUE, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("entity_type IN ('person', 'company')", name=op.f("ck_entity_revisions_entity_type_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity_revisions")),
    )
    changes, _ = SQL[op.get_context().dialect.name]
    op.execute(FOLD.format(changes=changes, numbered=NUMBERED))
    # After the rows: to build it once is quicker than to keep it up.
    op.create_index(
        "ix_entity_revisions_entity", "entity_revisions", ["workspace_slug", "entity_type", "entity_id", "id"]
    )
    op.drop_table("field_changes")


def downgrade():
    op.create_table(
        "field_changes",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=128), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("old_value", JSON_VALUE, nullable=True),
        sa.Column("new_value", JSON_VALUE, nullable=True),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("attempt_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("entity_type IN ('person', 'company')", name=op.f("ck_field_changes_entity_type_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_changes")),
    )
    _, parts = SQL[op.get_context().dialect.name]
    op.execute(UNFOLD.format(**parts))
    op.create_index("ix_field_changes_entity", "field_changes", ["workspace_slug", "entity_type", "entity_id", "id"])
    op.drop_table("entity_revisions")

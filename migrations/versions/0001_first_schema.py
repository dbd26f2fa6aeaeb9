"""First schema

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", JSON_VALUE, nullable=False),
        sa.Column("workspace_slug", sa.String(length=64), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_api_keys_secret_sha256")),
    )
    op.create_table(
        "companies",
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("domain", sa.String(), nullable=True),
        sa.Column("website", sa.String(), nullable=True),
        sa.Column("industry", sa.String(), nullable=True),
        sa.Column("industries", JSON_VALUE, nullable=True),
        sa.Column("company_keywords", JSON_VALUE, nullable=True),
        sa.Column("hashtags", JSON_VALUE, nullable=True),
        sa.Column("naics_codes", JSON_VALUE, nullable=True),
        sa.Column("headcount", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("company_type", sa.String(), nullable=True),
        sa.Column("year_founded", sa.String(), nullable=True),
        sa.Column("revenue", sa.String(), nullable=True),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("hq_address", sa.String(), nullable=True),
        sa.Column("hq_city", sa.String(), nullable=True),
        sa.Column("hq_state", sa.String(), nullable=True),
        sa.Column("hq_country", sa.String(), nullable=True),
        sa.Column("hq_country_code", sa.String(), nullable=True),
        sa.Column("hq_postal_code", sa.String(), nullable=True),
        sa.Column("office_locations", JSON_VALUE, nullable=True),
        sa.Column("hq_phone", sa.String(), nullable=True),
        sa.Column("linkedin_url", sa.String(), nullable=True),
        sa.Column("social_urls", JSON_VALUE, nullable=True),
        sa.Column("technologies", JSON_VALUE, nullable=True),
        sa.Column("provider_ids", JSON_VALUE, nullable=True),
        sa.Column("funding_total", sa.BigInteger(), nullable=True),
        sa.Column("funding_stage_latest", sa.String(), nullable=True),
        sa.Column("funding_latest_date", sa.String(), nullable=True),
        sa.Column("funding_events", JSON_VALUE, nullable=True),
        sa.Column("job_postings_active_count", sa.BigInteger(), nullable=True),
        sa.Column("job_posting_titles", JSON_VALUE, nullable=True),
        sa.Column("it_spend", sa.BigInteger(), nullable=True),
        sa.Column("normalized_name", sa.String(), nullable=True),
        sa.Column("normalized_domain", sa.String(), nullable=True),
        sa.Column("normalized_industry", sa.String(), nullable=True),
        sa.Column("normalized_headcount_min", sa.Integer(), nullable=True),
        sa.Column("normalized_headcount_max", sa.Integer(), nullable=True),
        sa.Column("normalized_country_code", sa.String(), nullable=True),
        sa.Column("normalized_year_founded", sa.Integer(), nullable=True),
        sa.Column("extra", JSON_VALUE, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("workspace_slug", "id", name=op.f("pk_companies")),
    )
    op.create_table(
        "enrichment_attempts",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=128), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("outcome_class", sa.String(length=32), nullable=False),
        sa.Column("fields_written", JSON_VALUE, nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("raw_answer", JSON_VALUE, nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "entity_type IN ('person', 'company')", name=op.f("ck_enrichment_attempts_entity_type_known")
        ),
        sa.CheckConstraint(
            "status IN ('success', 'error', 'skipped')", name=op.f("ck_enrichment_attempts_status_known")
        ),
        sa.CheckConstraint("cost_micros >= 0", name=op.f("ck_enrichment_attempts_cost_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrichment_attempts")),
    )
    op.create_index(
        "ix_enrichment_attempts_entity",
        "enrichment_attempts",
        ["workspace_slug", "entity_type", "entity_id", "provider"],
    )
    op.create_index("ix_enrichment_attempts_job_id", "enrichment_attempts", ["job_id"])

    op.create_table(
        "enrichment_jobs",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("pause_reason", sa.String(length=500), nullable=True),
        sa.Column("paused_manually", sa.Boolean(), nullable=False),
        sa.Column("resume_at", INSTANT, nullable=True),
        sa.Column("chunk_size", sa.Integer(), nullable=False),
        sa.Column("chunk_count", sa.Integer(), nullable=False),
        sa.Column("next_chunk", sa.Integer(), nullable=False),
        sa.Column("in_flight", sa.Integer(), nullable=False),
        sa.Column("claimable", sa.Boolean(), nullable=False),
        sa.Column("total_count", sa.Integer(), nullable=False),
        sa.Column("duplicate_count", sa.Integer(), nullable=False),
        sa.Column("processed_count", sa.Integer(), nullable=False),
        sa.Column("success_count", sa.Integer(), nullable=False),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("skipped_count", sa.Integer(), nullable=False),
        sa.Column("held_count", sa.Integer(), nullable=False),
        sa.Column("parent_job_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(status IN ('complete', 'cancelled', 'failed')) = (finished_at IS NOT NULL)",
            name=op.f("ck_enrichment_jobs_ended"),
        ),
        sa.CheckConstraint(
            "NOT claimable OR (status IN ('pending', 'running') AND next_chunk < chunk_count)",
            name=op.f("ck_enrichment_jobs_claimable_has_work"),
        ),
        sa.CheckConstraint("entity_type IN ('person', 'company')", name=op.f("ck_enrichment_jobs_entity_type_known")),
        sa.CheckConstraint(
            "status <> 'complete' OR processed_count = total_count", name=op.f("ck_enrichment_jobs_complete_is_decided")
        ),
        sa.CheckConstraint(
            "status <> 'paused' OR paused_manually OR resume_at IS NOT NULL",
            name=op.f("ck_enrichment_jobs_paused_will_end"),
        ),
        sa.CheckConstraint("status <> 'running' OR in_flight > 0", name=op.f("ck_enrichment_jobs_running_has_lease")),
        sa.CheckConstraint(
            "status = 'paused' OR (resume_at IS NULL AND NOT paused_manually)",
            name=op.f("ck_enrichment_jobs_only_paused_resumes"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'paused', 'cancelling', 'cancelled', 'complete', 'failed')",
            name=op.f("ck_enrichment_jobs_status_known"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('pending', 'complete', 'cancelled') OR in_flight = 0",
            name=op.f("ck_enrichment_jobs_idle_has_none"),
        ),
        sa.CheckConstraint(
            "in_flight >= 0 AND in_flight <= next_chunk AND next_chunk <= chunk_count",
            name=op.f("ck_enrichment_jobs_chunks_add_up"),
        ),
        sa.CheckConstraint(
            "processed_count = success_count + error_count + skipped_count + held_count AND processed_count <= total_count",
            name=op.f("ck_enrichment_jobs_counts_add_up"),
        ),
        sa.CheckConstraint(
            "total_count > 0 AND chunk_size > 0 AND chunk_count > 0", name=op.f("ck_enrichment_jobs_has_entities")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrichment_jobs")),
        sa.UniqueConstraint("parent_job_id", name=op.f("uq_enrichment_jobs_parent_job_id")),
        sa.UniqueConstraint(
            "workspace_slug", "idempotency_key", name=op.f("uq_enrichment_jobs_workspace_slug_idempotency_key")
        ),
    )
    op.create_index(
        "ix_enrichment_jobs_claimable",
        "enrichment_jobs",
        [sa.literal_column("priority DESC"), "created_at", "id"],
        postgresql_where=sa.text("claimable"),
        sqlite_where=sa.text("claimable = 1"),
    )
    op.create_index(
        "ix_enrichment_jobs_resume_at",
        "enrichment_jobs",
        ["resume_at"],
        postgresql_where=sa.text("resume_at IS NOT NULL"),
        sqlite_where=sa.text("resume_at IS NOT NULL"),
    )
    op.create_index("ix_enrichment_jobs_workspace_slug_id", "enrichment_jobs", ["workspace_slug", "id"])

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
    op.create_index("ix_field_changes_entity", "field_changes", ["workspace_slug", "entity_type", "entity_id", "id"])

    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "import_files",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("columns", JSON_VALUE, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("entity_type IN ('person', 'company')", name=op.f("ck_import_files_entity_type_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_files")),
    )
    op.create_index(
        "ix_import_files_workspace_slug_entity_type_id", "import_files", ["workspace_slug", "entity_type", "id"]
    )

    op.create_table(
        "people",
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("email_status", sa.String(), nullable=True),
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=True),
        sa.Column("full_name", sa.String(), nullable=True),
        sa.Column("job_title", sa.String(), nullable=True),
        sa.Column("headline", sa.String(), nullable=True),
        sa.Column("seniority", sa.String(), nullable=True),
        sa.Column("departments", JSON_VALUE, nullable=True),
        sa.Column("functions", JSON_VALUE, nullable=True),
        sa.Column("linkedin_url", sa.String(), nullable=True),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("location_city", sa.String(), nullable=True),
        sa.Column("location_state", sa.String(), nullable=True),
        sa.Column("location_country", sa.String(), nullable=True),
        sa.Column("location_country_code", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("mobile_phone", sa.String(), nullable=True),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("company_domain", sa.String(), nullable=True),
        sa.Column("profile_summary", sa.String(), nullable=True),
        sa.Column("profile_image_url", sa.String(), nullable=True),
        sa.Column("skills", JSON_VALUE, nullable=True),
        sa.Column("job_history", JSON_VALUE, nullable=True),
        sa.Column("education", JSON_VALUE, nullable=True),
        sa.Column("certifications", JSON_VALUE, nullable=True),
        sa.Column("languages", JSON_VALUE, nullable=True),
        sa.Column("provider_ids", JSON_VALUE, nullable=True),
        sa.Column("normalized_first_name", sa.String(), nullable=True),
        sa.Column("normalized_last_name", sa.String(), nullable=True),
        sa.Column("normalized_full_name", sa.String(), nullable=True),
        sa.Column("normalized_job_title", sa.String(), nullable=True),
        sa.Column("normalized_seniority", sa.String(), nullable=True),
        sa.Column("normalized_email", sa.String(), nullable=True),
        sa.Column("normalized_email_is_free", sa.Boolean(), nullable=True),
        sa.Column("normalized_phone", sa.String(), nullable=True),
        sa.Column("normalized_phone_is_valid", sa.Boolean(), nullable=True),
        sa.Column("normalized_country_code", sa.String(), nullable=True),
        sa.Column("normalized_company_domain", sa.String(), nullable=True),
        sa.Column("extra", JSON_VALUE, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("workspace_slug", "id", name=op.f("pk_people")),
    )
    op.create_table(
        "enrichment_chunk_progress",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("crash_count", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=128), nullable=True),
        sa.Column("lease_expires_at", INSTANT, nullable=True),
        sa.Column("outcomes", sa.Text(), nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (lease_expires_at IS NOT NULL)",
            name=op.f("ck_enrichment_chunk_progress_open_has_lease"),
        ),
        sa.CheckConstraint(
            "attempt >= 1 AND crash_count >= 0 AND position >= 0", name=op.f("ck_enrichment_chunk_progress_counts")
        ),
        sa.CheckConstraint(
            "finished_at IS NULL OR worker IS NULL", name=op.f("ck_enrichment_chunk_progress_finished_has_no_worker")
        ),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["enrichment_jobs.id"],
            name=op.f("fk_enrichment_chunk_progress_job_id_enrichment_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_enrichment_chunk_progress")),
    )
    op.create_index(
        "ix_enrichment_chunk_progress_open",
        "enrichment_chunk_progress",
        ["job_id", "position"],
        postgresql_where=sa.text("finished_at IS NULL"),
        sqlite_where=sa.text("finished_at IS NULL"),
    )

    op.create_table(
        "enrichment_chunks",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entity_ids", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["enrichment_jobs.id"],
            name=op.f("fk_enrichment_chunks_job_id_enrichment_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_enrichment_chunks")),
    )
    op.create_table(
        "enrichment_errors",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("entity_id", sa.String(length=128), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["enrichment_jobs.id"],
            name=op.f("fk_enrichment_errors_job_id_enrichment_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrichment_errors")),
    )
    op.create_index("ix_enrichment_errors_job_id_id", "enrichment_errors", ["job_id", "id"])


def downgrade():

    op.drop_table("enrichment_errors")
    op.drop_table("enrichment_chunks")

    op.drop_table("enrichment_chunk_progress")
    op.drop_table("people")

    op.drop_table("import_files")
    op.drop_table("heartbeats")

    op.drop_table("field_changes")

    op.drop_table("enrichment_jobs")

    op.drop_table("enrichment_attempts")
    op.drop_table("companies")
    op.drop_table("api_keys")

"""A person of a workspace's list."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import EntityId, Json, Slug, UtcDateTime, utcnow


class Person(Base):
    """A person: the values as they were given, and beside them their normalised forms.

    Columns that start with `normalized_` belong to the normaliser. `extra` holds
    the columns of an import that no field stands for.
    """

    __tablename__ = "people"

    workspace_slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    id: Mapped[str] = mapped_column(EntityId, primary_key=True)

    email: Mapped[str | None]
    email_status: Mapped[str | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    full_name: Mapped[str | None]
    job_title: Mapped[str | None]
    headline: Mapped[str | None]
    seniority: Mapped[str | None]
    departments: Mapped[list[Any] | None] = mapped_column(Json)
    functions: Mapped[list[Any] | None] = mapped_column(Json)
    linkedin_url: Mapped[str | None]
    location: Mapped[str | None]
    location_city: Mapped[str | None]
    location_state: Mapped[str | None]
    location_country: Mapped[str | None]
    location_country_code: Mapped[str | None]
    phone: Mapped[str | None]
    mobile_phone: Mapped[str | None]
    company: Mapped[str | None]
    company_domain: Mapped[str | None]
    profile_summary: Mapped[str | None]
    profile_image_url: Mapped[str | None]
    skills: Mapped[list[Any] | None] = mapped_column(Json)
    job_history: Mapped[list[Any] | None] = mapped_column(Json)
    education: Mapped[list[Any] | None] = mapped_column(Json)
    certifications: Mapped[list[Any] | None] = mapped_column(Json)
    languages: Mapped[list[Any] | None] = mapped_column(Json)
    provider_ids: Mapped[dict[str, Any] | None] = mapped_column(Json)

    normalized_first_name: Mapped[str | None]
    normalized_last_name: Mapped[str | None]
    normalized_full_name: Mapped[str | None]
    normalized_job_title: Mapped[str | None]
    normalized_seniority: Mapped[str | None]
    normalized_email: Mapped[str | None]
    normalized_email_is_free: Mapped[bool | None]
    normalized_phone: Mapped[str | None]
    normalized_phone_is_valid: Mapped[bool | None]
    normalized_country_code: Mapped[str | None]
    normalized_company_domain: Mapped[str | None]

    extra: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())

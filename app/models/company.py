"""A company of a workspace's list."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import EntityId, Json, Slug, UtcDateTime, utcnow


class Company(Base):
    """A company: the values as they were given, and beside them their normalised forms.

    `headcount` and `year_founded` are text as given ("51-200", "est. 2003"); the
    numbers read from them stand in the `normalized_` columns, which belong to
    the normaliser. `extra` holds the columns of an import that no field stands for.
    """

    __tablename__ = "companies"

    workspace_slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    id: Mapped[str] = mapped_column(EntityId, primary_key=True)

    name: Mapped[str | None]
    domain: Mapped[str | None]
    website: Mapped[str | None]
    industry: Mapped[str | None]
    industries: Mapped[list[Any] | None] = mapped_column(Json)
    company_keywords: Mapped[list[Any] | None] = mapped_column(Json)
    hashtags: Mapped[list[Any] | None] = mapped_column(Json)
    naics_codes: Mapped[list[Any] | None] = mapped_column(Json)
    headcount: Mapped[str | None]
    description: Mapped[str | None]
    company_type: Mapped[str | None]
    year_founded: Mapped[str | None]
    revenue: Mapped[str | None]
    location: Mapped[str | None]
    hq_address: Mapped[str | None]
    hq_city: Mapped[str | None]
    hq_state: Mapped[str | None]
    hq_country: Mapped[str | None]
    hq_country_code: Mapped[str | None]
    hq_postal_code: Mapped[str | None]
    office_locations: Mapped[list[Any] | None] = mapped_column(Json)
    hq_phone: Mapped[str | None]
    linkedin_url: Mapped[str | None]
    social_urls: Mapped[dict[str, Any] | None] = mapped_column(Json)
    technologies: Mapped[list[Any] | None] = mapped_column(Json)
    provider_ids: Mapped[dict[str, Any] | None] = mapped_column(Json)
    funding_total: Mapped[int | None] = mapped_column(BigInteger)
    funding_stage_latest: Mapped[str | None]
    funding_latest_date: Mapped[str | None]
    funding_events: Mapped[list[Any] | None] = mapped_column(Json)
    job_postings_active_count: Mapped[int | None] = mapped_column(BigInteger)
    job_posting_titles: Mapped[list[Any] | None] = mapped_column(Json)
    it_spend: Mapped[int | None] = mapped_column(BigInteger)

    normalized_name: Mapped[str | None]
    normalized_domain: Mapped[str | None]
    normalized_industry: Mapped[str | None]
    normalized_headcount_min: Mapped[int | None]
    normalized_headcount_max: Mapped[int | None]
    normalized_country_code: Mapped[str | None]
    normalized_year_founded: Mapped[int | None]

    extra: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())

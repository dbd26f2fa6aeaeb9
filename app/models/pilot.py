"""Pilots: jobs of a sample of a list, with the rest of the list to go on with."""

from typing import Any, cast

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Id, Json


class Pilot(Base):
    """That a job is of a sample, and what is known of the list that the sample is of."""

    __tablename__ = "enrichment_pilots"

    job_id: Mapped[str] = mapped_column(Id, ForeignKey("enrichment_jobs.id", ondelete="CASCADE"), primary_key=True)
    seed: Mapped[int]
    rest_count: Mapped[int]
    """Entities of the list that are not in the sample."""
    idle_count: Mapped[int]
    """Those of them that cost nothing for certain: unknown, excluded, complete, or with nobody to ask."""
    strata: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """What the rest may cost, by stratum of the sample: `route`, `inputs`, `count`, `low_micros`, `high_micros`; and
    what it was likely to by what was before: `foreseen`, `foreseen_micros`, `foreseen_hits`."""
    sampled: Mapped[list[list[int]]] = mapped_column(Json)
    """Of each entity of the job, in order: its stratum, and what it may cost at least and at most."""
    continued_job_id: Mapped[str | None] = mapped_column(Id, ForeignKey("enrichment_jobs.id", ondelete="SET NULL"))
    """The job of the rest, once there is one."""

    __table_args__ = (
        CheckConstraint("rest_count >= idle_count AND idle_count >= 0", name="counts_add_up"),
        UniqueConstraint("continued_job_id"),
    )


class RestChunk(Base):
    """A slice of the ids that a pilot leaves for later. Deleted once they are enqueued, edited to erase an entity."""

    __tablename__ = "enrichment_rest_chunks"

    job_id: Mapped[str] = mapped_column(
        Id, ForeignKey("enrichment_pilots.job_id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entity_ids: Mapped[list[str]] = mapped_column(JSON)


pilots = cast(Table, Pilot.__table__)
rest_chunks = cast(Table, RestChunk.__table__)

"""Pilots as the queue knows them: which jobs are of a sample, and the ids that these leave for later."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import Text, delete, func, insert, or_, select, update

from app.db.session import WriteSession
from app.enrichment.queue.entity_ids import ChunkUnreadable, count_erased, erased_in, parse_ids
from app.enrichment.queue.queries import JobView, get_job
from app.entities.keep_days import insist_on_kept
from app.errors import JobStateConflict
from app.extensions import db
from app.models.chunk import ERASED_ID
from app.models.job import ENDED
from app.models.pilot import pilots, rest_chunks

_ROWS_AN_INSERT: Final = 100
NOTHING_LEFT: Final = "All entities of the rest were erased or are excluded."


@dataclass(frozen=True, slots=True)
class PilotRow:
    """What is stored of a pilot beside its job; `app.models.pilot` says what."""

    seed: int
    rest_count: int
    idle_count: int
    strata: list[dict[str, Any]]
    sampled: list[list[int]]
    continued_job_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewPilot:
    """A pilot that is to be stored with its job. `rest` gives the ids that are left for later, in slices."""

    row: PilotRow
    rest: Callable[[], Iterable[list[str]]]

    def store(self, session: WriteSession, job_id: str, total: int) -> None:
        """Store it in the transaction of its job, which has so many entities. Raises `JobStateConflict`."""
        if total != len(self.row.sampled):
            raise JobStateConflict("Entities of the sample were excluded meanwhile; try again.")
        columns = {name: getattr(self.row, name) for name in PilotRow.__dataclass_fields__}
        session.execute(insert(pilots).values(job_id=job_id, **columns))
        rows = ({"job_id": job_id, "position": position, "entity_ids": ids} for position, ids in enumerate(self.rest()))
        while part := list(islice(rows, _ROWS_AN_INSERT)):
            session.execute(insert(rest_chunks), part)


@dataclass(slots=True)
class Rest:
    """The rest of a pilot's list, to be enqueued."""

    job: JobView
    pilot: PilotRow
    erased: int = 0
    """Places in it whose entity had been erased when the ids were read."""

    @classmethod
    def of(cls, job_id: str, *, workspace_slug: str | None = None) -> "Rest":
        """Return what a pilot has left for later.

        Raises `JobNotFound`, and `JobStateConflict` if the job is no pilot, or there is nothing to go on with.
        """
        job = get_job(job_id, workspace_slug=workspace_slug)
        pilot = get_pilot(job)
        reason = why_no_rest(job, pilot)
        if reason is not None:
            raise JobStateConflict(reason)
        insist_on_kept(job.finished_at, "ENRICH_JOB_KEEP_DAYS")
        return cls(job, pilot)

    def positions(self) -> range:
        """Return the positions of the slices in which it is stored."""
        end = func.coalesce(func.max(rest_chunks.c.position) + 1, 0)
        return range(db.session.execute(select(end).where(rest_chunks.c.job_id == self.job.id)).scalar_one())

    def slices(self, positions: Sequence[int]) -> Iterator[list[str]]:
        """Give what some slices hold, in their order, as it is stored; what is damaged holds nothing."""
        is_one = (rest_chunks.c.job_id == self.job.id, rest_chunks.c.position.in_(positions))
        texts = select(rest_chunks.c.entity_ids.cast(Text)).where(*is_one).order_by(rest_chunks.c.position)
        for text in db.session.scalars(texts):
            with suppress(ValueError):
                ids = json.loads(text)
                yield ids if isinstance(ids, list) else []

    def entity_ids(self) -> Iterator[str]:
        """Give the ids, in the order of the list, without those that were erased."""
        chunks = (
            select(rest_chunks.c.position, rest_chunks.c.entity_ids.cast(Text).label("ids"))
            .where(rest_chunks.c.job_id == self.job.id)
            .order_by(rest_chunks.c.position)
            .execution_options(yield_per=100)
        )
        self.erased = 0
        with db.session.execute(chunks) as rows:
            for row in rows:
                self.erased += count_erased(row.ids)
                with suppress(ChunkUnreadable):
                    yield from (one for one in parse_ids(row.ids, row.position) if one != ERASED_ID)

    def settle(self, session: WriteSession, job_id: str, _total: int) -> None:
        """Note that a job has taken the rest.

        Raises `JobStateConflict` if another has at the same moment, or an entity was erased since the ids were read:
        the job would bring its id back.
        """
        is_open = (pilots.c.job_id == self.job.id, pilots.c.continued_job_id.is_(None))
        taken = update(pilots).where(*is_open).values(continued_job_id=job_id).returning(pilots.c.job_id)
        if session.scalar(taken) is None:
            raise JobStateConflict("The pilot was continued meanwhile.")
        erased = erased_in(rest_chunks.c.entity_ids)
        deleted = delete(rest_chunks).where(rest_chunks.c.job_id == self.job.id).returning(erased)
        if sum(session.scalars(deleted)) != self.erased:
            raise JobStateConflict("Entities of the rest were erased meanwhile; try again.")


def why_no_rest(job: JobView, pilot: PilotRow) -> str | None:
    """Return the sentence that says why a pilot cannot be continued; None: it can."""
    if pilot.continued_job_id is not None:
        return f"The pilot was continued before, by job {pilot.continued_job_id}."
    if job.status not in ENDED:
        return f"The pilot is {job.status}; it can be continued once it has ended."
    if not pilot.rest_count:
        return "The pilot has taken the whole list; there is no rest."
    return None


def get_pilot(job: JobView) -> PilotRow:
    """Return what is stored of a pilot. Raises `JobStateConflict` if the job is none."""
    columns = [pilots.c[name] for name in PilotRow.__dataclass_fields__]
    row = db.session.execute(select(*columns).where(pilots.c.job_id == job.id)).one_or_none()
    if row is None:
        raise JobStateConflict("The job is no pilot.")
    return PilotRow(*row)


def pilot_of(job_id: str) -> str | None:
    """Return the pilot that a job is, or whose rest it has: the job's own id, or that of the pilot."""
    query = select(pilots.c.job_id).where(or_(pilots.c.job_id == job_id, pilots.c.continued_job_id == job_id))
    pilot_id: str | None = db.session.scalar(query)
    return pilot_id

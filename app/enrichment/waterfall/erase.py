"""Erase a person or company and everything recorded about it."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, Select, Table, Text, delete, literal, select, update

from app.db.session import WriteSession, scrub_log, transaction
from app.db.sql import engine_name
from app.enrichment.queue import failures
from app.enrichment.waterfall import model_cache
from app.entities.fields import RAW_FIELDS, Fields, table_of
from app.entities.lists import drop_member
from app.entities.read import load_columns
from app.errors import DamagedData, EntityNotFound
from app.extensions import db
from app.models.attempt import attempts, entity_revisions
from app.models.chunk import ERASED_ID, chunks, entity_errors
from app.models.in_flight_call import in_flight_calls
from app.models.job import jobs


def erase_entity(entity_type: str, entity_id: str, *, workspace_slug: str) -> None:
    """Delete an entity and everything recorded about it, in one transaction.

    Deleted are its row, its place in lists, its attempts with the raw answers, the history of its fields, its errors,
    and the model cache's answers for its values, even if shared. In the id lists of the workspace's jobs it is
    replaced by `ERASED_ID`, so that every list keeps its length and its order, by which outcomes are stored; a job
    that has not reached it yet skips it. Costs stay counted in the jobs and budgets, which name nobody. Exclusions
    stay: they keep it from coming back. An id that stands only in those records, because its entity never existed, is
    erased from them too.

    It reads every id list of the workspace: a second or two for ten million ids. On SQLite, deleted content is
    overwritten and the write-ahead log emptied, unless somebody reads from it for long. On PostgreSQL, dead rows
    stay in its files until they are vacuumed. Backups are not reached from here.

    Raises `EntityNotFound` if nothing is recorded under the id.
    """
    with transaction() as session:
        erasure = _Erasure(session, entity_type, entity_id, workspace_slug)
        # The lists first: a worker that is about to store an error holds its chunk until it has.
        erased = erasure.replace_in_chunks()
        cache_keys = erasure.find_cache_keys()
        # The entity's row before its records: a writer of records holds a lock on that row.
        erased += erasure.delete_entity()
        # Whoever adds it to a list waits for that too.
        erased += erasure.leave_lists()
        erased += erasure.delete_attempts()
        erased += erasure.delete_history()
        erased += erasure.anonymize_calls()
        model_cache.delete(session, cache_keys)
        # Last, like their counts everywhere.
        erased += erasure.delete_errors()
        if not erased:
            raise EntityNotFound
    scrub_log()


@dataclass(frozen=True, slots=True)
class _Erasure:
    """The steps of one erasure. Each returns how many rows it deleted or changed."""

    session: WriteSession
    entity_type: str
    entity_id: str
    workspace_slug: str

    def replace_in_chunks(self) -> int:
        """Put `ERASED_ID` in the entity's place in the id lists of jobs.

        The stored text is edited, so that a list that cannot be parsed loses the id too. An id has no character
        that JSON escapes, so it stands between its quotes or not at all.
        """
        quoted, replacement = f'"{self.entity_id}"', f'"{ERASED_ID}"'
        ids_text = chunks.c.entity_ids.cast(Text)
        query = (
            select(chunks.c.job_id, chunks.c.position, ids_text.label("ids"))
            .where(chunks.c.job_id.in_(self._jobs()), ids_text.contains(quoted, autoescape=True))
            .order_by(chunks.c.job_id, chunks.c.position)
            .with_for_update(key_share=True)
        )
        rows = self.session.connection().execute(query).all()
        # On SQLite, LIKE ignores case.
        matching = [row for row in rows if quoted in row.ids]
        for row in matching:
            self._store_ids(row.job_id, row.position, row.ids.replace(quoted, replacement))
        return len(matching)

    def find_cache_keys(self) -> set[str]:
        """Return the model cache's keys for the entity's values, present and former; locks its row.

        What is damaged is passed by: it must not keep anybody from being erased.
        """
        fields = self._lock()
        if fields is None:
            return set()
        # As text, since SQLite would raise for what is no JSON.
        query = select(entity_revisions.c.changes.cast(Text)).where(*self._is_about_it(entity_revisions))
        former_values = [value for changes in db.session.scalars(query) for value in _values_in(changes)]
        return model_cache.keys_of(
            self.entity_type, self.entity_id, fields, former_values, workspace_slug=self.workspace_slug
        )

    def delete_entity(self) -> int:
        """Delete the person or company itself."""
        table = table_of(self.entity_type)
        is_it = (table.c.workspace_slug == self.workspace_slug, table.c.id == self.entity_id)
        return self._execute(delete(table).where(*is_it))

    def leave_lists(self) -> int:
        """Take it out of the lists that it is in."""
        return drop_member(self.session, self.entity_type, self.entity_id, self.workspace_slug)

    def delete_attempts(self) -> int:
        """Delete the attempts, with the raw answers of providers."""
        return self._execute(delete(attempts).where(*self._is_about_it(attempts)))

    def delete_history(self) -> int:
        """Delete the changes of its fields."""
        return self._execute(delete(entity_revisions).where(*self._is_about_it(entity_revisions)))

    def delete_errors(self) -> int:
        """Delete its errors in jobs."""
        is_its_error = (entity_errors.c.job_id.in_(self._jobs()), entity_errors.c.entity_id == self.entity_id)
        deleted = (
            self.session.connection()
            .execute(delete(entity_errors).where(*is_its_error).returning(*(entity_errors.c[name] for name in _KIND)))
            .all()
        )
        failures.take_off_counts(self.session, [dict(zip(_KIND, row, strict=True)) for row in deleted])
        return len(deleted)

    def anonymize_calls(self) -> int:
        """Take its id and callback out of calls in flight, whose rows stay: money is reserved under them."""
        anonymous_id = literal(ERASED_ID).concat(in_flight_calls.c.request_id.cast(Text))
        about_it = update(in_flight_calls).where(*self._is_about_it(in_flight_calls))
        return self._execute(about_it.values(entity_id=anonymous_id, callback=None))

    def _lock(self) -> Fields | None:
        """Lock the entity's row and return its fields, without lists and objects if one is damaged; None: no row."""
        kinds = RAW_FIELDS[self.entity_type]
        try:
            return self._load_locked(kinds)
        except DamagedData:
            return self._load_locked([name for name, kind in kinds.items() if kind == "text"])

    def _load_locked(self, names: Iterable[str]) -> Fields | None:
        ids = [self.entity_id]
        return load_columns(self.entity_type, ids, names, workspace_slug=self.workspace_slug, is_locking=True).get(
            self.entity_id
        )

    def _is_about_it(self, table: Table) -> tuple[ColumnElement[bool], ...]:
        return (
            table.c.workspace_slug == self.workspace_slug,
            table.c.entity_type == self.entity_type,
            table.c.entity_id == self.entity_id,
        )

    def _jobs(self) -> Select[Any]:
        """Return the query of the ids of all jobs that may list the entity."""
        return select(jobs.c.id).where(
            jobs.c.workspace_slug == self.workspace_slug, jobs.c.entity_type == self.entity_type
        )

    def _store_ids(self, job_id: str, position: int, ids_text: str) -> None:
        ids: ColumnElement[Any] = literal(ids_text, Text)
        # SQLite has no JSON type, and a cast to it makes a number.
        stored = ids if engine_name() == "sqlite" else ids.cast(JSON)
        is_chunk = (chunks.c.job_id == job_id, chunks.c.position == position)
        self._execute(update(chunks).where(*is_chunk).values(entity_ids=stored))

    def _execute(self, statement: Any) -> int:
        return int(self.session.connection().execute(statement).rowcount)


_KIND: Final = ("job_id", "code", "provider")


def _values_in(changes: str) -> list[tuple[str, Any]]:
    """Return the values of a stored revision by name of field; of one that cannot be read, none."""
    pairs = None
    with suppress(ValueError):
        pairs = json.loads(changes)
    if not isinstance(pairs, dict):
        return []
    return [(name, value) for name, pair in pairs.items() if isinstance(pair, list) for value in pair]

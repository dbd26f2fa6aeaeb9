"""Erase a person or company and everything recorded about it."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import JSON, Column, ColumnElement, Select, Table, Text, delete, literal, select, update

from app.audit.events import erase_subject, record
from app.db.session import WriteSession, repeats_conflicts, scrub_log, transaction
from app.db.sql import engine_name, is_any_of
from app.enrichment.queue import failures
from app.enrichment.waterfall import model_cache
from app.entities.export_files import leave_exports
from app.entities.fields import RAW_FIELDS, Fields, table_of
from app.entities.lists import drop_member
from app.entities.read import load_columns
from app.errors import DamagedData, EntityNotFound
from app.extensions import db
from app.models.address_verdict import address_verdicts
from app.models.attempt import attempts, entity_revisions
from app.models.audit_event import Action
from app.models.chunk import ERASED_ID, chunks, entity_errors
from app.models.in_flight_call import in_flight_calls
from app.models.job import jobs
from app.models.pilot import rest_chunks
from app.values.emails import email_address


@repeats_conflicts
def erase_entity(entity_type: str, entity_id: str, *, workspace_slug: str) -> None:
    """Delete an entity and everything recorded about it, in one transaction.

    Deleted are its row, its place in lists, its attempts with the raw answers, the history of its fields, its errors,
    and the model cache's answers for its values and verdicts on its addresses, even if shared: at worst, others have
    them answered once more. In the id lists of the workspace's jobs it is replaced by `ERASED_ID`, so that every list
    keeps its length and its order, by which outcomes are stored; a job that has not reached it yet skips it. It is
    replaced in the audit log too, which goes on to say who did what and when. Files of exports in the background that
    may have it expire, and those that are being written are begun again. Costs stay counted in the jobs and budgets,
    which name nobody. Exclusions stay: they keep it from coming back. An id that stands only in those records, because
    its entity never existed, is erased from them too.

    It reads every id list of the workspace, twice: a second or two each time for ten million ids. On SQLite,
    deleted content is overwritten and the write-ahead log emptied, unless somebody reads from it for long. On
    PostgreSQL, dead rows stay in its files until they are vacuumed. Backups are not reached from here.

    Raises `EntityNotFound` if nothing is recorded under the id.
    """
    with transaction() as session:
        erasure = _Erasure(session, entity_type, entity_id, workspace_slug)
        # The lists first: a worker that is about to store an error holds its chunk until it has.
        erased = erasure.replace_in_chunks()
        values = erasure.find_values()
        # The entity's row before its records: a writer of records holds a lock on that row.
        erased += erasure.delete_entity()
        erased += erasure.replace_in_new_chunks()
        # Whoever adds it to a list waits for that too.
        erased += erasure.leave_lists()
        # With the raw answers of providers, and the changes of its fields.
        erased += erasure.delete_records(attempts)
        erased += erasure.delete_records(entity_revisions)
        erased += erasure.anonymize_calls()
        erased += erasure.delete_verdicts(values.addresses)
        model_cache.delete(session, values.cache_keys)
        # Last, like their counts everywhere.
        erased += erasure.delete_errors()
        erased += erase_subject(session, entity_type, entity_id, workspace_slug, ERASED_ID)
        if not erased:
            raise EntityNotFound
        record(session, Action.ENTITY_ERASE, entity_type, ERASED_ID, workspace_slug=workspace_slug)
        leave_exports(session, entity_type, workspace_slug)
    scrub_log()


@dataclass(frozen=True, slots=True)
class _Values:
    """The model cache's keys for an entity's values, and its addresses."""

    cache_keys: Collection[str] = ()
    addresses: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class _Erasure:
    """The steps of one erasure. Each returns how many rows it deleted or changed."""

    session: WriteSession
    entity_type: str
    entity_id: str
    workspace_slug: str

    def replace_in_chunks(self) -> int:
        """Put `ERASED_ID` in the entity's place in the id lists of jobs, and of what pilots leave for later.

        The stored text is edited, so that a list that cannot be parsed loses the id too. An id has no character
        that JSON escapes, so it stands between its quotes or not at all.
        """
        return self._replace_in(rest_chunks) + self._replace_in(chunks)

    def replace_in_new_chunks(self) -> int:
        """Do it again in what was made of those lists, or of the entity's row, by whoever held them at first.

        Whoever comes later waits for this transaction, and fails.
        """
        replaced = 0
        while found := self.replace_in_chunks():
            replaced += found
        return replaced

    def _replace_in(self, table: Table) -> int:
        quoted, replacement = f'"{self.entity_id}"', f'"{ERASED_ID}"'
        ids_text = table.c.entity_ids.cast(Text)
        query = (
            select(table.c.job_id, table.c.position, ids_text.label("ids"))
            .where(table.c.job_id.in_(self._jobs()), ids_text.contains(quoted, autoescape=True))
            .order_by(table.c.job_id, table.c.position)
            .with_for_update(key_share=True)
        )
        rows = self.session.connection().execute(query).all()
        # On SQLite, LIKE ignores case.
        matching = [row for row in rows if quoted in row.ids]
        for row in matching:
            self._store_ids(table, row.job_id, row.position, row.ids.replace(quoted, replacement))
        return len(matching)

    def find_values(self) -> "_Values":
        """Return where else the entity's values may be on record, present and former ones; locks its row.

        What is damaged is passed by: it must not keep anybody from being erased.
        """
        fields = self._lock()
        if fields is None:
            return _Values()
        former_values = [pair for changes in self._objects(entity_revisions.c.changes) for pair in _values_in(changes)]
        cache_keys = model_cache.keys_of(
            self.entity_type, self.entity_id, fields, former_values, workspace_slug=self.workspace_slug
        )
        addresses = [value for name, value in (*fields.items(), *former_values) if name == "email"]
        addresses += [withheld.get("email") for withheld in self._objects(attempts.c.withheld)]
        return _Values(cache_keys, set(filter(None, map(email_address, addresses))))

    def delete_entity(self) -> int:
        """Delete the person or company itself."""
        table = table_of(self.entity_type)
        is_it = (table.c.workspace_slug == self.workspace_slug, table.c.id == self.entity_id)
        return self._execute(delete(table).where(*is_it))

    def leave_lists(self) -> int:
        """Take it out of the lists that it is in."""
        return drop_member(self.session, self.entity_type, self.entity_id, self.workspace_slug)

    def delete_records(self, table: Table) -> int:
        """Delete what a table has on record about it."""
        return self._execute(delete(table).where(*self._is_about_it(table)))

    def delete_verdicts(self, addresses: Collection[str]) -> int:
        """Delete the verdicts on addresses."""
        is_one = (
            address_verdicts.c.workspace_slug == self.workspace_slug,
            is_any_of(address_verdicts.c.address, addresses),
        )
        return self._execute(delete(address_verdicts).where(*is_one))

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
        """Take its id, callback and address out of calls in flight, whose rows stay: money is reserved under them."""
        anonymous_id = literal(ERASED_ID).concat(in_flight_calls.c.request_id.cast(Text))
        about_it = update(in_flight_calls).where(*self._is_about_it(in_flight_calls))
        return self._execute(about_it.values(entity_id=anonymous_id, callback=None, address=None))

    def _objects(self, column: Column[Any]) -> Iterator[dict[str, Any]]:
        """Give the JSON objects in a column of the entity's records. As text, since SQLite raises for what is none."""
        stored = db.session.scalars(select(column.cast(Text)).where(*self._is_about_it(column.table)))
        for text in stored:
            value = None
            with suppress(TypeError, ValueError):
                value = json.loads(text)
            if isinstance(value, dict):
                yield value

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

    def _store_ids(self, table: Table, job_id: str, position: int, ids_text: str) -> None:
        ids: ColumnElement[Any] = literal(ids_text, Text)
        # SQLite has no JSON type, and a cast to it makes a number.
        stored = ids if engine_name() == "sqlite" else ids.cast(JSON)
        is_chunk = (table.c.job_id == job_id, table.c.position == position)
        self._execute(update(table).where(*is_chunk).values(entity_ids=stored))

    def _execute(self, statement: Any) -> int:
        return int(self.session.connection().execute(statement).rowcount)


_KIND: Final = ("job_id", "code", "provider")


def _values_in(changes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the values of a stored revision by name of field."""
    return [(name, value) for name, pair in changes.items() if isinstance(pair, list) for value in pair]

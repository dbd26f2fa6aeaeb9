"""What always holds of the database's content, each rule with a number of its own.

`check_invariants` is called after scenarios of every kind. It reads each table
once and adds up in the database where it can, so that it stays quick for jobs
with a hundred thousand entities.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from sqlalchemy import Text, case, func, select

from app.config import config, micros
from app.enrichment.money.caps import ALL_DAYS
from app.enrichment.money.cost_log import LATENCIES
from app.enrichment.money.scopes import OVERALL
from app.enrichment.waterfall.dedup import PARTIAL
from app.extensions import db
from app.models.attempt import attempts
from app.models.cap import stored_caps
from app.models.chunk import DECIDED, ERASED_ID, Outcome, chunks, entity_errors, error_counts, progress
from app.models.in_flight_call import in_flight_calls
from app.models.job import ACTIVE, ENDED, JobStatus, jobs
from app.models.spending import CallOutcome, costs, spending
from app.providers.base import OutcomeClass
from app.providers.names import NORMALIZER, finder_of

Closed = MutableMapping[tuple[str, int], str]
"""What closed chunks said when they were last looked at, by job and position."""


ANSWERED = (OutcomeClass.SUCCESS, OutcomeClass.NOT_FOUND, PARTIAL)


class Rule(StrEnum):
    """Everything that is asserted, as the sentence that a violation is reported with."""

    NONE_LOST = "I1 the chunks of a job hold as many entities as it was accepted with"
    NONE_TWICE = "I1 no entity stands twice in a job"
    NUMBERED = "I1 the chunks of a job are numbered from 0 without a gap"
    FULL = "I1 every chunk but a job's last is full"
    ALIGNED = "I1 a claimed chunk has one outcome for each of its entities"
    KNOWN = "I1 every outcome is a known one"
    CLOSED_DECIDED = "I1 a chunk is closed with every entity decided, but for jobs that were cancelled or failed"
    COMPLETE = "I1 every chunk of a complete job is closed"
    UNCHANGED = "I1 what a closed chunk says does not change"
    SUM = "I2 processed is the sum of success, error, skipped and held"
    COUNTERS = "I2 a job's counters are those of its closed chunks"
    ERROR_ROWS = "I2 the entities that are errors are those with an error row"
    ERROR_COUNTS = "I2 the counts of errors are those of their rows"
    BROKEN = "I2 a failed job says what broke it"
    LEASE = "I3 an open chunk has an end of its lease, a closed one neither that nor a worker"
    TOKEN = "I3 a chunk was claimed at least once, and more often than it was lost"
    IN_FLIGHT = "I4 in_flight is the number of open chunks with a worker"
    LEASED = "I4 a job runs or is cancelling while chunks are leased, and waits or is over while none is"
    FIRST = "I5 the claimed chunks of a job are its first ones"
    CLAIMABLE = "I5 a job is claimable exactly while it goes on and has chunks that nobody has claimed"
    ORDER = "I5 of one workspace and priority, the older job starts first"
    ASKED_ONCE = "I6 no provider is asked again what it has answered"
    CALL_DECIDED = "I6 no call is under way about an entity that is decided"
    PLANNED = "I6 attempts and calls are about entities of their job"
    RESERVED = "I7 what is reserved is what calls under way hold"
    SPENT = "I7 what is spent is what calls have cost"
    ATTEMPTED = "I7 what a job has cost is what its attempts have cost"
    CHARGED = "I7 every charge has its attempt"
    COUNTED = "I7 what came of a job's calls is counted as its attempts say"
    CAP = "I7 no cap is passed"
    STALLED = "I8 no lease is left run out"
    PAUSE_ENDS = "I8 every pause ends by time or by hand, and says why"
    STARTED = "I8 a job has started when a chunk of it was claimed"
    ENDED = "I8 a job says when it ended exactly if it has"
    DRAINED = "I8 once nothing is due, every job has ended"
    NONE_OPEN = "I8 once nothing is due, no chunk is open"
    NO_CALL = "I8 once nothing is due, no call is under way but those that wait for a callback"
    ACCEPTED = "I10 every accepted job is there"
    HAS_CHUNKS = "I10 an accepted job has its chunks"
    KEY = "I10 an idempotency key is kept with the request that it stands for"


Found = Iterator[tuple[Rule, str]]

# To put a statement together takes longer than to have it answered, so each is made once.
_JOBS = select(jobs)
_PROGRESS = select(progress)
_LISTS = select(chunks.c.job_id, chunks.c.position, chunks.c.entity_ids.cast(Text))
_BROKEN = select(entity_errors.c.job_id).where(entity_errors.c.entity_id == "system")
_FAILED = select(entity_errors.c.job_id, entity_errors.c.entity_id)
_KIND = (entity_errors.c.job_id, entity_errors.c.code, entity_errors.c.provider)
_ERRORS_BY_KIND = select(*_KIND, func.count()).group_by(*_KIND)
_ERROR_COUNTS = select(error_counts)
_ASKED_ABOUT = select(attempts.c.job_id, attempts.c.entity_id).distinct()
_CALLS = select(in_flight_calls)
_CALLS_UNDER_WAY = _CALLS.where(~in_flight_calls.c.is_pending)
_COSTS = select(costs)
_SPENDING = select(spending)
_STORED_CAPS = select(stored_caps)
_MONEY_OF_JOBS = select(jobs.c.id, jobs.c.api_key_id, jobs.c.cap_micros)
_ERASED = select(chunks.c.job_id).where(chunks.c.entity_ids.cast(Text).contains(ERASED_ID, autoescape=True))
_QUESTION = (
    attempts.c.workspace_slug,
    attempts.c.entity_type,
    attempts.c.entity_id,
    attempts.c.provider,
    attempts.c.fingerprint,
)
_DEFINITE = (
    attempts.c.outcome_class.in_([OutcomeClass.SUCCESS, OutcomeClass.NOT_FOUND]),
    attempts.c.fingerprint.is_not(None),
    attempts.c.provider != NORMALIZER,
    ~attempts.c.provider.endswith("-verify", autoescape=True),
)
_ANSWERED_TWICE = select(*_QUESTION).where(*_DEFINITE).group_by(*_QUESTION).having(func.count() > 1)
_BY_JOB = (attempts.c.job_id, attempts.c.provider)
_CHARGES = select(
    *_BY_JOB, func.sum(attempts.c.cost_micros), func.sum(case((attempts.c.cost_micros > 0, 1), else_=0))
).group_by(*_BY_JOB)
_IS_ANSWERED = attempts.c.fingerprint.is_not(None) & attempts.c.outcome_class.in_(ANSWERED)
_ANSWERS = select(
    *_BY_JOB, func.sum(case((_IS_ANSWERED, 1), else_=0)), func.sum(case((attempts.c.is_rejected, 1), else_=0))
).group_by(*_BY_JOB)


def check_invariants(
    *,
    drained: bool = False,
    in_order: bool = False,
    accepted: Iterable[str] = (),
    closed: Closed | None = None,
    stalled_seconds: float | None = None,
) -> None:
    """Assert what always holds; with `drained` also that every job has ended.

    With `in_order`, that jobs were started in the order of their age, which
    holds where none was paused or asked for by its id. `accepted` are ids of
    jobs that must be there. `closed` is a dictionary of the caller's, in which
    one check remembers for the next what closed chunks said. With
    `stalled_seconds`, no lease may have run out longer ago.
    """
    db.session.rollback()
    found = violations(
        drained=drained, in_order=in_order, accepted=accepted, closed=closed, stalled_seconds=stalled_seconds
    )
    db.session.rollback()
    _insist(found)


def check_money(*, drained: bool = False) -> None:
    """Assert that money adds up; with `drained` also that no call is under way but those that wait for a callback."""
    db.session.rollback()
    found = [*_money(), *(_calls_under_way() if drained else ())]
    db.session.rollback()
    _insist(found)


def violations(
    *,
    drained: bool = False,
    in_order: bool = False,
    accepted: Iterable[str] = (),
    closed: Closed | None = None,
    stalled_seconds: float | None = None,
) -> list[tuple[Rule, str]]:
    """Return what does not hold, as the open transaction sees it: the rule, and where."""
    content = _Content.read()
    found = [*_of_jobs(content), *_of_chunks(content), *_error_counts(), *_of_calls(content), *_money()]
    found += [(Rule.ACCEPTED, job_id) for job_id in accepted if job_id not in content.jobs]
    if in_order:
        found += _order(content)
    if closed is not None:
        found += _changes(content, closed)
    if stalled_seconds is not None:
        found += _stalled(content, stalled_seconds)
    if drained:
        found += [(Rule.DRAINED, f"job {job.id} is {job.status}") for job in content.jobs.values() if _goes_on(job)]
        found += [(Rule.NONE_OPEN, f"{row.job_id}:{row.position}") for row in content.progress if not row.finished_at]
        found += _calls_under_way()
    return found


def _insist(found: Collection[tuple[Rule, str]]) -> None:
    some = "\n".join(f"{rule} ({where})" for rule, where in list(found)[:20])
    assert not found, f"{len(found)} violations:\n{some}"


@dataclass
class _Content:
    """What the database holds of the queue, read once."""

    jobs: dict[str, Any]
    progress: list[Any]
    ids: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    """The entities of each job by chunk."""

    @classmethod
    def read(cls) -> "_Content":
        found = cls({row.id: row for row in db.session.execute(_JOBS)}, list(db.session.execute(_PROGRESS)))
        found.ids = {job_id: {} for job_id in found.jobs}
        for job_id, position, ids in db.session.execute(_LISTS):
            found.ids[job_id][position] = json.loads(ids)
        return found

    def entity_ids(self, row: Any) -> list[str]:
        """Return the entities of a chunk; none where it does not exist."""
        return self.ids.get(row.job_id, {}).get(row.position, [])


def _goes_on(job: Any) -> bool:
    return job.status not in ENDED


def _of_jobs(content: _Content) -> Found:
    """Compare each job with its chunks, and its columns with each other."""
    closed: dict[str, Counter[str]] = {job_id: Counter() for job_id in content.jobs}
    positions: dict[str, set[int]] = {job_id: set() for job_id in content.jobs}
    leased, done = Counter[str](), Counter[str]()
    for row in content.progress:
        positions[row.job_id].add(row.position)
        leased[row.job_id] += row.finished_at is None and row.worker is not None
        if row.finished_at is not None:
            closed[row.job_id].update(row.outcomes)
            done[row.job_id] += 1
    broken = set(db.session.scalars(_BROKEN))
    for job in content.jobs.values():
        counted = (job.success_count, job.error_count, job.skipped_count, job.held_count)
        counts = closed[job.id]
        is_running, is_idle = (
            job.status in {"running", "cancelling"},
            job.status in {"pending", "cancelled", "complete"},
        )
        is_paused = job.status == JobStatus.PAUSED
        holds = {
            Rule.SUM: job.processed_count == sum(counted),
            Rule.COUNTERS: counted == tuple(counts[mark] for mark in "sekh"),
            Rule.BROKEN: job.status != JobStatus.FAILED or job.id in broken,
            Rule.COMPLETE: job.status != JobStatus.COMPLETE or done[job.id] == len(content.ids[job.id]),
            Rule.IN_FLIGHT: job.in_flight == leased[job.id],
            Rule.LEASED: not (is_running and job.in_flight == 0) and not (is_idle and job.in_flight > 0),
            Rule.FIRST: positions[job.id] == set(range(job.next_chunk)),
            Rule.CLAIMABLE: job.claimable == (job.status in ACTIVE and job.next_chunk < job.chunk_count),
            Rule.PAUSE_ENDS: (job.paused_manually != (job.resume_at is not None) and job.pause_reason is not None)
            if is_paused
            else not job.paused_manually and job.resume_at is None,
            Rule.STARTED: (job.started_at is not None) == (job.next_chunk > 0),
            Rule.ENDED: (job.finished_at is not None) == (job.status in ENDED),
            Rule.KEY: (job.idempotency_key is None) == (job.request_hash is None),
            **_of_lists(job, content.ids[job.id]),
        }
        yield from ((rule, f"job {job.id}, {job.status}") for rule, is_kept in holds.items() if not is_kept)


def _of_lists(job: Any, lists: dict[int, list[str]]) -> dict[Rule, bool]:
    """Say whether a job's lists hold what was accepted."""
    if not lists:
        return {Rule.HAS_CHUNKS: False}
    ids = [entity_id for one in lists.values() for entity_id in one]
    kept = [entity_id for entity_id in ids if entity_id != ERASED_ID]
    return {
        Rule.NONE_LOST: len(ids) == job.total_count,
        Rule.NONE_TWICE: len(kept) == len(set(kept)),
        Rule.NUMBERED: lists.keys() == set(range(job.chunk_count)),
        Rule.FULL: all(
            len(one) == job.chunk_size or (position == max(lists) and 0 < len(one) < job.chunk_size)
            for position, one in lists.items()
        ),
    }


def _of_chunks(content: _Content) -> Found:
    """Look at each claimed chunk: its lease, its outcomes, and the errors that belong to them."""
    failed: dict[str, Counter[str]] = {job_id: Counter() for job_id in content.jobs}
    for row in content.progress:
        where, ids = f"chunk {row.position} of {row.job_id}", content.entity_ids(row)
        status = content.jobs[row.job_id].status
        is_open, is_as_is = row.finished_at is None, status in {"cancelling", "cancelled", "failed"}
        holds = {
            Rule.ALIGNED: len(row.outcomes) == len(ids),
            Rule.KNOWN: set(row.outcomes) <= set(Outcome),
            Rule.CLOSED_DECIDED: is_open or is_as_is or set(row.outcomes) <= DECIDED,
            Rule.LEASE: row.lease_expires_at is not None if is_open else not (row.worker or row.lease_expires_at),
            Rule.TOKEN: 0 <= row.crash_count < row.attempt and row.write_count >= 0,
        }
        yield from ((rule, where) for rule, is_kept in holds.items() if not is_kept)
        pairs = zip(ids, row.outcomes, strict=False)
        failed[row.job_id].update(name for name, mark in pairs if mark == Outcome.ERROR and name != ERASED_ID)
    told: dict[str, Counter[str]] = {job_id: Counter() for job_id in content.jobs}
    for job_id, entity_id in db.session.execute(_FAILED):
        # An entity may be called that too.
        if entity_id != "system" or failed[job_id][entity_id]:
            told[job_id][entity_id] += 1
    for job_id in content.jobs:
        if failed[job_id] != told[job_id]:
            names = sorted((failed[job_id] - told[job_id]) | (told[job_id] - failed[job_id]))
            yield Rule.ERROR_ROWS, f"job {job_id}: {names[:5]}"


def _error_counts() -> Found:
    """Compare the counts of errors by job, code and provider with the rows."""
    rows = {tuple(key): count for *key, count in db.session.execute(_ERRORS_BY_KIND)}
    counted = {tuple(key): count for *key, count in db.session.execute(_ERROR_COUNTS) if count}
    yield from ((Rule.ERROR_COUNTS, f"{key}") for key in rows.keys() | counted if rows.get(key) != counted.get(key))


def _order(content: _Content) -> Found:
    """Compare the order in which jobs were started with their age."""
    older: dict[tuple[str, int], Any] = {}
    for job in sorted(content.jobs.values(), key=lambda job: (job.created_at, job.id)):
        before = older.get((job.workspace_slug, job.priority))
        if job.started_at and before and (before.started_at is None or before.started_at > job.started_at):
            yield Rule.ORDER, f"{job.id} before {before.id}"
        older[job.workspace_slug, job.priority] = job


def _changes(content: _Content, closed: Closed) -> Found:
    """Compare closed chunks with what they said before, and remember what they say now."""
    now = {(row.job_id, row.position): row.outcomes for row in content.progress if row.finished_at}
    for key, outcomes in closed.items():
        if now.get(key) != outcomes:
            yield Rule.UNCHANGED, f"chunk {key[1]} of {key[0]}: {outcomes} became {now.get(key)}"
    closed.update(now)


def _stalled(content: _Content, seconds: float) -> Found:
    limit = datetime.now(UTC) - timedelta(seconds=seconds)
    for row in content.progress:
        if row.worker is not None and row.lease_expires_at is not None and row.lease_expires_at < limit:
            yield Rule.STALLED, f"chunk {row.position} of {row.job_id} since {row.lease_expires_at}"


def _of_calls(content: _Content) -> Found:
    """Look at whom providers were asked about, and are being asked."""
    known = {job_id: {name for one in lists.values() for name in one} for job_id, lists in content.ids.items()}
    for job_id, entity_id in db.session.execute(_ASKED_ABOUT):
        if job_id in known and entity_id not in known[job_id]:
            yield Rule.PLANNED, f"an attempt on {entity_id} of {job_id}"
    outcomes = {(row.job_id, row.position): row.outcomes for row in content.progress}
    for row in db.session.execute(_CALLS):
        if row.entity_id.startswith(ERASED_ID):
            continue
        where, ids = f"a call about {row.entity_id} of {row.job_id}", content.entity_ids(row)
        if row.entity_id not in ids:
            yield Rule.PLANNED, where
        elif outcomes.get((row.job_id, row.position), "")[ids.index(row.entity_id) :][:1] in [*DECIDED]:
            yield Rule.CALL_DECIDED, where
    yield from _asked_again()


def _asked_again() -> Found:
    """Look for two definite answers to one question, the second asked while the first one held.

    Two are not spared any question: the normaliser, whose answers follow from what stands there now,
    and verifiers, whose questions are about addresses that stand nowhere yet.
    """
    settings = config()
    days = {
        OutcomeClass.SUCCESS: settings.ENRICH_SUCCESS_TTL_DAYS,
        OutcomeClass.NOT_FOUND: settings.ENRICH_NOT_FOUND_TTL_DAYS,
    }
    for key in db.session.execute(_ANSWERED_TWICE):
        same = [column == value for column, value in zip(_QUESTION, key, strict=True)]
        rows = db.session.execute(
            select(attempts.c.started_at, attempts.c.finished_at, attempts.c.outcome_class)
            .where(*_DEFINITE, *same)
            .order_by(attempts.c.finished_at, attempts.c.id)
        ).all()
        for earlier, later in pairwise(rows):
            if later.started_at < earlier.finished_at + timedelta(days=days[OutcomeClass(earlier.outcome_class)]):
                yield Rule.ASKED_ONCE, f"{key.provider} about {key.entity_id}"


def _calls_under_way() -> Found:
    for row in db.session.execute(_CALLS_UNDER_WAY):
        yield Rule.NO_CALL, f"{row.provider} about {row.entity_id}"


def _money() -> Found:
    """Compare reservations with calls, spending with costs, costs with attempts, and all with the caps."""
    found, reserved = Counter[tuple[str, date]](), Counter[tuple[str, date]]()
    booked, spent = Counter[tuple[str, date]](), Counter[tuple[str, date]]()
    money_of_jobs = db.session.execute(_MONEY_OF_JOBS).all()
    keys = {job.id: job.api_key_id for job in money_of_jobs}
    for row in db.session.execute(_CALLS):
        reserved.update(dict.fromkeys(_accounts(row, row.reserved_on, keys), row.reserved_micros))
    charged = db.session.execute(_COSTS).all()
    for row in charged:
        booked.update(dict.fromkeys(_accounts(row, row.day, keys), row.cost_micros))
    accounts = db.session.execute(_SPENDING).all()
    for row in accounts:
        found[row.scope, row.day] += row.reserved_micros
        spent[row.scope, row.day] += row.spent_micros
    yield from ((Rule.RESERVED, f"{key}") for key in found | reserved if found[key] != reserved[key])
    yield from ((Rule.SPENT, f"{key}") for key in booked | spent if booked[key] != spent[key])
    erased = set(db.session.scalars(_ERASED))
    yield from _attempted(charged, erased)
    yield from _counted(charged, erased)
    yield from _caps(accounts, money_of_jobs)


def _accounts(row: Any, day: date, keys: Mapping[str, str | None]) -> tuple[tuple[str, date], ...]:
    of_all = (OVERALL, day), (f"workspace:{row.workspace_slug}", day), (f"job:{row.job_id}", ALL_DAYS)
    provider = f"provider:{finder_of(row.provider)}"
    key = keys.get(row.job_id)
    of_key = ((f"key:{key}", day),) if key is not None else ()
    return *of_all, (provider, day), (f"{provider}@{row.workspace_slug}", day), *of_key


def _attempted(charged: Iterable[Any], erased: set[str]) -> Found:
    """Compare each job's costs with its attempts; of an erased entity the costs alone are left."""
    booked, charges = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in charged:
        booked[row.job_id, row.provider] += row.cost_micros
        charges[row.job_id, row.provider] += row.charged_calls
    attempted, paid = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for job_id, provider, cost, count in db.session.execute(_CHARGES):
        attempted[job_id, provider], paid[job_id, provider] = int(cost), int(count)
    for rule, mine, theirs in ((Rule.ATTEMPTED, booked, attempted), (Rule.CHARGED, charges, paid)):
        for pair in mine | theirs:
            if mine[pair] != theirs[pair] and not (pair[0] in erased and theirs[pair] < mine[pair]):
                yield rule, f"{pair[1]} for {pair[0]}: {mine[pair]} and {theirs[pair]}"


def _counted(charged: Iterable[Any], erased: set[str]) -> Found:
    """Compare the answers and rejected addresses that are counted beside costs with the attempts."""
    counted, told = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    for row in charged:
        counted[row.job_id, row.provider, "answers"] += sum(getattr(row, name) for name in LATENCIES)
        # An address that one job withheld may be judged by another.
        counted["", row.provider, "rejected"] += row.rejected
        outcomes = sum(getattr(row, name) for name in CallOutcome)
        if outcomes != row.calls:
            yield Rule.COUNTED, f"{row.provider} for {row.job_id}: {outcomes} outcomes of {row.calls} calls"
    for job_id, provider, answers, rejected in db.session.execute(_ANSWERS):
        told[job_id, provider, "answers"] = answers
        told["", provider, "rejected"] += rejected
    lacking = erased | {""} if erased else erased
    for one in counted | told:
        if counted[one] != told[one] and not (one[0] in lacking and told[one] < counted[one]):
            yield Rule.COUNTED, f"{one[2]} of {one[1]} for {one[0]}: {counted[one]} and {told[one]}"


def _caps(accounts: Iterable[Any], money_of_jobs: Iterable[Any]) -> Found:
    """Look for caps that are passed by what is spent and what is reserved."""
    settings = config()
    caps = {f"job:{job.id}": job.cap_micros for job in money_of_jobs}
    caps[OVERALL] = micros(settings.ENRICH_DAILY_CAP_USD)
    caps |= {row.scope: row.cap_micros for row in db.session.execute(_STORED_CAPS)}
    of_each = micros(settings.ENRICH_WORKSPACE_DAILY_CAP_USD)
    for row in accounts:
        cap = caps.get(row.scope, of_each if row.scope.startswith("workspace:") else None)
        if cap is not None and row.reserved_micros + row.spent_micros > cap:
            yield Rule.CAP, row.scope

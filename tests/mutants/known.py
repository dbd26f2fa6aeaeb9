"""The known-bad changes: what a slip would look like, and which tests are to catch it."""

from dataclasses import dataclass

STATEMENTS = "app/enrichment/queue/transitions.py"


@dataclass(frozen=True)
class Mutant:
    """One change: one `old` in `path` becomes `new`; one of `tests` has to fail then."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]
    times: int = 1
    """How often `old` stands in the file."""
    which: int = 0
    """Which of them is changed, counted from 0."""

    def change(self, text: str) -> str:
        """Return the file's text with the change in it. Raises ValueError where `old` is not there as often as said."""
        parts = text.split(self.old)
        if len(parts) != self.times + 1:
            raise ValueError(f"its text stands {len(parts) - 1} times in {self.path}, expected {self.times}")
        before, after = parts[: self.which + 1], parts[self.which + 1 :]
        return self.old.join(before) + self.new + self.old.join(after)


LEASES = ("tests/enrichment/queue/test_leases.py",)
PROCESS = ("tests/enrichment/queue/test_worker.py",)
ROUNDS = ("tests/enrichment/queue/test_rounds.py",)
IN_HAND = ("tests/enrichment/waterfall/test_work_loop.py",)
GATE = ("tests/enrichment/waterfall/test_dedup.py",)
IN_DOUBT = ("tests/enrichment/waterfall/test_in_doubt.py",)
DOUBTS = ("tests/enrichment/waterfall/test_doubts.py",)
VERDICTS = ("tests/enrichment/waterfall/test_verdicts.py",)
MONEY = ("tests/enrichment/money/test_caps.py",)
STORED_CAPS = ("tests/enrichment/money/test_stored_caps.py",)
OWN_KEYS = ("tests/enrichment/waterfall/test_provider_keys.py",)
LIFECYCLE = ("tests/enrichment/queue/test_control.py", "tests/enrichment/queue/test_state_machine.py")
MUTANTS = (
    Mutant(
        "a call is sent however late it is for its instant",
        "app/async_calls.py",
        " or time.monotonic() > start_by",
        "",
        ("tests/test_async_calls.py",),
    ),
    Mutant(
        "calls are not told by when they have to begin",
        "app/enrichment/waterfall/chunk_run.py",
        ", start_by=granted.start_by",
        "",
        ("tests/enrichment/limits/test_rate_limits.py",),
    ),
    Mutant(
        "no token in the writes of a holder",
        STATEMENTS,
        '        progress.c.attempt == bindparam("the_attempt"),\n',
        "",
        LEASES,
    ),
    Mutant(
        "a lease is not looked at for its end",
        STATEMENTS,
        "        progress.c.lease_expires_at > utcnow(),\n",
        "",
        LEASES,
    ),
    Mutant("a chunk can be given back twice", STATEMENTS, "        progress.c.worker.is_not(None),\n", "", LEASES),
    Mutant(
        "a chunk in somebody's hands does not hear what changed",
        STATEMENTS,
        '"due_at_once": is_held',
        '"due_at_once": false()',
        LEASES,
    ),
    Mutant(
        "a chunk stays due at once for ever",
        STATEMENTS,
        "            due_at_once=false(),\n",
        "",
        LEASES,
    ),
    Mutant(
        "SKIP LOCKED on the job's row",
        STATEMENTS,
        ".with_for_update(key_share=True)",
        ".with_for_update(key_share=True, skip_locked=True)",
        ("tests/enrichment/queue/test_processes.py",),
    ),
    Mutant(
        "paused comes before complete",
        STATEMENTS,
        "            (is_complete, _literal(JobStatus.COMPLETE)),\n",
        "            (jobs.c.status == _literal(JobStatus.PAUSED), jobs.c.status),\n"
        "            (is_complete, _literal(JobStatus.COMPLETE)),\n",
        LIFECYCLE,
    ),
    Mutant(
        "a lease that ended is not taken off the job",
        STATEMENTS,
        'in_flight = jobs.c.in_flight - bindparam("returned")',
        'in_flight = jobs.c.in_flight - bindparam("returned") * _ZERO',
        LEASES,
    ),
    Mutant(
        "a takeover does not count the lease",
        STATEMENTS,
        "in_flight=jobs.c.in_flight + int(was_released)",
        "in_flight=jobs.c.in_flight",
        LEASES + LIFECYCLE,
    ),
    Mutant(
        "SQLite begins deferred",
        "app/db/engines.py",
        'partial(connection.exec_driver_sql, "BEGIN IMMEDIATE")',
        'partial(connection.exec_driver_sql, "BEGIN")',
        ("tests/enrichment/queue/test_processes.py",),
    ),
    Mutant(
        "a lost call is repeated and not held",
        "app/enrichment/waterfall/loading.py",
        "        elif provider is not None and provider.capabilities.repeat_is_free:\n",
        "        elif provider is not None:\n",
        ("tests/enrichment/waterfall/test_in_doubt.py",),
    ),
    Mutant(
        "no intent is looked for after a crash",
        "app/enrichment/waterfall/loading.py",
        "left = in_flight.of_chunk(job.id, self.lease.position)",
        "left: dict[str, Any] = {}",
        ("tests/enrichment/waterfall/test_in_doubt.py",),
    ),
    Mutant(
        "a write whose answer was lost is made twice",
        STATEMENTS,
        '        progress.c.write_count == bindparam("the_count"),\n',
        "",
        LEASES,
    ),
    Mutant(
        "a lease is looked at by the worker's clock",
        STATEMENTS,
        "        progress.c.lease_expires_at > utcnow(),\n",
        "        progress.c.lease_expires_at > bindparam(None, callable_=lambda: __import__('datetime').datetime.now("
        "__import__('datetime').UTC), type_=progress.c.lease_expires_at.type),\n",
        ("tests/faults/test_clocks.py",),
    ),
    Mutant(
        "what was decided is not counted",
        STATEMENTS,
        'success_count=jobs.c.success_count + bindparam("more_success")',
        'success_count=jobs.c.success_count + bindparam("more_success") * _ZERO',
        PROCESS,
    ),
    Mutant(
        "a takeover forgets what is decided",
        "app/enrichment/queue/claims.py",
        "        taken.outcomes,\n",
        "        Outcome.UNTOUCHED * len(taken.outcomes),\n",
        LEASES,
    ),
    Mutant(
        "a release forgets what is decided",
        "app/enrichment/queue/lease.py",
        "[Outcome.UNTOUCHED if mark == Outcome.INTENT else mark for mark in self.outcomes]",
        "[Outcome.UNTOUCHED for mark in self.outcomes]",
        PROCESS,
    ),
    Mutant(
        "a chunk that costs workers is handled like any other",
        "app/enrichment/queue/lease.py",
        "return self.crash_count >= CRASHES_BEFORE_CAUTION",
        "return False",
        LEASES,
    ),
    Mutant(
        "no intent is put on record before a call",
        "app/enrichment/waterfall/in_flight.py",
        '    return insert_missing(session, in_flight_calls, ordered, "request_id")\n',
        '    return {row["request_id"] for row in ordered}\n',
        GATE + IN_DOUBT,
    ),
    Mutant(
        "a question that another job asks is asked once more",
        "app/enrichment/waterfall/in_flight.py",
        '    return insert_missing(session, in_flight_calls, ordered, "request_id")\n',
        '    insert_missing(session, in_flight_calls, ordered, "request_id")\n'
        '    return {row["request_id"] for row in ordered}\n',
        GATE,
    ),
    Mutant(
        "calls start before their intents are committed",
        "app/enrichment/waterfall/saving.py",
        "        admission = store_batch(session, context, joined(batches))\n",
        "        admission = store_batch(session, context, joined(batches))\n"
        "        for part in parts:\n"
        "            part.run.follow(part.batch.calls, admission, 0.0)\n"
        "        admission = Admission({}, {}, {}, {}, frozenset(), None, False)\n",
        (*IN_DOUBT, "tests/faults/test_commits.py", "tests/faults/test_boundaries.py"),
    ),
    Mutant(
        "a call starts behind an erasure's back",
        "app/entities/read.py",
        "    return in_order.with_for_update(read=True, key_share=True)\n",
        "    return in_order\n",
        ("tests/enrichment/waterfall/test_chunk_run.py",),
    ),
    Mutant(
        "a suspect chunk is worked on beside others",
        "app/enrichment/waterfall/work_loop.py",
        "                if lease.crash_count and self._runs and not is_aside:\n",
        "                if False:\n",
        IN_HAND,
    ),
    Mutant(
        "other chunks join a suspect one before it gets on",
        "app/enrichment/waterfall/work_loop.py",
        "        if any(run.is_cautious for run in self._runs):\n",
        "        if False:\n",
        IN_HAND,
    ),
    Mutant(
        "a suspect chunk waits for what waits for it",
        "app/enrichment/waterfall/work_loop.py",
        "        if self._aside is not None and all(run.is_idle for run in self._runs):\n",
        "        if False:\n",
        IN_HAND,
    ),
    Mutant(
        "chunks are closed together though one of them is lost",
        "app/enrichment/queue/rounds.py",
        "        if closed < len(leases):\n",
        "        if False:\n",
        ROUNDS,
    ),
    Mutant(
        "other chunks are taken with a suspect one that costs nothing",
        "app/enrichment/queue/in_hand.py",
        " or first.crash_count or ",
        " or ",
        ROUNDS,
    ),
    Mutant(
        "the call that is to work on one chunk takes several",
        "app/enrichment/queue/worker.py",
        "Budget.start(seconds), seconds, most=1)",
        "Budget.start(seconds), seconds, most=None)",
        IN_HAND,
    ),
    Mutant(
        "a chunk that the limits hold up is given back",
        "app/enrichment/waterfall/chunk_run.py",
        "        if self.shared and self.scheduler.has_time and not self._is_stopped:\n",
        "        if False:\n",
        IN_HAND,
    ),
    Mutant(
        "a chunk that breaks takes the answers of the others with it",
        "app/enrichment/waterfall/work_loop.py",
        "        if self._error is not None and is_unavailable(error):\n",
        "        if True:\n",
        IN_HAND,
    ),
    Mutant(
        "a lost lease's answers are stored with those of others",
        "app/enrichment/waterfall/saving.py",
        "[part.batch for part in parts if part.run.lease in held]",
        "[part.batch for part in parts]",
        IN_HAND,
    ),
    Mutant(
        "what is wrong with one chunk's answers costs the others theirs",
        "app/enrichment/waterfall/saving.py",
        "            return parts\n",
        "            raise\n",
        IN_HAND,
    ),
    Mutant(
        "a lost commit of several chunks is looked for in the first of them alone",
        "app/enrichment/queue/commits.py",
        "    for mark in marks:\n",
        "    for mark in marks[:1]:\n",
        LEASES,
    ),
    Mutant(
        "an earlier answer is not looked at",
        "app/enrichment/waterfall/dedup.py",
        "    return prior.outcome_class in _ANSWERING or not prior.misses.isdisjoint({None, question})\n",
        "    return False\n",
        GATE,
    ),
    Mutant(
        "a call in doubt keeps its own job alone from asking",
        "app/enrichment/waterfall/dedup.py",
        "or_(is_of_job, is_recent)",
        "is_of_job",
        DOUBTS,
    ),
    Mutant(
        "what may be paid is gone past where its provider is left alone",
        "app/enrichment/waterfall/routing.py",
        "        elif may_be_paid or policy is ExhaustionPolicy.HOLD:\n",
        "        elif policy is ExhaustionPolicy.HOLD:\n",
        DOUBTS,
    ),
    Mutant(
        "a bulk call fails once for each of its entities",
        "app/enrichment/waterfall/checkpoint.py",
        "result.call_id or attempt.id",
        "attempt.id",
        DOUBTS,
    ),
    Mutant(
        "a cap's row is read without a lock",
        "app/enrichment/money/caps.py",
        "spending.c.day).with_for_update(key_share=True)",
        "spending.c.day)",
        MONEY,
    ),
    Mutant(
        "what is reserved does not count under a cap",
        "app/enrichment/money/caps.py",
        "self.spent + self.reserved + price <= cap.micros",
        "self.spent + price <= cap.micros",
        MONEY,
    ),
    Mutant(
        "a workspace's cap that is set by hand is overlooked",
        "app/enrichment/money/caps.py",
        "limits.get(workspace, of_each)",
        "of_each",
        STORED_CAPS,
    ),
    Mutant(
        "a provider's cap in a workspace is taken for its cap in all of them",
        "app/enrichment/money/caps.py",
        "CapScope(self.workspace_slug, finder)",
        "CapScope(provider=finder)",
        STORED_CAPS,
    ),
    Mutant(
        "a lost call stays reserved under the cap of the key that made its job",
        "app/enrichment/waterfall/recovery.py",
        ", api_key_id=row.api_key_id",
        "",
        IN_DOUBT,
    ),
    Mutant(
        "a workspace's own key counts as the service's account",
        "app/enrichment/waterfall/workspace_registry.py",
        "account=workspace_slug, ",
        "",
        OWN_KEYS,
    ),
    Mutant(
        "an answer in doubt is booked at nothing",
        "app/enrichment/waterfall/checkpoint.py",
        "max(result.answer.cost_micros, result.attempt.price_micros), True",
        "result.answer.cost_micros, True",
        MONEY,
    ),
    Mutant(
        "a lost call is booked at nothing",
        "app/enrichment/waterfall/checkpoint.py",
        "return in_flight_call.reserved_micros, True",
        "return 0, True",
        IN_DOUBT,
    ),
    Mutant(
        "a call counts for the day on which it ends",
        "app/enrichment/waterfall/checkpoint.py",
        "row.provider, row.reserved_on, row.reserved_micros",
        "row.provider, now.date(), row.reserved_micros",
        MONEY,
    ),
    Mutant(
        "two people have one address verified at once",
        "app/enrichment/waterfall/admission.py",
        '"address": attempt.address',
        '"address": None',
        VERDICTS,
    ),
    Mutant(
        "a verdict that has come meanwhile is not looked for",
        "app/enrichment/waterfall/admission.py",
        "attempt.address in judged or ",
        "",
        VERDICTS,
    ),
    Mutant(
        "an address that was verified again is not in date",
        "app/entities/readiness.py",
        "if verdict is not None and verdict.is_standing:",
        "if False:",
        ("tests/web/test_stale_verdicts.py",),
    ),
    Mutant(
        "a status is written beside another address",
        "app/enrichment/waterfall/results.py",
        '        offered = {**offered, "email": attempt.lookup.fields["email"]}\n',
        "        pass\n",
        ("tests/web/test_stale_verdicts.py",),
    ),
    Mutant(
        "a verdict never expires",
        "app/entities/verdicts.py",
        "return self.expires_at > datetime.now(UTC)",
        "return True",
        VERDICTS,
    ),
    Mutant(
        "an address is dropped where the verifier is down",
        "app/enrichment/waterfall/results.py",
        "is_rejected = status == REJECTED",
        "is_rejected = status in {REJECTED, None}",
        ("tests/enrichment/waterfall/test_entity_run.py",),
    ),
    Mutant(
        "an answer overwrites the value that is there",
        "app/entities/merge.py",
        "is_open = offer_wins or is_blank(old)",
        "is_open = True",
        ("tests/entities/test_merge.py",),
    ),
    Mutant(
        "a cron secret that is not set is compared",
        "app/web/auth.py",
        "secret is not None and hmac.compare_digest(_digest(token), _digest(secret))",
        "hmac.compare_digest(_digest(token), _digest(str(secret)))",
        ("tests/web/test_auth.py", "tests/security/test_credentials.py"),
    ),
    Mutant(
        "an idempotency key stands for any request",
        "app/enrichment/queue/enqueue.py",
        'if row.request_hash != key["request_hash"]:',
        "if False:",
        ("tests/enrichment/queue/test_enqueue.py",),
    ),
    Mutant(
        "a retry takes every entity",
        "app/enrichment/queue/queries.py",
        "if entity_id != ERASED_ID and outcome in wanted:",
        "if entity_id != ERASED_ID:",
        ("tests/enrichment/queue/test_control.py",),
    ),
)

"""The entities of a claimed chunk, and what an earlier worker left on record of them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.db.session import end_read
from app.enrichment.limits import circuit_breaker
from app.enrichment.queue.lease import Failure, Lease
from app.enrichment.queue.work import decide_suspect, is_suspect
from app.enrichment.waterfall import in_flight
from app.enrichment.waterfall.admission import PENDING_RETRY_SECONDS
from app.enrichment.waterfall.batch import JobContext
from app.enrichment.waterfall.entity_run import IN_DOUBT, EntityRun, PriorAnswer
from app.enrichment.waterfall.results import ResultHandler
from app.entities.exclusions import Exclusions
from app.entities.read import load_entities
from app.models.chunk import Outcome
from app.providers.base import Provider

Fields = dict[str, Any]


@dataclass
class Loader:
    """Reads a chunk's entities once, and goes on where an earlier worker was lost."""

    context: JobContext
    lease: Lease
    results: ResultHandler
    providers: Iterable[Provider]
    """All that are registered: also what those have answered counts that the plan has no more."""
    _runs: list[EntityRun] = field(default_factory=list)

    def load(self) -> list[EntityRun]:
        """Return the runs of the entities that are to go on; the others are decided."""
        lease, job = self.lease, self.context.job
        ids = [lease.entity_ids[index] for index in lease.undecided]
        fields = load_entities(job.entity_type, ids, workspace_slug=job.workspace_slug)
        excluded = Exclusions.load_for(job.entity_type, fields.values(), job.workspace_slug)
        prior, left = self._load_paid(ids)
        end_read()
        for index in lease.undecided:
            entity_id = lease.entity_ids[index]
            if entity_id not in fields:
                self._decide_missing(index)
            elif excluded and excluded.excludes(job.entity_type, fields[entity_id]):
                lease.decide(index, Outcome.SKIPPED)
            else:
                run = EntityRun(index, entity_id, fields[entity_id], self.context.plan, prior.get(entity_id, {}))
                self._begin(run, left.pop(entity_id, []))
        self.results.unstored.lost += [call for calls in left.values() for call in calls]
        return self._runs

    def _load_paid(self, ids: Sequence[str]) -> tuple[Mapping[str, dict[str, PriorAnswer]], dict[str, list[Any]]]:
        """Return recent answers and calls left on record, by entity; nothing if the chunk asks nobody who is paid."""
        plan, job = self.context.plan, self.context.job
        if not any(_is_paid(provider) for provider in (*plan.steps, *plan.verifiers)):
            return {}, {}
        prior = self.context.recent.prior(ids, (*self.providers, *plan.verifiers))
        left = in_flight.of_chunk(job.id, self.lease.position)
        self.results.states.replace(circuit_breaker.load_states(self.context.own_accounts))
        return prior, left

    def _begin(self, run: EntityRun, left: Sequence[Any]) -> None:
        run.resume()
        if is_suspect(self.lease, run.index):
            self._give_up_suspect(run, left)
        else:
            self._resume(run, left)

    def _give_up_suspect(self, run: EntityRun, left: Sequence[Any]) -> None:
        """Decide an entity that the last of several workers was lost over: held if it may have been paid for."""
        if any(call.is_pending or call.callback is not None for call in left):
            # To wait for an answer, and to read one that has come and is paid for, costs no worker.
            self._resume(run, left)
            return
        for call in left:
            self._give_up_call(call)
        is_in_doubt = any(prior.is_of_job and prior.outcome_class == IN_DOUBT for prior in run.prior.values())
        if left or run.repeats or is_in_doubt:
            self.lease.decide(run.index, Outcome.HELD)
        else:
            decide_suspect(self.lease, run.index)

    def _give_up_call(self, call: Any) -> None:
        """Take a call off the record; if its provider repeats it for free, whoever asks next gets the answer."""
        provider = self.context.plan.provider(call.provider)
        if provider is not None and provider.capabilities.repeat_is_free:
            self.results.unstored.replaced.append(call)
        else:
            self.results.unstored.lost.append(call)

    def _resume(self, run: EntityRun, left: Sequence[Any]) -> None:
        """Go on with an entity whose earlier worker left calls on record: answered since, pending, or in doubt."""
        if any(call.is_pending and call.callback is None and not call.is_overdue for call in left):
            # The other calls stay on record until that answer has come, or is overdue.
            run.wait_until(time.monotonic() + PENDING_RETRY_SECONDS)
            self._runs.append(run)
            return
        given_up = [call for call in left if not self._take(run, call)]
        if given_up:
            self.results.unstored.lost += given_up
            self.lease.decide(run.index, Outcome.HELD)
        else:
            self._runs.append(run)

    def _take(self, run: EntityRun, call: Any) -> bool:
        """Take in a call that an earlier worker left on record; False if its answer can no longer be had."""
        provider = self.context.plan.provider(call.provider)
        if call.callback is not None or call.is_pending:
            if provider is None:
                # The settings have changed: nobody is left who could read it.
                return False
            self.results.apply_callback(run, call, provider)
        elif self._has_rules(call.provider):
            self.results.unstored.lost.append(call)
            run.use_rules_only()
        elif provider is not None and provider.capabilities.repeat_is_free:
            run.repeat_call(call.provider)
            self.results.unstored.replaced.append(call)
        else:
            return False
        return True

    def _has_rules(self, name: str) -> bool:
        """Return whether a provider's rules can stand in for its call."""
        return any(provider.name == name and provider.capabilities.rules_first for provider in self.providers)

    def _decide_missing(self, index: int) -> None:
        job = self.context.job
        message = f"There is no {job.entity_type} with this id in workspace {job.workspace_slug}."
        self.lease.decide(index, Outcome.ERROR, Failure("entity_not_found", message))


def _is_paid(provider: Provider) -> bool:
    """Return whether calls of a provider may be paid. One with rules pays nobody without a model."""
    if not provider.capabilities.rules_first:
        return True
    return provider.why_unusable() is None and not provider.capabilities.repeat_is_free

"""Whom a job asks, in order, as things are set; and why it has to wait where that is nobody."""

from typing import Final

from app.config import Config
from app.enrichment.queue.leases import JobInfo
from app.enrichment.waterfall.entity_run import Plan
from app.providers.registry import NORMALIZER, WATERFALL, Registry

UNUSABLE_SECONDS: Final = 900.0
"""How long a job waits whose provider cannot be used as things are set, before it is looked at again."""


class JobMustWait(Exception):
    """The job cannot go on for now: it is paused with this reason, for `seconds`; None: until somebody resumes it."""

    def __init__(self, reason: str, seconds: float | None, *, only_if_idle: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.only_if_idle = only_if_idle
        """Whether other chunks of the job can go on, so that it is paused only where there are none."""


def make_plan(job: JobInfo, registry: Registry, settings: Config) -> Plan:
    """Return whom a job asks, in order, of those that can be used as things are set.

    Raises `JobMustWait` where that is nobody.
    """
    normalizer = registry.usable(NORMALIZER, job.entity_type) if NORMALIZER in registry.providers else None
    if job.provider != WATERFALL:
        reason = registry.why_unusable(job.provider, job.entity_type)
        if reason is not None:
            raise JobMustWait(reason, UNUSABLE_SECONDS)
        is_normalizer = job.provider == NORMALIZER
        return Plan((registry.providers[job.provider],), normalizer=None if is_normalizer else normalizer)
    options = job.options or {}
    is_person = job.entity_type == "person"
    order = options.get("order") or (
        settings.ENRICH_PERSON_WATERFALL if is_person else settings.ENRICH_COMPANY_WATERFALL
    )
    steps = tuple(filter(None, (registry.usable(name, job.entity_type) for name in order)))
    if not steps:
        reasons = " ".join(str(registry.why_unusable(name, job.entity_type)) for name in order)
        raise JobMustWait(f"No provider of the waterfall can be used. {reasons}", UNUSABLE_SECONDS)
    verifier = registry.usable_verifier(options.get("verifier", settings.ENRICH_VERIFIER)) if is_person else None
    until = options.get("until") or (settings.ENRICH_PERSON_UNTIL if is_person else settings.ENRICH_COMPANY_UNTIL)
    return Plan(steps, tuple(until), verifier, normalizer)

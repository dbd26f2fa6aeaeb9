"""The provider order of a job under the current settings, or why it must wait."""

from typing import Any, Final

from app.config import Config, config
from app.enrichment.queue.lease import JobInfo
from app.enrichment.queue.work import JobMustWait
from app.enrichment.waterfall.entity_run import Plan
from app.enrichment.waterfall.options import JobOptions
from app.errors import ProviderNotAvailable, detail
from app.providers.registry import NORMALIZER, WATERFALL, Registry, current_registry

UNUSABLE_SECONDS: Final = 900.0
"""How long a job waits if its provider is not configured, before it is looked at again."""


def make_plan(job: JobInfo, registry: Registry, settings: Config) -> Plan:
    """Return the providers that a job asks, in order, of those that are configured.

    Raises `JobMustWait` if there is none.
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


def job_columns(entity_type: str, provider: str, options: JobOptions) -> dict[str, Any]:
    """Return what the queue is to store of a job's options, as arguments of `accept_job`.

    Raises `Invalid` for options that cannot be followed, and `ProviderNotAvailable`, which says what to set.
    """
    checked = options.checked(entity_type, provider)
    insist_on_provider(entity_type, provider, checked)
    return checked.columns(config())


def insist_on_provider(entity_type: str, provider: str, options: JobOptions) -> None:
    """Raise `ProviderNotAvailable`, which says what to set, if no provider of a job is configured."""
    registry = current_registry()
    try:
        make_plan(JobInfo("", entity_type, provider, "", options.stored()), registry, config())
    except JobMustWait as exc:
        raise ProviderNotAvailable(str(exc), details=[detail("provider", str(exc))]) from None

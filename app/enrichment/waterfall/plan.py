"""The provider order of a job under the current settings, or why it must wait."""

from collections.abc import Mapping
from typing import Any, Final

from app.config import Config, config
from app.enrichment.queue.in_hand import JobMustWait
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall.entity_run import Plan
from app.enrichment.waterfall.options import JobOptions
from app.enrichment.waterfall.workspace_registry import workspace_registry
from app.errors import ProviderNotAvailable, detail
from app.providers.base import Provider
from app.providers.names import WATERFALL
from app.providers.registry import Registry

UNUSABLE_SECONDS: Final = 900.0
"""How long a job waits if its provider is not configured, before it is looked at again."""


def make_plan(job: JobInfo, registry: Registry, settings: Config) -> Plan:
    """Return the providers that a job asks, in order, of those that are configured.

    Raises `JobMustWait` if there is none.
    """
    normalizer = registry.usable_normalizer(job.entity_type)
    if job.provider == WATERFALL:
        return _waterfall(job, registry, settings, normalizer)
    reason = registry.why_unusable(job.provider, job.entity_type)
    if reason is not None:
        raise JobMustWait(reason, UNUSABLE_SECONDS)
    provider = registry.named(job.provider)
    assert provider is not None
    derives_nothing = provider.capabilities.owns_fields or provider.capabilities.verifies
    return Plan((provider,), normalizer=None if derives_nothing else normalizer)


def _waterfall(job: JobInfo, registry: Registry, settings: Config, normalizer: Provider | None) -> Plan:
    options = job.options or {}
    if job.entity_type == "person":
        default_order = settings.ENRICH_PERSON_WATERFALL
        verifier = registry.usable_verifier(options.get("verifier", settings.ENRICH_VERIFIER))
    else:
        default_order = settings.ENRICH_COMPANY_WATERFALL
        verifier = None
    order = options.get("order") or default_order
    steps = tuple(filter(None, (registry.usable(name, job.entity_type) for name in order)))
    if not steps:
        reasons = " ".join(str(registry.why_unusable(name, job.entity_type)) for name in order)
        raise JobMustWait(f"No provider of the waterfall can be used. {reasons}", UNUSABLE_SECONDS)
    return Plan(steps, wanted_fields(job.entity_type, options, settings), verifier, normalizer)


def wanted_fields(entity_type: str, options: Mapping[str, Any] | None, settings: Config) -> tuple[str, ...]:
    """Return the fields that end the walks of a waterfall once all of them have a value."""
    default = settings.ENRICH_PERSON_UNTIL if entity_type == "person" else settings.ENRICH_COMPANY_UNTIL
    return tuple((options or {}).get("until") or default)


def job_columns(entity_type: str, provider: str, options: JobOptions, workspace_slug: str) -> dict[str, Any]:
    """Return what the queue is to store of a job's options, as arguments of `accept_job`.

    Raises `Invalid` for options that cannot be followed, and `ProviderNotAvailable`, which says what to set.
    """
    checked = options.checked(entity_type, provider)
    insist_on_provider(entity_type, provider, checked, workspace_slug)
    return checked.columns(config())


def insist_on_provider(entity_type: str, provider: str, options: JobOptions, workspace_slug: str) -> None:
    """Raise `ProviderNotAvailable`, which says what to set, if no provider of a job is configured."""
    registry = workspace_registry(workspace_slug)
    try:
        make_plan(JobInfo("", entity_type, provider, workspace_slug, options.stored()), registry, config())
    except JobMustWait as exc:
        raise ProviderNotAvailable(str(exc), details=[detail("provider", str(exc))]) from None

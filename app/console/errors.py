"""What failed in a job, by kind: which code, by which provider's answer, and how many."""

from collections import Counter
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.forms import given
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.money import reports
from app.enrichment.queue import RetryFilter
from app.enrichment.queue.failures import ErrorKind
from app.errors import Invalid
from app.models.job import ENDED
from app.values.identifiers import is_slug
from app.web.api_keys import Scope
from app.web.auth import visible_workspace

ROWS: Final = 100


@blueprint.get("/console/jobs/<uuid:job_id>/errors")
@require(Scope.READ)
def errors(job_id: UUID) -> Response:
    """Show how many errors there are of each kind, and list those of the kind in the address, oldest first."""
    workspace, chosen = visible_workspace(), chosen_kind()
    job = queue.get_job(str(job_id), workspace_slug=workspace)
    summary = queue.summarize_errors(job.id, workspace_slug=workspace)
    rows = queue.list_errors(
        job.id,
        workspace_slug=workspace,
        code=chosen.code,
        provider=chosen.provider,
        cursor=given("cursor"),
        limit=ROWS,
    )
    values: dict[str, Any] = {
        "job": job,
        "errors": rows.rows,
        "next_cursor": rows.next_cursor,
        "chosen": chosen,
        "kinds": summary.kinds,
        "matching": sum(kind.count for kind in summary.kinds if _is_of(kind, chosen)),
        "codes": _counts(summary.kinds, "code"),
        "providers": _counts(summary.kinds, "provider"),
        "in_doubt_micros": sum(row.in_doubt_micros for row in reports.job_costs(job.id)),
        "is_ended": job.status in ENDED,
    }
    end_read()
    return page("errors.html", **values)


def chosen_kind() -> RetryFilter:
    """Return the kind of errors that the address names. Raises `Invalid`."""
    code, provider = given("code"), given("provider")
    if not all(map(is_slug, filter(None, (code, provider)))):
        raise Invalid("The filter is not valid: expected a code and a provider as the list of errors has them.")
    return RetryFilter(code, provider, request.args.get("held") == "true")


def _is_of(kind: ErrorKind, chosen: RetryFilter) -> bool:
    return chosen.code in {None, kind.code} and chosen.provider in {None, kind.provider}


def _counts(kinds: list[ErrorKind], name: str) -> list[tuple[str, int]]:
    """Return how many errors there are by code or by provider, the most frequent first."""
    counts: Counter[str] = Counter()
    for kind in kinds:
        counts[getattr(kind, name)] += kind.count
    return [(value, count) for value, count in counts.most_common() if value]

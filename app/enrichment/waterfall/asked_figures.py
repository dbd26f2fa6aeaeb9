"""Figures as requests ask for them: of a few entities at once, of many what a drain has worked out.

Until it has, they are those of the first few, and say so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from app.db.failures import is_unavailable
from app.enrichment.money.yields import YieldReport, make_report
from app.enrichment.queue.queries import get_job
from app.enrichment.waterfall import kept_figures
from app.enrichment.waterfall.kept_figures import Question
from app.enrichment.waterfall.list_yields import list_yield
from app.enrichment.waterfall.what_if import WhatIf, what_if, what_if_of_list, what_if_of_workspace
from app.entities.lists import find_list
from app.entities.read import has_more_than
from app.errors import Invalid, NotFound, describe_bug
from app.models.kept_figures import FiguresKind
from app.values.entity_types import EntityType

log = structlog.get_logger(__name__)

MEMBERS_AT_ONCE: Final = 50
"""Members of a list whose attempts a request reads, some 0.2 ms each."""
WALKS_AT_ONCE: Final = 30
"""Entities that a request lets walk, some 0.4 ms each."""

Told = YieldReport | WhatIf

_WORK: Final[Mapping[FiguresKind, Callable[..., Told]]] = {
    FiguresKind.LIST_YIELD: list_yield,
    FiguresKind.JOB_WHAT_IF: what_if,
    FiguresKind.LIST_WHAT_IF: what_if_of_list,
    FiguresKind.WORKSPACE_WHAT_IF: what_if_of_workspace,
}
_COUNTS: Final[Mapping[type[Told], Sequence[str]]] = {
    YieldReport: ("entities",),
    WhatIf: (
        *("order", "until", "entities", "found", "unknown", "unknown_by_provider"),
        *("cost_micros", "most_micros"),
    ),
}
"""What is kept of figures beside the counters of each provider."""


def asked_yield(reference: str, *, workspace_slug: str) -> YieldReport:
    """Return what `list_yield` does or, of a longer list, what is kept of it. Raises `FiguresFailed` too."""
    view = find_list(reference, workspace_slug=workspace_slug)
    question = Question(FiguresKind.LIST_YIELD, workspace_slug, {"reference": view.id})
    report: YieldReport = _answer(question, MEMBERS_AT_ONCE, is_of_many=view.entity_count > MEMBERS_AT_ONCE)
    return report


def asked_what_if(job_id: str, *, workspace_slug: str | None = None, shows_first: bool = True, **terms: Any) -> WhatIf:
    """Return what `what_if` does or, of a longer job, what is kept of it. Raises `FiguresFailed` too.

    With nothing kept yet it is of the first `WALKS_AT_ONCE` entities or, without `shows_first`, of none.
    """
    view = get_job(job_id, workspace_slug=workspace_slug)
    question = Question(FiguresKind.JOB_WHAT_IF, view.workspace_slug, {"job_id": view.id, **terms})
    return _replay(question, is_of_many=view.total > WALKS_AT_ONCE, shows_first=shows_first)


def asked_what_if_of_list(reference: str, *, workspace_slug: str, shows_first: bool = True, **terms: Any) -> WhatIf:
    """Return what `what_if_of_list` does or, of a longer list, what is kept of it, as `asked_what_if` does."""
    view = find_list(reference, workspace_slug=workspace_slug)
    question = Question(FiguresKind.LIST_WHAT_IF, workspace_slug, {"reference": view.id, **terms})
    return _replay(question, is_of_many=view.entity_count > WALKS_AT_ONCE, shows_first=shows_first)


def asked_what_if_of_workspace(entity_type: EntityType, *, workspace_slug: str, **terms: Any) -> WhatIf:
    """Return what `what_if_of_workspace` does or, of a larger one, what is kept, as `asked_what_if` does."""
    question = Question(FiguresKind.WORKSPACE_WHAT_IF, workspace_slug, {"entity_type": entity_type, **terms})
    return _replay(question, is_of_many=has_more_than(WALKS_AT_ONCE, entity_type, workspace_slug=workspace_slug))


def work_on_figures(workspace_slug: str | None = None) -> bool:
    """Work out what has been asked for longest, of a workspace or of all; return whether there was anything.

    What breaks that is not raised; that the database is away is.
    """
    held = kept_figures.claim(workspace_slug)
    if held is None:
        return False
    try:
        kept_figures.store(held, _kept_of(_work_out(held.question)))
    except (Invalid, NotFound):
        # Its list or job has gone, or its providers.
        kept_figures.drop(held)
    except Exception as exc:
        if is_unavailable(exc):
            raise
        log.warning("figures failed", kind=held.question.kind, error_type=type(exc).__name__)
        kept_figures.fail(held, describe_bug(exc))
    return True


def _replay(question: Question, *, is_of_many: bool, shows_first: bool = True) -> WhatIf:
    told: WhatIf = _answer(question, WALKS_AT_ONCE if shows_first else 0, is_of_many=is_of_many)
    return told


def _answer(question: Question, at_once: int, *, is_of_many: bool) -> Any:
    """Return the figures of all if they are few, else what is kept, else those of the first few."""
    if not is_of_many:
        return _work_out(question)
    # Says what cannot be asked before it is put down.
    of_nobody = _work_out(question, most=0)
    kept = kept_figures.look_up(question)
    if kept.answer is None:
        return replace(_work_out(question, most=at_once), is_pending=kept.is_pending)
    return replace(_with_answer(of_nobody, kept.answer), as_of=kept.as_of, is_pending=kept.is_pending)


def _work_out(question: Question, *, most: int | None = None) -> Told:
    return _WORK[question.kind](**question.terms, workspace_slug=question.workspace_slug, most=most)


def _kept_of(told: Told) -> dict[str, Any]:
    report = told if isinstance(told, YieldReport) else told.report
    counts = {name: getattr(told, name) for name in _COUNTS[type(told)]}
    return {"counts": counts, "counters": report.counters}


def _with_answer(told: Told, answer: Mapping[str, Any]) -> Told:
    counters = {(provider, step): counted for provider, step, counted in answer["counters"]}
    report = make_report(counters)
    if isinstance(told, YieldReport):
        return replace(told, rows=report.rows, total=report.total, **answer["counts"])
    return replace(told, report=report, **answer["counts"])

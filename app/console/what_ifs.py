"""What a waterfall would have found in another order, beside what it did find: of a job, or of a list."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from app.console.access import require
from app.console.blueprint import blueprint, is_live, live, page
from app.console.driver import nobody_drives
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.waterfall.asked_figures import asked_what_if, asked_what_if_of_list
from app.enrichment.waterfall.what_if import MOST_ENTITIES, WhatIf, what_if, what_if_of_list
from app.entities.lists import get_list
from app.errors import Invalid, ProviderNotAvailable
from app.providers.names import NAMES
from app.web.api_keys import Scope
from app.web.auth import visible_workspace

WALKS: Final = 50
"""Entities that walk at once, twice, some 0.3 ms each."""


_Replay = Callable[..., WhatIf]


@dataclass(frozen=True, slots=True)
class _Both:
    """The order that was, and another one."""

    was: WhatIf
    other: WhatIf

    @property
    def is_pending(self) -> bool:
        """Whether newer figures, or those of more entities, are being worked out."""
        return self.was.is_pending or self.other.is_pending

    @property
    def is_comparable(self) -> bool:
        """Whether both are kept, or neither."""
        return (self.was.as_of is None) == (self.other.as_of is None)


@blueprint.get("/console/jobs/<uuid:job_id>/what-if")
@require(Scope.READ)
def what_if_of_job(job_id: UUID) -> Response:
    """Ask for an order, and show what a job would have found in it, for how much, and what is unknown."""
    job = queue.get_job(str(job_id), workspace_slug=visible_workspace())
    return _page(partial(asked_what_if, job.id), partial(what_if, job.id), visible_workspace(), job=job)


@blueprint.get("/console/lists/<uuid:list_id>/what-if")
@require(Scope.READ)
def what_if_of_members(list_id: UUID) -> Response:
    """Show the same of the first members of a list, whatever jobs asked."""
    view = get_list(str(list_id), workspace_slug=visible_workspace())
    asked, few = partial(asked_what_if_of_list, view.id), partial(what_if_of_list, view.id)
    return _page(asked, few, view.workspace_slug, list=view)


def _page(asked: _Replay, few: _Replay, workspace: str | None, **about: Any) -> Response:
    order = [name for name in request.args.getlist("order") if name]
    both, problem = None, None
    try:
        both = _replay_both(asked, few, workspace, order) if order else None
    except (Invalid, ProviderNotAvailable) as error:
        problem = error.message
    values = {"job": None, "list": None, **about, "both": both, "problem": problem, "order": order, "providers": NAMES}
    values |= {"most_entities": MOST_ENTITIES, "is_undriven": both is not None and both.is_pending and nobody_drives()}
    end_read()
    if is_live():
        return live("what_if_live.html", **values)
    return page("what_if.html", status=200 if problem is None else 422, **values)


def _replay_both(asked: _Replay, few: _Replay, workspace: str | None, order: list[str]) -> _Both:
    """Return both orders over the same entities: over many if both are kept, else over the first few."""
    is_asked = {"workspace_slug": workspace, "at_once": WALKS}
    both = _Both(asked(**is_asked), asked(**is_asked, order=order))
    if both.is_comparable:
        return both
    is_few = {"workspace_slug": workspace, "most": WALKS}
    was, other = few(**is_few), few(**is_few, order=order)
    return _Both(replace(was, is_pending=True), replace(other, is_pending=True))

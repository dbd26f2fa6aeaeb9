"""What a waterfall would have found in another order, beside what it did find: of a job, or of a list."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response, request

from app.console.access import require
from app.console.blueprint import blueprint, page_or_part
from app.console.driver import nobody_drives
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.waterfall.asked_figures import asked_what_if, asked_what_if_of_list
from app.enrichment.waterfall.what_if import MOST_ENTITIES, WhatIf
from app.entities.lists import get_list
from app.errors import Invalid, ProviderNotAvailable
from app.providers.names import NAMES
from app.web.api_keys import Scope
from app.web.auth import visible_workspace


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
    def is_there(self) -> bool:
        """Whether neither has to be waited for, new or old."""
        return all(told.as_of is not None or not told.is_pending for told in (self.was, self.other))


@blueprint.get("/console/jobs/<uuid:job_id>/what-if")
@require(Scope.READ)
def what_if_of_job(job_id: UUID) -> Response:
    """Ask for an order, and show what a job would have found in it, for how much, and what is unknown."""
    job = queue.get_job(str(job_id), workspace_slug=visible_workspace())
    return _page(partial(asked_what_if, job.id, workspace_slug=visible_workspace()), job=job)


@blueprint.get("/console/lists/<uuid:list_id>/what-if")
@require(Scope.READ)
def what_if_of_members(list_id: UUID) -> Response:
    """Show the same of the first members of a list, whatever jobs asked."""
    view = get_list(str(list_id), workspace_slug=visible_workspace())
    return _page(partial(asked_what_if_of_list, view.id, workspace_slug=view.workspace_slug), list=view)


def _page(replay: Callable[..., WhatIf], **about: Any) -> Response:
    order = [*filter(None, request.args.getlist("order"))]
    both, problem = None, None
    try:
        both = _Both(replay(shows_first=False), replay(shows_first=False, order=order)) if order else None
    except (Invalid, ProviderNotAvailable) as error:
        problem = error.message
    values = {"job": None, "list": None, **about, "both": both, "problem": problem, "order": order, "providers": NAMES}
    values |= {"most_entities": MOST_ENTITIES, "is_undriven": both is not None and both.is_pending and nobody_drives()}
    end_read()
    return page_or_part("what_if", status=200 if problem is None else 422, **values)

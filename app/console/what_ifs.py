"""What a waterfall would have found in another order, beside what it did find: of a job, or of a list."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.waterfall.what_if import WhatIf, what_if, what_if_of_list
from app.entities.lists import get_list
from app.errors import Invalid, ProviderNotAvailable
from app.providers.names import NAMES
from app.web.api_keys import Scope
from app.web.auth import visible_workspace

WALKS: Final = 1000
"""Entities that walk, some 0.3 ms each. The command has more walk."""


@dataclass(frozen=True, slots=True)
class _Both:
    """The order that was, and another one."""

    was: WhatIf
    other: WhatIf


@blueprint.get("/console/jobs/<uuid:job_id>/what-if")
@require(Scope.READ)
def what_if_of_job(job_id: UUID) -> Response:
    """Ask for an order, and show what a job would have found in it, for how much, and what is unknown."""
    job = queue.get_job(str(job_id), workspace_slug=visible_workspace())
    return _page(partial(what_if, job.id, workspace_slug=visible_workspace(), most=WALKS), job=job)


@blueprint.get("/console/lists/<uuid:list_id>/what-if")
@require(Scope.READ)
def what_if_of_members(list_id: UUID) -> Response:
    """Show the same of the first members of a list, whatever jobs asked."""
    view = get_list(str(list_id), workspace_slug=visible_workspace())
    return _page(partial(what_if_of_list, view.id, workspace_slug=view.workspace_slug, most=WALKS), list=view)


def _page(replay: Callable[..., WhatIf], **about: Any) -> Response:
    order = [name for name in request.args.getlist("order") if name]
    both, problem = None, None
    try:
        both = _Both(replay(), replay(order=order)) if order else None
    except (Invalid, ProviderNotAvailable) as error:
        problem = error.message
    end_read()
    status = 200 if problem is None else 422
    values = {"job": None, "list": None, **about, "both": both, "problem": problem, "order": order, "providers": NAMES}
    return page("what_if.html", status=status, **values)

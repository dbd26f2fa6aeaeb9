"""A new job: which entities, through which provider, at what price and under which cap. It needs the last two.

It may be a pilot: a sample of them, whose page (`pilots`) says what the rest is worth.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.caps import read_dollars, read_stop_rule, upper_end
from app.console.cursors import asked_cursor, sealed
from app.console.forms import DEARER, asked, is_dearer
from app.console.lists import LOOKS_AT, OFFERED, asked_type
from app.console.workspaces import chosen_workspace
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.waterfall.estimates import Estimate, estimate
from app.enrichment.waterfall.options import MAX_SAMPLE, JobOptions, Sample
from app.enrichment.waterfall.pilots import enqueue_pilot
from app.enrichment.waterfall.plan import job_columns
from app.entities.fields import RAW_FIELDS
from app.entities.lists import ListView, find_list, list_lists
from app.entities.read import select_ids
from app.entities.readiness import insist_on_people
from app.entities.selections import Selected, Selecting
from app.errors import EmptyJob, Invalid, ListNotFound
from app.models.types import parse_id
from app.providers.names import JOB_NAMES, NAMES, VERIFIERS, WATERFALL
from app.values.entity_types import ENTITY_TYPES, PLURALS
from app.web.api_keys import Scope
from app.web.auth import visible_workspace

MOST_SURVEYED: Final = 60
"""Entities that the price is worked out from: fewer than over HTTP, since the page takes longer than JSON."""
PILOT: Final = 50
"""Entities of a pilot, unless somebody says otherwise."""
MOST: Final = 20_000
"""Entities of a job that is made here: all of their ids are read for it. The command line takes any number."""
LOOKS_EACH: Final = 20
"""How many are looked at for each that a job may be of, when those who are searched for are put into it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The entities that a form selects, and the provider that is to be asked."""

    entity_type: str
    missing: str | None
    is_stale: bool
    """Whether it is about addresses that were verified too long ago."""
    list_id: str | None
    limit: int
    provider: str
    workspace: str
    cursor: str | None
    """The id after which those without a value are looked for."""

    @classmethod
    def of_request(cls) -> "Selection":
        """Read the address or the form; what cannot be is the default, which the page shows."""
        values = request.values
        entity_type = asked_type()
        limit = values.get("limit", "")
        return cls(
            entity_type,
            asked("missing", RAW_FIELDS[entity_type], None),
            values.get("stale") == "yes",
            parse_id(values.get("list", "")),
            min(int(limit), MOST) if re.fullmatch(r"[1-9][0-9]{0,6}", limit) else MOST,
            asked("provider", JOB_NAMES, WATERFALL),
            chosen_workspace(),
            asked_cursor(),
        )

    @property
    def looks_at(self) -> int:
        """Among how many a job looks for its entities: never fewer than its page does."""
        return max(LOOKS_AT, LOOKS_EACH * self.limit)

    def some(self) -> Selected:
        """Return some of the entities, how many they are at most, and where to go on if not all were searched for.

        Raises `ListNotFound`, and `Invalid` for what does not go together.
        """
        selecting = self._selecting()
        if not selecting.is_searched:
            return selecting.some(MOST_SURVEYED, within=self.limit)
        limit = min(self.limit, selecting.found_at_a_time)
        found = selecting.search(limit=limit, looks_at=LOOKS_AT, cursor=self.cursor)
        if not found.ids or found.next_cursor is None or found.total == self.limit:
            return found
        return replace(found, total=selecting.count_all(within=self.limit), is_at_most=True)

    def all_ids(self, some: Selected) -> list[str]:
        """Return the ids of all of the entities, of which `some` are some."""
        selecting = self._selecting()
        if selecting.is_searched and some.is_at_most:
            return selecting.search(limit=some.total, looks_at=self.looks_at, cursor=self.cursor).ids
        if selecting.is_searched:
            return some.ids
        about: dict[str, Any] = {"workspace_slug": self.workspace, "list_id": selecting.list_id}
        return list(islice(select_ids(self.entity_type, **about, all_=self.list_id is None), self.limit))

    def _selecting(self) -> Selecting:
        if self.is_stale:
            self._check_stale()
        chosen: ListView | None = None
        if self.list_id is not None:
            chosen = find_list(self.list_id, workspace_slug=self.workspace, entity_type=self.entity_type)
        return Selecting(self.entity_type, self.workspace, chosen, self.missing, self.is_stale)

    def _check_stale(self) -> None:
        if self.provider not in VERIFIERS or self.missing is not None:
            raise Invalid(f"To verify addresses again, choose {' or '.join(VERIFIERS)}, and no field that is missing.")
        insist_on_people(self.entity_type)

    def estimate(self, some: Selected, cap_usd: Decimal | None = None) -> Estimate:
        """Return what a job of them would cost. Raises what `estimates.estimate` does."""
        return estimate(
            self.entity_type,
            self.provider,
            some.ids,
            workspace_slug=self.workspace,
            options=JobOptions(cap_usd=cap_usd),
            shows_overall=visible_workspace() is None,
            most=MOST_SURVEYED,
            of_total=some.total,
        )


@blueprint.get("/console/new")
@require(Scope.WRITE)
def new_job() -> Response:
    """Show the form and, once somebody is selected, what it would cost."""
    selection = Selection.of_request()
    return _form(selection) if "type" in request.args else _page(selection)


@blueprint.post("/console/new")
@require(Scope.WRITE)
def make_job() -> Response | WerkzeugResponse:
    """Make the job, or a pilot, if it costs no more than was shown, under the cap that was given."""
    selection = Selection.of_request()
    cap_usd = read_dollars(request.form.get("cap", ""))
    if cap_usd is None:
        return _form(selection, "Give a cap in dollars, such as 2.50: the most that this job may spend.", status=422)
    try:
        options = JobOptions(cap_usd=cap_usd, stop_when=read_stop_rule(request.form))
        sample = _read_sample()
    except Invalid as error:
        return _form(selection, error.message, status=422)
    some = selection.some()
    price = selection.estimate(some, cap_usd)
    if is_dearer(price.high_micros):
        return _form(selection, DEARER, status=409)
    job_id = _enqueue(selection, selection.all_ids(some), options, sample)
    return redirect(url_for("console.job", job_id=job_id), 303)


def _read_sample() -> Sample | None:
    """Return the sample that is asked for; None: all are. Raises `Invalid`."""
    if request.form.get("only") != "pilot":
        return None
    size = request.form.get("pilot", "")
    if re.fullmatch(r"[1-9][0-9]{0,3}", size) is None or int(size) > MAX_SAMPLE:
        raise Invalid(f"Give a size from 1 to {MAX_SAMPLE:,} for the pilot.")
    return Sample(int(size))


def _enqueue(selection: Selection, ids: Sequence[str], options: JobOptions, sample: Sample | None) -> str:
    """Make the job, once for each form that was shown, and return its id."""
    entity_type, provider, workspace = selection.entity_type, selection.provider, selection.workspace
    key = request.form.get("key", "")
    once = key if re.fullmatch(r"console-[\w-]{22}", key) else None
    about: dict[str, Any] = {
        "workspace_slug": workspace,
        "idempotency_key": once,
        "list_id": selection.list_id,
        "is_selection": True,
    }
    if sample is not None:
        return enqueue_pilot(entity_type, provider, ids, sample, options=options, **about).job_id
    columns = job_columns(entity_type, provider, options, workspace)
    return queue.accept_job(entity_type, provider, ids, **about, **columns).job_id


def _form(selection: Selection, problem: str | None = None, *, status: int = 200) -> Response:
    """Show the form with an estimate, or why there is none."""
    further, is_at_most = None, False
    try:
        found = selection.some()
        is_at_most = found.is_at_most
        further = None if is_at_most else found.next_cursor
        price = selection.estimate(found)
    except EmptyJob:
        return _page(selection, _why_nobody(selection, further), status=status, further=further)
    except (Invalid, ListNotFound) as error:
        return _page(selection, error.message, status=status)
    return _page(
        selection,
        problem,
        status=status,
        price=price,
        cap=upper_end(price.high_micros),
        further=further,
        is_at_most=is_at_most,
    )


def _why_nobody(selection: Selection, further: str | None) -> str:
    if further is None:
        return "Nothing matches: there is no such entity in the workspace."
    plural = PLURALS[selection.entity_type]
    if selection.is_stale:
        return f"None of the next {plural} by id has an address whose verification has expired."
    return f"None of the next {LOOKS_AT:,} {plural} by id is missing {selection.missing}."


def _page(
    selection: Selection,
    problem: str | None = None,
    *,
    status: int = 200,
    price: Estimate | None = None,
    cap: str = "",
    further: str | None = None,
    is_at_most: bool = False,
) -> Response:
    lists = list_lists(workspace_slug=selection.workspace, entity_type=selection.entity_type, limit=OFFERED).rows
    end_read()
    values: dict[str, Any] = {
        "selection": selection,
        "problem": problem,
        "price": price,
        "cap": cap,
        "cursor": sealed(selection.cursor),
        "further": sealed(further),
        "is_at_most": is_at_most,
        "key": f"console-{secrets.token_urlsafe(16)}",
        "providers": [WATERFALL, *NAMES, *VERIFIERS],
        "types": ENTITY_TYPES,
        "lists": lists,
        "fields": [*RAW_FIELDS[selection.entity_type]],
        "most": MOST,
        "most_sampled": MAX_SAMPLE,
        "pilot_size": request.form.get("pilot", PILOT),
        "is_long": price is not None and price.total > 2 * PILOT,
        "rule": None,
    }
    return page("new_job.html", status=status, **values)

"""What can be done with a job, by its status. What spends, and what cannot be taken back, is asked about first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.config import config
from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.forms import is_typed
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.money import reports
from app.enrichment.queue import JobView
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.undo import UndoCounts, undo_job
from app.models.job import JobStatus
from app.web.api_keys import Scope
from app.web.auth import visible_workspace


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done with a job."""

    name: str
    label: str
    statuses: frozenset[JobStatus]
    run: Callable[..., JobView]
    """The service function, of the job's id."""
    spends: bool = False
    """Whether calls may follow that cost money."""

    def is_possible(self, job: JobView) -> bool:
        """Return whether the job's status allows it."""
        return JobStatus(job.status) in self.statuses


def of_job(job: JobView) -> list[Action]:
    """Return what can be done with a job as it stands."""
    return [action for action in ACTIONS.values() if action.is_possible(job)]


@blueprint.get("/console/jobs/<uuid:job_id>/<any(pause, resume, cancel):name>")
@require(Scope.WRITE)
def confirm(job_id: UUID, name: str) -> Response:
    """Say what would happen, to how many, and ask."""
    job = queue.get_job(str(job_id), workspace_slug=visible_workspace())
    action = ACTIONS[name]
    values: dict[str, Any] = {
        "job": job,
        "action": action,
        "is_possible": action.is_possible(job),
        "spending": reports.job_cap(job.id, job.workspace_slug, job.cap_micros),
        "caps": reports.daily_caps(job.workspace_slug, shows_overall=visible_workspace() is None),
    }
    end_read()
    return page("confirm.html", **values)


@blueprint.post("/console/jobs/<uuid:job_id>/<any(pause, resume, cancel):name>")
@require(Scope.WRITE)
def act(job_id: UUID, name: str) -> WerkzeugResponse:
    """Do it, and lead to the job."""
    changed = ACTIONS[name].run(str(job_id), workspace_slug=visible_workspace())
    return redirect(url_for("console.job", job_id=changed.id), 303)


@blueprint.get("/console/jobs/<uuid:job_id>/undo")
@require(Scope.WRITE)
def confirm_undo(job_id: UUID) -> Response:
    """Say what an undo does, and ask for its word."""
    return _undo_page(job_id)


@blueprint.post("/console/jobs/<uuid:job_id>/undo")
@require(Scope.WRITE)
def undo(job_id: UUID) -> Response:
    """Put back what a job wrote, if the word was typed, and say what came of it."""
    if not is_typed("undo"):
        return _undo_page(job_id, status=422, problem="Nothing was undone: the confirmation word was not typed.")
    return _undo_page(job_id, counts=undo_job(str(job_id), workspace_slug=visible_workspace()))


def _undo_page(
    job_id: UUID, *, status: int = 200, problem: str | None = None, counts: UndoCounts | None = None
) -> Response:
    job = queue.get_job(str(job_id), workspace_slug=visible_workspace())
    end_read()
    return page("undo.html", status=status, job=job, problem=problem, counts=counts)


@blueprint.get("/console/process")
@require(Scope.PROCESS)
def confirm_process() -> Response:
    """Say what a call by hand does, and ask."""
    job = _job_asked_for()
    workspace = visible_workspace()
    values: dict[str, Any] = {
        "job": job,
        "seconds": config().ENRICH_TIME_BUDGET,
        "spending": reports.job_cap(job.id, job.workspace_slug, job.cap_micros) if job else None,
        "caps": reports.daily_caps(workspace, shows_overall=workspace is None),
    }
    end_read()
    return page("process.html", result=None, is_done=False, **values)


@blueprint.post("/console/process")
@require(Scope.PROCESS)
def process() -> Response:
    """Work on one chunk, of one job or of the oldest that has work, and say what came of it."""
    job = _job_asked_for()
    job_id = job.id if job else None
    result = queue.process_next_chunk(work=Waterfall(), job_id=job_id, workspace_slug=visible_workspace())
    end_read()
    return page("process.html", result=result, is_done=True, job=job)


def _job_asked_for() -> JobView | None:
    job_id = request.values.get("job")
    return queue.get_job(job_id, workspace_slug=visible_workspace()) if job_id else None


_ACTIVE: Final = frozenset({JobStatus.PENDING, JobStatus.RUNNING})
ACTIONS: Final[Mapping[str, Action]] = {
    "pause": Action("pause", "Pause", _ACTIVE, queue.pause),
    "resume": Action("resume", "Resume", frozenset({JobStatus.PAUSED}), queue.resume, spends=True),
    "cancel": Action("cancel", "Cancel", _ACTIVE | {JobStatus.PAUSED}, queue.cancel),
}

"""Numbers, times and statuses in the words of a page."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint
from jinja2 import pass_context

from app.config import is_installed
from app.console.charts import funnel, parts, share
from app.console.outlines import shown_id, shown_text
from app.enrichment.money.reports import dollars
from app.enrichment.queue import JobView
from app.enrichment.queue.transitions import PAUSED_BY_HAND
from app.errors import AppError
from app.models.job import JobStatus
from app.values.entity_types import PLURALS

_SENTENCES: Final = {
    JobStatus.PENDING: "Waiting for a worker.",
    JobStatus.RUNNING: "Running.",
    JobStatus.CANCELLING: "Cancelling: calls in progress finish, and no new call starts.",
    JobStatus.CANCELLED: "Cancelled. Everything decided before that is kept.",
    JobStatus.COMPLETE: "Complete: every entity is decided.",
    JobStatus.FAILED: "Failed: a whole chunk could not be processed. Everything decided before that is kept.",
}


def add_filters(blueprint: Blueprint) -> None:
    """Let the templates use these words."""
    for name, word in _FILTERS.items():
        blueprint.add_app_template_filter(word, name)


def status_sentence(job: JobView) -> str:
    """Return how a job stands, why, and what ends that."""
    if job.status == JobStatus.PAUSED:
        return _pause_sentence(job)
    if job.stalled:
        return "Its worker was lost. The next worker takes over, and nothing is paid for twice."
    if job.status == JobStatus.PENDING and job.started_at is not None:
        return "Between two chunks: the next worker continues."
    return _SENTENCES[JobStatus(job.status)]


def _pause_sentence(job: JobView) -> str:
    until = f"at {clock(job.resume_at)}" if job.resume_at else "when someone resumes it"
    reason = (job.pause_reason or "").rstrip(".")
    why = "Paused by hand" if reason == PAUSED_BY_HAND else f"Paused: {reason}"
    return f"{why}. It continues {until}."


def clock(instant: datetime | None) -> str:
    """Return an instant to the second, in UTC; a dash for None."""
    return "–" if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float | None) -> str:
    """Return a number of seconds as people say it: `40 s`, `12 min`, `3 h 5 min`; a dash for None."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def money(micros: int | None) -> str:
    """Return an amount of dollars, to the cent if there is nothing below; a dash for None."""
    return "–" if micros is None else dollars(micros)


def roughly(micros: int) -> str:
    """Return an amount of dollars that is reckoned and not booked: to the cent, or as less than one."""
    cents = round(micros / 10_000)
    return dollars(cents * 10_000) if cents else "less than a cent"


def percent(share_of_one: float | None) -> str:
    """Return a share as a percentage: `12.5 %`; a dash for None."""
    return "–" if share_of_one is None else f"{share_of_one * 100:.1f} %"


def seconds(value: float | None) -> str:
    """Return a short time: `0.42 s`; a dash for None."""
    return "–" if value is None else f"{value:.2f} s"


def number(value: int) -> str:
    """Return a whole number with its thousands apart."""
    return f"{value:,}"


def counted(count: int, entity_type: str) -> str:
    """Return a number of entities: `1 person`, `2,000 companies`."""
    return f"{count:,} {entity_type if count == 1 else PLURALS[entity_type]}"


def plural(entity_type: str) -> str:
    """Return what several entities of a type are called."""
    return PLURALS[entity_type]


def said(error: AppError) -> str:
    """Return what an error says, with what is wrong with which field."""
    details = "; ".join(f"{detail['path']}: {detail['message']}" for detail in error.details)
    return f"{error.message} {details}".strip()


def command_line(command: Sequence[str], options: Mapping[str, object]) -> str:
    """Return a command with the options that have a value, as a shell takes it."""
    words = [_word(word) for option, value in options.items() if value is not None for word in (option, value)]
    return shlex.join(["flask", "enrich", *command, *words])


def _word(value: object) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


@pass_context
def installed(_context: Any, text: str) -> str:
    """Return a text with the command that is there: a wheel brings `tranche`, a checkout has `flask enrich`."""
    # With the context, so that it is asked when a page is shown, and not when its template is compiled.
    return text.replace("flask enrich", "tranche") if is_installed() else text


_FILTERS: Final[dict[str, Any]] = {
    "clock": clock,
    "counted": counted,
    "duration": duration,
    "funnel": funnel,
    "installed": installed,
    "money": money,
    "number": number,
    "outlined": shown_text,
    "outlined_id": shown_id,
    "parts": parts,
    "percent": percent,
    "plural": plural,
    "seconds": seconds,
    "roughly": roughly,
    "sentence": status_sentence,
    "share": share,
}

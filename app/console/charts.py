"""Pictures of a few numbers, for templates to draw as SVG. Each stands beside its table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.enrichment.queue import JobView

CHART_HEIGHT: Final = 60
BAR_WIDTH: Final = 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart that is `CHART_HEIGHT` high."""

    label: str
    value: int
    height: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar that is `BAR_WIDTH` wide."""

    name: str
    count: int
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars beside a limit, if there is one, whose line stands `limit_height` high."""

    bars: list[Bar]
    limit: int | None
    limit_height: int


def chart(values: Sequence[tuple[str, int]], limit: int | None) -> Chart:
    """Return the chart of values up to the largest or the limit; what is there at all can be seen."""
    line = limit or 0
    highest = max([line, *(value for _, value in values)])
    bars = [Bar(label, value, _share(value, highest, CHART_HEIGHT)) for label, value in values]
    return Chart(bars, limit, _share(line, highest, CHART_HEIGHT))


def parts(job: JobView) -> list[Part]:
    """Return a job's bar by outcome: what is undecided is left open."""
    counts = {"success": job.success, "skipped": job.skipped, "error": job.errors, "held": job.held}
    drawn: list[Part] = []
    start = 0
    for name, count in counts.items():
        width = _share(count, job.total, BAR_WIDTH)
        drawn.append(Part(name, count, start, min(width, BAR_WIDTH - start)))
        start += drawn[-1].width
    return drawn


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a funnel: how many came to it, as a bar that is `BAR_WIDTH` wide if all did."""

    name: str
    count: int
    width: int


def funnel(job: JobView) -> list[Step]:
    """Return what became of those that a job was given, each step a part of the one before."""
    given = job.total + job.duplicates + job.excluded
    counts = {
        "Submitted": given,
        "Without duplicates": given - job.duplicates,
        "Without exclusions": job.total,
        "Decided": job.processed,
        "Answered": job.success,
    }
    return [Step(name, count, _share(count, given, BAR_WIDTH)) for name, count in counts.items()]


def share(micros: int, limit: int | None) -> int:
    """Return how much of a bar an amount fills."""
    return _share(micros, limit or 0, BAR_WIDTH)


def _share(value: int, whole: int, length: int) -> int:
    if value <= 0 or whole <= 0:
        return 0
    return min(length, max(2, round(value * length / whole)))

"""Figures: what was measured in each run, and how they are shown."""

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured: `runs` of everything, and with `quick` of little."""

    runs: int = 5
    quick: bool = False
    keep: Callable[[Sequence["Figure"]], None] = lambda figures: None
    """Called by a long measurement with what it has after each run, so that it is not lost if it is broken off."""
    before: Path | None = None
    """A checkout of an earlier release, to be measured beside this one."""

    def size(self, full: int) -> int:
        """Return a size, a tenth of it where it has to be quick."""
        return max(1, full // 10) if self.quick else full


@dataclass(slots=True)
class Figure:
    """One thing measured in several runs, in one unit; `goal` and `note` are words for the reader."""

    measurement: str
    what: str
    unit: str
    values: list[float] = field(default_factory=list)
    goal: str = ""
    note: str = ""

    @property
    def median(self) -> float:
        """The middle of the runs."""
        return statistics.median(self.values)

    def row(self) -> list[str]:
        """Return the cells of the table."""
        low, high = _short(min(self.values)), _short(max(self.values))
        spread = "" if len(self.values) == 1 else f"{low} to {high}"
        return [self.what, f"{_short(self.median)} {self.unit}".strip(), spread, self.goal, self.note]

    def as_json(self) -> dict[str, Any]:
        """Return everything, with the median beside the values."""
        return {**asdict(self), "median": self.median, "min": min(self.values), "max": max(self.values)}


def ratio(figure: Figure, base: Figure, what: str, *, goal: str = "", note: str = "") -> Figure:
    """Return how one figure stands to another, run by run."""
    values = [value / other for value, other in zip(figure.values, base.values, strict=True)]
    return Figure(figure.measurement, what, "", values, goal, note)


def show(figures: Iterable[Figure], console: Console) -> None:
    """Print one measurement's figures as a table."""
    rows = list(figures)
    table = Table(title=rows[0].measurement)
    headings = ("what", "median", "min to max", "goal", "note")
    cells = [figure.row() for figure in rows]
    # A column that nobody fills takes room from those that are.
    shown = [place for place in range(len(headings)) if any(row[place] for row in cells)]
    for place in shown:
        table.add_column(headings[place], justify="right" if 0 < place < 3 else "left")
    for row in cells:
        table.add_row(*(row[place] for place in shown))
    console.print(table)


def write_json(path: str, figures: Sequence[Figure], machine: dict[str, Any]) -> None:
    """Write all figures and what they were measured on."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"machine": machine, "figures": [figure.as_json() for figure in figures]}, file, indent=1)


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Measure the seconds of a block."""
    started = perf_counter()
    ended: list[float] = []
    yield lambda: ended[0]
    ended.append(perf_counter() - started)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the others does not pass."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

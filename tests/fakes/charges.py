"""What tests ask of the lines of a ledger."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from app.demo.stand_ins.ledger import Line


def total(lines: Iterable[Line]) -> int:
    """Return the sum of lines in micro-dollars."""
    return sum(line.micros for line in lines)


def prefix_sums(lines: Sequence[Line]) -> list[int]:
    """Return the sum after each line: what had been spent at that moment."""
    return list(accumulate(line.micros for line in lines))


def paid_repeats(lines: Iterable[Line]) -> list[Line]:
    """Return the lines where the same thing was charged a second time."""
    return [line for line in lines if line.repeat and line.micros]

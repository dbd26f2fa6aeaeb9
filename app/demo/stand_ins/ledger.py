"""What the stand-ins have charged: an append-only file with one JSON line for each billing event.

A line is written and flushed before the answer that it belongs to is sent, so the file is the
providers' own count, whatever becomes of the client. It names nobody: `key` is a hash.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

MICROS = 1_000_000
"""Micro-dollars in a dollar."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One thing that a provider charges for, before it is written down."""

    operation: str
    identity: str
    credits: Decimal
    is_repeat_free: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One billing event. A repeat that the provider gives away has 0 credits."""

    n: int
    at: str
    provider: str
    operation: str
    key: str
    credits: Decimal
    micros: int
    repeat: bool


def key_of(identity: str) -> str:
    """Return what stands in the ledger for an identity, such as `Person.identity`."""
    return hashlib.sha256(identity.encode()).hexdigest()[:20]


def read(path: Path | str, after: int = 0) -> list[Line]:
    """Return the lines of a ledger with an `n` above `after`; a last line that is not yet whole is left out."""
    file = Path(path)
    written = file.read_text() if file.exists() else ""
    whole = written[: written.rfind("\n") + 1].splitlines()
    return [*map(_line, whole[after:])]


def _line(text: str) -> Line:
    values = json.loads(text)
    return Line(**{**values, "credits": Decimal(values["credits"])})


def totals(lines: Iterable[Line]) -> dict[str, int]:
    """Return the sum of each provider in micro-dollars."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.provider] += line.micros
    return dict(sums)


class Ledger:
    """The file, open for appending; it goes on where an earlier server stopped."""

    def __init__(self, path: Path, usd_per_credit: dict[str, Decimal]) -> None:
        earlier = read(path)
        self._usd_per_credit = usd_per_credit
        self._charged = {(line.provider, line.operation, line.key) for line in earlier}
        self._count = len(earlier)
        self._file = path.open("a")

    def is_repeat(self, provider: str, operation: str, identity: str) -> bool:
        """Return whether the provider has charged for this before."""
        return (provider, operation, key_of(identity)) in self._charged

    def write(self, provider: str, charges: Iterable[Charge]) -> None:
        """Append the charges of one answer and flush them."""
        for charge in charges:
            self._file.write(json.dumps(self._values(provider, charge)) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _values(self, provider: str, charge: Charge) -> dict[str, object]:
        key = key_of(charge.identity)
        repeat = (provider, charge.operation, key) in self._charged
        credits = Decimal(0) if repeat and charge.is_repeat_free else charge.credits
        self._charged.add((provider, charge.operation, key))
        self._count += 1
        line = Line(
            n=self._count,
            at=datetime.now(UTC).isoformat(),
            provider=provider,
            operation=charge.operation,
            key=key,
            credits=credits,
            micros=int((credits * self._usd_per_credit[provider] * MICROS).to_integral_value(ROUND_CEILING)),
            repeat=repeat,
        )
        return {**asdict(line), "credits": str(credits)}

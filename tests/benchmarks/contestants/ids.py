"""The ids that every contestant gets, as long as usual ones."""

from collections.abc import Iterator, Sequence
from itertools import islice

CHUNK_SIZE = 50


def entity_ids(count: int) -> list[str]:
    """Return so many ids."""
    return [f"person-{number:012d}" for number in range(count)]


def slices(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    """Cut a list."""
    rest = iter(ids)
    while some := list(islice(rest, size)):
        yield some

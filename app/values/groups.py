"""Groups of what has something in common."""

from collections.abc import Callable, Iterable
from typing import TypeVar

Key = TypeVar("Key")
Member = TypeVar("Member")


def grouped(members: Iterable[Member], key_of: Callable[[Member], Key]) -> dict[Key, list[Member]]:
    """Return members by key, each group in the order given, and the groups by their first members."""
    groups: dict[Key, list[Member]] = {}
    for member in members:
        groups.setdefault(key_of(member), []).append(member)
    return groups

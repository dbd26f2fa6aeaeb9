"""Whom long work tells how far it is."""

from collections.abc import Callable

OnProgress = Callable[[int], None]
"""Called again and again with how many have been looked at so far."""


def tell_nobody(_count: int) -> None:
    """Stand in where nobody is told."""

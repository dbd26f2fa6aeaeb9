"""Hints that there is work, for whoever starts workers by messages. The database stays the truth.

A leaf of the import graph: whatever makes work says so here, and knows nothing of who listens.
"""

from typing import Final, Protocol

from flask import current_app

SENDER: Final = "tranche.hints"
"""Where an application that sends hints keeps its `Sender` among its extensions."""


class Sender(Protocol):
    """Sends hints."""

    def hint(self, chunks: int) -> None:
        """Have it said that so many chunks can be claimed. Returns at once, and never raises."""

    def flush(self) -> None:
        """Wait until that was said, but not for long."""


def hint(chunks: int) -> None:
    """Tell whoever starts workers, if anybody does, that so many chunks can be claimed. Belongs behind the commit."""
    sender = _sender()
    if sender is not None:
        sender.hint(chunks)


def flush() -> None:
    """Give hints a moment to be sent, as a process that is about to end has to."""
    sender = _sender()
    if sender is not None:
        sender.flush()


def _sender() -> Sender | None:
    sender: Sender | None = current_app.extensions.get(SENDER)
    return sender

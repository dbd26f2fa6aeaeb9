"""What an admin can do to a user or a webhook: a page says what it does, and for some a word has to be typed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.console.forms import is_typed


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that an admin can do to a user or a webhook."""

    name: str
    label: str
    sentence: str
    """What it does."""
    run: Callable[[Any], object]
    is_of_disabled: bool | None = None
    """Whether it is done to those that are disabled, or to those that are not; None: to all."""
    word: str | None = None
    """What has to be typed first; None: nothing."""

    def suits(self, disabled_at: datetime | None) -> bool:
        """Return whether it is done to what was disabled then; None: to what is not disabled."""
        return self.is_of_disabled in {None, disabled_at is not None}

    @property
    def is_confirmed(self) -> bool:
        """Whether the form has its word, if it asks for one."""
        return self.word is None or is_typed(self.word)

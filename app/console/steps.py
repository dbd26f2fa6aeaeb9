"""What is asked before something is done: a page says what it does, and for some a word has to be typed."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from flask import request

DEARER: Final = "The price has changed since it was shown. Check it and confirm again."

Default = TypeVar("Default")


def is_typed(word: str) -> bool:
    """Return whether the form has the word that was asked for."""
    return request.form.get("word", "").strip().lower() == word


def asked(name: str, choices: Container[str], default: Default) -> str | Default:
    """Return a value in the address or the form if it is one of the choices, else the default."""
    value = request.values.get(name, "")
    return value if value in choices else default


def given(name: str) -> str | None:
    """Return what the address or the form has under a name; None: nothing."""
    return request.values.get(name, "").strip() or None


def is_dearer(high_micros: int) -> bool:
    """Return whether a price has risen above the one that the form was shown with, or the form has none."""
    seen = request.form.get("seen", "")
    return not seen.isdecimal() or high_micros > int(seen[:18])


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

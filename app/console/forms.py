"""What the address or the form of a page has: choices, words that were typed, and the price that was shown."""

from collections.abc import Container
from typing import Final, TypeVar

from flask import request

DEARER: Final = "The price has changed since it was shown. Check it and confirm again."
"""What a page says if `is_dearer`."""

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

"""Addresses and phone numbers, of which a viewer sees the outline."""

import re
from typing import Any, Final

from flask import g

from app.web.api_keys import Scope

_MASKED: Final = ("email", "phone")
"""Parts of the names of fields."""
_IN_TEXT: Final = re.compile(
    r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;]+|(?<![\w-])(?!\d{4}-\d\d-\d\d)\+?\d(?:[\s().-]?\d){6,}"
)
"""An address, or seven digits and more as phone numbers are written; no date."""


def shown(name: str, value: Any) -> str:
    """Return a field's value as text; of addresses and phone numbers in any, a viewer sees the outline."""
    if value in (None, "", [], {}):
        return ""
    text = _as_text(value)
    if isinstance(value, int) or _sees_all():
        return text
    return _outline(text) if any(map(name.__contains__, _MASKED)) else shown_text(text)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ("; " if any(isinstance(inner, dict) for inner in value) else ", ").join(map(_as_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_as_text(inner)}" for name, inner in value.items())
    return str(value)


def shown_text(text: str) -> str:
    """Return a sentence; of addresses and numbers in it a viewer sees the outline."""
    return text if _sees_all() else _IN_TEXT.sub(lambda match: _outline(match[0]), text)


def shown_id(entity_id: str) -> str:
    """Return an entity's id; of one that is an address a viewer sees the outline."""
    return shown("email", entity_id) if "@" in entity_id else entity_id


def _sees_all() -> bool:
    return bool(g.principal.may(Scope.WRITE))


def _outline(text: str) -> str:
    local, at, domain = text.partition("@")
    return f"{local[:1]}•••@{domain}" if at else f"•••{text[-2:]}"

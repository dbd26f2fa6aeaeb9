"""Addresses and phone numbers, of which a viewer sees the outline."""

import re
from typing import Any, Final

from flask import g

from app.web.api_keys import Scope

_MASKED: Final = ("email", "phone")
"""Parts of the names of fields."""
_IN_TEXT: Final = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;]+|\+?\d(?:[\s().-]?\d){6,}")
"""An address, or seven digits and more as phone numbers are written."""


def shown(name: str, value: Any) -> str:
    """Return a field's value as text; of addresses and numbers a viewer sees the outline."""
    if value is None or value in ("", [], {}):
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return _outline(text) if any(part in name for part in _MASKED) and not _sees_all() else text


def shown_text(text: str) -> str:
    """Return a sentence or an id, with the outline of what stands in it for a viewer."""
    return text if _sees_all() else _IN_TEXT.sub(lambda match: _outline(match[0]), text)


def _sees_all() -> bool:
    return bool(g.principal.may(Scope.WRITE))


def _outline(text: str) -> str:
    local, at, domain = text.partition("@")
    return f"{local[:1]}•••@{domain}" if at else f"•••{text[-2:]}"

"""Which workspace a page is about."""

from collections.abc import Mapping

from flask import request

from app.values.identifiers import is_slug
from app.web.auth import DEFAULT_WORKSPACE, visible_workspace


def chosen_workspace() -> str:
    """Return the user's own workspace or, if that is all of them, the one in the address or the form."""
    return asked_workspace(request.values) or DEFAULT_WORKSPACE


def asked_workspace(values: Mapping[str, str]) -> str | None:
    """Return the user's own workspace or, if that is all of them, the one in the values, if it can be one."""
    asked = values.get("workspace", "").strip()
    return visible_workspace() or (asked if is_slug(asked) else None)


def typed_workspace() -> str | None:
    """Return the user's own workspace or, if that is all of them, what the form has for one; None: all of them."""
    return visible_workspace() or request.form.get("workspace", "").strip() or None

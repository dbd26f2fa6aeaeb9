"""Which workspace a page is about."""

from flask import request

from app.values.identifiers import is_slug
from app.web.auth import DEFAULT_WORKSPACE, visible_workspace


def chosen_workspace() -> str:
    """Return the user's own workspace or, if that is all of them, the one in the address or the form."""
    bound = visible_workspace()
    asked = request.values.get("workspace", "").strip()
    return bound or (asked if is_slug(asked) else DEFAULT_WORKSPACE)

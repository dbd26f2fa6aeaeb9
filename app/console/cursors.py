"""Cursors as they stand in the addresses of pages: encrypted, since one may be the id or the address of a person."""

from flask import request

from app.console.forms import given
from app.db import encryption
from app.db.pages import bad_cursor


def sealed(cursor: str | None) -> str | None:
    """Return a cursor as it may stand in the address of the page that it leads on from."""
    return None if cursor is None else encryption.seal(cursor, *_purpose())


def asked_cursor() -> str | None:
    """Return the cursor in the address or form; None: there is none. Raises `Invalid` for one that no page gave."""
    text = given("cursor")
    if text is None:
        return None
    cursor = encryption.decrypt(text, *_purpose())
    if cursor is None:
        raise bad_cursor()
    return cursor


def _purpose() -> tuple[str, ...]:
    return "cursor", request.path

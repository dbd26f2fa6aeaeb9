"""Parts of pages that ask for themselves: told apart by their content, and made once for all who look at them.

Twenty tabs of a running job ask ten times a second. What one of them has got is good for the others as long as nobody
sees the difference, if they may see the same.
"""

import hashlib
import secrets
from dataclasses import dataclass
from time import monotonic
from typing import Final

from flask import Response, current_app, g, request

SECONDS: Final = 1.0
"""How long a part is shown to others."""
MOST: Final = 200
_NONCE: Final = "{the-nonce}"


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    """With a mark in place of the nonce, which is another one in each answer."""
    until: float


def recent() -> str | None:
    """Return the part that is asked for, if it was made a moment ago for somebody who may see the same."""
    part = _parts().get(_key())
    if part is None or part.until <= monotonic():
        return None
    g.nonce = secrets.token_urlsafe(16)
    return part.text.replace(_NONCE, g.nonce)


def answer(response: Response) -> Response:
    """Keep a part for others, and answer with it, or with 304 if it is what the browser has."""
    text = response.get_data(as_text=True).replace(g.nonce, _NONCE)
    known, key = _parts(), _key()
    if key not in known or known[key].until <= monotonic():
        if len(known) >= MOST:
            known.clear()
        known[key] = _Part(text, monotonic() + SECONDS)
    response.set_etag(hashlib.sha256(text.encode()).hexdigest()[:16])
    response.make_conditional(request.environ)
    return response


def _parts() -> dict[tuple[object, ...], _Part]:
    parts: dict[tuple[object, ...], _Part] = current_app.extensions.setdefault("tranche.console_parts", {})
    return parts


def _key() -> tuple[object, ...]:
    """Return what makes a part what it is: its address, and what its reader may see."""
    return request.url, g.principal.scopes, g.principal.workspace_slug

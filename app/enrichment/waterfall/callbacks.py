"""Answers that come later: the address that a provider is given, and what is done with what arrives there.

The address holds the request's id and a signature over it, so that nobody can
make one up. What arrives is kept with the flight; the chunk that waits for it
is made due at once, and its next worker takes the answer in.
"""

import hashlib
import hmac
from typing import Any, Final

from sqlalchemy import select, update

from app.config import Config, config
from app.db.session import repeats_conflicts, transaction
from app.enrichment.queue import transitions
from app.errors import Forbidden, NotFound
from app.hints import hint
from app.models.chunk import ERASED_ID
from app.models.in_flight_call import in_flight_calls
from app.models.types import parse_id

PATH: Final = "/api/enrichment/callbacks"


def callback_url(settings: Config, request_id: str) -> str | None:
    """Return where the answer to a request is to be sent, or None if the service does not know its own address."""
    if settings.PUBLIC_URL is None or settings.SECRET_KEY is None:
        return None
    return f"{settings.PUBLIC_URL}{PATH}/{request_id}/{sign(settings.SECRET_KEY, request_id)}"


def sign(secret: str, request_id: str) -> str:
    """Return the signature of a request's id."""
    return hmac.new(secret.encode(), f"callback:{request_id}".encode(), hashlib.sha256).hexdigest()[:40]


@repeats_conflicts
def receive(request_id: str, signature: str, header_secret: str | None, payload: Any) -> bool:
    """Keep an answer that came by callback; False if one had come already: the first counts.

    Raises `NotFound` for an address that is none of ours, or whose request is over, and `Forbidden` if the header's
    secret is not the one that is set.
    """
    settings = config()
    known = parse_id(request_id)
    if known is None or not any(_is_same(signature, sign(secret, known)) for secret in settings.secret_keys):
        raise NotFound
    with transaction() as session:
        in_flight_call = session.execute(
            select(
                in_flight_calls.c.job_id,
                in_flight_calls.c.position,
                in_flight_calls.c.entity_id,
                in_flight_calls.c.provider,
                in_flight_calls.c.callback,
            ).where(in_flight_calls.c.request_id == known)
        ).one_or_none()
        if in_flight_call is None or in_flight_call.entity_id.startswith(ERASED_ID):
            raise NotFound
        expected = settings.PROVIDERS[in_flight_call.provider].callback_secret
        if expected and not _is_same(header_secret or "", expected):
            raise Forbidden("The header x-api-key does not hold the callback's secret.")
        if in_flight_call.callback is not None:
            return False
        # The chunk before the call, in the order in which its worker locks them.
        session.execute(transitions.make_chunk_due(in_flight_call.job_id, in_flight_call.position))
        kept = session.execute(
            update(in_flight_calls)
            .where(in_flight_calls.c.request_id == known, in_flight_calls.c.callback.is_(None))
            .values(callback=payload)
            .returning(in_flight_calls.c.request_id)
        )
        is_first = kept.one_or_none() is not None
    hint(1)
    return is_first


def _is_same(signature: str, expected: str) -> bool:
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (signature, expected))
    return hmac.compare_digest(*digests)

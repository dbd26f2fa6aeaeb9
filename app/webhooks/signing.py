"""Secrets and signatures, as Standard Webhooks has them: `v1,` and an HMAC-SHA256 of id, time and body in base64."""

import base64
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32


def new_secret() -> str:
    """Return a new secret, as receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(of_endpoint: Iterable[str], event_id: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature`: a signature by each secret, so that a receiver may know either."""
    signed = b".".join((event_id.encode(), str(timestamp).encode(), body))
    return " ".join(f"v1,{_digest(secret, signed)}" for secret in of_endpoint)


def _digest(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()

"""Texts that the database holds encrypted: with a key made of `SECRET_KEY`, which is not in the database.

Each text has a purpose, such as which provider's key of which workspace it is. The key is made for that purpose alone,
so that a row that somebody copies over another one cannot be read there.
"""

import base64
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.config import config
from app.errors import Conflict


@dataclass(frozen=True, slots=True)
class RotationCounts:
    """What became of stored texts, each of which is in one of the counts."""

    encrypted: int = 0
    """Encrypted anew, with the present `SECRET_KEY`."""
    current: int = 0
    """Encrypted with it before."""
    unreadable: int = 0

    def __add__(self, other: "RotationCounts") -> "RotationCounts":
        return RotationCounts(
            self.encrypted + other.encrypted, self.current + other.current, self.unreadable + other.unreadable
        )


def check_can_encrypt() -> None:
    """Raise `Conflict`, which says what to set, if there is no `SECRET_KEY`, or none that outlasts this process."""
    if config().SECRET_KEY is None or not config().SECRET_KEY_LASTS:
        raise Conflict(
            "SECRET_KEY is not set, and what is stored encrypted could not be read again: set it to 16 or more random"
            " characters, and start the service anew."
        )


def encrypt(text: str, *purpose: str) -> str:
    """Return a text encrypted with `SECRET_KEY`. Raises `Conflict` if it is not set."""
    check_can_encrypt()
    return seal(text, *purpose)


def seal(text: str, *purpose: str) -> str:
    """Do the same with a `SECRET_KEY` that may be another after the next start: for what is stored nowhere."""
    return _fernet(config().secret_keys[0], purpose).encrypt(text.encode()).decode("ascii")


def decrypt(encrypted: str, *purpose: str) -> str | None:
    """Return the text that was encrypted with `SECRET_KEY` or a former value of it, or None if none of them fits."""
    return next((text for secret in config().secret_keys if (text := _opened(encrypted, secret, purpose))), None)


def is_current(encrypted: str, *purpose: str) -> bool:
    """Return whether the present `SECRET_KEY` has encrypted a text, and not a former one."""
    return any(_opened(encrypted, secret, purpose) for secret in config().secret_keys[:1])


def _opened(encrypted: str, secret: str, purpose: tuple[str, ...]) -> str | None:
    try:
        return _fernet(secret, purpose).decrypt(encrypted).decode()
    except (InvalidToken, ValueError):
        # What was damaged may not even be ASCII.
        return None


def _fernet(secret: str, purpose: tuple[str, ...]) -> Fernet:
    info = "\0".join(("tranche", *purpose)).encode()
    # `SECRET_KEY` is random, so nothing slow is needed.
    return Fernet(base64.urlsafe_b64encode(HKDF(SHA256(), 32, salt=None, info=info).derive(secret.encode())))

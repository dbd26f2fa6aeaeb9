"""The errors that callers may see.

Each class carries its `code`, from the closed list in docs/api.md, and its HTTP status. `app.web.error_answers` turns
them into JSON, `app.cli` into exit codes.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy.exc import SQLAlchemyError

from app.values.text import storable


class AppError(Exception):
    """An error that callers may see: one sentence, without internals."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Sequence[dict[str, str]] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.details = list(details)[:20]
        self.retry_after_seconds = retry_after_seconds
        super().__init__(self.message)


def check_rules(message: str, *rules: tuple[str, bool, str]) -> None:
    """Raise `Invalid` with a detail for each rule that is not kept.

    A rule is the path of the value, whether the value is as it should be, and what was expected.
    """
    details = [detail(path, expected) for path, is_kept, expected in rules if not is_kept]
    if details:
        raise Invalid(message, details=details)


def expect(is_met: bool, path: str, message: str) -> None:
    """Raise `Invalid` about one value unless it is as it should be."""
    check_rules(f"{path}: {message}.", (path, is_met, message))


class BadRequest(AppError):
    """The request could not be read."""

    code = "bad_request"
    status = 400


class BrokenBody(BadRequest):
    """The request body broke off or is not framed as HTTP requires; nothing of it was stored."""


class Unauthorized(AppError):
    """The request has no valid credential."""

    code = "unauthorized"
    status = 401


class Forbidden(AppError):
    """The credential does not allow this."""

    code = "forbidden"
    status = 403


class SignInRefused(Forbidden):
    """Nobody was signed in; begin again."""


class NotFound(AppError):
    """There is nothing under this address."""

    code = "not_found"
    status = 404


class JobNotFound(NotFound):
    """There is no such job."""


class EntityNotFound(NotFound):
    """There is no such person or company."""


class ListNotFound(NotFound):
    """There is no such list."""


class Conflict(AppError):
    """The current state does not allow this."""

    code = "conflict"
    status = 409


class JobStateConflict(Conflict):
    """The job's status does not allow this."""

    code = "job_state"


class Gone(AppError):
    """What was there is not there any more."""

    code = "gone"
    status = 410


class PayloadTooLarge(AppError):
    """The request body is too large."""

    code = "payload_too_large"
    status = 413


class UnsupportedMediaType(AppError):
    """The media type of the request body is not supported here."""

    code = "unsupported_media_type"
    status = 415


class TooManyLogins(AppError):
    """Too many failed logins; wait, or have a link made by `flask enrich users link`."""

    code = "too_many_requests"
    status = 429


class Invalid(AppError, ValueError):
    """The input is well-formed but not valid."""

    code = "invalid"
    status = 422


class EmptyJob(Invalid):
    """Cannot enqueue job with empty entityIds"""

    code = "empty_job"


class ProviderNotAvailable(Invalid):
    """The provider is not configured."""

    code = "provider_not_available"


class IdempotencyKeyReused(Invalid):
    """The idempotency key was used before with another request."""

    code = "idempotency_key_reused"


class IdentityProviderUnavailable(AppError):
    """The identity provider cannot be reached at the moment; try again."""

    code = "unavailable"
    status = 503


class DatabaseUnavailable(AppError):
    """The database cannot be reached, is locked or is full; try again."""

    code = "database_unavailable"
    status = 503


class NotMigrated(DatabaseUnavailable):
    """The database schema is not up to date; run `flask db upgrade` or `tranche upgrade`."""

    code = "not_migrated"


class DatabaseUnusable(DatabaseUnavailable):
    """The database answers, but the service cannot work with it until somebody changes it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The database cannot be used: {reason}.")


class DamagedData(AppError):
    """Stored data cannot be read: something else changed the database, and the log says where."""


class LeaseLost(Conflict):
    """The chunk's lease ran out and another worker may have taken it over."""

    code = "lease_lost"


def describe(error: BaseException) -> str:
    """Return the message of an exception for storing with an entity, or the exception's type name if it has none.

    The message stays as it is, up to 500 characters; only a character that a database refuses becomes a question mark.
    The message of a database error is left out, because it quotes statements and values.
    """
    try:
        message = "" if isinstance(error, SQLAlchemyError) else str(error)
    except Exception:
        message = ""
    # A character that one of the databases refuses is not worth failing a checkpoint for.
    return storable(message[:500]) or type(error).__name__


def describe_bug(error: BaseException) -> str:
    """Return what may be stored of an unforeseen exception: the name of its type.

    Its message may quote an answer or several people's data, and may be stored with an entity that it is not
    about, or with none. Our own messages are kept.
    """
    return error.message if isinstance(error, AppError) else type(error).__name__


def detail(path: str, message: str) -> dict[str, Any]:
    """Return one entry of `details`: the place in the input, and what was expected there."""
    return {"path": path, "message": message}

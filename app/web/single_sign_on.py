"""Single sign-on by OpenID Connect: an authorization code with PKCE, a state and a nonce, by Authlib.

The provider is asked when somebody signs in, and at no other time: neither its document nor its keys are kept, so none
is ever an old one. What a sign-in needs at its second step is in a signed cookie of the browser that began it.
"""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final

import structlog
from flask import Flask, session
from werkzeug.wrappers import Response

from app.config import ConfigError, config
from app.errors import IdentityProviderUnavailable, SignInRefused
from app.values.text import find_bad_character
from app.web.identities import MAX_SUBJECT, Identity

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS: Final = 5.0
"""How long the provider may take to connect, and how long it may say nothing."""
STEP_SECONDS: Final = 600
"""How long somebody may take at the provider."""

_ASKING: Final = threading.BoundedSemaphore(4)
"""Threads of this process that wait for the provider; the others are for whoever is signed in."""
_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Those of a key pair. With a shared secret, or none, somebody else could sign."""
_NEXT: Final = "next"
_MAX_NEXT: Final = 500
_MAX_STEPS: Final = 4


def init_app(app: Flask) -> None:
    """Prepare the cookie of a sign-in, if single sign-on is on. Raises `ConfigError` if Authlib is not installed."""
    settings = app.config["TRANCHE"]
    if not settings.has_single_sign_on:
        return
    if find_spec("authlib") is None:
        raise ConfigError("OIDC_ISSUER: expected Tranche to be installed with its extra [oidc], or no issuer")
    # In detail it tells secrets.
    logging.getLogger("authlib").setLevel(logging.WARNING)
    is_secure = settings.PUBLIC_URL.startswith("https://")
    app.config.update(
        SESSION_COOKIE_NAME="__Host-tranche-sign-in" if is_secure else "tranche-sign-in",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_secure,
        PERMANENT_SESSION_LIFETIME=STEP_SECONDS,
    )


def begin(next_page: str) -> Response:
    """Lead the browser to the provider; afterwards it is to go to `next_page`.

    Raises `IdentityProviderUnavailable`, and `SignInRefused` if the provider is another than the settings say.
    """
    # A cookie holds some 4,000 characters, and whoever has begun that often ends no more than one of them.
    if len(session) > _MAX_STEPS:
        session.clear()
    session[_NEXT] = next_page[:_MAX_NEXT]
    with _asking():
        response: Response = _client().authorize_redirect(f"{_base_url()}/console/sso/return")
    return response


def finish() -> tuple[Identity, str]:
    """Return whom the provider vouches for in the request that the browser brings back, and the page to go on to.

    Raises `IdentityProviderUnavailable` and `SignInRefused`.
    """
    with _asking():
        client = _client()
        issuer = client.server_metadata["issuer"]
        expected = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": config().OIDC_CLIENT_ID},
        }
        token = client.authorize_access_token(claims_options=expected)
        claims = token["userinfo"]
        name = claims.get("preferred_username")
        identity = Identity(
            issuer,
            _subject(claims),
            name if isinstance(name, str) else "",
            _groups(client, token),
        )
    return identity, session.pop(_NEXT, "")


def start_url() -> str:
    """Return where a sign-in begins: on the address that the provider leads back to, whose cookie is needed there."""
    return f"{_base_url()}/console/sso"


def _base_url() -> str:
    return (config().PUBLIC_URL or "").rstrip("/")


def _client() -> Any:
    """Return Authlib's client, with the provider's document."""
    from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App

    settings = config()
    issuer = (settings.OIDC_ISSUER or "").rstrip("/")
    options = {
        "scope": settings.OIDC_SCOPES,
        "code_challenge_method": "S256",
        "default_timeout": TIMEOUT_SECONDS,
    }
    client = FlaskOAuth2App(
        FlaskIntegration("oidc"),
        name="oidc",
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        client_kwargs=options,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
    )
    document = client.load_server_metadata()
    if document["issuer"].rstrip("/") != issuer:
        raise ValueError("another issuer")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" not in methods:
        options["token_endpoint_auth_method"] = "client_secret_post"
    document["id_token_signing_alg_values_supported"] = _ALGORITHMS
    return client


def _subject(claims: Any) -> str:
    subject = claims["sub"]
    is_text = isinstance(subject, str) and not find_bad_character(subject)
    if not is_text or not 0 < len(subject) <= MAX_SUBJECT:
        raise ValueError("a subject that is none")
    return str(subject)


def _groups(client: Any, token: Any) -> frozenset[str]:
    """Return the groups in the token or, if it has none, in what the provider tells of the user."""
    claims, name = token["userinfo"], config().OIDC_GROUPS_CLAIM
    groups = claims.get(name)
    if groups is None and "userinfo_endpoint" in client.server_metadata:
        told = client.userinfo(token=token)
        if told["sub"] != claims["sub"]:
            raise ValueError("another user")
        groups = told.get(name)
    if isinstance(groups, str):
        return frozenset({groups})
    # Whatever else stands there names no group.
    names = groups if isinstance(groups, list) else []
    return frozenset(name for name in names if isinstance(name, str))


@contextmanager
def _asking() -> Iterator[None]:
    """Turn whatever goes wrong with the provider into one of two errors; the log says which kind of thing it was."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    if not _ASKING.acquire(blocking=False):
        raise IdentityProviderUnavailable
    try:
        yield
    except RequestException as error:
        log.warning("identity provider not reached", kind=type(error).__name__)
        raise IdentityProviderUnavailable from error
    # An answer of another shape than the standard's ends in one of Python's own errors.
    except (AuthlibBaseError, JoseError, AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        log.warning("sign-in refused", kind=type(error).__name__, reason=_reason(error))
        raise SignInRefused(_REFUSED) from error
    finally:
        _ASKING.release()


def _reason(error: Exception) -> str | None:
    """Return the code that the standard has for an error; whatever else stands there may have been made up."""
    code = getattr(error, "error", None)
    return code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else None


_REFUSED: Final = (
    "The identity provider did not let you in, or its answer is not for this browser, or came too late. Begin again."
)

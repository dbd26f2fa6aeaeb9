"""An OpenID provider on this machine, over HTTP: it insists on PKCE, and can be told to lie."""

import hashlib
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import authlib.deprecate  # noqa: F401 # has warnings shown, unless somebody says otherwise afterwards
import requests
from flask import Flask, Response, abort, g, jsonify, request
from joserfc.jwk import RSAKey

with warnings.catch_warnings():
    # It imports what will be gone some day.
    warnings.simplefilter("ignore", DeprecationWarning)
    import oidc_provider_mock

CLIENT = {"OIDC_CLIENT_ID": "tranche", "OIDC_CLIENT_SECRET": "a-client-secret-for-tests"}
TIMEOUT_SECONDS = 60


class IdentityProvider:
    """The running provider."""

    def __init__(self, url: str, app: Flask) -> None:
        self.url = url
        self.signs_with_another_key = False
        self.answers: dict[str, Any] = {}
        """By path, what is answered instead of the truth."""
        self.is_broken = False
        self.forms: list[dict[str, str]] = []
        """What was sent for a token."""
        self._challenges: set[str] = set()
        self._key, self._another_key = _Key(), _Key()
        app.before_request(self._look_at_request)

    def has(self, subject: str, **claims: Any) -> None:
        """Know somebody, of whom this is true."""
        answer = requests.put(f"{self.url}/users/{subject}", json=claims, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()

    def sign_in(self, address: str, subject: str) -> str:
        """Do what a person does at the address that they are led to; return where they are led from there."""
        form = {"sub": subject} if subject else {"action": "deny"}
        answer = requests.post(address, data=form, allow_redirects=False, timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def _look_at_request(self) -> Response | None:
        if self.is_broken:
            abort(500)
        lies = self.signs_with_another_key and request.path == "/oauth2/token"
        g.oidc_provider_mock_storage.jwk = self._another_key if lies else self._key
        query = dict(parse_qsl(urlsplit(request.url).query))
        if query.get("code_challenge_method") == "S256":
            self._challenges.add(query["code_challenge"])
        if request.path == "/oauth2/token":
            self._check_verifier()
        return jsonify(self.answers[request.path]) if request.path in self.answers else None

    def _check_verifier(self) -> None:
        self.forms.append(dict(request.form))
        digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        if urlsafe_b64encode(digest).decode().rstrip("=") not in self._challenges:
            abort(400)


class _Key:
    """A key for the provider, whose own cannot be used any more once it was shown."""

    def __init__(self) -> None:
        self._key = RSAKey.generate_key()

    def as_dict(self, is_private: bool = False) -> dict[str, Any]:
        """Return the key as a JSON Web Key, or its public half."""
        return {**self._key.as_dict(private=is_private), "kid": "the-only-one"}


@contextmanager
def running_identity_provider() -> Iterator[IdentityProvider]:
    """Run a provider for as long as the block does."""
    with oidc_provider_mock.run_server_in_thread() as server:
        yield IdentityProvider(f"http://localhost:{server.server_port}", server.app)

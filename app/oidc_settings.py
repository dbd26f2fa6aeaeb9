"""Settings of single sign-on by OpenID Connect: who says who somebody is, and what which group may do."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from app.values.identifiers import is_slug
from app.values.loopback import is_loopback

ROLES: Final = ("viewer", "operator", "admin")
_GRANTS_RULE: Final = (
    "expected groups with what their members may do, such as tranche-admins=admin; sales=operator@north,"
    f" separated by semicolons, with one of {', '.join(ROLES)} and, after @, a workspace"
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What the members of a group may do."""

    group: str
    role: str
    workspace_slug: str | None
    """The one workspace that they may see; None: all."""


def read_url(text: str) -> str:
    """Return the address of a service, without a slash at its end. Raises `ValueError`."""
    try:
        parts = urlsplit(text)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and not (parts.username or parts.query)
    except ValueError:
        is_one = False
    if not is_one or not re.fullmatch(r"[!-~]+", text):
        raise ValueError("expected a URL such as https://host/path, without user, password or query")
    return text.rstrip("/")


@dataclass(frozen=True, kw_only=True)
class OidcSettings:
    """The settings that begin with `OIDC_`. Without an issuer there is no single sign-on."""

    OIDC_ISSUER: str | None = field(default=None, metadata={"check": read_url})
    """The address by which the identity provider calls itself; its document is found below it."""
    OIDC_CLIENT_ID: str | None = None
    """The name under which the service is registered there."""
    OIDC_CLIENT_SECRET: str | None = field(default=None, repr=False)
    """What the service proves that name with."""
    OIDC_ROLES: str = ""
    """Which groups may do what, such as `tranche-admins=admin; sales=operator@north`; the first that fits counts."""
    OIDC_GROUPS_CLAIM: str = "groups"
    """The claim that has the groups."""
    OIDC_SCOPES: str = "openid profile"
    """The scopes that are asked for, separated by spaces; some providers have one for groups."""

    @property
    def has_single_sign_on(self) -> bool:
        """Whether users come from an identity provider."""
        return self.OIDC_ISSUER is not None

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What the members of each group may do, in the order in which that counts."""
        return read_grants(self.OIDC_ROLES)


def check_single_sign_on(settings: OidcSettings, *, public_url: str | None, secret_key: str | None) -> None:
    """Insist that single sign-on is set up whole, or not at all.

    Raises `ValueError` with the name of the setting that is missing or wrong, and what was expected.
    """
    needed = {
        "OIDC_ISSUER": settings.OIDC_ISSUER,
        "OIDC_CLIENT_ID": settings.OIDC_CLIENT_ID,
        "OIDC_CLIENT_SECRET": settings.OIDC_CLIENT_SECRET,
        "OIDC_ROLES": settings.OIDC_ROLES,
    }
    if not any(needed.values()):
        return
    needed |= {"PUBLIC_URL": public_url, "SECRET_KEY": secret_key}
    for name, value in needed.items():
        if not value:
            raise ValueError(f"{name}: expected a value, which single sign-on needs ({', '.join(needed)})")
    _check_address("OIDC_ISSUER", settings.OIDC_ISSUER or "")
    _check_address("PUBLIC_URL", public_url or "")
    if "openid" not in settings.OIDC_SCOPES.split():
        raise ValueError("OIDC_SCOPES: expected openid among scopes that are separated by spaces")
    read_grants(settings.OIDC_ROLES)


def read_grants(text: str) -> tuple[Grant, ...]:
    """Return what each group may do. Raises `ValueError`."""
    return tuple(_grant(part) for part in text.split(";") if part.strip())


def _grant(text: str) -> Grant:
    # A group's name may have equals signs and commas in it, as those of directories do.
    group, _, right = text.rpartition("=")
    role, at, workspace = right.strip().partition("@")
    has_right = role in ROLES and is_slug(workspace) is bool(at)
    if not group.strip() or not has_right:
        raise ValueError(f"OIDC_ROLES: {_GRANTS_RULE}")
    return Grant(group.strip(), role, workspace or None)


def _check_address(name: str, url: str) -> None:
    """Refuse an address whose answers somebody on the way could change."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"{name}: expected an https address, which single sign-on needs beyond this machine")

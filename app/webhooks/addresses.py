"""Where webhooks may go: to addresses of the public internet, by https.

Whoever may make an endpoint must not be able to reach what only this machine can. So a name is looked up, each of its
addresses is checked, and the connection is made to one that was checked: a name that means another address a moment
later gains nothing. Redirects are not followed.
"""

import asyncio
import re
import socket
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

MAX_CHARACTERS: Final = 2000
_PLAIN: Final = re.compile(rf"[!-~]{{1,{MAX_CHARACTERS}}}")
# Networks by which an IPv4 address can be reached under another name.
_DISGUISES: Final = tuple(IPv6Network(name) for name in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


class Refused(OSError):
    """The address is not one of the public internet."""


def url_problem(url: str, *, may_be_private: bool) -> str | None:
    """Return what is wrong with the address of an endpoint, as what was expected; None: nothing."""
    expected = "expected an address such as https://host/path, without user and password"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return expected
    schemes = {"https", "http"} if may_be_private else {"https"}
    is_of_kind = parts.scheme in schemes and bool(host) and not (parts.username or parts.fragment)
    if not is_of_kind or not _PLAIN.fullmatch(url):
        return expected
    return None if may_be_private else _host_problem(host)


def _host_problem(host: str) -> str | None:
    """Return what is wrong with a host that is written as an address; names are looked up when something is sent."""
    try:
        is_fine = is_public(host)
    except ValueError:
        is_fine = host != "localhost" and not host.endswith(".localhost")
    return None if is_fine else "expected a host of the public internet"


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public internet. Raises ValueError for what is no address."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        if any(parsed in network for network in _DISGUISES):
            return False
    # The addresses that carriers share, 100.64.0.0/10, are not global either.
    return parsed.is_global and not parsed.is_multicast


class CheckingResolver(AbstractResolver):
    """Looks names up, and raises `Refused` if one of their addresses is not public."""

    def __init__(self, *, may_be_private: bool) -> None:
        self._may_be_private = may_be_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name, each of which was checked."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        results = [_result(host, info) for info in found]
        if not self._may_be_private and not all(is_public(result["host"]) for result in results):
            raise Refused
        return results

    async def close(self) -> None:
        """Do nothing: it holds nothing."""


def _result(host: str, info: tuple[Any, ...]) -> ResolveResult:
    family, _, proto, _, address = info
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(
        hostname=host, host=str(address[0]), port=int(address[1]), family=family, proto=proto, flags=flags
    )

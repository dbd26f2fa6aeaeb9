"""The one way out: every provider is called through here.

What a server can do to us is bounded: the whole call by one deadline (name lookup, connecting,
headers and body that drip), the body by size before and after it is unpacked, redirects by not
being followed. Nothing of the environment (proxies) or of earlier calls (cookies) takes part.
"""

import asyncio
import os
import re
import time
import zlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import aiohttp

from app.providers.base import Answer, OutcomeClass
from app.values import strict_json
from app.values.hosts import ascii_host, registrable_domain

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
"""The largest body that is read, as it is sent and again as it is unpacked."""
MAX_DEPTH: Final = 64
"""How deep JSON may be nested; what is deeper would end the recursive functions that store it."""
MAX_RETRY_AFTER_SECONDS: Final = 86_400.0

# Below the 5 s after which Node's servers hang up by default. A POST that is sent just as the server hangs up
# ends without an answer, and then nobody knows whether it was paid.
_KEEPALIVE_SECONDS: Final = 4.0
_CLOSE_SECONDS: Final = 0.5
_TEXT_CHARACTERS: Final = 2000
_REDACTED: Final = b"***"
# What is shorter could be a part of any answer.
_MIN_SECRET_CHARACTERS: Final = 8
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
# In the list of public suffixes, and yet no place for a company's website.
_NOT_PUBLIC = (".arpa", ".onion")
# Reserved for documentation, so nobody's network uses it and it resolves nowhere.
_DOCUMENTATION = ".example"
# Bad gateway, gateway timeout, and those that Cloudflare gives if it cannot reach the server or hears nothing.
_GATEWAY_STATUSES: Final = frozenset({502, 504, *range(520, 528)})


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered: its status, its headers with lower-case names, and its body."""

    status: int
    headers: Mapping[str, str]
    body: Any = field(repr=False)
    """The parsed JSON; None where it is none, or is missing."""
    text: str = field(repr=False)
    """The first 2,000 characters of the body, to classify errors by. Not for logs: it may hold personal data."""
    is_json: bool

    def retry_after_seconds(self) -> float | None:
        """Return what the header Retry-After asks for, in either form, or None.

        A date is measured from the reply's own Date, so that a wrong clock on either side does not
        matter. More than a day counts as a day, a date that has passed as 0.
        """
        value = self.headers.get("retry-after", "").strip()
        if _SECONDS.fullmatch(value):
            return min(float(value), MAX_RETRY_AFTER_SECONDS)
        until = _http_date(value)
        if until is None:
            return None
        now = _http_date(self.headers.get("date", "")) or datetime.now(UTC)
        return min(max((until - now).total_seconds(), 0.0), MAX_RETRY_AFTER_SECONDS)


class NoReply(Exception):
    """No usable answer came: no connection, no time left, a body too large.

    `was_sent` tells whether the request had left, so that it may have been charged.
    """

    def __init__(self, reason: str, *, was_sent: bool) -> None:
        self.reason = reason
        self.was_sent = was_sent
        super().__init__(reason)


def unanswered(error: NoReply) -> Answer:
    """Return what a call without a reply came to: it may be tried again, and may have been charged if it was sent."""
    return Answer(OutcomeClass.TRANSIENT, error=error.reason, is_cost_known=not error.was_sent)


def is_cost_known(reply: Reply, outcome_class: OutcomeClass, *, is_refusal: bool = False) -> bool:
    """Return whether a reply without a result tells what the call cost, which is then nothing.

    The provider's own refusals are free. Nobody knows what was charged if a good status has a body that cannot be
    read, or if a gateway in front of the provider answered: with a page, half an answer or nothing in place of the
    provider's JSON, or with a status that only gateways give. `is_refusal`: the body itself says that it refuses.
    """
    if is_refusal:
        return True
    if reply.status < 300:
        return outcome_class is not OutcomeClass.TRANSIENT
    is_of_gateway = reply.status in _GATEWAY_STATUSES or not isinstance(reply.body, dict)
    is_after_sending = reply.status >= 500 or reply.status == 408
    return not (is_after_sending and is_of_gateway)


class Http:
    """A client for calls from the loop thread; one for each process.

    Connections belong to the running loop and are closed with it, where it is closed in order, as
    `asyncio.run` does. Instances hold nothing of their own, and may be used in several loops.
    """

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        deadline: float,
    ) -> Reply:
        """Send a request and return the whole answer by `deadline` (of the monotonic clock). Raises `NoReply`.

        Every status is a reply, redirects too. Keys go into `headers`, never into the URL. An answer
        that repeats one has asterisks in its place, since answers are stored.
        """
        left = deadline - time.monotonic()
        if left <= 0:
            raise NoReply("No time was left for the call.", was_sent=False)
        progress = SimpleNamespace(was_sent=False)
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + left):
                session = await _session()
                async with session.request(
                    method,
                    url,
                    headers=headers,
                    json=json,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=left),
                    trace_request_ctx=progress,
                ) as response:
                    body = await _read(response)
                    for secret in _secrets(headers or {}):
                        body = body.replace(secret, _REDACTED)
                    return _reply(response, body)
        except (aiohttp.ClientError, OSError) as exc:
            # Without its cause, whose text has the URL in it; an address can be a secret.
            raise NoReply(_reason(exc), was_sent=progress.was_sent) from None


def is_public_name(host: str) -> bool:
    """Tell whether a host is an ordinary public DNS name, such as `www.acme.com`.

    Refused are IP addresses however they are written, names without a dot, names under no known
    public suffix (`.local`, `.internal`, `.test`), and anything with a port or user. Names in other
    scripts are accepted. Nothing is looked up: a public name may still lead to a private address.
    """
    name = ascii_host(host)
    if name is None or "_" in name or name.endswith(_NOT_PUBLIC):
        return False
    return name.endswith(_DOCUMENTATION) or registrable_domain(name) is not None


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _reason(exc: Exception) -> str:
    """Return a sentence for what went wrong, without the URL, the host or any data."""
    for kind, reason in _REASONS:
        if isinstance(exc, kind):
            return reason
    return "The connection broke before the answer was complete."


_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (TimeoutError, "The answer did not come in time."),
    (aiohttp.InvalidURL, "The provider's address is not a URL that can be called."),
    (aiohttp.NonHttpUrlClientError, "The provider's address is not a URL that can be called."),
    (aiohttp.ClientConnectorDNSError, "The provider's host name could not be resolved."),
    (aiohttp.ClientSSLError, "No secure connection to the provider could be made."),
    (aiohttp.ClientConnectorError, "No connection to the provider could be made."),
    (aiohttp.ClientResponseError, "The answer was not readable as HTTP."),
)


# Replies


def _secrets(headers: Mapping[str, str]) -> list[bytes]:
    """Return what a request proved itself with: the key of each header, without a scheme before it."""
    keys = [value.rpartition(" ")[2] for name, value in headers.items() if not name.endswith("-version")]
    return [key.encode() for key in keys if len(key) >= _MIN_SECRET_CHARACTERS]


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the unpacked body, of which no more than the limit is ever held."""
    body = _Body(", ".join(response.headers.getall("Content-Encoding", ())))
    async for chunk in response.content.iter_any():
        body.add(chunk)
    return body.whole()


class _Body:
    """A body as it arrives: counted, unpacked, and refused as soon as it is too large."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        if self._encoding not in _WINDOW_BITS:
            raise NoReply("The answer came in an unknown encoding.", was_sent=True)
        self._received = 0
        self._unpacked = bytearray()
        self._unpacker: Any = None

    def add(self, chunk: bytes) -> None:
        """Take the next piece, which is not empty."""
        self._received += len(chunk)
        self._unpacked += self._unpack(chunk)
        if max(self._received, len(self._unpacked)) > MAX_BODY_BYTES:
            raise NoReply("The answer was too large.", was_sent=True)

    def whole(self) -> bytes:
        """Return the body, once all of it is there."""
        if self._unpacker and (not self._unpacker.eof or self._unpacker.unused_data):
            raise NoReply(_BROKEN_PACKING, was_sent=True)
        return bytes(self._unpacked)

    def _unpack(self, chunk: bytes) -> bytes:
        bits = _WINDOW_BITS[self._encoding]
        if bits is None:
            return chunk
        if self._unpacker is None:
            # Deflate should have a header, whose first half byte is 8; some servers leave it out.
            is_bare = self._encoding == "deflate" and chunk[0] & 0x0F != 8
            self._unpacker = zlib.decompressobj(-bits if is_bare else bits)
        try:
            # One byte more than is left tells a body that is too large from one that just fits.
            unpacked: bytes = self._unpacker.decompress(chunk, MAX_BODY_BYTES + 1 - len(self._unpacked))
        except zlib.error:
            raise NoReply(_BROKEN_PACKING, was_sent=True) from None
        return unpacked


_BROKEN_PACKING: Final = "The answer could not be unpacked."
_WINDOW_BITS: Final[Mapping[str, int | None]] = {
    "": None,
    "identity": None,
    "gzip": 16 + zlib.MAX_WBITS,
    "x-gzip": 16 + zlib.MAX_WBITS,
    "deflate": zlib.MAX_WBITS,
}


def _reply(response: aiohttp.ClientResponse, body: bytes) -> Reply:
    value, is_json = _parsed(body)
    return Reply(
        status=response.status,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=value,
        text=body[: 4 * _TEXT_CHARACTERS].decode("utf-8", "replace")[:_TEXT_CHARACTERS],
        is_json=is_json,
    )


def _parsed(body: bytes) -> tuple[Any, bool]:
    """Return the JSON of a body, and whether it is any.

    More is taken than from callers: what the fields can hold is checked when they are read, and the raw answer is
    kept as it came.
    """
    try:
        text = body.decode("utf-8-sig")
        return strict_json.loads(text, max_depth=MAX_DEPTH, on_large=None, refuses_repeated_names=False), True
    except ValueError:
        return None, False


# Sessions


class _Connector(aiohttp.TCPConnector):
    def disown(self) -> None:
        """Never close the connections: they are another process's."""
        self._closed = True


class _Opened(NamedTuple):
    session: aiohttp.ClientSession
    connector: _Connector
    keeper: AsyncGenerator[aiohttp.ClientSession, None]
    """Kept here because the session is closed as soon as nobody holds its keeper."""


_opened: dict[asyncio.AbstractEventLoop, _Opened] = {}


async def _session() -> aiohttp.ClientSession:
    """Return the running loop's session, and make it where there is none."""
    loop = asyncio.get_running_loop()
    if loop not in _opened:
        # No limit on connections: how many calls run at once is not decided here.
        connector = _Connector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS)
        keeper = _keep_open(loop, connector)
        _opened[loop] = _Opened(await anext(keeper), connector, keeper)
    return _opened[loop].session


def _disown_connections() -> None:
    """Leave a parent's connections alone in a forked child.

    Both share what watches the sockets, so a child that closed them on its way out would make the
    parent deaf to its servers' answers.
    """
    for opened in _opened.values():
        opened.connector.disown()


os.register_at_fork(after_in_child=_disown_connections)


async def _keep_open(
    loop: asyncio.AbstractEventLoop, connector: _Connector
) -> AsyncGenerator[aiohttp.ClientSession, None]:
    """Yield a session that is open as long as the loop: a loop that ends in order ends its generators first."""
    tracing = aiohttp.TraceConfig()
    tracing.on_request_headers_sent.append(_note_sent)
    try:
        async with aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": _user_agent(), "Accept-Encoding": "gzip, deflate"},
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            trace_configs=[tracing],
        ) as session:
            yield session
    finally:
        del _opened[loop]


async def _note_sent(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.was_sent = True


def _user_agent() -> str:
    try:
        return f"tranche/{version('tranche')}"
    except PackageNotFoundError:
        return "tranche"

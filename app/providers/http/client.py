"""The one way out: every provider is called through here.

What a server can do to us is bounded: the whole call by one deadline (name lookup, connecting,
headers and body that drip), the body by size before and after it is unpacked, redirects by not
being followed. Nothing of the environment (proxies) or of earlier calls (cookies) takes part.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import aiohttp

from app.providers.http.body import read_body
from app.providers.http.reply import NoReply, Reply

# Below the 5 s after which Node's servers hang up by default. A POST that is sent just as the server hangs up
# ends without an answer, and then nobody knows whether it was paid.
_KEEPALIVE_SECONDS: Final = 4.0
_REDACTED: Final = b"***"
# A shorter one could be a part of any answer.
_MIN_SECRET_CHARACTERS: Final = 8


class Http:
    """A client for calls from the loop thread; one for each process.

    Connections belong to the running loop and are closed with it, if that is closed in order, as
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
                    trace_request_ctx=progress,
                ) as response:
                    body = await read_body(response)
        except (aiohttp.ClientError, OSError) as exc:
            # Without its cause, whose text has the URL in it; an address can be a secret.
            raise NoReply(_reason(exc), was_sent=progress.was_sent) from None
        for secret in _secrets(headers or {}):
            body = body.replace(secret, _REDACTED)
        return Reply.from_bytes(response.status, response.headers, body)


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


def _secrets(headers: Mapping[str, str]) -> list[bytes]:
    """Return what a request proved itself with: the key of each header, without a scheme before it."""
    keys = [value.rpartition(" ")[2] for name, value in headers.items() if not name.endswith("-version")]
    return [key.encode() for key in keys if len(key) >= _MIN_SECRET_CHARACTERS]


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
    """Return the running loop's session, making it if there is none."""
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
            # Each call has one deadline, which is kept above.
            timeout=aiohttp.ClientTimeout(),
            trace_configs=[tracing],
        ) as session:
            yield session
    finally:
        del _opened[loop]


async def _note_sent(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.was_sent = True


@cache
def _user_agent() -> str:
    try:
        return f"tranche/{version('tranche-enrich')}"
    except PackageNotFoundError:
        return "tranche"

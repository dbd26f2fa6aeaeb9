"""Servers on loopback that stand in for a provider, and one lookup against them.

A canned server remembers what it was sent, so that a test can look at the request as the
provider would have seen it.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from app.providers.base import Answer, Lookup, Provider
from app.providers.defaults import DEFAULTS
from app.providers.http.client import Http
from app.providers.settings import ProviderSettings
from tests.patience import PATIENCE_SECONDS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

API_KEY = "a-key-for-tests"


@dataclass(frozen=True)
class Sent:
    """One request as the server got it; the body is parsed, or None where there was none."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Canned:
    """One answer to give: `body` goes out as JSON, `text` as it stands where it is set."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None

    def response(self) -> web.Response:
        """Return the answer as aiohttp sends it; a new one each time, since none can be sent twice."""
        if self.text is not None:
            return web.Response(text=self.text, status=self.status, headers=self.headers, content_type="text/html")
        return web.json_response(self.body, status=self.status, headers=self.headers)


class CannedServer:
    """A handler that gives the set answers in turn, the last one again and again, and keeps what it was sent."""

    def __init__(self, *answers: Canned) -> None:
        self.sent: list[Sent] = []
        self._answers = answers or (Canned({}),)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Keep the request and give the next answer."""
        raw = await request.read()
        body = json.loads(raw) if raw else None
        self.sent.append(Sent(request.method, request.path, dict(request.query), request.headers.copy(), body))
        return self._answers[min(len(self.sent), len(self._answers)) - 1].response()


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve every path and method with a handler, and give the base URL, without a slash at its end."""

    async def handle(request: web.Request) -> web.StreamResponse:
        # aiohttp takes coroutine functions only, and a handler may be an object.
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def settings_of(name: str, base_url: str, **changes: Any) -> ProviderSettings:
    """Return a provider's default settings with a key and another address: `settings_of("clay", url, api_key=None)`."""
    return replace(DEFAULTS[name], **{"api_key": API_KEY, **changes, "base_url": base_url})


def look_up(
    provider: Callable[[ProviderSettings, Http], Provider],
    name: str,
    handler: Handler,
    lookup: Lookup,
    *,
    path: str = "",
    seconds: float = PATIENCE_SECONDS,
    **changes: Any,
) -> Answer:
    """Ask a provider one question against a server on loopback, within so many seconds.

    `path` is put behind the server's address in the settings, `changes` are other settings.
    """

    async def ask() -> Answer:
        async with serving(handler) as url:
            made = provider(settings_of(name, url + path, **changes), Http())
            return await made.lookup(lookup, deadline=time.monotonic() + seconds)

    return asyncio.run(ask())

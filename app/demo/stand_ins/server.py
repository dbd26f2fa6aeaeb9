"""A server that stands in for the paid providers: in `app/demo/`, `python -m stand_ins.server --ledger PATH`.

It prints `{"url": …}` when it is ready, and ends on SIGTERM or when its parent is gone. Each provider has a
prefix: `URL/prospeo`, `/aiark`, `/leadmagic`, `/findymail`, `/firecrawl`, `/clay/webhook/<id>`, `/anthropic`,
`/openai`; the one good key is `good-<provider>-key`, of Firecrawl `fc-good-firecrawl-key`, of Clay the
token `good-clay-token`.

People and companies are made up (`invented.py`), behaviour is chosen by scenarios (`scenarios.py`, and each
provider's docstring for its variants), limits are kept strictly (`limits.py`), and every charge is written to
the ledger before anything of the answer is sent (`ledger.py`). The work of a call is done, and charged, when it
has been read: a client that hangs up during `--latency` has been charged too.

Control: `PUT /_control/scenario {"provider", "scenario": "name:variant" | null, "times": n | null, "path": ""}`,
`DELETE /_control/scenario` takes all of them back;
`GET /_control/stats` counts by provider (`?timestamps=1` with times of arrival), and hits on the address that
redirects lead to, which nobody should follow.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from . import scenarios
from .aiark import AiArk
from .base import Call, Handler, Instead, Reply, StandIn, html, one_of
from .clay import Clay
from .findymail import Findymail
from .firecrawl import Firecrawl
from .language_models import Anthropic, OpenAi
from .leadmagic import LeadMagic
from .ledger import Ledger
from .limits import Limits, Meter, parse_limits
from .prospeo import Prospeo
from .scenarios import BROKEN, FREE, Scenarios

STAND_INS: tuple[type[StandIn], ...] = (Prospeo, AiArk, LeadMagic, Findymail, Firecrawl, Clay, Anthropic, OpenAi)
HUGE_BYTES = 50_000_000
BOMB_BYTES = 1 << 30


class Providers:
    """All the stand-ins, and what they share."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        prices = {stand_in.name: stand_in.usd_per_credit for stand_in in STAND_INS} | _prices(options.usd_per_credit)
        self.ledger = Ledger(options.ledger, prices)
        self.scenarios = Scenarios(scenarios.parse_start(options.scenario))
        limits = parse_limits(options.limits)
        rates = _rates(options.hit_rates)
        self.stand_ins = {
            stand_in.name: stand_in(self.ledger, Meter(limits.get(stand_in.name, Limits())), rates)
            for stand_in in STAND_INS
        }
        for name, key in (option.split("=", 1) for option in options.key):
            self.stand_ins[name].key = key
        self.callbacks: Counter[str] = Counter()
        self.followed_redirects = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: ClientSession | None = None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request to a provider."""
        stand_in = self.stand_ins.get(request.match_info["provider"])
        if stand_in is None:
            return web.json_response({"error": "no such provider"}, status=404)
        refusal = stand_in.meter.arrive()
        if refusal:
            await request.read()
            return _response(stand_in, stand_in.refused(refusal))
        try:
            return await self._serve(request, stand_in)
        finally:
            stand_in.meter.leave()

    async def _serve(self, request: web.Request, stand_in: StandIn) -> web.StreamResponse:
        raw = await request.read()
        try:
            call, handler = self._understand(request, stand_in, raw)
        except Instead as instead:
            await asyncio.sleep(self.options.latency)
            return _response(stand_in, instead.reply)
        reply = stand_in.answer(call, handler)
        if call.scenario.name not in FREE:
            self.ledger.write(stand_in.name, call.charges)
            self._call_back(call)
        await asyncio.sleep(self.options.latency)
        if call.scenario.name in BROKEN:
            return await self._break(request, stand_in, call.scenario.name, call.variant, reply)
        return _response(stand_in, reply)

    def _understand(self, request: web.Request, stand_in: StandIn, raw: bytes) -> tuple[Call, Handler]:
        """Return the call that a request makes, and what answers it. Raises `Instead` if it makes none."""
        stand_in.check_headers(request.headers)
        if not stand_in.is_authorized(request.headers):
            raise Instead(stand_in.reply("bad_key"))
        path = request.match_info["path"]
        handler, last = stand_in.route(request.method, path)
        if handler is None:
            raise Instead(stand_in.no_route())
        body, is_readable = _parsed(request, raw)
        if not is_readable:
            raise Instead(stand_in.wrong())
        call = Call(stand_in, path, last, request.query, body)
        call.scenario = stand_in.marker_of(call) or self.scenarios.ordered(stand_in.name, path)
        return call, handler

    async def _break(
        self, request: web.Request, stand_in: StandIn, breakage: str, variant: int, reply: Reply
    ) -> web.StreamResponse:
        if breakage in ("reset", "reset_before"):
            return _reset(request)
        if breakage == "garbage":
            return _response(stand_in, _garbage(reply, variant))
        if breakage == "redirect":
            return _response(stand_in, Reply(302, headers={"Location": f"http://{request.host}/_control/trap"}))
        if breakage in ("hang", "slow"):
            await asyncio.sleep(3600 if breakage == "hang" else self.options.slow_seconds)
            return _response(stand_in, reply)
        return await _stream(request, breakage, reply)

    def _call_back(self, call: Call) -> None:
        times = 5 if call.says("async_slow") else 1
        for url, body in call.callbacks:
            task = asyncio.create_task(self._post(url, body, self.options.callback_delay * times))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _post(self, url: str, body: Any, delay: float) -> None:
        await asyncio.sleep(delay)
        self._session = self._session or ClientSession(timeout=ClientTimeout(total=10))
        headers = {"x-api-key": self.options.clay_callback_secret}
        try:
            async with self._session.post(url, json=body, headers=headers) as answer:
                self.callbacks[str(answer.status)] += 1
        except (ClientError, TimeoutError):
            self.callbacks["unreachable"] += 1

    async def order(self, request: web.Request) -> web.Response:
        """Let a scenario hold for a provider."""
        wanted = await request.json()
        stand_in = self.stand_ins.get(wanted["provider"])
        scenario = scenarios.parse(wanted["scenario"]) if wanted["scenario"] else None
        if stand_in is None or (scenario and scenario.name not in stand_in.scenarios):
            return web.json_response({"error": "no such provider, or it does not know the scenario"}, status=400)
        self.scenarios.order(stand_in.name, scenario, wanted.get("times"), wanted.get("path", ""))
        return web.json_response({})

    async def forget(self, request: web.Request) -> web.Response:
        """Take back all orders."""
        self.scenarios.forget()
        return web.json_response({})

    async def stats(self, request: web.Request) -> web.Response:
        """Return what was counted."""
        counted = {
            name: _counts(stand_in.meter, "timestamps" in request.query) for name, stand_in in self.stand_ins.items()
        }
        return web.json_response(
            {"providers": counted, "callbacks": dict(self.callbacks), "followed_redirects": self.followed_redirects}
        )

    async def trap(self, request: web.Request) -> web.Response:
        """Count who follows a redirect."""
        self.followed_redirects += 1
        return web.json_response({})

    async def close(self, app: web.Application) -> None:
        """Stop callbacks and close the ledger."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
        self.ledger.close()

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application(client_max_size=20_000_000)
        app.router.add_put("/_control/scenario", self.order)
        app.router.add_delete("/_control/scenario", self.forget)
        app.router.add_get("/_control/stats", self.stats)
        app.router.add_get("/_control/trap", self.trap)
        app.router.add_route("*", "/{provider}/{path:.*}", self.serve)
        app.on_cleanup.append(self.close)
        return app


def _parsed(request: web.Request, raw: bytes) -> tuple[Any, bool]:
    """Return the body, and whether it is JSON that is declared as such; only a POST must have one."""
    if request.method != "POST":
        return None, True
    try:
        return json.loads(raw), request.content_type == "application/json"
    except ValueError:
        return None, False


def _response(stand_in: StandIn, reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status,
        body=reply.payload(),
        content_type=reply.content_type,
        headers={**stand_in.headers(), **reply.headers},
    )


def _garbage(reply: Reply, variant: int) -> Reply:
    """Return a page, the answer cut short, a number, or nothing."""
    cut = reply.payload().decode()[:-2] or "{"
    return one_of((html(200), Reply(200, text=cut), Reply(200, text="7"), Reply(200, text="")), variant)


def _reset(request: web.Request) -> web.Response:
    """Cut the connection so that the client sees a reset."""
    if request.transport is not None:
        raw: socket.socket = request.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()


async def _stream(request: web.Request, breakage: str, reply: Reply) -> web.StreamResponse:
    """Send byte by byte, or far too much, until the client has had enough."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    if breakage == "gzip_bomb":
        response.headers["Content-Encoding"] = "gzip"
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        if breakage == "drip":
            await _drip(response, reply.payload())
        elif breakage == "huge":
            await _pour(response)
        else:
            await _explode(response)
        await response.write_eof()
    return response


async def _drip(response: web.StreamResponse, payload: bytes) -> None:
    for byte in payload:
        await response.write(bytes([byte]))
        await asyncio.sleep(0.3)


async def _pour(response: web.StreamResponse) -> None:
    await response.write(b'{"padding": "')
    for _ in range(HUGE_BYTES // 65536):
        await response.write(b"x" * 65536)
    await response.write(b'"}')


async def _explode(response: web.StreamResponse) -> None:
    """Send a gigabyte of zeros in about one megabyte: one flushed megabyte, over and over."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    await response.write(head)
    for _ in range(BOMB_BYTES // (1 << 20)):
        await response.write(again)


def _counts(meter: Meter, with_times: bool) -> dict[str, Any]:
    counts = {"requests": meter.requests, "refused": meter.refused, "max_at_once": meter.max_at_once}
    return {**counts, "arrivals": list(meter.arrivals)} if with_times else counts


def _rates(text: str) -> Mapping[str, float]:
    pairs = (part.partition("=") for part in filter(None, text.split(",")))
    return {name.strip(): float(rate) for name, _, rate in pairs}


def _prices(options: list[str]) -> dict[str, Decimal]:
    pairs = (option.partition("=") for option in options)
    return {name: Decimal(price) for name, _, price in pairs}


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fake providers on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--slow-seconds", type=float, default=30.0, help="how late the scenario `slow` is")
    parser.add_argument("--limits", default="", help="prospeo=5/s,300/min,15 at once;findymail=30 at once")
    parser.add_argument("--hit-rates", default="", help="findymail=0.4,prospeo=0.5; aiark.email for its addresses")
    parser.add_argument("--scenario", action="append", default=[], help="leadmagic=server_error; may be repeated")
    parser.add_argument("--usd-per-credit", action="append", default=[], help="prospeo=0.039; may be repeated")
    parser.add_argument("--key", action="append", default=[], help="prospeo=another-good-key; may be repeated")
    parser.add_argument("--clay-callback-secret", default="good-callback-secret")
    parser.add_argument("--callback-delay", type=float, default=0.2, help="seconds until Clay calls back")
    return parser.parse_args(words)


async def _run(options: argparse.Namespace) -> None:
    parent = os.getppid()
    # A client that hangs up ends its request, so that it does not count as running for ever.
    runner = web.AppRunner(Providers(options).app(), access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port, backlog=1024)
    await site.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(json.dumps({"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}), flush=True)
    while not stop.is_set() and os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.5)
    await runner.cleanup()


def main() -> None:
    """Serve until a signal comes, or whoever started it is gone."""
    asyncio.run(_run(_arguments(sys.argv[1:])))


if __name__ == "__main__":
    main()

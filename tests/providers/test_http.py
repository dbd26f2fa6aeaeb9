"""The way out: what a server on loopback can do to a call, and what the call makes of it."""

import asyncio
import gzip
import socket
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from app.providers.http.body import MAX_BODY_BYTES
from app.providers.http.client import Http
from app.providers.http.reply import NoReply, Reply
from app.providers.questions import is_public_name
from tests.patience import CUT_OFF_SECONDS, PATIENCE_SECONDS
from tests.providers.loopback import Canned, CannedServer, serving

MIB = 1024 * 1024
NOW = "Mon, 23 Nov 2026 12:00:00 GMT"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(connected: Talk) -> AsyncIterator[int]:
    """Serve with plain sockets, each connection by `connected`; gives the port, and in the end cuts what is open."""
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await connected(reader, writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[str]:
    """Serve HTTP by hand: each request that has been read is handed to `talk`, which writes what it likes."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)

    async with listening(connected) as port:
        yield f"http://127.0.0.1:{port}"


def fetch(talk: Talk, *, seconds: float = PATIENCE_SECONDS, headers: dict[str, str] | None = None) -> Reply:
    """Make one call to a server that talks like this."""

    async def call() -> Reply:
        async with talking(talk) as url:
            return await Http().request("POST", url, headers=headers, deadline=time.monotonic() + seconds)

    return asyncio.run(call())


def answering(body: bytes, head: str = "", *, length: int | None = None) -> Talk:
    """Return a talk that answers 200 with these bytes, and then hangs up."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stated = len(body) if length is None else length
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {stated}\r\n{head}\r\n".encode() + body)
        await writer.drain()
        writer.close()

    return talk


async def hang(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def drip_headers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send one header after the other, without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def drip_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send one byte of the body after the other."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection, though the request was read."""
    writer.transport.abort()


def packed(size: int, bits: int) -> bytes:
    """Return a bomb: so many blanks, which pack well even where it is to be quick."""
    packer = zlib.compressobj(1, zlib.DEFLATED, bits)
    return b"".join(packer.compress(b" " * MIB) for _ in range(size // MIB)) + packer.flush()


def flooding(head: str, piece: bytes, times: int) -> Talk:
    """Return a talk that sends a piece many times over."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode())
        for _ in range(times):
            writer.write(piece)
            await writer.drain()
        writer.close()

    return talk


def reply_with(**headers: str) -> Reply:
    """Return a reply with headers."""
    return Reply(429, {name.replace("_", "-"): value for name, value in headers.items()}, None, "", False)


@pytest.mark.parametrize("talk", [hang, drip_headers, drip_body])
def test_request_ends_at_its_deadline_when_the_server_is_slow(talk: Talk) -> None:
    """Neither silence nor dripping keeps a call longer than it has time; it was sent, and may have been charged."""
    with pytest.raises(NoReply) as caught:
        fetch(talk, seconds=CUT_OFF_SECONDS)
    assert (caught.value.reason, caught.value.was_sent) == ("The answer did not come in time.", True)


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        (b"", "The answer did not come in time."),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "No secure connection to the provider could be made."),
    ],
)
def test_request_was_not_sent_when_there_is_no_secure_connection(greeting: bytes, reason: str) -> None:
    """A server that answers the TLS greeting with silence, or without TLS, has not seen the request."""

    async def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)

    async def call() -> None:
        async with listening(connected) as port:
            await Http().request("POST", f"https://127.0.0.1:{port}", deadline=time.monotonic() + CUT_OFF_SECONDS)

    with pytest.raises(NoReply) as caught:
        asyncio.run(call())
    assert (caught.value.reason, caught.value.was_sent) == (reason, False)


def test_request_was_not_sent_when_no_time_is_left() -> None:
    """A deadline that has passed makes no call."""
    server = CannedServer()

    async def call() -> None:
        async with serving(server) as url:
            await Http().request("POST", url, deadline=time.monotonic() - 1)

    with pytest.raises(NoReply) as caught:
        asyncio.run(call())
    assert (caught.value.was_sent, server.sent) == (False, [])


def test_request_was_not_sent_when_connections_are_refused() -> None:
    """Nobody listens, so nobody charges; the reason names neither host nor port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NoReply) as caught:
            asyncio.run(Http().request("POST", url, deadline=time.monotonic() + PATIENCE_SECONDS))
    assert (caught.value.reason, caught.value.was_sent) == ("No connection to the provider could be made.", False)


@pytest.mark.parametrize("url", ["", "api.acme.example/secret", "ftp://127.0.0.1/secret", "http://[secret"])
def test_request_tells_nothing_of_an_address_that_is_none(url: str) -> None:
    """A webhook's address is a secret, so it is neither in the reason nor in a cause."""
    with pytest.raises(NoReply) as caught:
        asyncio.run(Http().request("POST", url, deadline=time.monotonic() + PATIENCE_SECONDS))
    assert (caught.value.was_sent, caught.value.__cause__) == (False, None)
    assert caught.value.reason == "The provider's address is not a URL that can be called."


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (hang_up, "The connection broke before the answer was complete."),
        (answering(b"{}", length=100), "The connection broke before the answer was complete."),
        (answering(b"", "\x00: no header\r\n"), "The answer was not readable as HTTP."),
        (answering(b"\x1f\x8b broken", "Content-Encoding: gzip\r\n"), "The answer could not be unpacked."),
        (answering(gzip.compress(b"{}")[:-1], "Content-Encoding: gzip\r\n"), "The answer could not be unpacked."),
        (answering(gzip.compress(b"{}") * 2, "Content-Encoding: gzip\r\n"), "The answer could not be unpacked."),
        (answering(b"{}", "Content-Encoding: br\r\n"), "The answer came in an unknown encoding."),
        (answering(b"{}", "Content-Encoding: gzip, gzip\r\n"), "The answer came in an unknown encoding."),
    ],
)
def test_request_was_sent_when_the_answer_is_broken(talk: Talk, reason: str) -> None:
    """After the request has left, every failure may have been charged."""
    with pytest.raises(NoReply) as caught:
        fetch(talk)
    assert (caught.value.reason, caught.value.was_sent) == (reason, True)


@pytest.mark.parametrize(
    "talk",
    [
        flooding(f"Content-Length: {50 * MIB}\r\n", b" " * MIB, 50),
        flooding("", b" " * MIB, 50),
        flooding("Content-Encoding: gzip\r\n", gzip.compress(b"{}") + b" " * MIB, 50),
        flooding("Content-Encoding: gzip\r\n", packed(50 * MIB, 31), 1),
        flooding("Content-Encoding: deflate\r\n", packed(50 * MIB, 15), 1),
        flooding("Content-Encoding: deflate\r\n", packed(50 * MIB, -15), 1),
    ],
    ids=[
        "50 MB",
        "50 MB without a length",
        "50 MB behind a packed end",
        "gzip bomb",
        "deflate bomb",
        "bare deflate bomb",
    ],
)
def test_request_refuses_a_large_body_without_holding_it(talk: Talk) -> None:
    """A body that is too large, or unpacks to one, is refused and costs less than 16 MiB on the way."""
    tracemalloc.start()
    try:
        with pytest.raises(NoReply) as caught:
            fetch(talk)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (caught.value.reason, caught.value.was_sent) == ("The answer was too large.", True)
    assert peak < 16 * MIB


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"X-KEY": "sk-1234567890"}, "No such key: ***"),
        ({"Authorization": "Bearer sk-1234567890"}, "No such key: ***"),
        ({"x-api-key": "sk-1234567890", "anthropic-version": "No such key"}, "No such key: ***"),
        ({"X-KEY": "key"}, "No such key: sk-1234567890"),
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_key_that_an_answer_repeats_is_not_kept(headers: dict[str, str], answer: str, is_packed: bool) -> None:
    """Answers are stored, as they came, and keys are not."""
    body = b'{"error": "No such key: sk-1234567890"}'
    talk = answering(gzip.compress(body), "Content-Encoding: gzip\r\n") if is_packed else answering(body)
    reply = fetch(talk, headers=headers)
    assert (reply.body, reply.text) == ({"error": answer}, f'{{"error": "{answer}"}}')


@pytest.mark.parametrize("is_packed", [False, True])
def test_request_takes_a_body_up_to_the_limit(is_packed: bool) -> None:
    """A body of exactly the limit is read, one of a byte more is not."""

    def talk(size: int) -> Talk:
        body = b'"' + b"a" * (size - 2) + b'"'
        return answering(gzip.compress(body), "Content-Encoding: gzip\r\n") if is_packed else answering(body)

    assert len(fetch(talk(MAX_BODY_BYTES)).body) == MAX_BODY_BYTES - 2
    with pytest.raises(NoReply):
        fetch(talk(MAX_BODY_BYTES + 1))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b'{"a": 1}', mtime=0)),
        ("X-GZip", gzip.compress(b'{"a": 1}', mtime=0)),
        ("deflate", zlib.compress(b'{"a": 1}')),
        ("deflate", zlib.compress(b'{"a": 1}', wbits=-15)),
        ("identity", b'{"a": 1}'),
    ],
)
def test_request_unpacks_the_body(encoding: str, body: bytes) -> None:
    """Both forms of deflate and gzip are read, and no encoding."""
    assert fetch(answering(body, f"Content-Encoding: {encoding}\r\n")).body == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>It works</html>",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"[" * 100_000,
        b"[" * 65 + b"]" * 65,
        b"1" * 5000,
        b'{"a": "\xff"}',
        b'{"a": 1} and more',
        '{"a": 1}'.encode("utf-16"),
    ],
)
def test_reply_is_not_json_when_the_body_is_none(body: bytes) -> None:
    """Whatever a server sends with 200, it is a reply, and never an exception."""
    reply = fetch(answering(body))
    assert (reply.status, reply.is_json, reply.body) == (200, False, None)
    assert reply.text == body.decode("utf-8", "replace")[:2000]


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"null", None), (b"\xef\xbb\xbf[]", []), ('"é"'.encode(), "é"), (b"[" * 60 + b"]" * 60, ...)],
)
def test_reply_is_json_when_the_body_is(body: bytes, expected: Any) -> None:
    """Any JSON will do; null is JSON too."""
    reply = fetch(answering(body))
    assert reply.is_json
    assert expected is ... or reply.body == expected


def test_reply_has_lower_case_headers_and_hides_the_body() -> None:
    """Headers are found by lower-case names, and what is printed of a reply has nothing of its body."""
    reply = fetch(answering(b'"' + b"x" * 9000 + b'"', "X-Minute-Left: 7\r\n"))
    assert reply.headers["x-minute-left"] == "7"
    assert len(reply.text) == 2000
    assert "xxx" not in repr(reply)


def test_request_does_not_follow_redirects() -> None:
    """A redirect is a reply; the address that it names is not called."""

    async def call() -> Reply:
        async with serving(target) as target_url:
            redirecting = CannedServer(Canned({}, 307, {"Location": f"{target_url}/private"}))
            async with serving(redirecting) as url:
                return await Http().request("POST", url, json={}, deadline=time.monotonic() + PATIENCE_SECONDS)

    target = CannedServer()
    reply = asyncio.run(call())
    assert (reply.status, target.sent) == (307, [])


def test_request_sends_who_we_are_and_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request has our User-Agent, JSON and the caller's headers; no proxy is used and no cookie comes back."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server = CannedServer(Canned({}, headers={"Set-Cookie": "a=b"}))

    async def call() -> None:
        async with serving(server) as url:
            url = url.replace("127.0.0.1", "localhost")
            for body in ({"a": "é"}, None):
                headers = {"X-Key": "k"}
                await Http().request(
                    "POST", f"{url}/v1", headers=headers, json=body, deadline=time.monotonic() + PATIENCE_SECONDS
                )

    asyncio.run(call())
    first, second = server.sent
    assert (first.method, first.path, first.body, second.body) == ("POST", "/v1", {"a": "é"}, None)
    assert first.headers["User-Agent"].startswith("tranche/")
    assert first.headers["Accept-Encoding"] == "gzip, deflate"
    assert first.headers["Content-Type"] == "application/json"
    assert first.headers["X-Key"] == "k"
    assert "Cookie" not in second.headers


def test_request_uses_a_connection_again_and_never_repeats_a_post_on_it() -> None:
    """Connections are kept; where one is cut under a POST, it is not sent once more on another."""
    seen: list[Any] = []

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("peername"))
        if len(seen) < 3:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        else:
            writer.close()

    async def call() -> None:
        async with talking(talk) as url:
            for _ in range(3):
                await Http().request("POST", url, deadline=time.monotonic() + PATIENCE_SECONDS)

    with pytest.raises(NoReply) as caught:
        asyncio.run(call())
    assert caught.value.was_sent
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_calls_at_once_are_not_held_back() -> None:
    """No limit on connections is kept here: more calls than a client's usual hundred wait for the server together."""
    arrived = 0
    everybody = asyncio.Event()

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == 120:
            everybody.set()
        await everybody.wait()
        await answering(b"{}")(_reader, writer)

    async def call() -> list[Reply]:
        async with talking(talk) as url:
            calls = [Http().request("GET", url, deadline=time.monotonic() + PATIENCE_SECONDS) for _ in range(120)]
            return await asyncio.gather(*calls)

    assert {reply.status for reply in asyncio.run(call())} == {200}


LEAVING = """
import asyncio, logging, os, sys, threading, time
from app.providers.http.client import Http

url = sys.argv[1]
# A machine that is slow is no fault of ours.
logging.getLogger("asyncio").addFilter(lambda record: not record.msg.startswith("Executing %s took"))

async def call():
    return (await Http().request("POST", url, deadline=time.monotonic() + 300)).status

assert asyncio.run(call()) == asyncio.run(call()) == 200
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
assert asyncio.run_coroutine_threadsafe(call(), loop).result() == 200
child = os.fork()
if child == 0:
    assert asyncio.run(call()) == 200
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert asyncio.run_coroutine_threadsafe(call(), loop).result() == 200
"""


def test_process_ends_without_warnings_after_calls_in_several_loops() -> None:
    """Loops that end, one in a daemon thread that does not, and a forked child leave nothing to complain of."""

    async def run() -> tuple[int | None, bytes]:
        async with serving(CannedServer()) as url:
            process = await asyncio.create_subprocess_exec(
                # From Python 3.12 on, a fork beside a thread is warned of; here it is the point.
                *(sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-W", "ignore::DeprecationWarning"),
                *("-c", LEAVING, url),
                cwd=Path(__file__).parents[2],
                stderr=subprocess.PIPE,
            )
            _, stderr = await process.communicate()
            return process.returncode, stderr

    assert asyncio.run(run()) == (0, b"")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("86401", 86_400.0),
        ("9" * 5000, 86_400.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Monday, 23-Nov-26 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("-5", None),
        ("", None),
        ("soon", None),
        ("１２", None),
        ("1e3", None),
        ("Mon, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    """Seconds and dates are read, the absurd is cut at a day, and anything else is nothing."""
    assert reply_with(retry_after=value, date=NOW).retry_after_seconds() == seconds


def test_retry_after_is_none_without_header_and_measured_by_our_clock_without_date() -> None:
    """Without the header there is nothing to wait for; without Date our own clock must do."""
    assert reply_with().retry_after_seconds() is None
    assert reply_with(retry_after="Mon, 23 Nov 2015 12:00:00 GMT").retry_after_seconds() == 0.0


@pytest.mark.parametrize(
    "host", ["acme.com", "www.Acme.co.uk", "acme.example", "a-b.acme.io", "bücher.de", "xn--bcher-kva.de", "почта.рф"]
)
def test_name_is_public(host: str) -> None:
    """Ordinary names under a known suffix are public, in every script."""
    assert is_public_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "acme",
        "com",
        "co.uk",
        "example",
        "app.localhost",
        "printer.local",
        "metadata.google.internal",
        "acme.test",
        "acme.invalid",
        "acme.lan",
        "router.home.arpa",
        "1.0.0.127.in-addr.arpa",
        "acme.onion",
        "127.0.0.1",
        "127.1",
        "0",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "①②⑦.⓪.⓪.①",
        "１２７.0.0.1",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
        "acme.com.",
        ".acme.com",
        "acme..com",
        "acme.com:80",
        "ada@acme.com",
        "acme.com/",
        "acme.com\n",
        "ac me.com",
        "acme_x.com",
        "-acme.com",
        "acme-.com",
        "%61cme.com",
        "a" * 64 + ".com",
        "a." * 130 + "com",
        "\ud800.com",
    ],
)
def test_name_is_not_public(host: str) -> None:
    """Addresses in any spelling, names of private networks and anything beside a name are refused."""
    assert not is_public_name(host)

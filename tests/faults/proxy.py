"""A TCP proxy in front of PostgreSQL that loses commits or the replies to them, cuts connections and holds traffic.

It reads the frontend's messages (https://www.postgresql.org/docs/current/protocol-message-formats.html) as far as
it must to know which statements a transaction had when its COMMIT comes. A statement outside of BEGIN and COMMIT is a
transaction by itself, which its Sync commits.
"""

import asyncio
import random
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy.engine import make_url

Result = TypeVar("Result")

_NEGOTIATIONS = (80877103, 80877104)
"""Codes of the first messages that are answered with one byte, and followed by another first message."""
_SIMPLE, _PARSE, _BIND, _SYNC = b"Q", b"P", b"B", b"S"
_IDLE = b"Z\x00\x00\x00\x05I"
"""What the server says when a transaction is over, behind everything else."""
_PROCESS = re.compile(rb"(?<=K\x00\x00\x00\x0c)....", re.DOTALL)
"""In what the server says first: the number of its process."""


@dataclass
class Loss:
    """A commit that is to be lost: one whose transaction's statements match, after so many others that do."""

    pattern: re.Pattern[str]
    is_delivered: bool
    """Whether the server gets the COMMIT, and only the reply is lost."""
    skipped: int = 0
    has_happened: threading.Event = field(default_factory=threading.Event)


@dataclass(eq=False)
class _Link:
    """One connection of a client, and the one to the server that stands behind it."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    statements: list[str] = field(default_factory=list)
    """Those of the transaction under way."""
    prepared: dict[bytes, str] = field(default_factory=dict)
    """Statements by the names they were prepared under; the latest without a name among them."""
    has_begun: bool = False
    is_muted: bool = False
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def cut(self) -> None:
        """End both connections; the client sees a reset."""
        for writer in (self.client, self.server):
            raw: socket.socket = writer.get_extra_info("socket")
            if raw.family != socket.AF_UNIX:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Proxy:
    """Listens on loopback while it is entered; `url` is the database's as clients reach it through here.

    With `is_pooler` it gives each connection a process number of its own, as poolers do.
    """

    def __init__(self, database_url: str, *, is_pooler: bool = False) -> None:
        self._database = make_url(database_url)
        self._is_pooler = is_pooler
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._losses: list[Loss] = []
        self._gate = asyncio.Event()
        self._gate.set()
        self.commits: list[str] = []
        """The statements of each transaction whose COMMIT came by, in order."""
        self.url = ""

    def __enter__(self) -> "Proxy":
        """Start to listen."""
        self._thread.start()
        self._listener: asyncio.Server = self._run(self._listen())
        port = self._listener.sockets[0].getsockname()[1]
        self.url = f"postgresql://{self._database.username}@127.0.0.1:{port}/{self._database.database}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop listening and cut what is connected."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def lose(self, pattern: str, *, is_delivered: bool = True, skip: int = 0) -> Loss:
        """Lose one commit, or only the reply to it, whose transaction's statements match a regular expression."""
        loss = Loss(re.compile(pattern, re.DOTALL), is_delivered, skip)
        self._losses.append(loss)
        return loss

    def cut(self) -> int:
        """Cut all connections now; return how many there were."""
        return self._run(self._call(self._cut))

    def hold(self) -> None:
        """Let nothing through, in either direction, until `release`."""
        self._run(self._call(self._gate.clear))

    def release(self) -> None:
        """Let what was held go on."""
        self._run(self._call(self._gate.set))

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _call(self, function: Callable[[], Result]) -> Result:
        return function()

    def _cut(self) -> int:
        links = list(self._links)
        for link in links:
            link.cut()
        return len(links)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _close(self) -> None:
        self._listener.close()
        self._cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._database.query.get("host") or self._database.host, self._database.port or 5432
        if str(host).startswith("/"):
            answers, server = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            answers, server = await asyncio.open_connection(str(host), port)
        link = _Link(writer, server)
        self._links.add(link)
        try:
            pumps = [asyncio.ensure_future(one) for one in (self._ask(link, reader), self._answer(link, answers))]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self._links.discard(link)
            for one in (writer, server):
                one.close()

    async def _ask(self, link: _Link, reader: asyncio.StreamReader) -> None:
        """Pass the client's messages on, one by one."""
        code = _NEGOTIATIONS[0]
        while code in _NEGOTIATIONS:
            head = await reader.readexactly(8)
            length, code = struct.unpack("!ii", head)
            await self._pass_on(link.server, head + await reader.readexactly(length - 8))
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)
            loss = self._note(link, head[:1], body)
            if loss is None:
                await self._pass_on(link.server, head + body)
                continue
            if loss.is_delivered:
                link.is_muted = True
                link.server.write(head + body)
                while head[:1] not in (_SIMPLE, _SYNC):
                    head = await reader.readexactly(5)
                    link.server.write(head + await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4))
                await link.answered.wait()
            link.cut()
            loss.has_happened.set()
            return

    async def _answer(self, link: _Link, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65536):
            if self._is_pooler:
                # A function, since a backslash in a text would mean something else.
                data = _PROCESS.sub(lambda _: struct.pack("!i", random.getrandbits(31)), data)
            if link.is_muted:
                # The client has had every answer but the last.
                if data.endswith(_IDLE):
                    link.answered.set()
            else:
                await self._pass_on(link.client, data)

    async def _pass_on(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        await self._gate.wait()
        writer.write(data)
        await writer.drain()

    def _note(self, link: _Link, kind: bytes, body: bytes) -> Loss | None:
        """Keep account of the transaction, and return what is to become of it where this commits it."""
        for statement in _begun(link, kind, body):
            word = statement.strip().upper()
            if word.startswith(("BEGIN", "ROLLBACK")):
                link.statements, link.has_begun = [], word.startswith("BEGIN")
                continue
            if word != "COMMIT":
                link.statements.append(statement)
                if link.has_begun:
                    continue
            text, link.statements, link.has_begun = "\n".join(link.statements), [], False
            self.commits.append(text)
            return self._loss_of(text)
        return None

    def _loss_of(self, statements: str) -> Loss | None:
        for loss in self._losses:
            if loss.pattern.search(statements) and not loss.has_happened.is_set():
                if loss.skipped == 0:
                    self._losses.remove(loss)
                    return loss
                loss.skipped -= 1
        return None


def _begun(link: _Link, kind: bytes, body: bytes) -> Iterator[str]:
    """Yield the statement that a message runs, if it runs one."""
    if kind == _SIMPLE:
        yield body[:-1].decode()
    elif kind == _PARSE:
        name, statement, _ = body.split(b"\x00", 2)
        link.prepared[name] = statement.decode()
    elif kind == _BIND:
        # The name of the portal comes first.
        yield link.prepared[body.split(b"\x00", 2)[1]]

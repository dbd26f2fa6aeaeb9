"""Calls of a real server, with every answer kept."""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any

from tests.patience import PATIENCE_SECONDS


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int
    text: str

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.text)


class Http:
    """A client of a server on loopback; `answers` has each answer with its headers, `errors` those above 399."""

    def __init__(self, port: int) -> None:
        self.answers: list[str] = []
        self.errors: list[str] = []
        self._port = port

    def ask(self, method: str, address: str, token: str, body: Any = None, content_type: str = "") -> Answer:
        """Send a request: `body` as it stands where it has a content type, else as JSON."""
        headers = {"Authorization": f"Bearer {token}"}
        data = body.encode() if content_type else json.dumps(body).encode() if body is not None else None
        if data is not None:
            headers["Content-Type"] = content_type or "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, address, data, headers)
            response = connection.getresponse()
            text = response.read().decode()
            whole = f"{response.headers}\n{text}"
        finally:
            connection.close()
        self.answers.append(whole)
        if response.status >= 400:
            self.errors.append(whole)
        return Answer(response.status, text)

    def is_up(self) -> bool:
        """Tell whether the server answers."""
        try:
            return self.ask("GET", "/healthz", "").status == 200
        except OSError:
            return False

    def raw(self, request: str) -> None:
        """Send something that is no request. What the server says to it is for the one who sent it."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(request.encode())
            connection.recv(65536)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port

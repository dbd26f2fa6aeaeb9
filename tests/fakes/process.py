"""The fake providers as a process of their own, started and stopped from Python."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from app.demo.stand_ins import ledger
from app.demo.stand_ins.server import STAND_INS
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
KEYS: Mapping[str, str] = {stand_in.name: stand_in.key for stand_in in STAND_INS}
CALLBACK_SECRET = "good-callback-secret"
PREFIXES: Mapping[str, str] = {
    "prospeo": "PROSPEO",
    "aiark": "AIARK",
    "leadmagic": "LEADMAGIC",
    "findymail": "FINDYMAIL",
    "firecrawl": "FIRECRAWL",
    "clay": "CLAY",
}


class FakeServer:
    """The server of `app.demo.stand_ins.server`; `options` are its options, as `latency=0.1`, `limits="prospeo=5/s"`.

    Attributes after `start`: `url`, and `ledger`, the path of the ledger.
    """

    def __init__(self, ledger: Path, **options: str | float | list[str]) -> None:
        self.ledger = ledger
        self.url = ""
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self._open = build_opener(ProxyHandler({})).open

    def __enter__(self) -> "FakeServer":
        """Start it."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        command = [sys.executable, "-m", "stand_ins.server", "--ledger", str(self.ledger), *self._arguments()]
        self._process = subprocess.Popen(
            command, cwd=ROOT / "app/demo", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = json.loads(self._process.stdout.readline())["url"]

    def stop(self) -> None:
        """End the process and wait for it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def base_url(self, provider: str) -> str:
        """Return where a provider is called; of Clay a webhook."""
        return f"{self.url}/clay/webhook/table-1" if provider == "clay" else f"{self.url}/{provider}"

    def environment(self, model: str = "anthropic") -> dict[str, str]:
        """Return key and address of each provider, as the service's settings; `model` may be `openai`."""
        settings = {"CLAY_CALLBACK_SECRET": CALLBACK_SECRET, "AI_NORMALIZER_API": model}
        for provider, prefix in (*PREFIXES.items(), (model, "AI_NORMALIZER")):
            settings[f"{prefix}_API_KEY"] = KEYS[provider]
            settings[f"{prefix}_BASE_URL"] = self.base_url(provider)
        return settings

    def order(self, provider: str, scenario: str | None, *, times: int | None = None, path: str = "") -> None:
        """Let a scenario (`name:variant`) hold for the next so many requests; None takes it back."""
        self._control("PUT", {"provider": provider, "scenario": scenario, "times": times, "path": path})

    def forget(self) -> None:
        """Take back all orders."""
        self._control("DELETE", None)

    def stats(self, *, timestamps: bool = False) -> dict[str, Any]:
        """Return the counts: `providers` by name, `callbacks` by status, `followed_redirects`."""
        query = "?timestamps=1" if timestamps else ""
        with self._open(f"{self.url}/_control/stats{query}", timeout=PATIENCE_SECONDS) as answer:
            counts: dict[str, Any] = json.load(answer)
        return counts

    def lines(self, after: int = 0) -> list[ledger.Line]:
        """Return the ledger's lines with an `n` above `after`."""
        return ledger.read(self.ledger, after)

    def _control(self, method: str, body: Any) -> None:
        headers = {"Content-Type": "application/json"}
        url = f"{self.url}/_control/scenario"
        request = Request(url, data=json.dumps(body).encode(), headers=headers, method=method)
        self._open(request, timeout=PATIENCE_SECONDS).close()

    def _arguments(self) -> list[str]:
        words = []
        for name, value in self._options.items():
            for one in value if isinstance(value, list) else [value]:
                words += [f"--{name.replace('_', '-')}", str(one)]
        return words

"""The stand-ins as a process of its own, with what tests want of it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from app.demo.stand_ins import ledger
from app.demo.stand_ins.process import KEYS, ServerProcess
from tests.forks import Process
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
CALLBACK_SECRET = "good-callback-secret"
_open = build_opener(ProxyHandler({})).open
PREFIXES: Mapping[str, str] = {
    "prospeo": "PROSPEO",
    "aiark": "AIARK",
    "leadmagic": "LEADMAGIC",
    "findymail": "FINDYMAIL",
    "firecrawl": "FIRECRAWL",
    "clay": "CLAY",
}


class FakeServer(ServerProcess):
    """The server, which tests give orders and ask what it has counted."""

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
        with _open(f"{self.url}/_control/stats{query}", timeout=PATIENCE_SECONDS) as answer:
            counts: dict[str, Any] = json.load(answer)
        return counts

    def lines(self, after: int = 0) -> list[ledger.Line]:
        """Return the ledger's lines with an `n` above `after`."""
        return ledger.read(self.ledger, after)

    def _begin(self, arguments: list[str]) -> Any:
        return Process(["tests.fakes.server", *arguments], os.environ, errors=2)

    def _control(self, method: str, body: Any) -> None:
        headers = {"Content-Type": "application/json"}
        url = f"{self.url}/_control/scenario"
        request = Request(url, data=json.dumps(body).encode(), headers=headers, method=method)
        _open(request, timeout=PATIENCE_SECONDS).close()

"""A server on loopback that stands in for a model, behind both of the APIs that the ai-normalizer speaks."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from tests.providers.loopback import API_KEY, Canned, Sent

# A title, an industry and a name that the rules leave open.
TITLE, INDUSTRY, NAME = "Growth Hacker", "Automotive", "Unknown Ltd"

# Keywords that both services refuse in a schema.
_LIMITS = {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern"}

Row = dict[str, Any]
Judge = Callable[[int, str], Row]


def _judge(_index: int, value: str) -> Row:
    """Be certain of everything, in one way."""
    known = {INDUSTRY: "Manufacturing", NAME: NAME}
    return {"canonical": known.get(value, "Other"), "seniority": "IC", "confidence": "high"}


@dataclass
class ModelServer:
    """A model behind both APIs, strict as the real ones: it checks key, version, path and schema of each request.

    `canned` answers go out first. `counts` are the tokens that it charges for a request with so much room.
    """

    judge: Judge = _judge
    canned: Sequence[Canned] = ()
    counts: Callable[[Mapping[str, Any]], tuple[int, int] | None] = lambda body: (300, 40)
    stops: Sequence[str] = ()
    """Why the model stops in the first requests, in the words of the API; afterwards it ends by itself."""
    key: str | None = API_KEY
    has_schemas: bool = True
    limit_name: str = "max_tokens"
    write: Callable[[str], str] = lambda text: text
    sent: list[Sent] = field(default_factory=list)
    _turns: Any = field(default_factory=count)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        body = await request.json()
        sent = Sent(request.method, request.path, dict(request.query), request.headers.copy(), body)
        self.sent.append(sent)
        if len(self.sent) <= len(self.canned):
            return self.canned[len(self.sent) - 1].response()
        routes = {"/v1/messages": self._anthropic, "/chat/completions": self._openai}
        if request.method != "POST" or request.path not in routes:
            return web.json_response({"error": {"code": "not_found"}}, status=404)
        return routes[request.path](sent)

    def values(self, request: int = 0) -> list[str]:
        """Return the values that a request asked about."""
        return [entry["value"] for entry in json.loads(self.sent[request].body["messages"][-1]["content"])]

    def _anthropic(self, sent: Sent) -> web.Response:
        if sent.headers.get("x-api-key") != self.key or "authorization" in sent.headers:
            return web.json_response({"type": "error", "error": {"type": "authentication_error"}}, status=401)
        assert sent.headers["anthropic-version"] == "2023-06-01"
        assert set(sent.body) == {"model", "max_tokens", "system", "messages", "output_config"}
        output = sent.body["output_config"]["format"]
        if output["type"] != "json_schema" or _has_limits(output["schema"]):
            return web.json_response({"type": "error", "error": {"type": "invalid_request_error"}}, status=400)
        return web.json_response(
            {
                "content": [{"type": "text", "text": self._text(sent)}],
                "stop_reason": self._stop("end_turn"),
                **self._usage(sent, "input_tokens", "output_tokens"),
            }
        )

    def _openai(self, sent: Sent) -> web.Response:
        expected = f"Bearer {self.key}" if self.key else None
        if sent.headers.get("authorization") != expected or "x-api-key" in sent.headers:
            return web.json_response({"error": {"code": "invalid_api_key"}}, status=401)
        complaint = self._complaint(sent.body)
        if complaint:
            return web.json_response({"error": {"message": complaint, "type": "invalid_request_error"}}, status=400)
        message = {"role": "assistant", "content": self._text(sent), "refusal": None}
        return web.json_response(
            {
                "choices": [{"index": 0, "message": message, "finish_reason": self._stop("stop")}],
                **self._usage(sent, "prompt_tokens", "completion_tokens"),
            }
        )

    def _complaint(self, body: Mapping[str, Any]) -> str | None:
        if set(body) != {"model", "messages", "response_format", self.limit_name}:
            return f"Unsupported parameter: 'max_tokens'. Use '{self.limit_name}' instead."
        output = body["response_format"]
        if output["type"] == "json_object":
            assert '"additionalProperties"' in body["messages"][0]["content"], "the schema is told to the model"
            return None
        if not self.has_schemas:
            return "response_format.type json_schema is not supported"
        is_fit = output["json_schema"]["strict"] and not _has_limits(output["json_schema"]["schema"])
        return None if is_fit else "bad schema"

    def _text(self, sent: Sent) -> str:
        entries = json.loads(sent.body["messages"][-1]["content"])
        rows = [
            {"index": entry["index"], **self.judge(entry["index"], entry["value"])}
            for entry in entries
        ]  # fmt: skip
        return self.write(json.dumps({"answers": rows}))

    def _stop(self, by_itself: str) -> str:
        turn = next(self._turns)
        return self.stops[turn] if turn < len(self.stops) else by_itself

    def _usage(self, sent: Sent, input_name: str, output_name: str) -> dict[str, Any]:
        counts = self.counts(sent.body)
        return {} if counts is None else {"usage": {input_name: counts[0], output_name: counts[1]}}


def _has_limits(schema: Any) -> bool:
    """Return whether a schema has what the services refuse, or lacks what they insist on."""
    if isinstance(schema, list):
        return any(_has_limits(inner) for inner in schema)
    if not isinstance(schema, dict):
        return False
    if schema.get("type") == "object":
        is_closed = schema.get("additionalProperties") is False
        if not is_closed or set(schema["required"]) != set(schema["properties"]):
            return True
    return bool(_LIMITS & set(schema)) or any(_has_limits(inner) for inner in schema.values())

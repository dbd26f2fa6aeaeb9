"""The stand-ins for language models: Anthropic's messages and OpenAI's chat completions, with structured answers.

They fill the schema that they are asked for: one of an enum by a hash, `high` for a confidence, otherwise
the text in question in title case. The last message is either a JSON array of objects, each of which gets
its own object in the answer's array with the same `index`, or a text, of which the last one in double quotes counts.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import chain
from typing import Any, ClassVar

from . import invented
from .base import Call, Instead, Replies, Reply, StandIn, html, one_of, retry_after
from .limits import Refusal
from .scenarios import EVERYWHERE

FORBIDDEN = frozenset({"minimum", "maximum", "minLength", "maxLength", "pattern", "minItems", "maxItems", "multipleOf"})
"""Schema keywords that Anthropic refuses."""
_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
_PRICES = {"input_token": "0.000001", "output_token": "0.000005"}


def _refusal(kind: str, message: str, **more: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": "req_1"}


def _openai_error(kind: str, code: str | None, message: str = "Something is wrong.") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class _Model(StandIn):
    """What both have in common. Tokens are charged whatever the answer is worth.

    not_found: low confidence; schema_violation: an object of another shape, a text that is no JSON, a value outside
    each enum; refusal; truncated: out of tokens in mid-answer; unsupported_schema: the schema parameter is refused,
    1 and forced tools too.
    """

    usd_per_credit = Decimal(1)
    scenarios = EVERYWHERE | {"schema_violation", "refusal", "truncated", "unsupported_schema"}

    def identifying_text(self, call: Call) -> str:
        """The messages, without instructions and schema."""
        return json.dumps(call.fields.get("messages"), ensure_ascii=False)

    def refusal(self, message: str) -> Reply:
        """Return that a request is wrong, and why."""
        raise NotImplementedError

    def check(self, wrong: str | None) -> None:
        """Raise `Instead` with a refusal if something is wrong."""
        if wrong is not None:
            raise Instead(self.refusal(wrong))

    def bill(self, call: Call, content: str) -> tuple[int, int]:
        """Charge for the tokens of a question and its answer; return both numbers."""
        most = call.body.get("max_tokens") or call.body.get("max_completion_tokens")
        asked, answered = len(json.dumps(call.body)) // 4, min(len(content) // 4 + 1, most)
        credits = asked * Decimal(_PRICES["input_token"]) + answered * Decimal(_PRICES["output_token"])
        call.charge("tokens", json.dumps(call.body["messages"]), credits)
        return asked, answered

    def content(self, call: Call, schema: Mapping[str, Any]) -> Any:
        """Return what the model says, as it should be or as the scenario has it."""
        filled = _fill(schema, "", rows(call.body), call)
        if call.says("schema_violation") and call.variant % 3 == 0:
            return {"something": ["else"]}
        return filled


class Anthropic(_Model):
    """POST v1/messages, with `output_config` or a forced tool."""

    name = "anthropic"
    key = "good-anthropic-key"
    key_header = "x-api-key"
    replies: ClassVar[Replies] = {
        # The status, two texts under a 400, and the monthly stop under a 429.
        "no_credits": (
            Reply(402, _refusal("billing_error", "Payment required")),
            Reply(400, _refusal("invalid_request_error", "Your credit balance is too low to access the API.")),
            Reply(
                400,
                _refusal("invalid_request_error", "You have reached your specified workspace API usage limits."),
            ),
            Reply(
                429, _refusal("rate_limit_error", "Spend limit", details={"error_code": "enforced_spend_limit_reached"})
            ),
        ),
        "bad_key": (
            Reply(401, _refusal("authentication_error", "invalid x-api-key")),
            Reply(403, _refusal("permission_error", "not allowed")),
        ),
        # A bad body, an unknown model, too much of it.
        "bad_request": (
            Reply(400, _refusal("invalid_request_error", "messages: bad")),
            Reply(404, _refusal("not_found_error", "model")),
            Reply(413, _refusal("request_too_large", "too large")),
        ),
        "server_error": (
            Reply(500, _refusal("api_error", "fault")),
            Reply(529, _refusal("overloaded_error", "fault")),
            Reply(504, _refusal("timeout_error", "fault")),
        ),
    }

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.routes = {("POST", "v1/messages"): self._messages}

    def check_headers(self, headers: Mapping[str, str]) -> None:
        """Refuse a request that does not name the version."""
        if headers.get("anthropic-version") != "2023-06-01":
            raise Instead(self.refusal("anthropic-version: header is required"))

    def refusal(self, message: str) -> Reply:
        """Return it in the form of an error."""
        return Reply(400, _refusal("invalid_request_error", message))

    def refused(self, refusal: Refusal) -> Reply:
        """Say when there is room again."""
        headers = {"retry-after": str(int(refusal.seconds) + 1)}
        return Reply(429, _refusal("rate_limit_error", "Too many requests"), headers=headers)

    def rate_limited(self, variant: int) -> Reply:
        """0 seconds, 1 nothing, 2 a date, 3 absurd."""
        return Reply(429, _refusal("rate_limit_error", "Too many requests"), headers=retry_after(variant))

    def _messages(self, call: Call) -> Reply:
        self.check(_wrong_body(call.fields, call.fields.get("max_tokens")))
        schema, tool = _anthropic_schema(call.body)
        self.check(_unsupported(call, schema, tool is not None))
        said = self.content(call, schema or {})
        text = _as_text(call, said)
        asked, answered = self.bill(call, text)
        block: dict[str, Any] = {"type": "text", "text": text}
        stop = "end_turn"
        if call.says("refusal"):
            stop = "refusal"
        elif tool is not None:
            block = {"type": "tool_use", "id": "t1", "name": tool, "input": said}
            stop = "tool_use"
        return Reply(
            200,
            {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": call.body["model"],
                "stop_reason": "max_tokens" if call.says("truncated") else stop,
                "content": [block],
                "usage": {
                    "input_tokens": asked,
                    "output_tokens": answered,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0,
                },
            },
            headers={"request-id": "req_1"},
        )


class OpenAi(_Model):
    """POST chat/completions, with `response_format` or a forced tool."""

    name = "openai"
    key = "good-openai-key"
    key_prefix = "Bearer "
    replies: ClassVar[Replies] = {
        # A gateway's status, and two codes under a 429.
        "no_credits": (
            Reply(402, _openai_error("billing", None)),
            Reply(429, _openai_error("insufficient_quota", "insufficient_quota")),
            Reply(429, _openai_error("insufficient_quota", "credit_balance_exhausted")),
        ),
        "bad_key": (
            Reply(401, _openai_error("invalid_request_error", "invalid_api_key")),
            Reply(403, _openai_error("permission", "unsupported_country")),
        ),
        # A bad body, an unknown model, too much context.
        "bad_request": (
            Reply(400, _openai_error("invalid_request_error", None)),
            Reply(404, _openai_error("invalid_request_error", "model_not_found")),
            Reply(400, _openai_error("invalid_request_error", "context_length_exceeded")),
        ),
        "server_error": (Reply(500, _openai_error("server_error", None)), html(502), html(503), html(504)),
    }

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.routes = {("POST", path): self._completions for path in ("chat/completions", "v1/chat/completions")}

    def refused(self, refusal: Refusal) -> Reply:
        """Say when there is room again."""
        headers = {"retry-after": str(int(refusal.seconds) + 1)}
        return Reply(429, _openai_error("requests", "rate_limit_exceeded"), headers=headers)

    def rate_limited(self, variant: int) -> Reply:
        """0 seconds, 1 nothing, 2 a date, 3 absurd, 4 the reset as a duration alone."""
        headers = one_of((*map(retry_after, range(4)), {"x-ratelimit-reset-requests": "7s"}), variant)
        code = "slow_down" if variant % 5 == 1 else "rate_limit_exceeded"
        return Reply(429, _openai_error("requests", code), headers=headers)

    def refusal(self, message: str) -> Reply:
        """Return it without a code."""
        return Reply(400, _openai_error("invalid_request_error", None, message))

    def _completions(self, call: Call) -> Reply:
        self.check(_wrong_body(call.fields, call.fields.get("max_tokens", call.fields.get("max_completion_tokens"))))
        schema, tool, wrong = _openai_schema(call.body)
        self.check(wrong or _unsupported(call, schema, tool is not None, keywords=frozenset()))
        text = _as_text(call, self.content(call, schema or _told_schema(call.body)))
        asked, answered = self.bill(call, text)
        usage = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
        finish = "length" if call.says("truncated") else "stop"
        choice = {"index": 0, "message": _message(call, text, tool), "finish_reason": finish}
        body = {
            "id": "c1",
            "object": "chat.completion",
            "model": call.body["model"],
            "choices": [choice],
            "usage": usage,
        }
        return Reply(200, body, headers={"x-request-id": "req_1"})


def rows(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is asked about in the last message: objects with a `value`, and an `index` if it has one."""
    content = body["messages"][-1].get("content")
    parts = content if isinstance(content, list) else [content]
    said = " ".join(part.get("text", "") if isinstance(part, dict) else str(part) for part in parts)
    listed = _listed(said)
    if listed is not None:
        return listed
    quoted = [text for text in map(_unquoted, re.findall(r'"(?:[^"\\]|\\.)*"', said)) if text is not None]
    return [{"value": [said, *quoted][-1]}]


def _listed(text: str) -> list[dict[str, Any]] | None:
    """Return the objects of a JSON array, or None if a text is no such array."""
    try:
        values = json.loads(text)
    except ValueError:
        return None
    return values if _are_objects(values) else None


def _are_objects(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, dict) for value in values)


def _unquoted(quoted: str) -> str | None:
    """Return the text that stands in double quotes; None if JSON has no such text."""
    try:
        return str(json.loads(quoted, strict=False))
    except ValueError:
        return None


def _wrong_body(body: Mapping[str, Any], limit: Any) -> str | None:
    if not isinstance(body.get("model"), str):
        return "model: field required"
    if not (body.get("messages") and _are_objects(body["messages"])):
        return "messages: at least one message is required"
    return None if type(limit) is int and limit > 0 else "max_tokens: field required"


def _anthropic_schema(body: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
    """Return the schema asked for, and the forced tool's name."""
    output = body.get("output_config")
    if isinstance(output, dict) and isinstance(output.get("format"), dict):
        return output["format"].get("schema"), None
    forced = body.get("tool_choice") or {}
    for tool in body.get("tools") or []:
        if forced.get("type") == "tool" and tool.get("name") == forced.get("name"):
            return tool.get("input_schema"), tool["name"]
    return None, None


def _openai_schema(body: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None, str | None]:
    """Return the schema asked for, the forced tool's name, and what is wrong with it."""
    asked = body.get("response_format") or {}
    if asked.get("type") == "json_schema":
        described = asked.get("json_schema") or {}
        return described.get("schema"), None, _wrong_schema(described)
    tools = body.get("tools")
    if tools and isinstance(body.get("tool_choice"), dict):
        forced = tools[0]["function"]
        return forced.get("parameters"), forced["name"], None
    return None, None, None


def _wrong_schema(described: Mapping[str, Any]) -> str | None:
    if not _NAME.match(str(described.get("name", ""))):
        return "json_schema.name: bad"
    return _not_strict(described.get("schema")) if described.get("strict") else None


def _told_schema(body: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that stands as text in the messages, as a model without the parameter would read it."""
    said = " ".join(str(message.get("content")) for message in body["messages"])
    start = said.find('{"type"')
    try:
        told, _ = json.JSONDecoder().raw_decode(said[max(start, 0) :])
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _not_strict(schema: Any) -> str | None:
    """Strict schemas list each property as required and allow no others."""
    for inner in _objects(schema):
        is_closed = inner.get("additionalProperties") is False
        if not is_closed or set(inner.get("required", ())) != set(inner.get("properties", ())):
            return "schema: additionalProperties must be false and all properties required"
    return None


def _unsupported(call: Call, schema: Any, is_tool: bool, keywords: frozenset[str] = FORBIDDEN) -> str | None:
    """Return why the schema is refused, or None."""
    if schema is None:
        return None
    if call.says("unsupported_schema") and (not is_tool or call.variant % 2):
        return "tools are not supported" if is_tool else "json_schema is not supported by this model"
    if not isinstance(schema, dict):
        return "schema: an object is required"
    refused = sorted(_keys(schema) & keywords)
    if refused:
        return f"schema: {refused[0]} is not supported"
    if not is_tool and _is_open(schema):
        return "schema: additionalProperties must be false"
    return None


def _is_open(schema: Any) -> bool:
    return any(inner.get("additionalProperties") is not False for inner in _objects(schema))


def _objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return list(chain.from_iterable(map(_objects, schema)))
    if not isinstance(schema, dict):
        return []
    here = [schema] if schema.get("type") == "object" else []
    return here + _objects(list(schema.values()))


def _keys(schema: Any) -> frozenset[str]:
    """Return the keywords of a schema; the names of properties are none."""
    if isinstance(schema, list):
        return frozenset().union(*map(_keys, schema))
    if not isinstance(schema, dict):
        return frozenset()
    keys = frozenset(schema)
    for name, value in schema.items():
        keys |= _keys(list(value.values())) if name == "properties" else _keys(value)
    return keys


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "object")
    return str(kind[0] if isinstance(kind, list) else kind)


def _fill(schema: Mapping[str, Any], name: str, asked: list[dict[str, Any]], call: Call) -> Any:
    """Return a value that a schema allows, or, by the scenario, one outside an enum."""
    first = asked[0] if asked else {}
    text = str(first.get("value", ""))
    if "enum" in schema:
        return _choose(schema["enum"], text, call)
    if "anyOf" in schema:
        return _fill(schema["anyOf"][0], name, asked, call)
    kind = _type_of(schema)
    if kind == "object":
        return {key: _fill(inner, key, asked, call) for key, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [_fill(schema.get("items", {}), name, [row], call) for row in asked]
    index = first.get("index", 0)
    return {"string": text.title(), "boolean": True, "integer": index, "number": index}.get(kind)


def _choose(choices: list[Any], text: str, call: Call) -> Any:
    if "high" in choices:
        return "low" if call.says("not_found") and "low" in choices else "high"
    if call.says("schema_violation"):
        return "Something Else Entirely"
    return invented.pick(choices, text)


def _as_text(call: Call, said: Any) -> str:
    if call.says("refusal"):
        return "I cannot help with that."
    written = json.dumps(said)
    if call.says("truncated"):
        return written[: len(written) // 2]
    return "Sure! Here you are." if call.says("schema_violation") and call.variant % 3 == 1 else written


def _message(call: Call, text: str, tool: str | None) -> dict[str, Any]:
    if call.says("refusal"):
        return {"role": "assistant", "content": None, "refusal": text}
    if tool is None:
        return {"role": "assistant", "content": text, "refusal": None}
    function = {"name": tool, "arguments": text}
    tool_calls = [{"id": "t1", "type": "function", "function": function}]
    return {"role": "assistant", "content": None, "refusal": None, "tool_calls": tool_calls}

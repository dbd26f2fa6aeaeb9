"""The two APIs that a model is asked through: Anthropic's Messages, and OpenAI's chat completions.

Anthropic: platform.claude.com, "Messages", "Structured outputs", "Errors". OpenAI: platform.openai.com,
"Chat completions", "Structured outputs", "Error codes"; many gateways and local servers (Ollama, vLLM,
llama.cpp, LM Studio) speak it too, with less or more of it. Read in November 2026; status codes, error
codes and texts below are theirs. Sampling settings are left out: newer models of both refuse them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.providers.http.reply import Reply
from app.providers.reading import a_list, find
from app.providers.settings import ProviderSettings
from app.values.numbers import integer

_ANTHROPIC_VERSION: Final = "2023-06-01"
# Anthropic says with status 400 that money is gone, in one of these sentences.
_ANTHROPIC_MONEY_TEXTS: Final = ("credit balance is too low", "api usage limits")
_ANTHROPIC_SPEND_STOP: Final = "enforced_spend_limit_reached"
_OPENAI_MONEY_CODES: Final = frozenset({"insufficient_quota", "credit_balance_exhausted"})
_OPENAI_SCHEMA_WORDS: Final = ("response_format", "json_schema", "grammar")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to a model, in the words of neither API."""

    name: str
    system: str
    user: str
    schema: Mapping[str, Any]
    max_tokens: int
    is_schema_enforced: bool = True
    """Off for servers that cannot hold a model to a schema: it is then told to the model."""
    limit_name: str = "max_tokens"

    def schema_text(self) -> str:
        """Return the schema as text."""
        return json.dumps(self.schema)


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, and how many tokens were counted; None if the server does not say."""

    text: str | None
    is_refused: bool
    is_truncated: bool
    input_tokens: int | None
    output_tokens: int | None


class Anthropic:
    """POST /v1/messages. `OpenAi` has the same methods."""

    path = "/v1/messages"

    def headers(self, api_key: str | None) -> dict[str, str]:
        """Return the key and the API's version."""
        return {"x-api-key": api_key or "", "anthropic-version": _ANTHROPIC_VERSION}

    def body(self, model: str, prompt: Prompt) -> dict[str, Any]:
        """Return a request whose answer is held to the schema."""
        return {
            "model": model,
            "max_tokens": prompt.max_tokens,
            "system": prompt.system,
            "messages": [{"role": "user", "content": prompt.user}],
            "output_config": {"format": {"type": "json_schema", "schema": prompt.schema}},
        }

    def simpler(self, prompt: Prompt, reply: Reply) -> Prompt | None:
        """Return None: the API knows all that is asked of it."""
        return None

    def completion(self, body: Any) -> Completion:
        """Read the first block of text; tokens read from or written to a cache are input too."""
        blocks = a_list(find(body, "content"))
        texts = (find(block, "text") for block in blocks if find(block, "type") == "text")
        stop_reason = find(body, "stop_reason")
        return Completion(
            _text(next(texts, None)),
            is_refused=stop_reason == "refusal",
            is_truncated=stop_reason == "max_tokens",
            input_tokens=_input_tokens(find(body, "usage")),
            output_tokens=integer(find(body, "usage.output_tokens")),
        )

    def is_out_of_money(self, reply: Reply) -> bool:
        """Judge by status 402, by the sentences of status 400, and by the spend stop, which gives no time to wait."""
        if reply.status == 429:
            is_stopped = find(reply.body, "error.details.error_code") == _ANTHROPIC_SPEND_STOP
            return is_stopped and reply.retry_after_seconds() is None
        message = str(find(reply.body, "error.message")).lower()
        is_said = reply.status == 400 and any(map(message.__contains__, _ANTHROPIC_MONEY_TEXTS))
        return reply.status == 402 or is_said or find(reply.body, "error.type") == "billing_error"


class OpenAi:
    """POST /chat/completions."""

    path = "/chat/completions"

    def headers(self, api_key: str | None) -> dict[str, str]:
        """Return the key, if there is one: local servers need none."""
        return {"authorization": f"Bearer {api_key}"} if api_key else {}

    def body(self, model: str, prompt: Prompt) -> dict[str, Any]:
        """Return a request whose answer is held to the schema, or at least to JSON."""
        schema = {"name": prompt.name, "strict": True, "schema": prompt.schema}
        response_format: dict[str, Any] = {"type": "json_schema", "json_schema": schema}
        system = prompt.system
        if not prompt.is_schema_enforced:
            response_format = {"type": "json_object"}
            system = f"{system}\nThe answer has to fit this JSON schema:\n{prompt.schema_text()}"
        return {
            "model": model,
            prompt.limit_name: prompt.max_tokens,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": prompt.user}],
            "response_format": response_format,
        }

    def simpler(self, prompt: Prompt, reply: Reply) -> Prompt | None:
        """Return the prompt without what a status 400 says the server lacks: schemas, or the older name of the limit.

        Newer models of OpenAI know `max_completion_tokens` only, most other servers `max_tokens` only.
        """
        text = reply.text.lower()
        if reply.status != 400:
            return None
        if prompt.limit_name == "max_tokens" and "max_completion_tokens" in text:
            return replace(prompt, limit_name="max_completion_tokens")
        if prompt.is_schema_enforced and any(map(text.__contains__, _OPENAI_SCHEMA_WORDS)):
            return replace(prompt, is_schema_enforced=False)
        return None

    def completion(self, body: Any) -> Completion:
        """Read the first choice."""
        finish_reason = find(body, "choices.0.finish_reason")
        return Completion(
            _text(find(body, "choices.0.message.content")),
            is_refused=finish_reason == "content_filter" or bool(find(body, "choices.0.message.refusal")),
            is_truncated=finish_reason == "length",
            input_tokens=integer(find(body, "usage.prompt_tokens")),
            output_tokens=integer(find(body, "usage.completion_tokens")),
        )

    def is_out_of_money(self, reply: Reply) -> bool:
        """Judge by status 402 of gateways, and by the codes that come with status 429."""
        said = (find(reply.body, "error.code"), find(reply.body, "error.type"))
        return reply.status == 402 or not _OPENAI_MONEY_CODES.isdisjoint(map(str, said))


def api_for(settings: ProviderSettings) -> Anthropic | OpenAi:
    """Return the API that the settings name."""
    return OpenAi() if settings.options["API"] == "openai" else Anthropic()


def _input_tokens(usage: Any) -> int | None:
    plain = integer(find(usage, "input_tokens"))
    if plain is None:
        return None
    written, read = find(usage, "cache_creation_input_tokens"), find(usage, "cache_read_input_tokens")
    return plain + sum(filter(None, (integer(written), integer(read))))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None

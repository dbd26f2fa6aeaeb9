"""Settings that only one provider has are checked by that provider's settings."""

from dataclasses import replace

import pytest

from app.config import Config, ConfigError
from app.providers.defaults import DEFAULTS


@pytest.mark.parametrize(
    ("name", "options", "error"),
    [
        ("clay", {"CALLBACK_SECONDS": "0"}, "CLAY_CALLBACK_SECONDS: expected a whole number from 1 to 99999"),
        ("clay", {"CALLBACK_SECRET": "with space"}, "CLAY_CALLBACK_SECRET: expected 1 to 512 printable ASCII"),
        ("ai-normalizer", {"API": "gemini"}, "AI_NORMALIZER_API: expected one of anthropic, openai"),
        ("ai-normalizer", {"MODEL": "a model"}, "AI_NORMALIZER_MODEL: expected 1 to 100 printable ASCII"),
        ("ai-normalizer", {"API": "openai"}, "AI_NORMALIZER_BASE_URL: expected the address of the openai-compatible"),
    ],
)
def test_start_is_refused_with_an_option_that_does_not_fit(name: str, options: dict[str, str], error: str) -> None:
    """The error names the variable and what was expected, and not the value."""
    settings = replace(DEFAULTS[name], api_key="a-key", options={**DEFAULTS[name].options, **options})
    with pytest.raises(ConfigError) as refused:
        Config(PROVIDERS={**DEFAULTS, name: settings})
    assert str(refused.value).startswith(error)
    assert "gemini" not in str(refused.value)


def test_secret_of_callbacks_is_none_unless_it_is_set() -> None:
    """An empty variable counts as not set, and other providers have none."""
    assert DEFAULTS["clay"].callback_secret is None
    assert DEFAULTS["prospeo"].callback_secret is None
    settings = replace(DEFAULTS["clay"], options={**DEFAULTS["clay"].options, "CALLBACK_SECRET": "a-secret"})
    assert settings.callback_secret == "a-secret"

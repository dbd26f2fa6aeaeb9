"""The price and limit table: each provider's settings if the environment does not say otherwise.

Read off the providers' pages in November 2026. Prices are those of the smallest paid plan, limits
those of the smallest plan that has an API: too dear and too slow is safe, the other way is not.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from app.providers.settings import ProviderSettings, parse_limits

_MODEL_URL: Final = "https://api.anthropic.com"
_PRINTABLE: Final = "printable ASCII characters without spaces"


class ClaySettings(ProviderSettings):
    """Clay's settings: how long a callback may take, and the secret that it must bring along."""

    def check(self) -> None:
        """Raise ValueError if an option does not fit."""
        secret = self.callback_secret
        is_seconds = re.fullmatch(r"[1-9][0-9]{0,4}", self.options["CALLBACK_SECONDS"]) is not None
        is_secret = secret is None or re.fullmatch(r"[!-~]{1,512}", secret) is not None
        self.expect(is_seconds, "CALLBACK_SECONDS", "a whole number from 1 to 99999")
        self.expect(is_secret, "CALLBACK_SECRET", f"1 to 512 {_PRINTABLE}")


class ModelSettings(ProviderSettings):
    """The ai-normalizer's settings: which model is asked, and by which API."""

    def check(self) -> None:
        """Raise ValueError if an option does not fit, or if one service's key would be sent to another."""
        is_openai = self.options["API"] == "openai"
        is_model = re.fullmatch(r"[!-~]{1,100}", self.options["MODEL"]) is not None
        is_misdirected = is_openai and bool(self.api_key) and self.base_url == _MODEL_URL
        self.expect(is_openai or self.options["API"] == "anthropic", "API", "one of anthropic, openai")
        self.expect(is_model, "MODEL", f"1 to 100 {_PRINTABLE}")
        self.expect(not is_misdirected, "BASE_URL", "the address of the openai-compatible service")


def _settings(
    prefix: str,
    base_url: str,
    usd_per_credit: str,
    credits: dict[str, str],
    limits: str,
    timeout_seconds: float,
    kind: type[ProviderSettings] = ProviderSettings,
    **options: str,
) -> ProviderSettings:
    return kind(
        prefix=prefix,
        base_url=base_url,
        usd_per_credit=Decimal(usd_per_credit),
        credits=MappingProxyType({name: Decimal(value) for name, value in credits.items()}),
        limits=MappingProxyType(parse_limits(limits)),
        timeout_seconds=timeout_seconds,
        options=MappingProxyType(options),
    )


DEFAULTS: Mapping[str, ProviderSettings] = {
    # Charged for a match only; a repeat is free and says so (`free_enrichment`).
    "prospeo": _settings(
        "PROSPEO",
        "https://api.prospeo.io",
        "0.039",
        {"person": "1", "company": "1"},
        "5/s, 300/min, 2000/day",
        12,
    ),
    # Charged for each returned row, and for each found e-mail; nothing for a miss.
    "aiark": _settings(
        "AIARK",
        "https://api.ai-ark.com/api/developer-portal",
        "0.01",
        {"company": "0.1", "person": "0.5", "email": "1"},
        "5/s, 300/min, 18000/h",
        12,
    ),
    # Charged for what is found (`credits_consumed` says how much); validation always.
    "leadmagic": _settings(
        "LEADMAGIC",
        "https://api.leadmagic.io",
        "0.005",
        {"finder": "1", "profile": "1", "company": "1", "validation": "0.25"},
        "3000/min; company: 500/min",
        12,
    ),
    # Charged for a found address, a repeat is free; the verifier charges each time.
    "findymail": _settings(
        "FINDYMAIL",
        "https://app.findymail.com",
        "0.02",
        {"finder": "1", "verify": "1"},
        "30 at once",
        15,
    ),
    # Charged for each fetched page, found or not: 1, and 4 for the JSON format.
    "firecrawl": _settings(
        "FIRECRAWL",
        "https://api.firecrawl.dev/v2",
        "0.0045",
        {"company": "5"},
        "100/min, 5 at once",
        15,
    ),
    # Charged for each row that is pushed, whatever comes back.
    "clay": _settings(
        "CLAY",
        "",
        "0.056",
        {"row": "1"},
        "10/s",
        10,
        ClaySettings,
        CALLBACK_SECRET="",
        CALLBACK_SECONDS="600",
    ),
    # Tokens, at a dollar a credit: $1 and $5 for a million.
    "ai-normalizer": _settings(
        "AI_NORMALIZER",
        _MODEL_URL,
        "1",
        {"input_token": "0.000001", "output_token": "0.000005"},
        "50/min",
        15,
        ModelSettings,
        MODEL="claude-haiku-4-5",
        API="anthropic",
    ),
}
"""By provider's name."""

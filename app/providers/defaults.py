"""The price and limit table: what each provider's settings are where the environment says nothing.

Read off the providers' pages in November 2026. Prices are those of the smallest paid plan, limits
those of the smallest plan that has an API: too dear and too slow is safe, the other way is not.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from app.providers.settings import ProviderSettings, parse_limits


def _settings(
    prefix: str,
    base_url: str,
    usd_per_credit: str,
    credits: dict[str, str],
    limits: str,
    timeout_seconds: float,
    **options: str,
) -> ProviderSettings:
    return ProviderSettings(
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
        CALLBACK_SECRET="",
        CALLBACK_SECONDS="600",
    ),
    # Tokens, at a dollar a credit: $1 and $5 for a million.
    "ai-normalizer": _settings(
        "AI_NORMALIZER",
        "https://api.anthropic.com",
        "1",
        {"input_token": "0.000001", "output_token": "0.000005"},
        "50/min",
        15,
        MODEL="claude-haiku-4-5",
        API="anthropic",
    ),
}
"""By provider's name."""

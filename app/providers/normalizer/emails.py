"""E-mail addresses: syntax only, nothing is looked up."""

from __future__ import annotations

import re
from typing import Any

from email_validator import EmailNotValidError, validate_email

from app.providers.normalizer.data.free_mail import FREE_MAIL_DOMAINS
from app.providers.normalizer.text import clean

_LONGEST_ADDRESS = 320  # 64 for the local part, "@", 255 for the domain
_WRAPPING = " \t,;'\""
# What Apollo writes where an address exists but was not paid for: "email_not_unlocked@domain.com".
_PLACEHOLDER = re.compile(r"e?mail[._-]?not[._-][a-z._-]+@domain\.com")


def normalize_email(value: Any) -> str | None:
    """Return the address in lower case with its domain in ASCII, or None when the syntax is wrong.

    ``mailto:`` in front, a display name with angle brackets, and a trailing comma or semicolon are accepted.
    Two addresses in one field are refused: nothing says which one is meant. So is a placeholder that only says
    that an address was not given out.
    """
    text = clean(value, _LONGEST_ADDRESS * 2)
    if text is None or "@" not in text:
        return None
    bare = _unwrap(text)
    return _checked(bare) if len(bare) <= _LONGEST_ADDRESS else None


def email_domain(address: str) -> str:
    """Return the domain of an address that `normalize_email` gave."""
    return address.rpartition("@")[2]


def is_free_mail(domain: str) -> bool:
    """Tell whether the domain is a well-known provider of mailboxes for everybody."""
    return domain in FREE_MAIL_DOMAINS


def _unwrap(text: str) -> str:
    if text.endswith(">") and "<" in text:
        text = text[text.rindex("<") + 1 : -1]
    text = text.strip(_WRAPPING)
    if text[:7].casefold() == "mailto:":
        text = text[7:].partition("?")[0]
    return text.strip(_WRAPPING)


def _checked(address: str) -> str | None:
    try:
        valid = validate_email(address, check_deliverability=False)
    except (EmailNotValidError, ValueError):
        return None
    checked = f"{valid.local_part.lower()}@{valid.ascii_domain.lower()}"
    return None if _PLACEHOLDER.fullmatch(checked) else checked

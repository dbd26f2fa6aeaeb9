"""Company domains as the adapters still ask for them; `app.values.hosts` reads hosts."""

from typing import Any

from app.values.hosts import employer_domain, own_domain, public_suffixes, registrable_domain

__all__ = ["company_domain", "public_suffixes", "registrable_domain"]


def company_domain(value: Any, profile_hosts_refused: bool = True) -> str | None:
    """Return the registrable domain of a company's URL or host, or None."""
    return own_domain(value) if profile_hosts_refused else employer_domain(value)

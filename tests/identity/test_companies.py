"""Whether two descriptions are of one company."""

import pytest

from app.identity.companies import Firm, compare
from app.identity.names import Resemblance


def firm(name: str | None, *domains: str) -> Firm:
    """Return a company as it is described."""
    return Firm(name, frozenset(domains))


@pytest.mark.parametrize(
    ("one", "other", "resemblance"),
    [
        (firm("Acme GmbH"), firm("ACME"), Resemblance.SAME),
        (firm("Acme", "acme.com"), firm("Other Name", "acme.com"), Resemblance.SAME),
        (firm(None, "acme.de"), firm("Acme"), Resemblance.SAME),
        (firm("Acme", "acme.com"), firm("Berg", "berg.de"), Resemblance.UNLIKE),
        (firm("Delta"), firm("Delta Air Lines"), Resemblance.AKIN),
        (firm(None), firm("Acme"), Resemblance.UNKNOWN),
    ],
)
def test_companies_are_compared_by_domain_and_by_name(one: Firm, other: Firm, resemblance: Resemblance) -> None:
    """One registrable domain is one company; legal forms make no difference."""
    assert compare(one, other) is resemblance

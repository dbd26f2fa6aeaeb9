"""Whether two records bear one person's name."""

import pytest

from app.identity.names import Resemblance, compare


@pytest.mark.parametrize(
    ("name", "other", "resemblance"),
    [
        ("Ada Lovelace", "ADA LOVELACE", Resemblance.SAME),
        ("Ada Lovelace", "Lovelace, Ada", Resemblance.SAME),
        ("Müller Jürgen", "Juergen Mueller", Resemblance.SAME),
        ("William Brandt", "Bill Brandt", Resemblance.SAME),
        ("A. Lovelace", "Ada Lovelace", Resemblance.SAME),
        ("Ada Lovelace", "Ada Byron", Resemblance.AKIN),
        ("Ada Lovelace", "Grace Hopper", Resemblance.UNLIKE),
        ("Ada Lovelace", "山田太郎", Resemblance.UNKNOWN),
        ("Ada Lovelace", "", Resemblance.UNKNOWN),
    ],
)
def test_names_are_compared_word_by_word(name: str, other: str, resemblance: Resemblance) -> None:
    """Case, order, accents, short forms and initials make no difference; the comparison has no direction."""
    assert compare({"full_name": name}, {"full_name": other}) is resemblance
    assert compare({"full_name": other}, {"full_name": name}) is resemblance

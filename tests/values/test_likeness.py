"""Names compared: same, other, or unknown."""

import pytest

from app.values.likeness import compare_companies, compare_people


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("Ida Brandt", "IDA BRANDT", "same"),
        ("Ida Brandt", "Brandt, Ida", "same"),
        ("Ida Brandt", "Dr. Ida Brandt, MBA", "same"),
        ("Ida Brandt", "Ida Maria Brandt", "same"),
        ("Ida Brandt", "I. Brandt", "same"),
        ("Ida Brandt-Vogel", "Ida Brandt", "same"),
        ("Robert Tanner", "Bob Tanner", "same"),
        ("Tom Hansen", "Thomas Hansen", "same"),
        ("Jörg Müller", "Joerg Mueller", "same"),
        ("Jörg Müller", "Jorg Muller", "same"),
        ("Øyvind Sæther", "Oyvind Saether", "same"),
        ("Jean-Pierre Dupont", "Jean Pierre Dupont", "same"),
        ("Maria del Carmen Ruiz", "Maria Ruiz", "same"),
        ("Mike O'Brien", "Michael OBrien", "same"),
        ("Ludwig van Beek", "Ludwig Beek", "same"),
        ("Соколова Ирина", "Ирина Соколова", "same"),
        ("Ida Brandt", "Ole Hansen", "other"),
        ("Ida Brandt", "Ole Brandt", "other"),
        ("Ida Brandt", "Ida Lind", "other"),
        ("Ida Brandt", "Ivo Brandt", "other"),
        ("Max Hansen", "Max Jensen", "other"),
        ("Ole", "Ida Brandt", "other"),
        ("Ida", "Ida Brandt", "unknown"),
        ("Ирина Соколова", "Irina Sokolova", "unknown"),
        ("", "Ida Brandt", "unknown"),
        ("N/A", "Ida Brandt", "unknown"),
    ],
)
def test_people_are_told_apart_by_their_names(one: str, other: str, likeness: str) -> None:
    """Order, case, accents, titles, middle names and short forms make no difference; another name is another person."""
    assert compare_people({"full_name": one}, {"full_name": other}) == likeness
    assert compare_people({"full_name": other}, {"full_name": one}) == likeness


def test_a_name_in_parts_equals_the_whole() -> None:
    """How a list divides a name makes no difference."""
    parts = {"first_name": "Ida", "last_name": "Brandt", "full_name": "Something Else"}
    assert compare_people(parts, {"full_name": "Brandt Ida"}) == "same"


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("Acme", "ACME GmbH", "same"),
        ("Acme S.r.l.", "Acme", "same"),
        ("Acme", "Acme Robotics Germany", "same"),
        ("Müller Bau", "Mueller-Bau GmbH & Co. KG", "same"),
        ("BMW AG", "Bayerische Motoren Werke", "same"),
        ("Nordlicht", "Nord Licht", "same"),
        ("Alpha Pizza", "Beta Nails", "other"),
        ("Bau Alpha", "Bau Beta", "other"),
        ("Acme Germany", "Acme France", "other"),
        ("Praxis Nordlicht", "Praxis Berg", "other"),
        ("", "Acme", "unknown"),
        ("Яндекс", "Yandex", "unknown"),
    ],
)
def test_companies_are_told_apart_by_their_names(one: str, other: str, likeness: str) -> None:
    """Legal forms, case, accents and further words make no difference; another name is another company."""
    assert compare_companies(one, other) == likeness
    assert compare_companies(other, one) == likeness

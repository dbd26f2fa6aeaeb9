"""When two records with one key are about two entities: their names say so."""

import pytest

from app.entities.matching import are_others


@pytest.mark.parametrize(
    ("one", "other", "are_two"),
    [
        ("Ida Brandt", "IDA BRANDT", False),
        ("Ida Brandt", "Brandt, Ida", False),
        ("Ida Brandt", "Dr. Ida Brandt, MBA", False),
        ("Ida Brandt", "Ida Maria Brandt", False),
        ("Ida Brandt", "I. Brandt", False),
        ("Ida Brandt-Vogel", "Ida Brandt", False),
        ("Robert Tanner", "Bob Tanner", False),
        ("Tom Hansen", "Thomas Hansen", False),
        ("Jörg Müller", "Joerg Mueller", False),
        ("Jörg Müller", "Jorg Muller", False),
        ("Øyvind Sæther", "Oyvind Saether", False),
        ("Jean-Pierre Dupont", "Jean Pierre Dupont", False),
        ("Maria del Carmen Ruiz", "Maria Ruiz", False),
        ("Mike O'Brien", "Michael OBrien", False),
        ("Ludwig van Beek", "Ludwig Beek", False),
        ("Соколова Ирина", "Ирина Соколова", False),
        ("Ida Brandt", "Ole Hansen", True),
        ("Ida Brandt", "Ole Brandt", True),
        ("Ida Brandt", "Ida Lind", True),
        ("Ida Brandt", "Ivo Brandt", True),
        ("Max Hansen", "Max Jensen", True),
        ("Ole", "Ida Brandt", True),
        ("Ida", "Ida Brandt", False),
        ("Ирина Соколова", "Irina Sokolova", False),
        ("", "Ida Brandt", False),
        ("N/A", "Ida Brandt", False),
    ],
)
def test_people_are_told_apart_by_their_names(one: str, other: str, are_two: bool) -> None:
    """Order, case, accents, titles, middle names and short forms make no difference; another name is another person."""
    assert are_others("person", {"full_name": one}, {"full_name": other}, may_be_renamed=False) is are_two
    assert are_others("person", {"full_name": other}, {"full_name": one}, may_be_renamed=False) is are_two


def test_a_name_in_parts_equals_the_whole() -> None:
    """How a list divides a name makes no difference."""
    parts = {"first_name": "Ida", "last_name": "Brandt"}
    assert not are_others("person", parts, {"full_name": "Brandt Ida"}, may_be_renamed=False)


def test_another_surname_is_a_change_of_name_if_the_key_goes_with_the_person() -> None:
    """Who keeps the first name may have taken another surname; who has another first name is a relative."""
    ida = {"full_name": "Ida Brandt"}
    assert not are_others("person", ida, {"full_name": "Ida Lind"}, may_be_renamed=True)
    assert are_others("person", ida, {"full_name": "Ole Brandt"}, may_be_renamed=True)
    assert are_others("person", ida, {"full_name": "Ole Hansen"}, may_be_renamed=True)


@pytest.mark.parametrize(
    ("one", "other", "are_two"),
    [
        ("Acme", "ACME GmbH", False),
        ("Acme S.r.l.", "Acme", False),
        ("Acme", "Acme Robotics Germany", False),
        ("Müller Bau", "Mueller-Bau GmbH & Co. KG", False),
        ("BMW AG", "Bayerische Motoren Werke", False),
        ("Nordlicht", "Nord Licht", False),
        ("Alpha Pizza", "Beta Nails", True),
        ("Bau Alpha", "Bau Beta", True),
        ("Acme Germany", "Acme France", True),
        ("Praxis Nordlicht", "Praxis Berg", True),
        ("", "Acme", False),
        ("Яндекс", "Yandex", False),
    ],
)
def test_companies_are_told_apart_by_their_names(one: str, other: str, are_two: bool) -> None:
    """Legal forms, case, accents and further words make no difference; another name is another company."""
    assert are_others("company", {"name": one}, {"name": other}, may_be_renamed=False) is are_two
    assert are_others("company", {"name": other}, {"name": one}, may_be_renamed=False) is are_two

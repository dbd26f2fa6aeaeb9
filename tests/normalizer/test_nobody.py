"""Placeholders of people: texts that name nobody, and people whose names look like some."""

import pytest

from app.normalizer.nobody import names_nobody

PLACEHOLDERS = """
LinkedIn Member | LINKEDIN MEMBER | Membre de LinkedIn | LinkedIn-Mitglied | Usuário do LinkedIn | Utente LinkedIn
LinkedInメンバー | 领英会员 | Участник LinkedIn | Sales Team | sales_team | SalesTeam | Info | INFO | Admin
Customer Service | Customer Support Team | Accounts Payable | Human Resources | Sales & Marketing | Hiring Manager
The HR Department | Office Manager | Business Owner | IT Support | Team Nordlicht | Nordlicht Team | Kundenservice
Service Client | Atención al Cliente | Servizio Clienti | Recursos Humanos | Dział Sprzedaży | Отдел продаж | 担当者
Facebook User | Test | Test Test | Test User 1 | test123 | Demo Account | Max Mustermann | asdf asdf | xxx
First Name | FirstName LastName | first_name | {{first_name}} | *|FNAME|* | Vorname Nachname | Nombre Apellidos
Prénom Nom | Nome e Cognome | Имя Фамилия | Ad Soyad | Imię Nazwisko | 姓名 | Full Name | Contact Name
N/A | n/a n/a | #N/A | n.a. | Unknown | Unknown Unknown | (unknown) | Unbekannt | Inconnu | Sin nombre | No Name
Not Provided | Null Null | Anonymous | Anonymous User | Deleted user | [deleted] | Private User | Private Profile
Do Not Use | DO NOT CONTACT - duplicate | No longer with company | To whom it may concern | Dear Sir or Madam
The Smith Family | Familie Müller | Famille Dupont | No Reply | noreply | Webmaster | Current Resident
"""
PEOPLE = """
Will Test | Anna Sales | Ken Member | Nobel Page | Jennifer Null | Christopher Guest | Anna Unknown | Al Gore
De Sales | Di Maria | Le Do | Do Nhat Nam | To Nga | Ad Visser | Bo Price | James Last | Jane Doe | Jean Service-Dupont
Mr. Smith | Grace Hopper (LinkedIn) | Anna Support | Theo Family | Nan Goldin | Na Li | Noa Levi | N. A. Brandt
Rob Tanner, Head of Sales | Guest Anna | Marketa Novakova | Office Smith | Teamo Lind | Fulano Silva
"""


def in_columns(text: str) -> list[tuple[str | None, str | None, str | None]]:
    """Return the ways in which a name stands in a row's first, last and full name."""
    first, _, last = text.rpartition(" ")
    return [(None, None, text), (first or None, last, None), (first or None, last, text)]


def split_list(text: str) -> list[str]:
    """Return the names of a list with one bar between them."""
    marked = text.replace("*|FNAME|*", "*¦FNAME¦*")
    return [name.strip().replace("¦", "|") for line in marked.strip().splitlines() for name in line.split(" | ")]


def test_placeholder_names_nobody_in_any_column() -> None:
    """A header, a role, a hidden profile, test data and a household are nobody's name."""
    names = split_list(PLACEHOLDERS)
    missed = [name for name in names if not all(names_nobody(*columns) for columns in in_columns(name))]
    assert not missed, missed


def test_person_is_somebody_in_any_column() -> None:
    """A name that shares a word with a placeholder is a person's if another word of it is a name."""
    names = split_list(PEOPLE)
    refused = [name for name in names if any(names_nobody(*columns) for columns in in_columns(name))]
    assert not refused, refused


@pytest.mark.parametrize(
    "columns",
    [(None, None, None), ("", " ", None), ("-", "-", "-"), (1, [], {}), ("Unknown", "Unknown", "Anna Smith")],
)
def test_row_names_somebody_if_one_column_may(columns: tuple[object, object, object]) -> None:
    """Blank columns say nothing, and a name in one column outweighs a placeholder in another."""
    assert not names_nobody(*columns)

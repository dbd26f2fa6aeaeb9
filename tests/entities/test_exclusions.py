"""Exclusions: what they are made of, whom they exclude, and what is left of lists and exports."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import event

from app.db.session import transaction
from app.enrichment.waterfall.erase import erase_entity
from app.entities import exclusions
from app.entities.csv.exports import export_csv
from app.entities.exclusions import ExclusionCounts, Exclusions, without_excluded
from app.entities.upsert import upsert_entities
from app.errors import Invalid
from app.extensions import db


def upsert(rows: Iterable[dict[str, Any]], entity_type: str = "person", workspace_slug: str = "north") -> None:
    """Upsert rows in a transaction of their own."""
    with transaction() as session:
        upsert_entities(entity_type, rows, workspace_slug=workspace_slug, session=session)


def listed(workspace_slug: str = "north", limit: int = 50) -> list[str]:
    """Return all excluded values in the order of the list, read by pages."""
    db.session.rollback()
    values: list[str] = []
    cursor = None
    while True:
        page = exclusions.list_(workspace_slug, cursor=cursor, limit=limit)
        values += [one.value for one in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return values


def kept(ids: Iterable[str], entity_type: str = "person") -> list[str]:
    """Return the ids that are not excluded."""
    db.session.rollback()
    return list(without_excluded(entity_type, ids, "north"))


# Values


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        ("acme.com", "acme.com"),
        (" ACME.com. ", "acme.com"),
        ("www.acme.com", "acme.com"),
        ("www.com", "www.com"),
        ("https://www.acme.com:8443/about?x=1#y", "acme.com"),
        ("//acme.com/about", "acme.com"),
        ("mail.eu.acme.co.uk", "mail.eu.acme.co.uk"),
        ("gmail.com", "gmail.com"),
        ("linkedin.com", "linkedin.com"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("BÜCHER.de", "xn--bcher-kva.de"),
        ("Ann.Lee@Acme.COM", "ann.lee@acme.com"),
        ("mailto:ann@acme.com", "ann@acme.com"),
        ("Ann Lee <ann@acme.com>", "ann@acme.com"),
        ("ann@bücher.de", "ann@xn--bcher-kva.de"),
        ("o'neil/sales@acme.com", "o'neil/sales@acme.com"),
    ],
)
def test_value_is_stored_in_one_spelling(value: str, spelling: str) -> None:
    """However a domain or address is written, it is the same exclusion, and its spelling is stable."""
    assert exclusions.normalized(value) == spelling
    assert exclusions.normalized(spelling) == spelling


@pytest.mark.parametrize(
    "value",
    ["", " ", "acme", "localhost", "n.a.", "10.0.0.1", "-acme.com", "ac me.com", "a..com", "acme.c", "x" * 64 + ".com",
     "@acme.com", "ann@", "ann@acme", "a@b.com, c@d.com", "ann@@acme.com", "acme.\x00com", "a." * 130 + "com"],
)  # fmt: skip
def test_what_is_neither_domain_nor_address_has_no_spelling(value: str) -> None:
    """Nothing is guessed: a value that cannot exclude anything is refused."""
    assert exclusions.normalized(value) is None


@pytest.mark.parametrize(
    "value",
    ["acme.de, berg.de", "acme.de;berg.de", "acme.de berg.de", "acme.de\tberg.de", "acme.de|https://www.berg.de/"],
)
def test_value_with_two_domains_excludes_both(context: Flask, value: str) -> None:
    """Nobody who must not be contacted is dropped without a word."""
    assert exclusions.add([value], "north") == ExclusionCounts(created=2)
    assert listed() == ["acme.de", "berg.de"]
    assert exclusions.remove([value], "north") == 2


@pytest.mark.parametrize("value", ["acme.de, berg", "acme.de and berg.de", "ann@acme.de ,x", "acme.de / berg.de, -"])
def test_value_is_refused_if_a_part_of_it_says_nothing(context: Flask, value: str) -> None:
    """A part that is neither domain nor address is not passed over."""
    with pytest.raises(Invalid):
        exclusions.add([value], "north")
    assert listed() == []


@pytest.mark.parametrize(
    ("value", "spellings"),
    [
        ("ada@x.de | beta.de", ["ada@x.de", "beta.de"]),
        ("ada@x.de, Ole <ole@y.de>", None),
        ("<ada@x.de>, <ole@y.de>", ["ada@x.de", "ole@y.de"]),
        ("acme.de，beta.de", ["acme.de", "beta.de"]),
        ("*@acme.de", ["acme.de"]),
        ("Ada Lind <ada@x.de>", ["ada@x.de"]),
    ],
)
def test_no_part_of_a_value_is_dropped(value: str, spellings: list[str] | None) -> None:
    """Every part is excluded, or the value is refused."""
    assert exclusions.normalized_all(value) == spellings


def test_field_with_two_domains_is_excluded_by_either(context: Flask) -> None:
    """An entity that names several domains is left alone if one of them is excluded."""
    upsert([{"id": "p1", "company_domain": "fjord.de, berg.de"}, {"id": "p2", "company_domain": "fjord.de"}])
    exclusions.add(["berg.de"], "north")
    assert kept(["p1", "p2"]) == ["p2"]


@example("0@0.A")
@given(st.text() | st.from_regex(r"[a-z.@/:-]{1,20}", fullmatch=True))
def test_spelling_is_stable_and_excludes_itself(value: str) -> None:
    """Whatever the text, its spelling is its own spelling, and an entity that has it is excluded."""
    spelling = exclusions.normalized(value)
    if spelling is not None:
        assert exclusions.normalized(spelling) == spelling
        field = "email" if "@" in spelling else "company_domain"
        assert Exclusions([spelling]).excludes("person", {field: spelling})


@given(st.sampled_from(["email", "company_domain"]), st.text(), st.text(alphabet="aA.@/:<> ,\\'\"?#[]ß\u0130"))
def test_any_stored_text_can_be_asked_about(field: str, text: str, signs: str) -> None:
    """Fields hold what somebody typed, and nothing of it is an error."""
    for value in (text, signs, f"{signs}acme.com"):
        Exclusions(["acme.com"]).excludes("person", {field: value})


# Store


def test_added_values_are_listed_once(context: Flask) -> None:
    """Counts add up to the values given, repeated spellings included; domains come first."""
    counts = exclusions.add(["b@acme.com", "Acme.com", "https://acme.com/", "a@acme.com"], "north")
    assert counts == ExclusionCounts(created=3, unchanged=1)
    assert exclusions.add(["acme.com", "acme.de"], "north") == ExclusionCounts(created=1, unchanged=1)
    assert listed() == ["acme.com", "acme.de", "a@acme.com", "b@acme.com"]
    assert [one.kind for one in exclusions.list_("north").rows] == ["domain", "domain", "email", "email"]
    assert listed("south") == []


def test_list_is_read_by_pages(context: Flask) -> None:
    """Every exclusion is on one page, at whatever place a page ends."""
    values = [f"acme{number}.com" for number in range(4)] + [f"p{number}@acme.com" for number in range(3)]
    exclusions.add(values, "north")
    for limit in (1, 2, 3, 4, 7, 8):
        assert listed(limit=limit) == values


def test_bad_values_are_told_by_their_positions_and_nothing_is_stored(context: Flask) -> None:
    """At most 20 are named, with what was expected and without the value."""
    values = ["acme.com", *["nothing"] * 25, "a@b"]
    with pytest.raises(Invalid) as raised:
        exclusions.add(values, "north")
    assert [one["path"] for one in raised.value.details] == [f"values.{position}" for position in range(1, 21)]
    assert "name@example.com" in raised.value.details[0]["message"]
    assert "nothing" not in raised.value.details[0]["message"]
    assert listed() == []


def test_removed_values_exclude_no_more(context: Flask) -> None:
    """Any spelling will do; what was not there is not counted."""
    exclusions.add(["acme.com", "acme.de", "a@acme.com"], "north")
    exclusions.add(["acme.com"], "south")
    assert exclusions.remove(["HTTPS://ACME.com", "A@acme.com", "other.com"], "north") == 2
    assert (listed(), listed("south")) == (["acme.de"], ["acme.com"])
    with pytest.raises(Invalid):
        exclusions.remove(["acme.de", "nothing"], "north")
    assert listed() == ["acme.de"]


def test_many_values_are_stored_in_slices(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many, each is added, found and removed once."""
    monkeypatch.setattr(exclusions, "SLICE_ROWS", 3)
    values = [f"acme{number}.com" for number in range(10)]
    assert exclusions.add(values, "north") == ExclusionCounts(created=10)
    fields = [{"company_domain": value} for value in values]
    assert all(Exclusions.load_for("person", fields, "north").excludes("person", one) for one in fields)
    db.session.rollback()
    assert exclusions.remove(values, "north") == 10


# Who is excluded

EXCLUDED = Exclusions(["acme.com", "mail.acme.de", "xn--bcher-kva.de", "ann@free.com", "o'neil@free.com"])


@pytest.mark.parametrize(
    ("entity_type", "fields"),
    [
        ("person", {"email": "ann@free.com"}),
        ("person", {"email": " ANN@Free.com"}),
        ("person", {"email": "Ann Lee <ann@free.com>"}),
        ("person", {"email": "mailto:ann@free.com?subject=x"}),
        ("person", {"email": "bob@free.com; ann@free.com"}),
        ("person", {"email": "'o'neil@free.com'"}),
        ("person", {"normalized_email": "ann@free.com"}),
        ("person", {"email": "bob@acme.com"}),
        ("person", {"email": "bob@eu.acme.com."}),
        ("person", {"email": "bob@mail.acme.de"}),
        ("person", {"email": "bob@bücher.de"}),
        ("person", {"normalized_email": "bob@acme.com"}),
        ("person", {"email": "bob@free.com", "company_domain": "acme.com"}),
        ("person", {"company_domain": "https://www.Acme.com/team"}),
        ("person", {"company_domain": "BÜCHER.de"}),
        ("person", {"normalized_company_domain": "acme.com"}),
        ("company", {"domain": "acme.com"}),
        ("company", {"domain": "shop.eu.acme.com"}),
        ("company", {"website": "http://www.acme.com:80/#home"}),
        ("company", {"website": "//acme.com"}),
        ("company", {"normalized_domain": "acme.com"}),
    ],
)
def test_entity_is_excluded(entity_type: str, fields: dict[str, Any]) -> None:
    """By its address, by the domain of one, or by a domain above its company's."""
    assert EXCLUDED.excludes(entity_type, fields)


@pytest.mark.parametrize(
    ("entity_type", "fields"),
    [
        ("person", {}),
        ("person", {"email": None, "company_domain": "", "normalized_email": None}),
        ("person", {"email": "bob@free.com"}),
        ("person", {"email": "joann@free.com"}),
        ("person", {"email": "bob@notacme.com"}),
        ("person", {"email": "bob@acme.com.br"}),
        ("person", {"email": "bob@acme.de"}),
        ("person", {"email": "acme.com"}),
        ("person", {"company": "acme.com", "location": "ann@free.com"}),
        ("person", {"company_domain": "com"}),
        ("company", {"name": "acme.com", "linkedin_url": "https://linkedin.com/company/acme.com"}),
        ("company", {"website": "https://other.com/acme.com"}),
        ("company", {"website": "https://other.com/?from=acme.com"}),
        ("company", {"domain": ["acme.com"]}),
    ],
)
def test_entity_is_not_excluded(entity_type: str, fields: dict[str, Any]) -> None:
    """A name that looks alike, a domain below and what stands in other fields exclude nobody."""
    assert not EXCLUDED.excludes(entity_type, fields)


def test_no_exclusions_are_false() -> None:
    """So that a caller can spare itself the reading."""
    assert not Exclusions()
    assert not Exclusions().excludes("person", {"email": "ann@free.com"})
    assert EXCLUDED


def test_exclusions_for_a_few_entities_are_those_that_matter(context: Flask) -> None:
    """They decide as all of them do, and hold no others; without any the answer is false."""
    exclusions.add(["acme.com", "ann@free.com", *(f"other{number}.com" for number in range(100))], "north")
    exclusions.add(["south.com"], "south")
    rows = [
        {"email": "ann@free.com"},
        {"email": "bob@free.com", "company_domain": "eu.acme.com"},
        {"email": "cat@south.com"},
    ]
    all_, some = Exclusions.load("north"), Exclusions.load_for("person", rows, "north")
    assert [some.excludes("person", one) for one in rows] == [True, True, False]
    assert [all_.excludes("person", one) for one in rows] == [True, True, False]
    assert not some.excludes("person", {"email": "x@other1.com"})
    assert not Exclusions.load_for("person", rows[2:], "north")
    assert not Exclusions.load_for("person", [], "north")


# Lists


def test_excluded_entities_are_left_out_of_a_list(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Order and repetitions stay, ids of no entity pass, other workspaces and entity types do not count."""
    monkeypatch.setattr(exclusions, "SLICE_ROWS", 3)
    upsert([{"id": f"p{n}", "email": f"p{n}@{'acme' if n % 2 else 'free'}.com"} for n in range(8)])
    upsert([{"id": "elsewhere", "email": "x@acme.com"}], workspace_slug="south")
    upsert([{"id": "p0", "domain": "acme.com"}], entity_type="company")
    exclusions.add(["acme.com"], "north")
    ids = ["p7", "p6", "nobody", "elsewhere", *(f"p{n}" for n in range(7)), "p6"]
    assert kept(iter(ids)) == ["p6", "nobody", "elsewhere", "p0", "p2", "p4", "p6", "p6"]
    assert kept(["p0", "p2"], "company") == ["p2"]
    assert kept([]) == []


def test_without_exclusions_no_entity_is_read(context: Flask) -> None:
    """Ids pass as they come, after one look for exclusions."""
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    endless = (f"p{number}" for number in iter(int, 1))
    passed = without_excluded("person", endless, "north")
    assert [next(passed) for _ in range(5000)] == ["p0"] * 5000
    (read,) = [statement for statement in statements if statement.startswith("SELECT")]
    assert "exclusions" in read


def test_entities_of_the_same_transaction_are_seen(context: Flask) -> None:
    """A list whose entities are stored along with it is judged by what is stored."""
    exclusions.add(["acme.com"], "north")
    with transaction() as session:
        rows = [{"id": "a", "email": "a@acme.com"}, {"id": "b", "email": "b@free.com"}]
        upsert_entities("person", rows, workspace_slug="north", session=session)
        assert list(without_excluded("person", ["a", "b"], "north")) == ["b"]


# Export


@pytest.mark.parametrize(("entity_type", "name"), [("person", "company_domain"), ("company", "domain")])
def test_excluded_entities_have_no_row_in_an_export(context: Flask, entity_type: Any, name: str) -> None:
    """Whoever is excluded leaves the service in no file; taken back, the row is there again."""
    upsert([{"id": "a", name: "acme.com"}, {"id": "b", name: "other.com"}, {"id": "c"}], entity_type)
    exclusions.add(["acme.com"], "north")
    exclusions.add(["other.com"], "south")
    assert exported_ids(entity_type) == ["b", "c"]
    exclusions.remove(["acme.com"], "north")
    assert exported_ids(entity_type) == ["a", "b", "c"]


def test_exclusions_stay_when_an_entity_is_erased(context: Flask) -> None:
    """An exclusion is an instruction: it holds for the next import too."""
    upsert([{"id": "a", "email": "a@free.com"}])
    exclusions.add(["a@free.com"], "north")
    erase_entity("person", "a", workspace_slug="north")
    assert listed() == ["a@free.com"]


def exported_ids(entity_type: Any) -> list[str]:
    """Return the ids of an export."""
    db.session.rollback()
    raw = b"".join(export_csv(entity_type, workspace_slug="north"))
    return [row["id"] for row in csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))]

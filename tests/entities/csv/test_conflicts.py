"""Rows that share a key with an entity of another name: kept apart or in conflict, and said."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.enrichment.waterfall.erase import erase_entity
from app.entities import stored
from app.entities.csv import imports
from app.entities.csv.import_report import ImportReport
from app.entities.csv.imports import import_csv
from app.entities.csv.rows import Row
from app.entities.fields import table_of
from app.entities.ids import identify
from app.entities.matching import Matcher
from app.entities.read import list_entities
from app.extensions import db
from app.values.entity_types import EntityType


def imported(text: str, entity_type: EntityType = "person", **options: Any) -> ImportReport:
    """Import a file into the workspace `north`."""
    return import_csv(entity_type, io.BytesIO(text.encode()), workspace_slug="north", **options)


def names(entity_type: EntityType = "person") -> list[str]:
    """Return the names of all entities, in order."""
    db.session.rollback()
    rows = list_entities(entity_type, workspace_slug="north", limit=200).rows
    field = "name" if entity_type == "company" else "full_name"
    return sorted(str(row.fields[field]) for row in rows)


COUNTS = ("created", "updated", "unchanged", "refused", "conflicts", "kept_apart", "replaced")


def counts(report: ImportReport) -> dict[str, int]:
    """Return the counts that are not 0."""
    return {name: getattr(report, name) for name in COUNTS if getattr(report, name)}


@pytest.mark.parametrize(
    "domain",
    [
        "https://www.yelp.com/biz/{n}",
        "https://www.yelp.de/biz/{n}",
        "https://www.etsy.com/shop/{n}",
        "https://wa.me/4930{n}",
        "https://fb.com/{n}",
        "https://www.pagesjaunes.fr/pros/{n}",
        "https://linktr.ee/{n}",
        "t-online.de",
        "qq.com",
        "hotmail.co.uk",
        "https://www.bark.com",
    ],
)
def test_companies_on_a_host_that_is_nobodys_own_stay_two(context: Flask, domain: str) -> None:
    """A page on a platform and a mail provider's domain are no key: the name tells companies apart, without remark."""
    file = "Name,Website,Country\n" + "".join(f"{name},{domain.format(n=name[0])},NO\n" for name in ("Alpha", "Beta"))
    assert counts(imported(file, "company")) == {"created": 2}
    assert counts(imported(file, "company")) == {"unchanged": 2}
    assert names("company") == ["Alpha", "Beta"]


@pytest.mark.parametrize("address", ["praxis@nordlicht.example", "einkauf.nord@nordlicht.example", "info@t-online.de"])
def test_people_behind_a_role_stay_two(context: Flask, address: str) -> None:
    """An address of a role identifies nobody if there are names."""
    file = f"Full Name,Email,Company\nIda Brandt,{address},Nordlicht\nOle Hansen,{address},Nordlicht\n"
    assert counts(imported(file)) == {"created": 2}
    assert counts(imported(file)) == {"unchanged": 2}


def test_row_that_names_nobody_is_refused_with_the_reason(context: Flask) -> None:
    """A placeholder in a name's place is nobody, unless an address or a page says who is meant."""
    report = imported(
        "Full Name,Company,Email\nLinkedIn Member,Nordlicht,\nSales Team,Nordlicht,ida@nordlicht.example\n"
    )
    assert counts(report) == {"created": 1, "refused": 1}
    assert "placeholder" in report.refusals[0].reason
    assert "placeholder" in imported("Name\nSelf-employed\n", "company").refusals[0].reason


def test_row_of_another_name_is_kept_apart_and_said(context: Flask) -> None:
    """A family's mailbox belongs to two people; the second is stored as its own, listed, and found again."""
    file = "Full Name,Email\nIda Lind,lind@berg.example\nOle Lind,lind@berg.example\n"
    report = imported(file)
    assert counts(report) == {"created": 2, "kept_apart": 1}
    [row] = report.apart_rows
    stored = {view.fields["full_name"]: view.id for view in list_entities("person", workspace_slug="north").rows}
    assert (row.line, row.id, row.shared_with) == (3, stored["Ole Lind"], stored["Ida Lind"])
    assert counts(imported(file)) == {"unchanged": 2, "kept_apart": 1}
    assert counts(imported(file.replace("Ole Lind", "OLE LIND"))) == {
        "unchanged": 1, "updated": 1, "kept_apart": 1, "replaced": 1
    }  # fmt: skip


SHARED: dict[EntityType, tuple[str, list[str]]] = {
    "person": ("Full Name,Email\n", ["Ida Lind,lind@berg.example\n", "Ole Lind,lind@berg.example\n"]),
    "company": ("Name,Domain\n", ["Alpha Pizza,mall.example\n", "Beta Nails,mall.example\n"]),
}


@pytest.mark.parametrize("entity_type", SHARED)
def test_entity_kept_apart_is_found_again_after_the_first_of_its_key_was_erased(
    context: Flask, entity_type: EntityType
) -> None:
    """Who was kept apart keeps its id, whether the key has another holder, none, or a new one."""
    header, (first, second) = SHARED[entity_type]
    report = imported(header + first + second, entity_type)
    erase_entity(entity_type, report.apart_rows[0].shared_with, workspace_slug="north")
    for is_dry_run in (True, False):
        assert counts(imported(header + second, entity_type, is_dry_run=is_dry_run)) == {"unchanged": 1}
    nameless = f",{second.split(',')[1]}"
    assert counts(imported(header + nameless + second, entity_type)) == {"created": 1, "unchanged": 1}
    assert counts(imported(header + second + first, entity_type)) == {"updated": 1, "unchanged": 1}
    assert len(names(entity_type)) == 2


@pytest.mark.parametrize(
    ("entity_type", "spellings"),
    [
        ("person", ["Ole Lind", "Lind, Ole", "Dr. Ole Lind", "Ole LIND, Ph.D.", "Óle Lind"]),
        ("company", ["Beta Nails", "Beta-Nails GmbH", "BETA NAILS S.r.l.", "Béta Nails"]),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_spellings_of_one_name_are_kept_apart_once(
    context: Flask, monkeypatch: pytest.MonkeyPatch, entity_type: EntityType, spellings: list[str], size: int
) -> None:
    """Who shares a key with another is one entity, however its name is spelled."""
    monkeypatch.setattr(imports, "SLICE_ROWS", size)
    header, (first, second) = SHARED[entity_type]
    key = second.split(",")[1]
    report = imported(header + first + "".join(f'"{name}",{key}' for name in spellings), entity_type)
    assert (report.created, report.kept_apart) == (2, len(spellings))
    assert len(names(entity_type)) == 2


def test_entity_kept_apart_by_an_earlier_release_is_found(context: Flask) -> None:
    """The id that was made of the name as it is written stays that of the entity."""
    imported("Full Name,Email\nIda Lind,lind@berg.example\n")
    earlier = "per_aba37725ac930721dfa5fe6f"
    imported(f'id,Full Name\n{earlier},"Lind, Ole"\n')
    report = imported('Full Name,Email,City\n"Lind, Ole",lind@berg.example,Bergen\n')
    assert counts(report) == {"updated": 1, "kept_apart": 1}
    assert report.apart_rows[0].id == earlier


def test_row_of_a_first_name_alone_is_not_laid_over_another_first_name(context: Flask) -> None:
    """A single name is enough to see that somebody else is meant."""
    assert counts(imported("First Name,Last Name,Email\nIda,Lind,l@berg.example\nOle,,l@berg.example\n")) == {
        "created": 2, "kept_apart": 1
    }  # fmt: skip


def test_vague_name_that_repeats_does_not_put_back_itself(context: Flask) -> None:
    """A name that said less stays replaced, also if it was there first."""
    rows = "".join(f"{name},i@berg.example\n" for name in ("I. Brandt", "Ida Brandt", "I. Brandt"))
    assert counts(imported(f"Full Name,Email\n{rows}")) == {"created": 1, "updated": 1, "unchanged": 1, "replaced": 1}
    assert names() == ["Ida Brandt"]


def test_companies_of_two_names_at_one_host_are_kept_apart(context: Flask) -> None:
    """A host that two different names share is no key by itself, whatever host it is."""
    report = imported(
        "Name,Domain\nAlpha Pizza,mall.example\nBeta Nails,mall.example\nAlpha Pizza GmbH,mall.example\n", "company"
    )
    assert counts(report) == {"created": 2, "updated": 1, "kept_apart": 1, "replaced": 1}
    assert [row.line for row in report.apart_rows] == [3]
    assert [(row.line, row.fields) for row in report.replacements] == [(4, ["name"])]
    assert names("company") == ["Alpha Pizza GmbH", "Beta Nails"]


def test_person_who_took_another_surname_is_the_same_by_page_and_another_by_mailbox(context: Flask) -> None:
    """A LinkedIn page goes with its owner through a change of surname; a mailbox may have gone to somebody else."""
    page = "https://www.linkedin.com/in/ida"
    imported(f"Full Name,LinkedIn URL\nIda Brandt,{page}\n")
    assert counts(imported(f"Full Name,LinkedIn URL\nIda Lind,{page}\n")) == {"updated": 1, "replaced": 1}
    imported("Full Name,Email\nEva Brandt,brandt@berg.example\n")
    assert counts(imported("Full Name,Email\nEva Lind,brandt@berg.example\n")) == {"created": 1, "kept_apart": 1}


@pytest.mark.parametrize("between", ["I. Brandt", "Brandt", "Sales Team", "Ida"])
@pytest.mark.parametrize("size", [1, 1000])
def test_vague_name_between_two_people_makes_them_no_one(
    context: Flask, monkeypatch: pytest.MonkeyPatch, between: str, size: int
) -> None:
    """A name that says less never takes the stored one's place, so that nobody else can follow it."""
    monkeypatch.setattr(imports, "SLICE_ROWS", size)
    rows = "".join(f"{name},brandt@berg.example\n" for name in ("Ida Brandt", between, "Ole Brandt"))
    dry = imported(f"Full Name,Email\n{rows}", is_dry_run=True)
    report = imported(f"Full Name,Email\n{rows}")
    assert counts(dry) == counts(report)
    assert (report.created, report.kept_apart) == (2, 1)
    assert names() == ["Ida Brandt", "Ole Brandt"]


@pytest.mark.parametrize("size", [1, 1000])
def test_branches_of_a_company_are_not_led_to_each_other_by_its_short_name(
    context: Flask, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A short name between two longer ones makes them no one."""
    monkeypatch.setattr(imports, "SLICE_ROWS", size)
    file = "Name,Domain\n" + "".join(f"{name},acme.example\n" for name in ("Acme Germany", "Acme", "Acme France"))
    assert imported(file, "company").kept_apart == 1
    assert names("company") == ["Acme France", "Acme Germany"]


def test_domains_that_an_earlier_release_took_for_one_stay_two(context: Flask) -> None:
    """Rows of today are not led together by a key of then."""
    assert counts(imported("Domain\nstrasse.example\nstraße.example\n", "company")) == {"created": 2}


def test_two_lists_that_count_from_1_are_two_even_with_a_first_name_in_common(context: Flask) -> None:
    """With another address beside it, another surname is another person and no change of name."""
    imported("id,Full Name,Email\n1,Tom Dahl,tom@dahl.example\n")
    assert counts(imported("id,Full Name,Email\n1,Tom Berg,tom@berg.example\n")) == {"conflicts": 1}
    assert counts(imported("id,Full Name,Email\n1,Tom Berg,tom@dahl.example\n")) == {"updated": 1, "replaced": 1}


def test_names_replaced_by_id_do_not_stop_a_row_without_one(context: Flask) -> None:
    """A file may rename an entity by its id and name it again without."""
    report = imported("Full Name,Email\nIda Brandt,i@berg.example\n")
    entity_id = list_entities("person", workspace_slug="north").rows[0].id
    file = f"id,Full Name,Email\n{entity_id},Ole Hansen,i@berg.example\n,Ole Hansen,i@berg.example\n"
    report = imported(file, replaces_names=True)
    assert report.conflicts == 0
    assert "Ole Hansen" in names()


def test_row_with_the_id_of_another_name_is_a_conflict_and_left_out(context: Flask) -> None:
    """Two lists that count their rows from 1 are two lists: the second must not write over the first."""
    imported("id,Full Name,Email\n1,Ida Brandt,ida@nordlicht.example\n2,Ole Hansen,\n")
    report = imported("id,Full Name,Email\n1,Kim Falk,kim@berg.example\n2,Ole Hansen,ole@fjord.example\n")
    assert counts(report) == {"updated": 1, "conflicts": 1}
    assert [(row.line, row.id, row.shared_with) for row in report.conflict_rows] == [(2, "1", "1")]
    assert report.total == 2
    assert names() == ["Ida Brandt", "Ole Hansen"]
    assert counts(imported("id,Full Name\n1,Kim Falk\n", replaces_names=True)) == {"updated": 1, "replaced": 1}
    assert names() == ["Kim Falk", "Ole Hansen"]


def test_ids_that_a_spreadsheet_cut_off_are_conflicts_within_the_file(context: Flask) -> None:
    """Long ids that lost their last digits are one id for two people; only the first can have it."""
    report = imported("id,Full Name\n150001234567890000,Ida Brandt\n150001234567890000,Ole Hansen\n")
    assert counts(report) == {"created": 1, "conflicts": 1}


@pytest.mark.parametrize("size", [2, 1000])
def test_dry_run_says_the_same_as_the_import_and_writes_nothing(
    context: Flask, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """What a dry run reports is what the import does then, also for rows that meet in different parts of the file."""
    monkeypatch.setattr(imports, "SLICE_ROWS", size)
    imported("id,Full Name,Email,Company\n1,Ida Brandt,,\n,Eva Lind,lind@berg.example,Berg\n")
    file = (
        "id,Full Name,Email,Company,Score\n1,Ida Brandt,ida@nordlicht.example,Nordlicht,1\n1,Kim Falk,,,\n"
        ",Ole Lind,lind@berg.example,,\n,Eva Lind,lind@berg.example,Berg,\n,Tom Dahl,tom@dahl.example,,2\n"
        ",Tom Dahl,tom@dahl.example,Dahl,\n,,,,\n,No Key,,,\n,Tom Dahl,tom@dahl.example,Dal,3\n"
    )
    before = names()
    dry = imported(file, is_dry_run=True)
    assert dry.is_dry_run and names() == before
    real = imported(file)
    assert counts(dry) == counts(real)
    assert (dry.conflict_rows, dry.apart_rows, dry.replacements, dry.refusals) == (
        real.conflict_rows, real.apart_rows, real.replacements, real.refusals
    )  # fmt: skip


# On SQLite the import holds the write lock while it looks, so that nobody can come between.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_first", [True, False])
def test_import_that_meets_another_one_of_the_same_key_keeps_the_names_apart(
    context: Flask, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    """A row stored by somebody else between the look and the write is not written over."""
    if not is_first:
        imported("Full Name,Email\nEva Berg,eva@berg.example\n")
    rivals = iter(["Ida Lind"])

    def store_rival() -> None:
        if rival := next(rivals, None):
            identity = identify("person", {"full_name": rival, "email": "lind@berg.example"})
            assert identity is not None
            with db.engine.begin() as connection:
                table = table_of("person")
                connection.execute(table.insert().values(workspace_slug="north", id=identity.id, full_name=rival))

    look, insert = stored.load_stored, imports.insert_absent

    def look_too_early(*args: Any, **options: Any) -> Any:
        found = look(*args, **options)
        store_rival()
        return found

    def insert_too_late(*args: Any, **options: Any) -> int:
        # The first import of a workspace does not look.
        store_rival()
        return insert(*args, **options)

    monkeypatch.setattr(stored, "load_stored", look_too_early)
    monkeypatch.setattr(imports, "insert_absent", insert_too_late)
    assert counts(imported("Full Name,Email\nOle Lind,lind@berg.example\n")) == {"created": 1, "kept_apart": 1}
    assert names() == ([] if is_first else ["Eva Berg"]) + ["Ida Lind", "Ole Lind"]


def test_row_that_repeats_what_another_one_replaced_puts_it_back(context: Flask) -> None:
    """A row that says what is stored changes nothing, unless a row before it has changed that."""
    header = "Full Name,Email,City,Mood\n"
    ida, ole = "Ida Lind,ida@berg.example,Bonn,\n", "Ole Lind,ole@berg.example,Oslo,calm\n"
    imported(header + ida + ole)
    assert counts(imported(header + ole + ida + ole)) == {"unchanged": 3}
    changed = header + ida.replace("Bonn", "Köln") + ole + ida
    assert counts(imported(changed, is_dry_run=True)) == {"updated": 2, "unchanged": 1, "replaced": 2}
    assert counts(imported(changed)) == {"updated": 2, "unchanged": 1, "replaced": 2}
    assert counts(imported(header + ida + ole.replace("calm", "glad"))) == {"updated": 1, "unchanged": 1}
    rows = list_entities("person", workspace_slug="north").rows
    assert sorted((str(row.fields["location_city"]), row.extra.get("Mood")) for row in rows) == [
        ("Bonn", None),
        ("Oslo", "glad"),
    ]


def test_row_of_an_entity_kept_apart_is_written_to_it_beside_one_stored_under_its_id(context: Flask) -> None:
    """Rows that say what is stored under the id of their key are still about whom that key leads them to."""
    ida, ole = "Ida Lind,lind@berg.example,Bonn\n", "Ole Lind,lind@berg.example,Oslo\n"
    imported("Full Name,Email,City\n" + ida + ole)
    again = imported("Full Name,Email,City\n" + ole + ida + ole.replace("Oslo", "Bergen"))
    assert counts(again) == {"updated": 1, "unchanged": 2, "kept_apart": 2, "replaced": 1}


people = st.sampled_from(["Ida Brandt", "Ole Hansen", "Eva Lind", "Kim Falk", "Ivo Brandt", "Ole Brandt"])
mailboxes = st.sampled_from(["a@x.example", "b@x.example", "info@x.example"])


@given(st.lists(st.tuples(people, mailboxes), max_size=12))
def test_no_row_is_ever_matched_with_another_name(rows: list[tuple[str, str]]) -> None:
    """Whatever the order of rows, an entity keeps one name, and every name has an entity."""
    fields = [{"full_name": name, "email": email, "company": "X"} for name, email in rows]
    identities = [identify("person", row) for row in fields]
    asked = [
        Row(1, row, {}, identity.id, True, identity)
        for row, identity in zip(fields, identities, strict=True)
        if identity
    ]
    matches = Matcher("person", lambda ids: {}, since=datetime.now(UTC)).match(asked)
    owners: dict[str, str] = {}
    for row, match in zip(fields, matches, strict=True):
        assert owners.setdefault(match.id, row["full_name"]) == row["full_name"]
    assert set(owners.values()) == {name for name, _ in rows}

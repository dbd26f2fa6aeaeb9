"""Some keys of many: all if they are few, else every n-th, and how many there are within bounds."""

import pytest
from flask import Flask

from app.db import spread
from app.db.session import transaction
from app.db.spread import count_keys, every_nth, largest_prime, spread_keys
from app.entities.lists import NewList, create_list
from app.entities.read import count_ids, spread_ids
from app.entities.upsert import upsert_entities
from app.models.entity_list import list_members

IDS = [f"p{number:03}" for number in range(300)]


@pytest.fixture
def list_id(context: Flask) -> str:
    """A list of every second of 300 people, beside as many of another workspace."""
    for slug in ("default", "other"):
        with transaction() as session:
            upsert_entities("person", [{"id": one} for one in IDS], workspace_slug=slug, session=session)
    return create_list(NewList("person", "default", "some", "ada"), IDS[::2])[0].id


def test_few_are_read_and_many_are_gone_through(list_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By members and by entities; the last ones are not in it, if it does not come out even."""
    of_list = [list_members.c.list_id == list_id]
    assert spread_keys(list_members.c.entity_id, of_list, 10, within=1000) == (IDS[::2], 150)
    assert spread_keys(list_members.c.entity_id, of_list, 10, within=20) == (IDS[:40:2], 20)
    monkeypatch.setattr(spread, "READ_WHOLE", 5)
    found, total = spread_keys(list_members.c.entity_id, of_list, 10, within=1000)
    assert total == 150 and found == IDS[::2][12::13], "every 13th: the largest prime in 15"
    assert spread_keys(list_members.c.entity_id, of_list, 10, within=40)[0] == IDS[:80:2][2::3]
    assert spread_keys(list_members.c.entity_id, of_list, 10, within=1000, total=150) == (found, 150)
    found, total = spread_ids("person", 10, workspace_slug="default", within=1000)
    assert (found, total) == (IDS[28::29], 300), "of one workspace"
    assert spread_ids("person", 10, workspace_slug="nobody", within=1000) == ([], 0)


def test_they_are_counted_without_being_read(list_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are, up to a bound; what is said of their number is believed only of many."""
    of_list = [list_members.c.list_id == list_id]
    assert [count_keys(list_members.c.entity_id, of_list, within=within) for within in (1000, 20)] == [150, 20]
    assert count_keys(list_members.c.entity_id, of_list, within=1000, total=160) == 150
    monkeypatch.setattr(spread, "READ_WHOLE", 5)
    assert count_keys(list_members.c.entity_id, of_list, within=1000, total=160) == 160
    assert count_keys(list_members.c.entity_id, of_list, within=20, total=160) == 20
    assert count_ids("person", workspace_slug="default", within=1000) == 300


def test_every_nth_has_at_least_as_many_as_are_asked_for() -> None:
    """The step is a prime, so that no period of the items goes into it."""
    assert [largest_prime(number) for number in (0, 1, 2, 3, 4, 100, 200)] == [0, 1, 2, 3, 3, 97, 199]
    assert every_nth(range(5), 10) == range(5) and every_nth([], 3) == []
    assert list(every_nth(range(100), 10)) == [*range(0, 100, 7)]

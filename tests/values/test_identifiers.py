"""Ids of entities, and slugs."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.values.identifiers import invalid_entity_ids, is_entity_id, is_slug


@pytest.mark.parametrize("value", ["a", "A-Za_z0.9:@/-", "per_0123", "x" * 128, "2026/07/a.b@c.example"])
def test_entity_id_is_accepted_when_made_of_the_allowed_characters(value: str) -> None:
    """An id is 1 to 128 of A-Z a-z 0-9 _ . : @ / -."""
    assert is_entity_id(value)
    assert invalid_entity_ids([value]) == []


@pytest.mark.parametrize(
    "value", ["", "x" * 129, "a b", "a\n", "\na", "é", "a\uff11", "a+b", "a\x00", None, 7, b"a", ["a"], True]
)
def test_entity_id_is_refused_for_anything_else(value: object) -> None:
    """Other characters, other lengths and other types are no ids."""
    assert not is_entity_id(value)
    assert invalid_entity_ids(["ok", value, "fine"]) == [1]


@given(st.lists(st.one_of(st.text(max_size=4), st.none(), st.integers(), st.just("ok"), st.just("a\nb"))))
def test_invalid_ids_are_those_that_one_by_one_are_invalid(values: list[object]) -> None:
    """The check of a list says the same as the check of each."""
    assert invalid_entity_ids(values) == [i for i, value in enumerate(values) if not is_entity_id(value)][:20]


def test_invalid_ids_stop_at_twenty() -> None:
    """At most twenty positions are named."""
    assert invalid_entity_ids(" " * 100) == list(range(20))


def test_invalid_ids_are_quick_for_a_job_of_100_000() -> None:
    """One request may bring 100,000 ids; checking them takes a small part of its time."""
    ids = [f"per_{number:024x}" for number in range(100_000)]
    started = time.process_time()
    assert invalid_entity_ids(ids) == []
    # It takes about 0.01 s; the room is for slow machines.
    assert time.process_time() - started < 0.25


@pytest.mark.parametrize("value", ["a", "default", "north-2", "a_b", "0x", "x" * 64])
def test_slug_is_accepted_when_made_of_the_allowed_characters(value: str) -> None:
    """A slug is 1 to 64 of a-z 0-9 _ and -, and does not begin with a sign."""
    assert is_slug(value)


@pytest.mark.parametrize("value", ["", "x" * 65, "A", "-a", "_a", "a b", "a\n", "é", "a.b", None, 7])
def test_slug_is_refused_for_anything_else(value: object) -> None:
    """Other characters, other lengths and other types are no slugs."""
    assert not is_slug(value)

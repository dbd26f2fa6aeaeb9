"""What an answer may write: values win over offers, blanks are missing, dicts merge by key."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entities.merge import Change, is_blank, merge_fields

BLANKS = [None, "", " \t\n\u3000", [], {}]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["", " ", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
raw = st.dictionaries(st.sampled_from(["email", "skills", "provider_ids"]), values)
any_fields = st.dictionaries(st.sampled_from(["email", "provider_ids", "normalized_email"]), values)


def after(current: dict[str, Any], changes: dict[str, Change]) -> dict[str, Any]:
    """Return an entity's fields once the changes are written."""
    return {**current, **{name: change.new for name, change in changes.items()}}


@pytest.mark.parametrize("value", BLANKS)
def test_value_is_blank_when_it_says_nothing(value: Any) -> None:
    """None, white space and empty containers count as missing."""
    assert is_blank(value)


@pytest.mark.parametrize("value", [0, False, "x", [None], {"a": None}])
def test_value_is_not_blank_when_it_says_something(value: Any) -> None:
    """Zero and false are answers."""
    assert not is_blank(value)


def test_existing_value_wins_over_an_offer() -> None:
    """A raw field that has a value keeps it."""
    assert merge_fields({"email": "a@b.de"}, {"email": "c@d.de"}) == {}


@pytest.mark.parametrize("blank", BLANKS)
def test_offer_is_written_where_the_value_is_blank(blank: Any) -> None:
    """A blank counts as missing, and the change remembers which blank it was."""
    assert merge_fields({"email": blank}, {"email": "c@d.de"}) == {"email": Change(blank, "c@d.de")}


@pytest.mark.parametrize("blank", BLANKS)
def test_blank_offer_never_writes(blank: Any) -> None:
    """An answer without a value says nothing about the field."""
    assert merge_fields({"email": None, "skills": ["a"]}, {"email": blank, "skills": blank}) == {}


def test_dicts_merge_by_key_at_every_depth() -> None:
    """Existing keys win, missing and blank ones are filled, blank offers are left out."""
    current = {"provider_ids": {"a": "1", "b": "", "n": {"x": 1}}}
    offered = {"provider_ids": {"a": "9", "b": "2", "c": "3", "d": None, "n": {"x": 9, "y": 2}}}
    merged = {"a": "1", "b": "2", "c": "3", "n": {"x": 1, "y": 2}}
    assert merge_fields(current, offered) == {"provider_ids": Change(current["provider_ids"], merged)}


def test_dict_of_blanks_writes_nothing() -> None:
    """A dict whose every entry is blank offers nothing."""
    assert merge_fields({"provider_ids": None}, {"provider_ids": {"a": "", "b": {"c": None}}}) == {}


def test_normalised_field_is_replaced_by_its_owner() -> None:
    """The normaliser's offer replaces what it gave before, None included."""
    current = {"normalized_email": "a@b.de", "normalized_email_is_free": None}
    changes = merge_fields(current, {"normalized_email": None, "normalized_email_is_free": False})
    assert changes == {"normalized_email": Change("a@b.de", None), "normalized_email_is_free": Change(None, False)}


def test_true_is_another_value_than_one() -> None:
    """Equal in Python, different in JSON."""
    assert merge_fields({"normalized_headcount_min": True}, {"normalized_headcount_min": 1})


def test_unknown_field_is_refused_when_the_type_is_known() -> None:
    """A provider that offers a field of another entity type is a bug of ours."""
    with pytest.raises(ValueError, match="headcount"):
        merge_fields({}, {"headcount": "5"}, "person")


@given(any_fields, any_fields)
def test_merging_twice_changes_nothing_more(current: dict[str, Any], offered: dict[str, Any]) -> None:
    """Merging is idempotent, so an answer that is stored again adds no history."""
    merged = after(current, merge_fields(current, offered))
    assert merge_fields(merged, offered) == {}


@given(raw, raw)
def test_no_value_is_lost(current: dict[str, Any], offered: dict[str, Any]) -> None:
    """What is not blank, at any depth of dicts, stands there afterwards as it was."""
    merged = after(current, merge_fields(current, offered))
    assert_kept(current, merged)


@given(any_fields, any_fields)
def test_only_real_changes_are_returned(current: dict[str, Any], offered: dict[str, Any]) -> None:
    """Every change is of an offered field, from the value that stands there to another one."""
    for name, change in merge_fields(current, offered).items():
        assert name in offered
        assert change.old == current.get(name)
        assert (type(change.old), change.old) != (type(change.new), change.new)


def assert_kept(before: Any, merged: Any) -> None:
    """Assert that what was said before is still said."""
    if isinstance(before, dict) and before:
        for key, value in before.items():
            if not is_blank(value):
                assert_kept(value, merged[key])
    elif not is_blank(before):
        assert merged == before

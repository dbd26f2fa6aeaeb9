"""What an answer may write: values win over offers, blanks are missing, dicts merge by key."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entities.merge import Change, is_blank, merge_fields
from app.entities.policies import MergePolicy

ASKED_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
REPLACE = {"email": MergePolicy.REPLACE, "skills": MergePolicy.REPLACE, "provider_ids": MergePolicy.REPLACE}
NEVER = {"email": MergePolicy.NEVER, "skills": MergePolicy.NEVER, "provider_ids": MergePolicy.NEVER}
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


def test_offer_replaces_a_value_where_the_policy_says_so() -> None:
    """The policy is the field's own: its neighbours are only filled."""
    current = {"email": "a@b.de", "job_title": "Boss"}
    offered = {"email": "c@d.de", "job_title": "Chief"}
    changes = merge_fields(current, offered, policies={"job_title": MergePolicy.REPLACE})
    assert changes == {"job_title": Change("Boss", "Chief")}


@pytest.mark.parametrize(
    ("seconds", "is_replaced"), [(-1, True), (0, True), (1, False)], ids=["before", "at once", "after"]
)
def test_value_that_came_after_the_question_is_not_replaced(seconds: int, is_replaced: bool) -> None:
    """An answer that was under way while somebody edited the field is the older of the two."""
    changed_at = {"email": ASKED_AT + timedelta(seconds=seconds)}
    offered = {"email": "c@d.de"}
    changes = merge_fields({"email": "a@b.de"}, offered, policies=REPLACE, changed_at=changed_at, asked_at=ASKED_AT)
    assert bool(changes) is is_replaced
    filled = merge_fields({"email": None}, offered, policies=REPLACE, changed_at=changed_at, asked_at=ASKED_AT)
    assert filled == {"email": Change(None, "c@d.de")}


def test_value_of_unknown_age_is_replaced() -> None:
    """Without both instants nothing says that the offer is the older one."""
    current, offered = {"email": "a@b.de"}, {"email": "c@d.de"}
    assert merge_fields(current, offered, policies=REPLACE, asked_at=ASKED_AT)
    assert merge_fields(current, offered, policies=REPLACE, changed_at={"email": ASKED_AT})


def test_replaced_dicts_merge_by_key_at_every_depth() -> None:
    """The offer's keys win, others stay, blanks replace nothing."""
    current = {"provider_ids": {"a": "1", "b": "2", "n": {"x": 1, "z": 3}, "l": [1]}}
    offered = {"provider_ids": {"a": "9", "b": " ", "c": "3", "d": None, "n": {"x": 9, "y": {"k": ""}}, "l": {"k": 1}}}
    merged = {"a": "9", "b": "2", "c": "3", "n": {"x": 9, "z": 3}, "l": {"k": 1}}
    changes = merge_fields(current, offered, policies=REPLACE)
    assert changes == {"provider_ids": Change(current["provider_ids"], merged)}


def test_normalised_field_knows_no_policy() -> None:
    """What the normaliser offers replaces, whatever is set."""
    policies = {"normalized_email": MergePolicy.NEVER}
    changes = merge_fields({"normalized_email": "a@b.de"}, {"normalized_email": None}, policies=policies)
    assert changes == {"normalized_email": Change("a@b.de", None)}


@given(raw, raw)
def test_never_writes_nothing(current: dict[str, Any], offered: dict[str, Any]) -> None:
    """Not even into a blank field."""
    assert merge_fields(current, offered, policies=NEVER) == {}


@given(raw, raw)
def test_blanks_never_win_where_offers_replace(current: dict[str, Any], offered: dict[str, Any]) -> None:
    """No value turns blank, at any depth, and a blank offer leaves its field as it was."""
    merged = after(current, merge_fields(current, offered, policies=REPLACE))
    assert_still_said(current, merged)
    for name, offer in offered.items():
        assert not is_blank(offer) or merged.get(name) == current.get(name)


@given(raw, raw)
def test_replacing_twice_changes_nothing_more(current: dict[str, Any], offered: dict[str, Any]) -> None:
    """Replacing is idempotent too."""
    merged = after(current, merge_fields(current, offered, policies=REPLACE))
    assert merge_fields(merged, offered, policies=REPLACE) == {}


@given(raw, raw)
def test_every_offered_value_stands_where_offers_replace(current: dict[str, Any], offered: dict[str, Any]) -> None:
    """What was offered and is not blank is there afterwards, at every depth of dicts."""
    assert_said(offered, after(current, merge_fields(current, offered, policies=REPLACE)))


@given(raw, raw)
def test_keys_that_were_not_offered_stay_where_offers_replace(current: dict[str, Any], offered: dict[str, Any]) -> None:
    """A dict that is merged into keeps its other keys as they were, blank ones too, at every depth."""
    assert_others_stay(current, offered, after(current, merge_fields(current, offered, policies=REPLACE)))


@given(raw, raw)
def test_replacing_what_changed_later_is_filling(current: dict[str, Any], offered: dict[str, Any]) -> None:
    """An older offer does what it would do without the policy."""
    changed_at = dict.fromkeys(current, ASKED_AT + timedelta(seconds=1))
    changes = merge_fields(current, offered, policies=REPLACE, changed_at=changed_at, asked_at=ASKED_AT)
    known = {name: offer for name, offer in offered.items() if name in current}
    assert {name: change for name, change in changes.items() if name in current} == merge_fields(current, known)


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


def assert_still_said(before: Any, merged: Any) -> None:
    """Assert that where something was said, something is said."""
    if not is_blank(before):
        assert not is_blank(merged)
    if isinstance(before, dict) and isinstance(merged, dict):
        for key, value in before.items():
            assert_still_said(value, merged[key])


def assert_others_stay(before: Any, offered: Any, merged: Any) -> None:
    """Assert that the keys of a dict that the offer lacks are as they were."""
    if not (isinstance(before, dict) and isinstance(offered, dict)):
        return
    for key, value in before.items():
        if key in offered:
            assert_others_stay(value, offered[key], merged[key])
        else:
            assert merged[key] == value


def assert_said(offered: Any, merged: Any) -> None:
    """Assert that what is not blank in an offer is said; a dict of nothing but blanks offers nothing."""
    if isinstance(offered, dict):
        for key, value in offered.items():
            if says_something(value):
                assert_said(value, merged[key])
    elif not is_blank(offered):
        assert merged == offered


def says_something(value: Any) -> bool:
    """Tell whether a value holds one that is not blank, at any depth of dicts."""
    return any(map(says_something, value.values())) if isinstance(value, dict) else not is_blank(value)

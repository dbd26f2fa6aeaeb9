"""The setting that says what answers may do to fields."""

import pytest

from app.entities.merge import check_policies
from app.entities.policies import MergePolicy, parse_policies


def test_policies_are_read_by_entity_type_and_field() -> None:
    """Entries are separated by commas, and white space around their parts means nothing."""
    text = " person.email=never,person.job_title = replace ,\n company.headcount=fill "
    assert parse_policies(text) == {
        "person": {"email": MergePolicy.NEVER, "job_title": MergePolicy.REPLACE},
        "company": {"headcount": MergePolicy.FILL},
    }


@pytest.mark.parametrize("text", ["", " \n"])
def test_no_text_gives_no_policy(text: str) -> None:
    """Both entity types are there, so that a reader needs no second case."""
    assert parse_policies(text) == {"person": {}, "company": {}}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("person.email", 1),
        ("person.email=", 1),
        ("person.email=sometimes", 1),
        ("person.email=NEVER", 1),
        ("email=never", 1),
        ("people.email=never", 1),
        ("person.email=never;company.name=fill", 1),
        ("person.email=never=fill", 1),
        ("person.email=never,", 2),
        ("person.email=never,,company.name=fill", 2),
        ("person.email=never, person. job_title=fill", 2),
    ],
)
def test_what_is_no_policy_is_refused_by_its_number(text: str, number: int) -> None:
    """The message says where and what was expected, and repeats nothing of the value."""
    with pytest.raises(ValueError, match=rf"entry {number}: .*person\.email=never.*fill, replace, never"):
        parse_policies(text)


def test_a_field_that_comes_twice_is_refused() -> None:
    """Two policies of one field leave open which one is meant, even where they are the same."""
    with pytest.raises(ValueError, match="entry 3: expected each field once"):
        parse_policies("person.email=never, company.name=fill, person.email=never")
    assert parse_policies("person.linkedin_url=fill, company.linkedin_url=never")["company"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("person.headcount=fill", r"person\. .* such as email"),
        ("company.email=fill", r"company\. .* such as name"),
        ("person.normalized_email=never", r"person\."),
        ("person.extra=never", r"person\."),
        ("person.id=never", r"person\."),
    ],
)
def test_policy_of_what_is_no_raw_field_is_refused(text: str, expected: str) -> None:
    """The normaliser's fields are its own, and the other entity type's are unknown."""
    with pytest.raises(ValueError, match=expected):
        check_policies(parse_policies(text))


def test_policy_of_a_raw_field_is_accepted() -> None:
    """Fields of both entity types, and none at all."""
    check_policies(parse_policies("person.email=never, company.headcount=replace"))
    check_policies(parse_policies(""))

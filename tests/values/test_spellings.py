"""The spelling of names in JSON."""

from app.values.spellings import camel_case


def test_camel_case_turns_names() -> None:
    """JSON is camelCase."""
    assert [camel_case(name) for name in ("id", "entity_type", "x_2")] == ["id", "entityType", "x2"]

"""Names in the spelling of JSON."""

from __future__ import annotations


def camel_case(name: str) -> str:
    """Turn `entity_type` into `entityType`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)

"""What a provider's answer may do to a field, by setting.

A leaf: the settings are read before the models are known, so the names of fields are checked
later, by `merge.check_policies`.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from app.values.entity_types import ENTITY_TYPES


class MergePolicy(StrEnum):
    """What an answer may write to a field."""

    FILL = "fill"
    """A value, if the field has none. The default."""
    REPLACE = "replace"
    """A value in place of an older one."""
    NEVER = "never"
    """Nothing, not even to a blank field."""


Policies = Mapping[str, Mapping[str, MergePolicy]]
"""By entity type and field."""

_ENTRY: Final = re.compile(r"(person|company)\.([a-z][a-z0-9_]{0,63})\s*=\s*([a-z]+)")
_RULE: Final = f"such as person.email=never, with one of {', '.join(MergePolicy)}"


def parse_policies(text: str) -> dict[str, dict[str, MergePolicy]]:
    """Read `person.email=never, company.headcount=replace` into policies by entity type and field.

    Both entity types are always there; blank text gives none of their fields a policy. Raises
    ValueError, with the number of the entry and what was expected, for anything else and for a
    field that comes twice. Whether there is such a field is not asked here.
    """
    policies: dict[str, dict[str, MergePolicy]] = {entity_type: {} for entity_type in ENTITY_TYPES}
    entries = text.split(",") if text.strip() else []
    for number, entry in enumerate(entries, 1):
        entity_type, field, policy = _parsed(entry, number)
        if field in policies[entity_type]:
            raise ValueError(f"entry {number}: expected each field once")
        policies[entity_type][field] = policy
    return policies


def _parsed(entry: str, number: int) -> tuple[str, str, MergePolicy]:
    match = _ENTRY.fullmatch(entry.strip())
    if match is None or match[3] not in set(MergePolicy):
        raise ValueError(f"entry {number}: expected a field and what to do, {_RULE}")
    return match[1], match[2], MergePolicy(match[3])

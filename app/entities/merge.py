"""What an offered answer changes of an entity.

Stored values win, blanks count as missing, dicts merge by key, unless a field's policy says otherwise. Fields of the
normaliser are its own: its offers replace. No database here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from app.entities.fields import RAW_FIELDS, is_normalized
from app.entities.policies import MergePolicy, Policies

_NO_POLICIES: Final[Mapping[str, MergePolicy]] = MappingProxyType({})
_NO_INSTANTS: Final[Mapping[str, datetime]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Change:
    """A field's value before and after."""

    old: Any
    new: Any


def is_blank(value: object) -> bool:
    """Return whether a value counts as missing: None, text of only white space, an empty list or dict."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, list | dict) and not value)


def merge_fields(
    current: Mapping[str, Any],
    offered: Mapping[str, Any],
    *,
    policies: Mapping[str, MergePolicy] = _NO_POLICIES,
    changed_at: Mapping[str, datetime] = _NO_INSTANTS,
    asked_at: datetime | None = None,
) -> dict[str, Change]:
    """Return what changes when an answer is merged into an entity.

    A `normalized_` field takes whatever is offered, None included. For a raw field its policy
    decides; a blank offer never writes, and dicts merge by key at every depth:

    - `fill`, the default: the field takes a value, or a dict's key, only if it has none.
    - `replace`: the offer wins, key by key in a dict. If the field got its value (`changed_at`) after the
      provider was asked (`asked_at`), the offer is the older one and only fills.
    - `never`: nothing is written, not even to a blank field.
    """
    changes = {}
    for field, offer in offered.items():
        old = current.get(field)
        if offer is None and old is None:
            # The usual case: an answer leaves most fields out.
            continue
        policy = policies.get(field, MergePolicy.FILL)
        if policy is MergePolicy.REPLACE and _is_older(asked_at, changed_at.get(field)):
            policy = MergePolicy.FILL
        new = offer if is_normalized(field) else _merged_by(policy, old, offer)
        if differs(old, new):
            changes[field] = Change(old, new)
    if _is_of_another_address(current, offered, changes):
        changes.pop("email_status", None)
    return changes


def _is_of_another_address(
    current: Mapping[str, Any], offered: Mapping[str, Any], changes: Mapping[str, Change]
) -> bool:
    """Return whether an offered status is about another address than the stored one."""
    address = offered.get("email")
    return not is_blank(address) and "email" not in changes and address != current.get("email")


def differs(old: object, new: object) -> bool:
    """Return whether two values of a field differ; true and 1 do."""
    return old != new or type(old) is not type(new)


def check_policies(policies: Policies) -> None:
    """Insist that every policy is of a raw field; raises ValueError with what was expected."""
    for entity_type, fields in policies.items():
        known = RAW_FIELDS[entity_type]
        if not fields.keys() <= known.keys():
            example = next(iter(known))
            raise ValueError(
                f"expected after {entity_type}. a field that callers and providers give, such as {example}"
            )


def _is_older(asked_at: datetime | None, changed_at: datetime | None) -> bool:
    return asked_at is not None and changed_at is not None and changed_at > asked_at


def _merged_by(policy: MergePolicy, old: Any, offer: Any) -> Any:
    if policy is MergePolicy.NEVER:
        return old
    return _merged(old, offer, offer_wins=policy is MergePolicy.REPLACE)


def _merged(old: Any, offer: Any, *, offer_wins: bool) -> Any:
    is_open = offer_wins or is_blank(old)
    if isinstance(offer, dict) and (is_open or isinstance(old, dict)):
        return _merged_dict(old, offer, offer_wins=offer_wins) or old
    return offer if is_open and not is_blank(offer) else old


def _merged_dict(old: Any, offer: dict[str, Any], *, offer_wins: bool) -> dict[str, Any]:
    merged = dict(old) if isinstance(old, dict) else {}
    for key, value in offer.items():
        kept = _merged(merged.get(key), value, offer_wins=offer_wins)
        if not is_blank(kept):
            merged[key] = kept
    return merged

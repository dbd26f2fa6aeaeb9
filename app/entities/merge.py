"""What of an offered answer is written to an entity.

Values that stand there win, blanks count as missing, dicts merge by key; a policy can say
otherwise of a field. Fields of the normaliser are its own: what it offers replaces. No database
here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from app.entities.fields import FIELDS, RAW_FIELDS, is_normalized
from app.entities.policies import MergePolicy, Policies

_NO_POLICIES: Final[Mapping[str, MergePolicy]] = MappingProxyType({})
_NO_INSTANTS: Final[Mapping[str, datetime]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Change:
    """A field's value before and after."""

    old: Any
    new: Any


def is_blank(value: object) -> bool:
    """Tell whether a value counts as missing: None, text of only white space, an empty list or dict."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, list | dict) and not value)


def merge_fields(
    current: Mapping[str, Any],
    offered: Mapping[str, Any],
    entity_type: str | None = None,
    *,
    policies: Mapping[str, MergePolicy] = _NO_POLICIES,
    changed_at: Mapping[str, datetime] = _NO_INSTANTS,
    asked_at: datetime | None = None,
) -> dict[str, Change]:
    """Return what changes when an answer is merged into an entity; nothing where nothing does.

    A `normalized_` field takes whatever is offered, None included. For a raw field its policy
    decides; a blank offer never writes, and dicts merge by key at every depth:

    - `fill`, where none is given: the field takes a value, or a dict's key, only where it has none.
    - `replace`: the offer wins, key by key in a dict. Where `changed_at` says that the field got
      its value after the provider was asked (`asked_at`), the offer is the older one and only fills.
    - `never`: nothing is written, not even where there is no value.

    With an `entity_type`, a name that is no field of it raises ValueError.
    """
    if entity_type is not None:
        _insist_on_fields(entity_type, offered)
    changes = {}
    for field, offer in offered.items():
        old = current.get(field)
        if offer is None and old is None:
            # Most of what an answer could say, it does not.
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
    """Tell whether an offered status is about an address that is not the one that stands there."""
    address = offered.get("email")
    return not is_blank(address) and "email" not in changes and address != current.get("email")


def differs(old: object, new: object) -> bool:
    """Tell whether two values of a field are not the same; true and 1 are not."""
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


def _insist_on_fields(entity_type: str, offered: Mapping[str, Any]) -> None:
    unknown = offered.keys() - FIELDS[entity_type].keys()
    if unknown:
        raise ValueError(f"expected fields of a {entity_type}, not {', '.join(sorted(unknown))}")

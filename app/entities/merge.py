"""What of an offered answer is written to an entity.

Values that stand there win, blanks count as missing, dicts merge by key. Fields of the normaliser
are its own: what it offers replaces. No database here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.entities.fields import FIELDS, is_normalized


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
    current: Mapping[str, Any], offered: Mapping[str, Any], entity_type: str | None = None
) -> dict[str, Change]:
    """Return what changes when an answer is merged into an entity; nothing where nothing does.

    A raw field takes a value only where it has none, so a blank offer never writes; a dict field
    takes the keys that it lacks, at every depth. A `normalized_` field takes whatever is offered,
    None included. With an `entity_type`, a name that is no field of it raises ValueError.
    """
    if entity_type is not None:
        _insist_on_fields(entity_type, offered)
    changes = {}
    for field, offer in offered.items():
        old = current.get(field)
        new = offer if is_normalized(field) else _merged(old, offer)
        if differs(old, new):
            changes[field] = Change(old, new)
    return changes


def differs(old: object, new: object) -> bool:
    """Tell whether two values of a field are not the same; true and 1 are not."""
    return old != new or type(old) is not type(new)


def _merged(old: Any, offer: Any) -> Any:
    if isinstance(offer, dict) and (isinstance(old, dict) or is_blank(old)):
        return _merged_dict(old, offer) or old
    return offer if is_blank(old) and not is_blank(offer) else old


def _merged_dict(old: Any, offer: dict[str, Any]) -> dict[str, Any]:
    merged = dict(old) if isinstance(old, dict) else {}
    for key, value in offer.items():
        kept = _merged(merged.get(key), value)
        if not is_blank(kept):
            merged[key] = kept
    return merged


def _insist_on_fields(entity_type: str, offered: Mapping[str, Any]) -> None:
    unknown = offered.keys() - FIELDS[entity_type].keys()
    if unknown:
        raise ValueError(f"expected fields of a {entity_type}, not {', '.join(sorted(unknown))}")

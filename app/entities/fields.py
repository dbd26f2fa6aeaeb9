"""The fields of people and companies, read from the models, the one place that lists them.

Raw fields hold values as given; fields that start with `normalized_` belong to the normaliser.
Names are snake_case here and camelCase in JSON.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

from sqlalchemy import Table

from app.models import Company, Person
from app.values.spellings import camel_case

Kind = Literal["text", "list", "dict", "integer", "boolean"]

Fields = dict[str, Any]
"""An entity, or part of it: field to value."""

EXTRA: Final = "extra"
"""The column beside the fields: header to text, for the columns of an import that fill no field."""

_MODELS: Final[dict[str, type[Person] | type[Company]]] = {"person": Person, "company": Company}
_KINDS: Final[dict[type, Kind]] = {str: "text", list: "list", dict: "dict", int: "integer", bool: "boolean"}
_TYPES: Final[dict[Kind, type]] = {kind: python for python, kind in _KINDS.items()}
_NOT_FIELDS: Final = frozenset({"workspace_slug", "id", EXTRA, "created_at", "updated_at"})
_NORMALIZED_PREFIX: Final = "normalized_"


def model_of(entity_type: str) -> type[Person] | type[Company]:
    """Return the model of an entity type. Raises ValueError for any other word."""
    try:
        return _MODELS[entity_type]
    except KeyError:
        raise ValueError(f"expected an entity type: {' or '.join(_MODELS)}") from None


def table_of(entity_type: str) -> Table:
    """Return the table of an entity type."""
    return cast(Table, model_of(entity_type).__table__)


def is_normalized(field: str) -> bool:
    """Return whether the normaliser owns a field."""
    return field.startswith(_NORMALIZED_PREFIX)


def field_named(entity_type: str, name: str) -> str | None:
    """Return the field that a caller means by its snake_case or camelCase name, or None."""
    return _NAMES[entity_type].get(name)


def is_of_kind(value: Any, kind: Kind) -> bool:
    """Return whether a value is None or of a kind."""
    return value is None or type(value) is _TYPES[kind]


def _fields_of(model: type[Any]) -> dict[str, Kind]:
    """Return the model's fields and their kinds, in the order of its columns."""
    hints = get_type_hints(model)
    names = [column.name for column in model.__table__.columns if column.name not in _NOT_FIELDS]
    return {name: _kind(hints[name]) for name in names}


def _kind(hint: Any) -> Kind:
    """Return what `Mapped[list[Any] | None]` holds, here "list"."""
    inner = get_args(get_args(hint)[0])[0]
    return _KINDS[get_origin(inner) or inner]


FIELDS: Final[Mapping[str, Mapping[str, Kind]]] = {name: _fields_of(model) for name, model in _MODELS.items()}
"""Every field of an entity type with its kind, in the order of the model."""

RAW_FIELDS: Final[Mapping[str, Mapping[str, Kind]]] = {
    name: {field: kind for field, kind in fields.items() if not is_normalized(field)} for name, fields in FIELDS.items()
}
"""The fields that callers and providers give."""

NORMALIZED_FIELDS: Final[Mapping[str, Mapping[str, Kind]]] = {
    name: {field: kind for field, kind in fields.items() if is_normalized(field)} for name, fields in FIELDS.items()
}
"""The fields that the normaliser gives."""

_NAMES: Final = {
    name: {spelling: field for field in fields for spelling in (field, camel_case(field))}
    for name, fields in FIELDS.items()
}

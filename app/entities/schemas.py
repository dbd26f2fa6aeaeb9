"""The public contract of the routes of people and companies, made from the fields of the models.

Loading 10,000 small entities takes 0.4 s, so they are checked one by one and every message can
say where: `people.3.email`.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, cast

import marshmallow as ma
from marshmallow import fields, validate

from app.entities.csv.headers import MAX_HEADER_CHARS
from app.entities.fields import EXTRA, FIELDS, RAW_FIELDS, Kind
from app.entities.read import EntityView
from app.models.entity_list import MAX_NAME_CHARS
from app.values.entity_types import PLURALS
from app.values.spellings import camel_case
from app.values.text import TEXT_PATTERN
from app.web.fields import JSON, EntityId, Flag, Instant, QueryInteger, Schema, Slug, Text, WholeNumber

MAX_ROWS: Final = 10_000
MAX_JSON_BYTES: Final = 65_536
MAX_TEXT_CHARS: Final = 10_000


class JsonValue(fields.Field[Any]):
    """An array or object of a limited size, kept as it is. The reader of the body has checked its texts."""

    def __init__(self, kind: type, **options: Any) -> None:
        name = "an array" if kind is list else "an object"
        content = {"propertyNames": {"pattern": TEXT_PATTERN}, "additionalProperties": JSON}
        shape = {"type": "array", "items": JSON} if kind is list else {"type": "object", **content}
        super().__init__(metadata=shape, **options)
        self._kind = kind
        self._rule = f"expected {name} of at most {MAX_JSON_BYTES} bytes as JSON"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, self._kind) or _json_bytes(value) > MAX_JSON_BYTES:
            raise ma.ValidationError(self._rule)
        return value


class ExtraTexts(fields.Field[dict[str, str]]):
    """Texts without a field: header to text."""

    def __init__(self, **options: Any) -> None:
        name = TEXT_PATTERN.replace("*", f"{{1,{MAX_HEADER_CHARS}}}")
        text = {"type": "string", "pattern": TEXT_PATTERN, "maxLength": MAX_TEXT_CHARS}
        shape = {"type": "object", "propertyNames": {"pattern": name}, "additionalProperties": text}
        super().__init__(metadata={**shape, **options.pop("metadata", {})}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, str]:
        if not isinstance(value, dict) or _json_bytes(value) > MAX_JSON_BYTES:
            raise ma.ValidationError(f"expected an object of texts, of at most {MAX_JSON_BYTES} bytes as JSON")
        errors = {name: [rule] for name, text in value.items() if (rule := _extra_rule(name, text))}
        if errors:
            raise ma.ValidationError(cast(Any, errors))
        return value


class ListName(Text):
    """A list, by its name or its id."""

    def __init__(self, **options: Any) -> None:
        metadata = {"description": "A list, by its name or its id.", **options.pop("metadata", {})}
        super().__init__(min_length=1, max_length=MAX_NAME_CHARS, metadata=metadata, **options)


class QueryInstant(fields.DateTime):
    """An instant of a query string: ISO 8601 with its zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            instant = datetime.fromisoformat(value)
            instant.astimezone()
        except (ValueError, OverflowError):
            instant = None
        if instant is None or instant.tzinfo is None:
            raise ma.ValidationError("expected an instant with its zone, such as 2026-01-31T12:00:00Z")
        return instant


@lru_cache
def entity_schema(entity_type: str) -> Schema:
    """Return what a caller may give of one entity: `id`, raw fields, `extra`.

    Loads to a row for `upsert_entities`. A field that is null is cleared. Normalised fields and
    unknown ones are refused.
    """
    members: dict[str, Any] = {"id": EntityId(required=True)}
    members |= {name: _input_field(kind) for name, kind in RAW_FIELDS[entity_type].items()}
    members[EXTRA] = ExtraTexts(metadata={"description": "Merged by name into what is there."})
    return _schema(f"{entity_type.capitalize()}Input", members)


@lru_cache
def bulk_schema(entity_type: str) -> Schema:
    """Return the body of an upsert: `{"people": […], "workspaceSlug": …}`, of at most 10,000."""
    rule = f"expected 1 to {MAX_ROWS} entities"
    rows = fields.List(
        fields.Nested(entity_schema(entity_type)), required=True, validate=validate.Length(1, MAX_ROWS, error=rule)
    )
    rows.error_messages["invalid"] = "expected an array"
    members: dict[str, Any] = {PLURALS[entity_type]: rows, "workspace_slug": Slug()}
    return _schema(f"{PLURALS[entity_type].capitalize()}Input", members)


@lru_cache
def answer_schema(entity_type: str) -> Schema:
    """Return one entity with all its fields, as lists show it."""
    return _schema(entity_type.capitalize(), _answer_members(entity_type))


@lru_cache
def detail_schema(entity_type: str) -> Schema:
    """Return one entity with the provenance of its fields."""
    provenance = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(ProvenanceSchema),
        required=True,
        metadata={"description": "By field: who gave the value that it has."},
    )
    members = {**_answer_members(entity_type), "provenance": provenance}
    return _schema(f"{entity_type.capitalize()}Detail", members)


@lru_cache
def list_schema(entity_type: str) -> Schema:
    """Return one page: `{"people": […], "nextCursor": …}`."""
    members: dict[str, Any] = {
        PLURALS[entity_type]: fields.List(fields.Nested(answer_schema(entity_type)), required=True),
        "next_cursor": fields.String(required=True, allow_none=True),
    }
    return _schema(f"{PLURALS[entity_type].capitalize()}Page", members)


@lru_cache
def list_query_schema(entity_type: str) -> Schema:
    """Return which entities to list."""
    members: dict[str, Any] = {
        "limit": QueryInteger(minimum=1, maximum=200, load_default=50),
        "cursor": EntityId(metadata={"description": "The nextCursor of the page before."}),
        "missing": fields.String(
            validate=_field_name(entity_type),
            metadata={"description": "Only those whose field is blank."},
        ),
        "list_name": ListName(data_key="list", metadata={"description": "Only those of this list."}),
        "updated_since": QueryInstant(metadata={"description": "Only those changed then or later."}),
        "workspace_slug": Slug(),
    }
    return _schema(f"{PLURALS[entity_type].capitalize()}Query", members)


def answer(view: EntityView) -> dict[str, Any]:
    """Return an entity in the shape of the answer schemas."""
    return {
        "id": view.id,
        "workspace_slug": view.workspace_slug,
        **view.fields,
        EXTRA: view.extra,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
        "provenance": {camel_case(name): origin for name, origin in view.provenance.items()},
    }


class WorkspaceQuerySchema(Schema):
    """In which workspace; without, the key's own, or `default`."""

    workspace_slug = Slug()


class ExportQuerySchema(WorkspaceQuerySchema):
    """What to export: a workspace, or a list of it."""

    list_name = ListName(data_key="list", metadata={"description": "Only those of this list, in its file's columns."})


class PeopleExportQuerySchema(ExportQuerySchema):
    """Which people are exported."""

    ready = Flag(
        load_default=False,
        metadata={"description": "Only people with an address that was verified within ENRICH_SUCCESS_TTL_DAYS."},
    )


class UpsertCountsSchema(Schema):
    """What became of the rows; they add up to the rows given."""

    created = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)


class ProvenanceSchema(Schema):
    """Who gave a field its value."""

    provider = fields.String(
        required=True, metadata={"description": "`caller` for an upsert or an import; `undo` and `redo`."}
    )
    attempt_id = fields.String(required=True, allow_none=True)
    at = Instant(required=True)
    old_value = fields.Raw(required=True, allow_none=True, metadata={"description": "What stood there before."})


def field_undo_query_schema(entity_type: str) -> Schema:
    """Return which field to undo."""
    members: dict[str, Any] = {
        "field": fields.String(required=True, validate=_field_name(entity_type)),
        "dry_run": Flag(load_default=False, metadata={"description": "Say what would be put back, write nothing."}),
        "workspace_slug": Slug(),
    }
    return _schema(f"{entity_type.capitalize()}FieldUndoQuery", members)


class FieldUndoSchema(Schema):
    """What became of a field."""

    field = fields.Function(
        lambda undo: camel_case(undo.field), required=True, metadata={"type": "string", "description": "Its name."}
    )
    value = fields.Raw(required=True, allow_none=True, metadata={"description": "What it has again."})
    replaced = fields.Raw(required=True, allow_none=True, metadata={"description": "What was taken back."})
    provider = fields.String(
        required=True, metadata={"description": "Who gave that: a provider, `caller`, `undo` or `redo`."}
    )
    dry_run = fields.Boolean(required=True, attribute="is_dry_run", metadata={"description": "Nothing was written."})


def _schema(name: str, members: dict[str, Any]) -> Schema:
    return cast(type[Schema], Schema.from_dict(members, name=name))()


def _field_name(entity_type: str) -> validate.OneOf:
    names = [camel_case(name) for name in FIELDS[entity_type]]
    return validate.OneOf(names, error=f"expected the name of a field, such as {names[0]}")


def _json_bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _extra_rule(name: str, text: object) -> str | None:
    """Return what was expected if an entry of `extra` is not valid, or None."""
    if not 1 <= len(name) <= MAX_HEADER_CHARS:
        return f"expected names of 1 to {MAX_HEADER_CHARS} characters"
    if not isinstance(text, str) or len(text) > MAX_TEXT_CHARS:
        return f"expected text of at most {MAX_TEXT_CHARS} characters"
    return None


def _input_field(kind: Kind) -> fields.Field[Any]:
    if kind == "text":
        return Text(max_length=MAX_TEXT_CHARS, allow_none=True)
    if kind == "integer":
        return WholeNumber(minimum=-(2**63), maximum=2**63 - 1, allow_none=True)
    return JsonValue(list if kind == "list" else dict, allow_none=True)


_ANSWER_FIELDS: Final[Mapping[Kind, type[fields.Field[Any]]]] = {
    "text": fields.String,
    "integer": fields.Integer,
    "boolean": fields.Boolean,
    "list": fields.Raw,
    "dict": fields.Raw,
}
_ANSWER_SHAPES: Final[Mapping[Kind, Mapping[str, Any]]] = {
    # Generators of clients refuse an array without items.
    "list": {"type": "array", "items": {}},
    "dict": {"type": "object"},
}


def _answer_members(entity_type: str) -> dict[str, Any]:
    members: dict[str, Any] = {"id": EntityId(required=True), "workspace_slug": Slug(required=True)}
    for name, kind in FIELDS[entity_type].items():
        shape = dict(_ANSWER_SHAPES.get(kind, {}))
        members[name] = _ANSWER_FIELDS[kind](required=True, allow_none=True, metadata=shape)
    members[EXTRA] = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    return {**members, "created_at": Instant(required=True), "updated_at": Instant(required=True)}

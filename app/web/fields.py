"""The base of all request and response schemas: camelCase outside, strict fields, plain messages.

Messages say what was expected and never repeat the value.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from app.errors import DamagedData
from app.providers.settings import MICROS
from app.values.identifiers import ENTITY_ID_PATTERN, ENTITY_ID_RULE, SLUG_PATTERN, SLUG_RULE, invalid_entity_ids
from app.values.numbers import parse_integer
from app.values.spellings import camel_case
from app.values.text import TEXT_PATTERN, find_bad_character

MAX_ENTITY_IDS: Final = 100_000

JSON: Final = {"$ref": "#/components/schemas/Json"}
JSON_VALUE: Final[Mapping[str, Any]] = {
    "description": "Any JSON that both databases keep as it is.",
    "pattern": TEXT_PATTERN,
    "minimum": -(2**63),
    "exclusiveMaximum": 2**63,
    "items": JSON,
    "propertyNames": {"pattern": TEXT_PATTERN},
    "additionalProperties": JSON,
}
"""The schema `Json` of the OpenAPI document, which the reader of bodies holds them to.

Each keyword holds for values of its own type alone. A union of the types would say the same, but generators of
clients give up on one that contains itself.
"""

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class Schema(ma.Schema):
    """The parent of all schemas: snake_case inside, camelCase outside, unknown members refused."""

    class Meta:
        """Settings that marshmallow reads."""

        unknown = ma.RAISE

    # The library declares it as an attribute of instances and reads it from the class.
    error_messages = {"unknown": "is not known here", "type": "expected an object"}  # noqa: RUF012

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Dump what a view returns. Raises `DamagedData` if a value does not have its column's type."""
        try:
            return super().dump(obj, many=many)
        except (AttributeError, TypeError, ValueError) as exc:
            raise DamagedData from exc

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Name the member outside, and say missing and null in our words."""
        field_obj.data_key = camel_case(field_obj.data_key or field_name)
        field_obj.error_messages["required"] = "is required"
        field_obj.error_messages["null"] = "may not be null"


class Text(fields.String):
    """Text without control characters other than tab and newline, of a limited length."""

    def __init__(self, *, max_length: int = 10_000, min_length: int = 0, **options: Any) -> None:
        rule = f"expected text of {min_length} to {max_length} characters"
        metadata = {"pattern": TEXT_PATTERN, **options.pop("metadata", {})}
        super().__init__(validate=validate.Length(min_length, max_length, error=rule), metadata=metadata, **options)
        self.error_messages["invalid"] = "expected text"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if bad := find_bad_character(text):
            raise ma.ValidationError(f"expected text without control characters; found {bad}")
        return text


class Pattern(fields.String):
    """Text that matches a pattern from its first to its last character."""

    def __init__(self, pattern: re.Pattern[str], rule: str, **options: Any) -> None:
        metadata = {"pattern": f"^(?:{pattern.pattern})$", **options.pop("metadata", {})}
        super().__init__(metadata=metadata, **options)
        self._pattern = pattern
        self.error_messages["invalid"] = self._rule = rule

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if self._pattern.fullmatch(text) is None:
            raise ma.ValidationError(self._rule)
        return text


class Slug(Pattern):
    """The name of a workspace or provider: 1 to 64 characters of `a-z0-9_-`, not led by a sign."""

    def __init__(self, **options: Any) -> None:
        super().__init__(SLUG_PATTERN, f"expected {SLUG_RULE}", **options)


class EntityId(Pattern):
    """The id of a person or company."""

    def __init__(self, **options: Any) -> None:
        super().__init__(ENTITY_ID_PATTERN, f"expected {ENTITY_ID_RULE}", **options)


class JobId(Pattern):
    """A job's id, a UUID in its usual spelling; lower case when loaded."""

    def __init__(self, **options: Any) -> None:
        metadata = {"format": "uuid", **options.pop("metadata", {})}
        super().__init__(_UUID, "expected a job id: a UUID with hyphens", metadata=metadata, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return super()._deserialize(value, attr, data, **kwargs).lower()


class Choice(fields.String):
    """One of several texts; of an enumeration it loads as the member."""

    def __init__(self, choices: Iterable[str], **options: Any) -> None:
        members = {str(choice): choice for choice in choices}
        names = list(members)
        rule = f"expected one of {', '.join(names)}"
        super().__init__(validate=validate.OneOf(names, error=rule), **options)
        self._members = members
        self.error_messages["invalid"] = rule

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Load the text, then turn it into the member."""
        loaded = super().deserialize(value, *args, **kwargs)
        return self._members[loaded] if isinstance(loaded, str) else loaded


class WholeNumber(fields.Integer):
    """A whole number of a JSON body: `7` and `7.0`, but not `7.5`, `true` or `"7"`."""

    def __init__(self, *, minimum: int, maximum: int, **options: Any) -> None:
        rule = f"expected a whole number from {minimum} to {maximum}"
        super().__init__(validate=validate.Range(minimum, maximum, error=rule), **options)
        self._rule = rule

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if type(value) is int:
            return value
        # JSON Schema counts 195.0 as an integer, and so do callers whose language has only floats.
        if type(value) is float and value.is_integer():
            return int(value)
        raise ma.ValidationError(self._rule)


class Dollars(fields.Field[Any]):
    """An amount of dollars: a number outside; whole micro-dollars (`_micros`) when dumped, a decimal when loaded."""

    def __init__(self, *, maximum: int = 1_000_000, **options: Any) -> None:
        self._rule = f"expected an amount of dollars from 0 to {maximum}"
        self._maximum = maximum
        limits = {"minimum": 0} if "attribute" in options else {"minimum": 0, "maximum": maximum}
        super().__init__(metadata={"type": "number", **limits, **options.pop("metadata", {})}, **options)

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> float | None:
        return None if value is None else value / MICROS

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= self._maximum:
            raise ma.ValidationError(self._rule)
        return Decimal(str(value))


class QueryInteger(fields.Integer):
    """A whole number of a query string: one to nine ASCII digits and nothing else."""

    def __init__(self, *, minimum: int, maximum: int, **options: Any) -> None:
        super().__init__(validate=validate.Range(minimum, maximum), **options)
        self._bounds = {"minimum": minimum, "maximum": maximum}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        try:
            return parse_integer(value, **self._bounds)
        except ValueError as exc:
            raise ma.ValidationError(str(exc)) from exc


class Flag(fields.Boolean):
    """A switch in a query: `true` or `false`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(truthy={"true"}, falsy={"false"}, **options)
        self.error_messages["invalid"] = "expected true or false"


class Switch(fields.Boolean):
    """A switch in a JSON body: true or false, and neither 1 nor "yes"."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise ma.ValidationError("expected true or false")
        return value


class EntityIds(fields.Field[list[str]]):
    """A list of entity ids, checked as one value: element by element takes six times as long."""

    def __init__(self, **options: Any) -> None:
        elements = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": f"^{ENTITY_ID_PATTERN.pattern}$"}
        metadata = {"type": "array", "items": elements, "minItems": 1, "maxItems": MAX_ENTITY_IDS}
        super().__init__(metadata=metadata, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[str]:
        if not isinstance(value, list) or len(value) > MAX_ENTITY_IDS:
            raise ma.ValidationError(f"expected an array of at most {MAX_ENTITY_IDS} entity ids")
        if positions := invalid_entity_ids(value):
            raise ma.ValidationError({position: [f"expected {ENTITY_ID_RULE}"] for position in positions})
        return value


class Instant(fields.DateTime):
    """An aware instant; outside it is ISO 8601 in UTC with milliseconds and `Z`."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

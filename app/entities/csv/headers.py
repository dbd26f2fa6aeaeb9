"""Which column of a CSV file means which field.

Headers are compared by their letters and digits alone, in one case, so that "First Name", "first_name" and
"firstName" are one; our own field names need no entry. A few words mean different things in different files; what
stands beside them decides. The owner of a file has the last word: a mapping says of a column which field it fills.

The order within a field is the order of trust: if a file has two columns for one field, the
first of them here gives the value, and the others step in if it is blank.
"""

import html
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from app.entities.csv.accepted_headers import COMPANY, DROPPED, PERSON, PERSON_CONTEXT
from app.entities.fields import RAW_FIELDS, field_named
from app.values import strict_json
from app.values.entity_types import EntityType

MAX_HEADER_CHARS: Final = 200
ID_FIELD: Final = "id"
EXTRA_FIELD: Final = "extra"
KEEP: Final = "keep"
IGNORE: Final = "ignore"
REFUSED_LINE: Final = "refused_line"
REFUSED_REASON: Final = "refused_reason"
_COLUMNS_NAMED: Final = 40

# By how many fields a file must look like the other kind before it counts as that: fewer are doubtful.
_CLEAR_MARGIN: Final = 3
# Columns that make a file one of people, however much it says about their companies besides.
_WHO: Final = frozenset({"email", "first_name", "last_name", "full_name", "job_title", "linkedin_url"})

_IDENTIFYING_COMPANIES: Final = frozenset({ID_FIELD, "linkedin_url", "domain", "website", "name"})
_IDENTIFYING_PEOPLE: Final = frozenset({ID_FIELD, "linkedin_url", "email"})
_NAMES: Final = frozenset({"full_name", "last_name"})
_EMPLOYERS: Final = frozenset({"company", "company_domain"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file, and where its cells go.

    `field` is the entity's field ("id" for the id), or None for a column that no field stands
    for, whose cells are kept in `extra` under `header`. `key` is set if the column is one entry
    of a dict field. A fallback is a further column for a field that a more trusted one fills: it
    is used if that is blank, and its cells are kept in `extra` besides. A dropped column is
    neither imported nor kept: our exports compute it, or the owner of the file ignores it.
    """

    header: str
    field: str | None
    key: str | None = None
    is_fallback: bool = False
    dropped: bool = False
    rank: int = 0
    ignored: bool = False

    @property
    def target(self) -> str | None:
        """The field, or the entry of a dict field as `social_urls.facebook`."""
        return f"{self.field}.{self.key}" if self.key else self.field


class MappingError(ValueError):
    """A mapping names a column that the file has not, or a field that there is not; the message says what there is."""


Mapped = Mapping[str, str]
"""What the owner of a file says of its columns: header -> field, `social_urls.facebook`, "keep" or "ignore"."""
_NO_MAPPING: Final[Mapped] = {}


def read_mapping(texts: Iterable[str]) -> dict[str, str]:
    """Read `Column=field` of each text. Raises MappingError for one that has no field, or a column twice."""
    mapped: dict[str, str] = {}
    for text in texts:
        column, _, field = (part.strip() for part in text.rpartition("="))
        if not column or not field:
            raise MappingError("expected Column=field, such as Kontakt=email, Column=keep or Column=ignore")
        if column in mapped:
            raise MappingError(f"the column {column!r} is mapped twice")
        mapped[column] = field
    return mapped


def read_whole_mapping(text: str) -> dict[str, str]:
    """Read a mapping of all columns, a JSON object of header to field, "keep" or "ignore"; of a preview, its mapping.

    Raises MappingError.
    """
    rule = 'expected a JSON object of column to field, such as {"Kontakt": "email", "Notiz": "keep"}'
    try:
        mapped = strict_json.loads(text, max_depth=4)
    except ValueError as error:
        raise MappingError(rule) from error
    if isinstance(mapped, dict) and isinstance(mapped.get("mapping"), dict):
        mapped = mapped["mapping"]
    if not isinstance(mapped, dict) or not mapped or not all(isinstance(use, str) for use in mapped.values()):
        raise MappingError(rule)
    return mapped


def laid_over(remembered: Mapped, said: Mapped) -> dict[str, str]:
    """Return what is remembered of columns, without those that the caller speaks of, and what he says."""
    spoken_of = set(map(normalized_header, said))
    rest = {name: use for name, use in remembered.items() if normalized_header(name) not in spoken_of}
    return {**rest, **said}


def map_columns(entity_type: EntityType, headers: Sequence[str], mapped: Mapped = _NO_MAPPING) -> list[Column]:
    """Return what each column of a file means, in its order. Raises MappingError.

    A header that stands in the file twice gets " (2)" the second time, and a blank one is
    called "Column 7" by its place, so that every column has a name of its own. Of several columns for one field, those
    that a mapping names are trusted most, in its order; but if it names all columns, one that it reads as the headers
    do stays as trusted as it is.
    """
    names = _unique_names(headers)
    targets = _targets(entity_type, headers)
    for position, (name, field) in enumerate(mapped.items()):
        place, target = _place_of(name, names), _owners_target(entity_type, field, position - len(mapped))
        if len(mapped) < len(names) or target.use != targets[place].use:
            targets[place] = target
    first = _most_trusted(targets)
    return [
        _column(name, target, is_first=index in first)
        for index, (name, target) in enumerate(zip(names, targets, strict=True))
    ]


def known_headers(entity_type: EntityType, headers: Sequence[str], mapped: Mapped = _NO_MAPPING) -> int:
    """Count the headers that mean a field of the entity, or that a mapping names."""
    owners = set(map(normalized_header, mapped))
    targets = _targets(entity_type, headers)
    return sum(
        target.is_kept or normalized_header(header) in owners for header, target in zip(headers, targets, strict=True)
    )


def identifying_fields(entity_type: EntityType, fields: Set[str | None]) -> Set[str]:
    """Return the fields that rows with these are recognised by: a person's name only together with a company."""
    if entity_type == "company":
        return _IDENTIFYING_COMPANIES
    has_name_and_company = not fields.isdisjoint(_NAMES) and not fields.isdisjoint(_EMPLOYERS)
    return _IDENTIFYING_PEOPLE | _NAMES | _EMPLOYERS if has_name_and_company else _IDENTIFYING_PEOPLE


def known_spellings(entity_type: EntityType) -> frozenset[str]:
    """Return the headers that we have a meaning for, in their usual spellings and in one case."""
    return _SPELLINGS[entity_type]


def _targets(entity_type: EntityType, headers: Sequence[str]) -> list["_Target"]:
    names = list(map(normalized_header, headers))
    targets = [_TABLES[entity_type].get(name, _UNKNOWN) for name in names]
    for name, needed, field in _CONTEXTS[entity_type]:
        if needed.issubset(names) and field not in _fields_of_others(name, names, targets):
            _retarget(name, field, names, targets)
    return targets


def _fields_of_others(name: str, names: Sequence[str], targets: Sequence["_Target"]) -> set[str]:
    """Return what columns with another header mean."""
    return {target.field for other, target in zip(names, targets, strict=True) if target.field and other != name}


def _retarget(name: str, field: str, names: Sequence[str], targets: list["_Target"]) -> None:
    """Set what a header means beside others: of several columns with it, the last fills the field."""
    places = [place for place, other in enumerate(names) if other == name]
    for place in places:
        targets[place] = _UNKNOWN
    targets[places[-1]] = _Target(field, None, 0)


def _place_of(name: str, names: Sequence[str]) -> int:
    """Return which column a mapping means: the one of that very name, else the only one that reads like it."""
    if name in names:
        return names.index(name)
    alike = [index for index, other in enumerate(names) if normalized_header(other) == normalized_header(name)]
    if len(alike) == 1:
        return alike[0]
    shown = ", ".join(repr(other) for other in names[:_COLUMNS_NAMED])
    raise MappingError(f"the file has no column {name!r} to map; expected one of {shown}")


def _owners_target(entity_type: EntityType, text: str, rank: int) -> "_Target":
    """Return the target that a mapping names; the ranks are below those of the tables."""
    word = text.casefold()
    if word == KEEP:
        return _UNKNOWN
    if word == IGNORE:
        return _Target(IGNORE, None, rank, dropped=True)
    if text == EXTRA_FIELD:
        # What a preview says of the column of an export that has what no field stands for.
        return _Target(EXTRA_FIELD, None, rank)
    name, dot, key = text.partition(".")
    field = _field_of(entity_type, name)
    kinds = {ID_FIELD: "text", **RAW_FIELDS[entity_type]}
    # Of a field with keys one may be named, and of no other.
    is_key_fine = not dot or (key and kinds.get(field) == "dict")
    if field not in kinds or not is_key_fine:
        expected = ", ".join([ID_FIELD, *RAW_FIELDS[entity_type]])
        raise MappingError(f"a column is mapped to {text!r}; expected {KEEP}, {IGNORE} or one of {expected}")
    return _Target(field, key or None, rank)


def _field_of(entity_type: EntityType, name: str) -> str:
    """Return the field that a mapping names, or the id; empty if there is none."""
    return ID_FIELD if name.casefold() == ID_FIELD else field_named(entity_type, name) or ""


def counts_as_other(entity_type: EntityType, headers: Sequence[str]) -> tuple[int, int] | None:
    """Return whether a header row clearly is one of the other entity type.

    Returns how many fields of the other type and how many of this one it has columns for, or None
    if it is not clear. What our exports compute counts too. People are often exported with much
    about their companies: a header that only people have says whose file it is.
    """
    own = _TABLES[entity_type]
    other = _TABLES["company" if entity_type == "person" else "person"]
    names = {normalized_header(header) for header in headers}
    counts = len(_places(other, names)), len(_places(own, names))
    if counts[0] - counts[1] < _CLEAR_MARGIN:
        return None
    says_who = any(field in _WHO for field, _ in _places(own, names - other.keys()))
    return None if entity_type == "person" and says_who else counts


def _places(table: Mapping[str, "_Target"], names: Set[str]) -> set[tuple[str, str | None]]:
    return {(table[name].field, table[name].key) for name in names & table.keys()}


def normalized_header(header: str) -> str:
    """Reduce a header to its letters and digits in one case; some tools write letters as HTML's names of them."""
    if "&" in header:
        header = html.unescape(header)
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", header).casefold()))


@dataclass(frozen=True, slots=True)
class _Target:
    """What a header means; `field` is blank if it means nothing that is known."""

    field: str
    key: str | None
    rank: int
    dropped: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the column fills a field."""
        return bool(self.field) and not self.dropped

    @property
    def use(self) -> tuple[str, str | None] | None:
        """Where the cells go: equal for targets that differ in how trusted they are, or in why they are dropped."""
        return None if self.dropped else (self.field, self.key)


_UNKNOWN: Final = _Target("", None, 0)


def _column(name: str, target: _Target, *, is_first: bool) -> Column:
    if target.dropped:
        return Column(name, None, dropped=True, ignored=target.field == IGNORE)
    if not target.field:
        return Column(name, None)
    return Column(name, target.field, target.key, is_fallback=not is_first, rank=target.rank)


def _most_trusted(targets: Sequence[_Target]) -> set[int]:
    """Return the place of the most trusted column of each use, the first of those that are trusted alike."""
    best: dict[tuple[str, str | None] | None, int] = {}
    for place in sorted(range(len(targets)), key=lambda place: targets[place].rank):
        best.setdefault(targets[place].use, place)
    return set(best.values())


def _unique_names(headers: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    names = []
    for index, header in enumerate(headers):
        name = base = header or f"Column {index + 1}"
        number = 2
        while name in taken:
            # Cut it if it would become longer than the headers that an import accepts.
            mark = f" ({number})"
            name, number = base[: MAX_HEADER_CHARS - len(mark)] + mark, number + 1
        taken.add(name)
        names.append(name)
    return names


def _table(entity_type: EntityType, headers: Mapping[str, Sequence[str]]) -> dict[str, _Target]:
    """Turn the table of fields into one of normalised headers, a field's own name first."""
    table = {normalized_header(name): _Target(name, None, 0, dropped=True) for name in DROPPED[entity_type]}
    table[EXTRA_FIELD] = _Target(EXTRA_FIELD, None, 0)
    # What a file of refused rows says of them.
    for name in (REFUSED_LINE, REFUSED_REASON):
        table[normalized_header(name)] = _Target(IGNORE, None, 0, dropped=True)
    for path, names in headers.items():
        field, _, key = path.partition(".")
        if key:
            # The whole dict as JSON, as our own exports write it.
            table.setdefault(normalized_header(field), _Target(field, None, 0))
        for rank, name in enumerate((path, *names)):
            table.setdefault(normalized_header(name), _Target(field, key or None, rank))
    return table


_TABLES: Final[Mapping[EntityType, Mapping[str, _Target]]] = {
    "person": _table("person", PERSON),
    "company": _table("company", COMPANY),
}


# A header, which others must stand there for it to mean this field besides, itself among them; blank for no field.
_CONTEXTS: Final[Mapping[EntityType, Sequence[tuple[str, frozenset[str], str]]]] = {
    "person": [
        (normalized_header(name), frozenset(map(normalized_header, (name, *beside))), field)
        for name, beside, field in PERSON_CONTEXT
    ],
    "company": [],
}


def _spellings(headers: Mapping[str, Sequence[str]]) -> frozenset[str]:
    names = [name for field, others in headers.items() for name in (field, field.replace("_", " "), *others)]
    return frozenset(map(str.casefold, names))


_SPELLINGS: Final[Mapping[EntityType, frozenset[str]]] = {
    "person": _spellings(PERSON),
    "company": _spellings(COMPANY),
}

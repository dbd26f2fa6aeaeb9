"""Input that is made up to break things: texts, JSON that is not quite JSON, CSV files, and requests of them."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

from app.entities.fields import FIELDS, RAW_FIELDS
from app.models.exclusion import ExclusionKind
from app.values.spellings import camel_case

NASTY_TEXTS: Final = (
    "", " ", "\t", "\n", "\r", "\r\n", "\x00", "a\x00b", "\x01", "\x1f", "\x7f", "\x85", "\x9f", "\ud800", "a\udfff",
    "\ud83d\ude00", "😀", "\ufeff", "\u200b", "\u2028", "\u00ad", "\ufffe", "\U0010ffff", "é", "e\u0301", "İ", "ß",
    "ﬁ", "Ｆｕｌｌ", "１２", "٣", "\u202eabc", "null", "None", "NaN", "N/A", "unknown", "true", "[]", "{}", '["a"]',
    '{"a": "\\u0000"}', "[1e300]", "[9223372036854775808]", "[1e999]", "[-0.0]", "=1+1", "'=1", "+49 30 1", "@x",
    "' OR 1=1 --", "%s", "%00", "{0}", "\\", '"', '"a', "a,b;c|d\te", "x" * 200, "x" * 201, "x" * 10_000,
    "x" * 10_001, "ü" * 3_000, "a@b.example", "Ada@Example.com", "mailto:ada@example.com", "info@acme.example",
    "https://www.linkedin.com/in/ada%00", "linkedin.com/in/%ed%a0%80", "https://acme.example/x", "bücher.example",
    "xn--.example", "a..b", "." * 300, "2026-11-30", "1e400", "-1",
)  # fmt: skip
texts = st.one_of(
    st.sampled_from(NASTY_TEXTS),
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.text(st.sampled_from("\x00\t\r\n\"',;|=é\ud800a0 "), max_size=8),
)
"""Any Unicode, with lone surrogates, controls and what parsers trip over."""
_REFUSED: Final = frozenset({*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))} - {"\t", "\n"})
storable_texts = st.one_of(
    st.sampled_from([text for text in NASTY_TEXTS if len(text) <= 10_000]),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
).filter(lambda text: _REFUSED.isdisjoint(text) and not any("\ud800" <= one <= "\udfff" for one in text))
"""Texts that the service has no reason to refuse, however odd."""

NUMBERS: Final = (
    "0", "-0", "-0.0", "1", "7.0", "7.5", "1e3", "1E+2", "1e16", "1e18", "9007199254740993", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1" * 30, "1" * 5_000, "1e300", "-1e300",
    "1e400", "1e-400", "4.9e-324", "0.1", "1.7976931348623157e308", "NaN", "Infinity", "-Infinity", "01", "1_000",
    "+1", "0x10", "9.223372036854775e18", "123456789.123456789123456789",
)  # fmt: skip
_PLAIN_NUMBERS: Final = frozenset(
    {"0", "-0", "-0.0", "1", "7.0", "7.5", "1e3", "1E+2", "1e16", "1e18", "9007199254740993", "9223372036854775807",
     "-9223372036854775808", "1e-400", "4.9e-324", "0.1", "123456789.123456789123456789"}
)  # fmt: skip
_LITERALS: Final = ("null", "true", "false", "[]", "{}", '""')


def _written(text: str, escapes: bool) -> str:
    """Write a text as JSON; a lone surrogate is escaped whatever was asked for."""
    escapes = escapes or any("\ud800" <= character <= "\udfff" for character in text)
    return json.dumps(text, ensure_ascii=escapes)


json_texts = st.builds(_written, texts, st.booleans())
storable_json_texts = st.builds(_written, storable_texts, st.booleans())


def _object(members: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{name}:{value}" for name, value in members) + "}"


def _array(values: list[str]) -> str:
    return "[" + ",".join(values) + "]"


def _nested(texts: st.SearchStrategy[str], numbers: list[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        st.one_of(texts, st.sampled_from(numbers), st.sampled_from(_LITERALS)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(_array), st.lists(st.tuples(texts, inner), max_size=3).map(_object)
        ),
        max_leaves=6,
    )


json_values = st.one_of(
    _nested(json_texts, list(NUMBERS)),
    st.sampled_from([27, 28, 29, 30, 31, 32, 1_000]).map(lambda depth: "[" * depth + "]" * depth),
)
"""JSON as it is written, of which some is refused: bad numbers, repeated keys, deep nesting."""
storable_json_values = _nested(storable_json_texts, [text for text in NUMBERS if text in _PLAIN_NUMBERS])
"""JSON that the service has no reason to refuse, but for a repeated key."""

ids = st.one_of(
    st.sampled_from(["p1", "p2", "a/b", "x:y", "import", "export.csv", "export.xlsx", "system", "A" * 128]),
    st.sampled_from(["", "A" * 129, "a b", "é", "p1\n", "\x00", "..", "(erased)"]),
)
json_ids = ids.map(json.dumps)
slugs = st.sampled_from(["default", "north", "", "North", "a" * 64, "a" * 65, "a\n", "-a"])


@dataclass(frozen=True)
class Call:
    """One request: method, path, query, body and headers. `{job}` in a path stands for the newest job's id."""

    method: str
    path: str
    body: bytes = b""
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _json_call(path: str, body: str, headers: dict[str, str] | None = None) -> Call:
    return Call("POST", path, _bytes(body), headers={"Content-Type": "application/json", **(headers or {})})


def _value_of(kind: str, *, storable: bool) -> st.SearchStrategy[str]:
    texts, values = (storable_json_texts, storable_json_values) if storable else (json_texts, json_values)
    fitting = {
        "text": texts,
        "integer": st.sampled_from(["0", "-7", "7.0", "1e3", "9223372036854775807"] if storable else NUMBERS),
        "list": st.lists(values, max_size=3).map(_array),
        "dict": st.lists(st.tuples(texts, values), max_size=3, unique_by=lambda member: json.loads(member[0])).map(
            _object
        ),
    }
    return st.one_of(fitting[kind], fitting[kind], st.just("null"), *([] if storable else [json_values]))


@st.composite
def _rows(draw: st.DrawFn, entity_type: str) -> str:
    """One entity as JSON: mostly what can be stored, else anything, with an unknown or repeated field now and then."""
    kinds = RAW_FIELDS[entity_type]
    storable = draw(st.integers(0, 3)) > 0
    members = [('"id"', draw(st.sampled_from(['"p1"', '"p2"', '"a/b"', '"import"']) if storable else json_ids))]
    names = st.lists(st.sampled_from(sorted(kinds)), max_size=4, unique=storable)
    members += [(json.dumps(camel_case(name)), draw(_value_of(kinds[name], storable=storable))) for name in draw(names)]
    if storable:
        return _object(members)
    if draw(st.integers(0, 4)) == 0:
        members.append(('"extra"', _object(draw(st.lists(st.tuples(json_texts, json_texts), max_size=3)))))
    if draw(st.integers(0, 19)) == 0:
        members.append((draw(json_texts), draw(json_values)))
    return _object(members)


@st.composite
def upserts(draw: st.DrawFn) -> Call:
    """A bulk upsert."""
    entity_type, plural = draw(st.sampled_from([("person", "people"), ("company", "companies")]))
    members = [(f'"{plural}"', _array(draw(st.lists(_rows(entity_type), min_size=1, max_size=2))))]
    if draw(st.integers(0, 9)) == 0:
        members.append(('"workspaceSlug"', json.dumps(draw(slugs))))
    return _json_call(f"/api/{plural}", _object(members))


@st.composite
def jobs(draw: st.DrawFn) -> Call:
    """A request for a job, or for an estimate of one."""
    entity_type = draw(st.sampled_from(["person", "company"]))
    provider = draw(st.sampled_from(["ai-normalizer"] * 6 + ["waterfall", "firecrawl", "x", ""]))
    members = [('"entityType"', json.dumps(entity_type)), ('"provider"', json.dumps(provider))]
    if draw(st.booleans()):
        some = st.one_of(st.sampled_from(['"p1"', '"p2"', '"a/b"', '"p9"']), json_ids)
        members.append(('"entityIds"', _array(draw(st.lists(some, max_size=4)))))
    else:
        members.append(('"entities"', _array(draw(st.lists(_rows(entity_type), max_size=2)))))
    optional = {
        '"chunkSize"': st.sampled_from(["1", "2", "1000", "1001", "0", *NUMBERS]),
        '"priority"': st.sampled_from(["0", "1000", "-1001", *NUMBERS]),
        '"capUsd"': st.sampled_from(NUMBERS),
        '"workspaceSlug"': slugs.map(json.dumps),
        '"waterfall"': st.one_of(json_values, st.just('{"until":["email"]}'), st.just('{"verifier":"none"}')),
    }
    for name in draw(st.lists(st.sampled_from(sorted(optional)), max_size=draw(st.integers(0, 2)), unique=True)):
        members.append((name, draw(optional[name])))
    headers = {}
    if draw(st.integers(0, 3)) == 0:
        headers["Idempotency-Key"] = draw(st.sampled_from(["k1", "k2", "k 3", "k" * 255, "k" * 256, "é"]))
    path = "/api/enrichment/estimate" if draw(st.integers(0, 4)) == 0 else "/api/enrichment/jobs"
    return _json_call(path, _object(members), headers)


bodies = st.builds(
    _json_call,
    st.sampled_from(["/api/people", "/api/companies", "/api/enrichment/jobs", "/api/enrichment/exclusions"]),
    json_values,
)
"""Any JSON as the body of a call that writes."""
exclusion_calls = st.builds(
    lambda values: _json_call("/api/enrichment/exclusions", _object([('"values"', _array(values))])),
    st.lists(
        st.one_of(
            json_texts, st.sampled_from(["acme.example", "a@b.example", "ÄCME.example", "nobody"]).map(json.dumps)
        ),
        max_size=3,
    ),
)
_queries = st.dictionaries(
    st.sampled_from(["limit", "cursor", "missing", "updatedSince", "status", "workspaceSlug", "groupBy", "from", "to"]),
    st.one_of(
        texts,
        st.sampled_from(
            ["1", "200", "default", "p1", "email", "jobTitle", "pending", "day", "job", "0001-01-01", "9999-12-31",
             "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00Z",
             "00000000-0000-0000-0000-000000000000", *map(camel_case, sorted(FIELDS["person"])), *ExclusionKind]
        ),
    ),
    max_size=2,
)  # fmt: skip
reads = st.builds(
    lambda path, query: Call("GET", path, query=query),
    st.sampled_from(
        ["/api/people", "/api/companies", "/api/enrichment/jobs", "/api/enrichment/exclusions", "/api/enrichment/costs",
         "/api/enrichment/yield",
         "/api/enrichment/jobs/{job}", "/api/enrichment/jobs/{job}/errors", "/api/enrichment/providers"]
    ),
    _queries,
)  # fmt: skip
steps = st.builds(
    lambda method, path: Call(method, path),
    st.just("POST"),
    st.sampled_from(
        ["/api/enrichment/jobs/process", "/api/enrichment/jobs/{job}/pause", "/api/enrichment/jobs/{job}/resume",
         "/api/enrichment/jobs/{job}/cancel", "/api/enrichment/jobs/{job}/retry", "/api/enrichment/jobs/{job}/undo"]
    ),
)  # fmt: skip
erasures = st.builds(
    lambda plural, entity_id: Call("DELETE", f"/api/{plural}/{entity_id}"),
    st.sampled_from(["people", "companies"]),
    ids.filter(lambda text: text.isprintable() and text.isascii() and text not in {"", ".."}),
)

_PERSON_HEADERS: Final = (
    "id", "Email", "First Name", "Last Name", "full_name", "Title", "Company", "Company Domain", "Skills", "Phone",
    "Job History", "provider_ids", "Apollo Contact Id", "LinkedIn URL", "extra", "Notes", "normalized_email",
)  # fmt: skip
_COMPANY_HEADERS: Final = (
    "id", "Name", "Domain", "Website", "Industry", "Keywords", "funding_total", "social_urls", "Facebook Url",
    "office_locations", "extra", "Notes", "Company Name for Emails", "LinkedIn URL",
)  # fmt: skip


@dataclass(frozen=True)
class CsvFile:
    """A CSV file of one entity type."""

    entity_type: str
    raw: bytes

    @property
    def path(self) -> str:
        """Where it is imported."""
        return f"/api/{'people' if self.entity_type == 'person' else 'companies'}/import"

    @property
    def call(self) -> Call:
        """The request that imports it."""
        return Call("POST", self.path, self.raw, headers={"Content-Type": "text/csv"})


def _cell(text: str, delimiter: str, quoting: int) -> str:
    """Write a cell as a careful program does, or as a careless one."""
    needs = any(mark in text for mark in (delimiter, '"', "\n", "\r"))
    if quoting == 0 or (quoting < 8 and not needs):
        return text
    return '"' + text.replace('"', '""') + '"' if quoting < 9 else f'"{text}'


_cells = st.one_of(
    storable_texts, storable_json_values, st.sampled_from(["Ada", "ada@example.com", "acme.example", "12,000", "a; b"])
)


@st.composite
def csv_files(draw: st.DrawFn) -> CsvFile:
    """A CSV file; three in four have a header row of ours and careful quotes, in others anything may be wrong."""
    entity_type, known = draw(st.sampled_from([("person", _PERSON_HEADERS), ("company", _COMPANY_HEADERS)]))
    careful = draw(st.integers(0, 3)) > 0
    other = storable_texts.filter(lambda text: len(text) <= 200 and "@" not in text) if careful else texts
    headers = draw(st.lists(st.one_of(st.sampled_from(known), st.sampled_from(known), other), min_size=1, max_size=6))
    if careful or draw(st.booleans()):
        headers.insert(0, "id")
    delimiter = draw(st.sampled_from([",", ",", ";", "\t", "|"]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r\n", "\r"]))
    quoting = st.integers(1, 8) if careful else st.integers(0, 9)
    lines = ["sep=" + delimiter] if draw(st.integers(0, 9)) == 0 else []
    lines.append(delimiter.join(_cell(header, delimiter, draw(st.integers(1, 8))) for header in headers))
    for number in range(draw(st.integers(1, 6))):
        width = max(1, len(headers) + draw(st.sampled_from([0, 0, 0, 0, 0, 0, -1, 1])))
        cells = [_cell(draw(_cells if careful else texts), delimiter, draw(quoting)) for _ in range(width)]
        if headers[0] == "id" and draw(st.integers(0, 4)):
            cells[0] = f"r{number % 4}"
        lines.append(delimiter.join(cells))
    text = end.join(lines) + draw(st.sampled_from([end, ""]))
    encodings = ["utf-8", "utf-8-sig", "utf-16"] if careful else ["utf-8", "utf-16-le", "utf-16-be", "cp1252"]
    encoding = draw(st.sampled_from(encodings))
    raw = text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")
    return CsvFile(entity_type, raw if careful else _damaged(raw, draw(st.integers(0, 5)), draw(st.integers(0, 400))))


def _damaged(raw: bytes, kind: int, place: int) -> bytes:
    """Cut a file off, put a stray byte in, or leave it as it is."""
    if kind == 0:
        return raw[: max(0, len(raw) - 1 - place % 4)]
    if kind == 1:
        return raw[:place] + b"\xff" + raw[place:]
    if kind == 2:
        return raw[:place] + b"\x00" + raw[place:]
    return raw


_PIECES: Final = (
    b'"', b",", b";", b"\r", b"\n", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"id", b"email", b"a@b.example", b"name",
    b"'=", b" ", b"\x81", b"\xed\xa0\x80",
)  # fmt: skip
raw_files = st.builds(
    CsvFile,
    st.sampled_from(["person", "company"]),
    st.one_of(
        st.binary(max_size=200),
        st.lists(st.sampled_from([b'"', b",", b";", b"\r", b"\n", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"id",
                                  b"email", b"a@b.example", b"name", b"'=", b" ", b"\x81", b"\xed\xa0\x80"]),
                 max_size=30).map(b"".join),
        st.sampled_from([b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"id\n" + b"x" * 200_000, b'id,a\n"' + b"y\n" * 2_000,
                         b"id,a\nr1," + b"z" * 131_073, b"," * 501, b"id," + b"h" * 201 + b"\nr1,x\n"]),
    ),
)  # fmt: skip
"""Bytes that may be no CSV at all."""


def request_lists(size: int) -> st.SearchStrategy[list[Call]]:
    """A few requests, one after the other."""
    one: st.SearchStrategy[Any] = st.one_of(
        upserts(), upserts(), jobs(), jobs(), bodies, exclusion_calls, reads, steps, steps, erasures,
        csv_files().map(lambda file: file.call),
    )  # fmt: skip
    return st.lists(one, min_size=1, max_size=size)

"""Rules that hold for every input: never raise, every column present, valid text, twice is once."""

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.normalizer.companies import normalize_company
from app.normalizer.names import normalize_name
from app.normalizer.people import normalize_person
from app.normalizer.seniority import SENIORITIES
from app.normalizer.text import names_in
from app.values.text import clean, fold, word_set

PERSON_COLUMNS = {
    "normalized_first_name": str,
    "normalized_last_name": str,
    "normalized_full_name": str,
    "normalized_job_title": str,
    "normalized_seniority": str,
    "normalized_email": str,
    "normalized_email_is_free": bool,
    "normalized_phone": str,
    "normalized_phone_is_valid": bool,
    "normalized_country_code": str,
    "normalized_company_domain": str,
}
COMPANY_COLUMNS = {
    "normalized_name": str,
    "normalized_domain": str,
    "normalized_industry": str,
    "normalized_headcount_min": int,
    "normalized_headcount_max": int,
    "normalized_country_code": str,
    "normalized_year_founded": int,
}
PERSON_FIELDS = [
    *("first_name", "last_name", "full_name", "job_title", "company", "email", "phone", "mobile_phone"),
    *("location", "location_country", "location_country_code", "company_domain"),
]
COMPANY_FIELDS = [
    *("name", "domain", "website", "industry", "industries", "headcount", "location", "hq_country", "hq_country_code"),
    "year_founded",
]
# Where a normalised column is read back from.
PERSON_ROUND = {
    "first_name": "normalized_first_name",
    "last_name": "normalized_last_name",
    "full_name": "normalized_full_name",
    "job_title": "normalized_job_title",
    "email": "normalized_email",
    "phone": "normalized_phone",
    "location_country_code": "normalized_country_code",
    "company_domain": "normalized_company_domain",
}
COMPANY_ROUND = {
    "name": "normalized_name",
    "domain": "normalized_domain",
    "industry": "normalized_industry",
    "hq_country_code": "normalized_country_code",
    "year_founded": "normalized_year_founded",
}
WORDS = word_set(
    """
    Dr. JOHN john Mc van der de la O'NEILL Smith-Jones , ( ) " ' | - / & @ at . : ; + # III Jr. PhD MBA 🚀 ™ ®
    é Đỗ 王小明 김 İ ß ŉ ǆ ﬁ CEO vp of sales manager senior Head Founder & president owner partner lead intern
    the Inc. Ltd GmbH S.A. SE KG Co company 株式会社 ООО .com acme ACME www. https:// example.com gmail.com
    a@b.com +49 030 1 10 - 51-200 1.2k employees 10-Jan 1998 Austin, TX CA Georgia DE Germany United States
    Retail software Manufacturing other
    """
)
PIECES = [*sorted(WORDS), "\t", "\n", "\u200b", "\u200d", "\x00", "\ud800", " "]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
likely_texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map(" ".join)
likely_names = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)
values = json_values | likely_texts | likely_names
NAME_PIECES = names_in(
    """
    Rob | TANNER | Соколова | Ирина | Петровна | NGUYEN | Van | de la | von und zu | al- | O'Brien | ida.brandt | J.R.
    Ph. D. | FACHE | MBA | P.Eng. | , | ; | (she/her) | er/ihm | - | Hiring | | #OpenToWork | & | and | Mr. | Dr. med.
    Mag. | Junior | 2nd | Neto | NÍ | IŞIL | Groß | née | Test | LinkedIn | Member | 王 | 99 | _ | Tan | Wei
    Ling | M. | Don
    """.replace("\n", " | ")
)
names = json_values | likely_texts | st.lists(st.sampled_from(NAME_PIECES), max_size=6).map(" ".join)
PEOPLE = names_in(
    "Rob Tanner | Anna Maria Rossi | Jan van der Berg | María García López | Irina Petrovna Sokolova | Al Gore"
)
TITLES = [
    "",
    *(f"{title} " for title in names_in("Dr. | Prof. Dr. | Dr. med. univ. | Dipl.-Ing. | Sir | Mme | doc. MUDr.")),
]
ENDINGS = ["", *(f", {mark}" for mark in names_in("MBA | FACHE, MHA | P.Eng. | Ph. D. | she/her | CPA CA"))]
ENDINGS += [
    f" {mark}" for mark in names_in("PhD | (they/them) | He/Him | - Open to work | #OpenToWork | 🚀 | née Weber")
]
# Family and given name are written together in Chinese, Japanese and Korean: there a character is a word.
_WORD = re.compile(
    r"[\u1100-\u11ff\u3040-\u9fff\uf900-\ufaff]|(?:(?![\u1100-\u11ff\u3040-\u9fff\uf900-\ufaff])[^\W\d_])+"
)
_STORABLE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]*")


def check_columns(result: Mapping[str, Any], columns: Mapping[str, type]) -> None:
    """Assert that a result has exactly these columns, each None or of its type, its text fit to be stored."""
    assert list(result) == list(columns)
    for name, value in result.items():
        assert value is None or type(value) is columns[name], (name, value)
        if isinstance(value, str):
            assert value == value.strip()
            assert value
            assert len(value) <= 500
            assert _STORABLE.fullmatch(value), (name, value)
    json.dumps(result).encode()


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(PERSON_FIELDS), values, max_size=12))
def test_normalize_person_gives_every_column_for_any_input(fields: dict[str, Any]) -> None:
    """No JSON value makes the rules raise, and every column is present with its type."""
    result = normalize_person(fields)
    check_columns(result, PERSON_COLUMNS)
    assert result["normalized_seniority"] in {None, *SENIORITIES} - {"Unknown"}
    assert (result["normalized_email"] is None) == (result["normalized_email_is_free"] is None)
    assert (result["normalized_phone"] is None) == (result["normalized_phone_is_valid"] is None)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(COMPANY_FIELDS), values, max_size=10))
def test_normalize_company_gives_every_column_for_any_input(fields: dict[str, Any]) -> None:
    """No JSON value makes the rules raise, and every column is present with its type."""
    result = normalize_company(fields)
    check_columns(result, COMPANY_COLUMNS)
    lowest, highest = result["normalized_headcount_min"], result["normalized_headcount_max"]
    assert highest is None or (lowest is not None and lowest <= highest)


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(st.sampled_from(PERSON_FIELDS), values, max_size=12))
def test_normalize_person_changes_nothing_the_second_time(fields: dict[str, Any]) -> None:
    """Normalising normalised values gives the same values."""
    once = normalize_person(fields)
    again = normalize_person({raw: once[column] for raw, column in PERSON_ROUND.items()})
    assert again == once


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(st.sampled_from(COMPANY_FIELDS), values, max_size=10))
def test_normalize_company_changes_nothing_the_second_time(fields: dict[str, Any]) -> None:
    """Normalising normalised values gives the same values."""
    once = normalize_company(fields)
    again = normalize_company({raw: once[column] for raw, column in COMPANY_ROUND.items()})
    assert {name: again[name] for name in COMPANY_ROUND.values()} == {
        name: once[name] for name in COMPANY_ROUND.values()
    }


def words_of(*texts: Any) -> set[str]:
    """Return the words of texts, without case and accents."""
    cleaned = [clean(html.unescape(clean(text) or "")) or "" for text in texts]
    return set(_WORD.findall(" ".join(map(fold, cleaned)).replace("ı", "i")))


@settings(max_examples=120, deadline=None)
@given(names, names, names)
def test_normalised_name_has_no_word_that_the_raw_one_lacks(first: Any, last: Any, full: Any) -> None:
    """A name is taken from what came, never made up; only generations have a form of their own ("2nd" is II)."""
    answer = normalize_name(first, last, full)
    assert words_of(*answer) <= words_of(first, last, full) | {"ii", "iii", "iv"}


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PEOPLE), st.sampled_from(TITLES), st.sampled_from(ENDINGS))
def test_titles_credentials_and_remarks_change_nothing(person: str, title: str, ending: str) -> None:
    """A decorated name has the same parts as the bare one."""
    assert normalize_name(None, None, f"{title}{person}{ending}") == normalize_name(None, None, person)


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(st.sampled_from(PERSON_FIELDS), values, max_size=12))
def test_normalize_person_leaves_its_input_alone(fields: dict[str, Any]) -> None:
    """The rules are pure: the mapping they read stays as it was, and the same input gives the same answer."""
    before = repr(fields)
    assert normalize_person(fields) == normalize_person(fields)
    assert repr(fields) == before

"""Headers of other services' exports, and of our own."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest

from app.entities.csv.accepted_headers import COMPANY, PERSON
from app.entities.csv.headers import (
    MAX_HEADER_CHARS,
    Column,
    MappingError,
    known_headers,
    map_columns,
    normalized_header,
)
from app.entities.csv.tools import tool_of
from app.models import Company, Person
from app.values.entity_types import EntityType

APOLLO_PEOPLE = {
    "First Name": "first_name", "Last Name": "last_name", "Title": "job_title", "Company": "company",
    "Email": "email", "Email Status": "email_status", "Seniority": "seniority", "Departments": "departments",
    "Contact Owner": None, "Work Direct Phone": "phone", "Mobile Phone": "mobile_phone", "Stage": None,
    "Lists": None, "# Employees": None, "Industry": None, "Keywords": None,
    "Person Linkedin Url": "linkedin_url", "Website": "company_domain", "Company Linkedin Url": None,
    "City": "location_city", "State": "location_state", "Country": "location_country", "Company Address": None,
    "Company City": None, "Company State": None, "Company Country": None, "Company Phone": None,
    "Technologies": None, "Annual Revenue": None, "Total Funding": None, "Latest Funding": None,
    "Apollo Contact Id": "provider_ids.apollo", "Apollo Account Id": None,
}  # fmt: skip
APOLLO_COMPANIES = {
    "Company Name": "name", "# Employees": "headcount", "Industry": "industry", "Website": "website",
    "Company Linkedin Url": "linkedin_url", "Facebook Url": "social_urls.facebook",
    "Twitter Url": "social_urls.twitter", "Company Street": None, "Company City": "hq_city",
    "Company State": "hq_state", "Company Country": "hq_country", "Company Postal Code": "hq_postal_code",
    "Company Address": "hq_address", "Keywords": "company_keywords", "Company Phone": "hq_phone",
    "Technologies": "technologies", "Total Funding": "funding_total", "Latest Funding": "funding_stage_latest",
    "Last Raised At": "funding_latest_date", "Annual Revenue": "revenue", "Short Description": "description",
    "Founded Year": "year_founded", "Apollo Account Id": "provider_ids.apollo", "Account Owner": None,
}  # fmt: skip
HUBSPOT_PEOPLE = {
    "Record ID": "id", "First Name": "first_name", "Last Name": "last_name", "Email": "email",
    "Phone Number": "phone", "Contact owner": None, "Associated Company": "company", "Lead Status": None,
    "Job Title": "job_title", "City": "location_city", "State/Region": "location_state",
    "Country/Region": "location_country", "Website URL": "company_domain", "Associated Company IDs": None,
}  # fmt: skip
HUBSPOT_COMPANIES = {
    "Record ID - Company": "id", "Company name": "name", "Company Domain Name": "domain",
    "Phone Number": "hq_phone", "City": "hq_city", "Country/Region": "hq_country", "Industry": "industry",
    "Number of Employees": "headcount", "Year Founded": "year_founded", "Total Money Raised": "funding_total",
    "LinkedIn Company Page": "linkedin_url", "Company owner": None, "Create Date": None, "Lifecycle Stage": None,
}  # fmt: skip
SALESFORCE_PEOPLE = {
    "Contact ID": "id", "First Name": "first_name", "Last Name": "last_name", "Title": "job_title",
    "Account Name": "company", "Account ID": None, "Mailing City": "location_city", "Mailing Street": None,
    "Mailing State/Province": "location_state", "Mailing Country": "location_country", "Phone": "phone",
    "Mobile": "mobile_phone", "Email": "email", "Account Owner": None,
}  # fmt: skip
SALESFORCE_COMPANIES = {
    "Account ID": "id", "Account Name": "name", "Billing Street": "hq_address", "Billing City": "hq_city",
    "Billing State/Province": "hq_state", "Billing Zip/Postal Code": "hq_postal_code",
    "Billing Country": "hq_country", "Phone": "hq_phone", "Website": "website", "Type": None,
    "Employees": "headcount", "Annual Revenue": "revenue", "Ownership": "company_type",
}  # fmt: skip
PHANTOMBUSTER_PEOPLE = {
    "profileUrl": None, "fullName": "full_name", "firstName": "first_name", "lastName": "last_name",
    "companyName": "company", "title": "job_title", "companyId": None, "companyUrl": "company_domain",
    "regularCompanyUrl": None, "summary": "profile_summary", "titleDescription": None, "industry": None,
    "companyLocation": None, "location": "location", "durationInRole": None, "connectionDegree": None,
    "profileImageUrl": "profile_image_url", "vmid": "provider_ids.linkedin", "name": None,
    "linkedInProfileUrl": "linkedin_url", "isPremium": None, "query": None, "timestamp": None,
}  # fmt: skip
CLAY_PEOPLE = {
    "First Name": "first_name", "Last Name": "last_name", "Full Name": "full_name", "Job Title": "job_title",
    "Location": "location", "Company Domain": "company_domain", "LinkedIn Profile": "linkedin_url",
    "Company Table Data": "company", "Work Email": "email",
}  # fmt: skip
CLAY_COMPANIES = {
    "Name": "name", "Description": "description", "Primary Industry": "industry", "Size": "headcount",
    "Location": "location", "Country": "hq_country", "Domain": "domain", "LinkedIn URL": "linkedin_url",
}  # fmt: skip
LINKEDIN_CONNECTIONS = {
    "First Name": "first_name", "Last Name": "last_name", "URL": "linkedin_url", "Email Address": "email",
    "Company": "company", "Position": "job_title", "Connected On": None,
}  # fmt: skip


def path(column: Column) -> str | None:
    """Where a column's own cells go; None for those kept in `extra`, as a fallback's are."""
    if column.field is None or column.is_fallback:
        return None
    return f"{column.field}.{column.key}" if column.key else column.field


@pytest.mark.parametrize(
    ("entity_type", "export"),
    [
        ("person", APOLLO_PEOPLE),
        ("company", APOLLO_COMPANIES),
        ("person", HUBSPOT_PEOPLE),
        ("company", HUBSPOT_COMPANIES),
        ("person", SALESFORCE_PEOPLE),
        ("company", SALESFORCE_COMPANIES),
        ("person", PHANTOMBUSTER_PEOPLE),
        ("person", CLAY_PEOPLE),
        ("company", CLAY_COMPANIES),
        ("person", LINKEDIN_CONNECTIONS),
    ],
)
def test_columns_of_a_usual_export_find_their_fields(entity_type: EntityType, export: Mapping[str, str | None]) -> None:
    """Each header of the exports that people bring means what it means there, or is kept as it is."""
    assert {column.header: path(column) for column in map_columns(entity_type, list(export))} == export


def test_header_rows_of_other_tools_find_their_fields() -> None:
    """What twenty and more tools export maps without help: each column to its field, or kept as it is."""
    lines = (Path(__file__).parent / "data" / "export_headers.tsv").read_text("utf-8").splitlines()
    exports = [line.split("\t") for line in lines if not line.startswith("#")]
    wrong = [
        (tool, column.header, path(column), field)
        for tool, entity_type, cells in exports
        for column, (_, field) in _expected(cast(EntityType, entity_type), cells)
        if path(column) != field
    ]
    assert wrong == []
    assert len({tool.split(",")[0].split(" (")[0] for tool, *_ in exports}) >= 20


def _expected(entity_type: EntityType, cells: str) -> list[tuple[Column, tuple[str, str | None]]]:
    pairs = [(header, field or None) for header, _, field in (cell.partition("=") for cell in cells.split("|"))]
    return list(zip(map_columns(entity_type, [header for header, _ in pairs]), pairs, strict=True))


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@pytest.mark.parametrize(("entity_type", "model"), [("person", Person), ("company", Company)])
@pytest.mark.parametrize("spelling", [str, camel, str.upper, lambda name: name.replace("_", " ").title()])
def test_own_fields_are_known_in_every_spelling(
    entity_type: EntityType, model: type[Person] | type[Company], spelling: type[str]
) -> None:
    """Every column of the model is a header; what we compute ourselves is dropped on the way in."""
    for name in model.__table__.columns.keys():  # noqa: SIM118 - a collection of columns, not a dict
        (column,) = map_columns(entity_type, [spelling(name)])
        if name.startswith("normalized_") or name in ("created_at", "updated_at", "workspace_slug"):
            assert column == Column(spelling(name), None, dropped=True)
        else:
            assert (column.field, column.key, column.is_fallback, column.dropped) == (name, None, False, False)


@pytest.mark.parametrize("table", [PERSON, COMPANY])
def test_table_gives_a_header_to_one_field_only(table: Mapping[str, Sequence[str]]) -> None:
    """A header listed for two fields would silently go to the first."""
    owners: dict[str, set[str]] = {}
    for field, headers in table.items():
        for header in (field, *headers):
            owners.setdefault(normalized_header(header), set()).add(field)
    assert {header: fields for header, fields in owners.items() if len(fields) > 1} == {}


@pytest.mark.parametrize(
    "header", ["First Name", "first_name", "FIRST-NAME", " first  name ", "firstName", "Ｆirst Name"]
)
def test_headers_are_compared_by_letters_and_digits(header: str) -> None:
    """Case, punctuation, white space and width of letters make no difference."""
    assert map_columns("person", [header])[0].field == "first_name"


def test_most_trusted_header_fills_a_field_wherever_it_stands() -> None:
    """The order of columns does not decide; the others step in where it is blank."""
    for headers in (["Personal Email", "Email", "Work Email"], ["Email", "Work Email", "Personal Email"]):
        columns = {column.header: column for column in map_columns("person", headers)}
        assert {name for name, column in columns.items() if not column.is_fallback} == {"Email"}
        assert columns["Work Email"].rank < columns["Personal Email"].rank


def test_repeated_header_of_full_length_stays_readable() -> None:
    """The name that tells two apart is no longer than a header may be, or our own export could not be imported."""
    names = [column.header for column in map_columns("person", ["id", *["h" * 200] * 3])]
    assert len(set(names)) == 4
    assert max(map(len, names)) == MAX_HEADER_CHARS


def test_repeated_and_blank_headers_get_names_of_their_own() -> None:
    """Every column has its own name, under which `extra` keeps it."""
    columns = map_columns("person", ["Notes", "Notes", "", "Notes (2)", "Email", "Email"])
    assert [column.header for column in columns] == [
        "Notes",
        "Notes (2)",
        "Column 3",
        "Notes (2) (2)",
        "Email",
        "Email (2)",
    ]
    assert [column.is_fallback for column in columns][-2:] == [False, True]


def test_known_headers_count_fields_alone() -> None:
    """Neither unknown nor dropped columns count."""
    assert known_headers("company", ["Name", "Owner", "normalized_name", "", "Website"]) == 2


def test_employer_columns_of_a_people_file_are_no_field_of_the_person() -> None:
    """An employer's country or industry would be wrong as the person's."""
    headers = [
        "Company Country",
        "Company City",
        "Industry",
        "# Employees",
        "Company ID",
        "Account ID",
        "Company Phone",
    ]
    assert [column.field for column in map_columns("person", headers)] == [None] * len(headers)


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        (["Name", "Vorname", "Firma"], ["last_name", "first_name", "company"]),
        (["Name", "Vorname", "Nachname"], ["full_name", "first_name", "last_name"]),
        (["Nome", "Cognome"], ["first_name", "last_name"]),
        (["Nome", "Empresa"], ["full_name", "company"]),
        (["Title", "Email"], ["job_title", "email"]),
        (["Title", "Suffix", "Job Title"], [None, None, "job_title"]),
        (["Work", "Email"], [None, "email"]),
    ],
)
def test_word_of_several_meanings_is_read_by_what_stands_beside_it(headers: list[str], fields: list[str]) -> None:
    """A name beside a first name is a surname, and a title beside a job's title one of address."""
    assert [column.field for column in map_columns("person", headers)] == fields


def test_mapping_has_the_last_word_over_the_tables() -> None:
    """The owner of a file says which column fills which field, which is kept and which left out."""
    mapped = {
        "Kontakt": "email",
        "E-Mail": "keep",
        "notes": "ignore",
        "Chef": "provider_ids.crm",
        "Ort": "locationCity",
    }
    columns = map_columns("person", ["E-Mail", "Kontakt", "Notes", "Chef", "Ort", "Name"], mapped)
    assert [path(column) for column in columns] == [
        None, "email", None, "provider_ids.crm", "location_city", "full_name"
    ]  # fmt: skip
    assert [column.ignored for column in columns] == [False, False, True, False, False, False]


@pytest.mark.parametrize(
    ("mapped", "message"),
    [
        ({"Telefon": "phone"}, "no column 'Telefon' to map; expected one of 'Email', 'Notes', 'Notes (2)'"),
        ({"Email": "mail"}, "mapped to 'mail'; expected keep, ignore or one of id, email"),
        ({"Email": "email.work"}, "mapped to 'email.work'; expected"),
        ({"Email": "normalized_email"}, "mapped to 'normalized_email'; expected"),
    ],
)
def test_mapping_that_cannot_be_is_refused_with_what_was_expected(mapped: dict[str, str], message: str) -> None:
    """A slip in a mapping is told before anything is read."""
    with pytest.raises(MappingError, match=re.escape(message)):
        map_columns("person", ["Email", "Notes", "Notes"], mapped)


def test_header_rows_tell_their_tool() -> None:
    """Each of the recorded ones its own; a row of everyday words none."""
    rows = (Path(__file__).parent / "data" / "export_headers.tsv").read_text(encoding="utf-8").splitlines()
    for tool, _, columns in (row.split("\t") for row in rows if not row.startswith("#")):
        told = tool_of(column.partition("=")[0] for column in columns.split("|"))
        assert told is not None and told in tool.replace("(", "").replace(")", ""), tool
    assert tool_of(["Name", "Email", "Company"]) is None

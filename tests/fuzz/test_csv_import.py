"""CSV imports: no file breaks the service, no row is lost, and what is exported and imported again is the same."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.entities.csv.lines import CsvError, Lines
from app.entities.csv.reader import CsvReader, Row
from tests.fuzz.answers import problems_of
from tests.fuzz.conftest import Both
from tests.fuzz.hostile import CsvFile, csv_files, raw_files

files = st.one_of(csv_files(), csv_files(), csv_files(), raw_files)


def _read(file: CsvFile) -> list[Row | Any] | None:
    """Return the rows and refusals that the reader makes of a file, or None where it refuses the file."""
    try:
        return list(CsvReader(io.BytesIO(file.raw), file.entity_type))
    except CsvError:
        return None


def _line_count(raw: bytes) -> int:
    lines, count = Lines(io.BytesIO(raw)), 0
    while lines.take() is not None:
        count += 1
    return count


def _check_reader(file: CsvFile) -> None:
    outcomes = _read(file)
    if outcomes is None:
        return
    count = _line_count(file.raw)
    lines = [outcome.line for outcome in outcomes]
    assert all(0 < line <= count for line in lines)
    assert lines == sorted(set(lines)), "each row and refusal stands on a line of its own, in order"


@given(file=files)
@settings(max_examples=400)
def test_reader_refuses_or_reads_every_row(file: CsvFile) -> None:
    """Whatever the bytes, the reader raises CsvError at the start alone, and names real lines in their order."""
    _check_reader(file)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@given(file=files)
@settings(max_examples=30_000)
def test_reader_refuses_or_reads_every_row_of_many_files(file: CsvFile) -> None:
    """The same, at length."""
    _check_reader(file)


def _entities(client: FlaskClient, plural: str) -> dict[str, Any]:
    """Return all entities by id, without the times."""
    found: dict[str, Any] = {}
    cursor: dict[str, str] = {}
    while True:
        page = client.get(f"/api/{plural}", query_string={"limit": "200", **cursor}).get_json()
        for one in page[plural]:
            found[one["id"]] = {name: value for name, value in one.items() if not name.endswith("At")}
        if page["nextCursor"] is None:
            return found
        cursor = {"cursor": page["nextCursor"]}


def _import(client: FlaskClient, file: CsvFile) -> Any:
    """Import a file; return the report, or None where the file was refused."""
    response = client.post(file.path, data=file.raw, headers={"Content-Type": "text/csv"})
    assert not problems_of(response.status_code, response.headers, response.get_data(), ())
    assert response.status_code in {200, 422}
    return response.get_json() if response.status_code == 200 else None


def _check_import(both: Both, file: CsvFile) -> None:
    both.empty()
    plural = "people" if file.entity_type == "person" else "companies"
    outcomes = _read(file)
    stored = []
    for client in both.clients:
        report = _import(client, file)
        stored.append(_entities(client, plural))
        if report is None:
            assert stored[-1] == {}
            continue
        assert outcomes is not None
        rows = [outcome for outcome in outcomes if isinstance(outcome, Row)]
        assert (
            report["total"]
            == len(outcomes)
            == sum(report[name] for name in ("created", "updated", "unchanged", "refused", "conflicts"))
        )
        assert report["refused"] == len(outcomes) - len(rows)
        expected = [{"line": one.line, "reason": one.reason} for one in outcomes if not isinstance(one, Row)]
        assert report["refusals"] == expected[:100]
        assert stored[-1].keys() == {row.id for row in rows}, "every row is stored or refused"
        _check_round_trip(client, file, plural, stored[-1])
    assert stored[0] == stored[1], "both databases store the same"


def _check_round_trip(client: FlaskClient, file: CsvFile, plural: str, before: dict[str, Any]) -> None:
    exported = client.get(f"/api/{plural}/export.csv").get_data()
    if not before:
        return
    report = _import(client, CsvFile(file.entity_type, exported))
    assert report is not None, exported
    counts = {name: report[name] for name in ("created", "updated", "refused")}
    assert counts == {"created": 0, "updated": 0, "refused": 0}, exported
    assert _entities(client, plural) == before


@given(file=files)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_import_stores_or_refuses_every_row(both: Both, file: CsvFile) -> None:
    """Each row is stored, refused with its line or in conflict, and an export changes nothing when imported."""
    _check_import(both, file)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@given(file=files)
@settings(max_examples=3_000, suppress_health_check=[HealthCheck.too_slow])
def test_import_stores_or_refuses_every_row_of_many_files(both: Both, file: CsvFile) -> None:
    """The same, at length."""
    _check_import(both, file)

"""The audit of what is installed cannot end well without having looked."""

import json
from typing import Any

import pytest

from tests.security.audit import judge, needed

GOOD = {"name": "Flask", "version": "3", "vulns": []}
BAD = {"name": "jinja2", "version": "3", "vulns": [{"id": "X-1", "fix_versions": [], "description": ""}]}
SKIPPED = {"name": "sqlalchemy", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("rows", "wanted", "code"),
    [
        ([GOOD], ["flask"], 0),
        ([GOOD, {"name": "tranche-enrich", "skip_reason": "editable"}], ["flask"], 0),
        ([GOOD, BAD], ["flask"], 1),
        ([], [], 2),
        ([SKIPPED], [], 2),
        ([GOOD, SKIPPED], ["flask"], 2),
        ([BAD, SKIPPED], [], 2),
        ([GOOD], ["flask", "gunicorn"], 2),
        ([{"name": "tranche-enrich", "skip_reason": "editable"}], [], 2),
    ],
)
def test_audit_ends_well_only_where_all_was_audited(rows: list[Any], wanted: list[str], code: int) -> None:
    """What was skipped, or is not in the report at all, is no clean bill."""
    assert judge(json.dumps({"dependencies": rows, "fixes": []}), wanted)[0] == code


@pytest.mark.parametrize("report", ["", "[]", "{}", "No known vulnerabilities found", '{"dependencies": 7}'])
def test_audit_fails_without_a_report(report: str) -> None:
    """Whatever else is printed is not one."""
    code, lines = judge(report, [])
    assert code == 2 and "Nothing was audited" in lines[0]


def test_what_the_service_needs_is_known() -> None:
    """The list that the report is held against is the project's own."""
    assert {"flask", "sqlalchemy", "gunicorn", "psycopg"} <= set(needed())

"""Excluding domains and addresses from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask


def values_of(run: Any, app: Flask, *arguments: str) -> list[str]:
    """Return the values of the list."""
    return [one["value"] for one in json.loads(run(app, "exclusions", "--json", *arguments).stdout)]


def test_exclusions_are_added_listed_and_taken_back(app: Flask, run: Any) -> None:
    """One line says what became of the values; the list is a table of tabs in a pipe."""
    assert "enrich exclude" in run(app, "exclusions").stderr
    added = run(app, "exclude", "https://acme.com/about", "ann@free.com", "ACME.com")
    assert (added.exit_code, added.stdout) == (0, "2 exclusions added, 1 there already.\n")
    lines = [line.split("\t") for line in run(app, "exclusions").stdout.splitlines()]
    assert lines[0] == ["value", "kind", "created"]
    assert [line[:2] for line in lines[1:]] == [["acme.com", "domain"], ["ann@free.com", "email"]]
    assert run(app, "include", "acme.com", "other.com").stdout == "1 exclusion removed.\n"
    assert json.loads(run(app, "include", "ann@free.com", "--json").stdout) == {"removed": 1}
    assert values_of(run, app) == []


def test_a_file_may_have_comments_and_blank_lines(sqlite_app: Flask, run: Any, tmp_path: Path) -> None:
    """One value a line, from a file or from standard input."""
    text = "\ufeff# customers\r\nacme.com\r\n\r\n  # more\n\thttps://other.com/#home\t# their site\nann@free.com"
    path = tmp_path / "excluded.txt"
    path.write_text(text, encoding="utf-8", newline="")
    added = json.loads(run(sqlite_app, "exclude", "--file", str(path), "--workspace", "north", "--json").stdout)
    assert added == {"created": 3, "unchanged": 0}
    again = run(sqlite_app, "exclude", "--file", "-", "--workspace", "north", stdin=text.encode())
    assert again.stdout == "0 exclusions added, 3 there already.\n"
    assert values_of(run, sqlite_app, "--workspace", "north") == ["acme.com", "other.com", "ann@free.com"]
    assert values_of(run, sqlite_app) == []


def test_a_bad_line_is_told_by_its_number(sqlite_app: Flask, run: Any) -> None:
    """Comments count as lines, values are not repeated, and nothing is stored."""
    result = run(sqlite_app, "exclude", "--file", "-", stdin=b"# list\nacme.com\nsecret\nother.com\n\xff.com\n")
    assert result.exit_code == 2
    assert "Lines 3, 5 of the file: expected a domain such as example.com" in result.stderr
    assert "secret" not in result.stderr
    assert values_of(run, sqlite_app) == []


@pytest.mark.parametrize(
    "arguments", [["exclude"], ["exclude", "a.com", "--file", "-"], ["exclude", "nothing"], ["include"]]
)
def test_wrong_usage_is_told_in_one_line(sqlite_app: Flask, run: Any, arguments: list[str]) -> None:
    """Exit code 2."""
    result = run(sqlite_app, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) <= 4

"""Whatever is typed or piped in: an answer that says what was expected, nothing stored, and never a bug."""

import sqlite3
from pathlib import Path
from typing import Any

from flask import Flask

_TEXTS = [
    "",
    " ",
    "-",
    "--",
    "0",
    "-1",
    "1e9",
    "9" * 400,
    "١٢",
    "NaN",
    "null",
    "a\tb",
    "a\nb",
    "a\x7fb",
    "a\x1b[31mb",
    "caf\udce9",
    "Łódź",
    "\u202eabc",
    "'; DROP TABLE people; --",
    "../../etc/passwd",
    "%00",
    "{}",
    "x" * 5000,
    "01a20925-66e2-7d61-95fb-61e65a184066",
]
"""What is nobody's job, number, cursor, workspace, provider, field, key or name."""

_PLACES = [
    ["show", "{}"],
    ["errors", "{}"],
    ["errors", "{}", "--csv"],
    ["errors", "{}", "--summary"],
    ["explain", "{}"],
    ["explain", "{}", "--entity-type", "person", "--job", "{}"],
    ["undo-field", "{}", "email"],
    ["accept-held", "{}"],
    ["retry", "{}", "--code", "{}", "--estimate"],
    ["pause", "{}"],
    ["resume", "{}"],
    ["cancel", "{}"],
    ["retry", "{}"],
    ["undo", "{}"],
    ["jobs", "--cursor", "{}"],
    ["jobs", "--status", "{}"],
    ["jobs", "--limit", "{}x"],
    ["jobs", "--workspace", "{} "],
    ["process", "--job", "{}"],
    ["process", "--max-chunks", "{}x"],
    ["process", "--max-seconds", "{}x"],
    ["enqueue", "{}", "--all"],
    ["enqueue", "person", "--missing", "{}"],
    ["enqueue", "person", "--all", "--provider", "{}"],
    ["enqueue", "person", "--all", "--provider", "waterfall", "--order", "{}"],
    ["enqueue", "person", "--all", "--provider", "waterfall", "--until", "{}"],
    ["enqueue", "person", "--all", "--cap-usd", "{}x"],
    ["enqueue", "person", "--all", "--priority", "{}x"],
    ["enqueue", "person", "--ids-file", "/nowhere/{}"],
    ["import", "{}", "/dev/null"],
    ["import", "person", "/nowhere/{}"],
    ["export", "{}"],
    ["export", "person", "--workspace", "{} "],
    ["export", "person", "-o", "/nowhere/{}/file"],
    ["exclude", "@{}@"],
    ["exclude", "--file", "/nowhere/{}"],
    ["include", "@{}@"],
    ["costs", "--by", "{}"],
    ["costs", "--from", "{}x"],
    ["providers", "--reset", "{}"],
    ["keys", "create", "--name", "x", "--scopes", "{}"],
    ["keys", "create", "--name", "x", "--scopes", "read", "--workspace", "{} "],
    ["keys", "revoke", "{}"],
    ["demo", "--database", "/nowhere/{}/x?y"],
    ["{}x"],
]
"""Where it is typed; what would be of use by chance there is spoilt by something behind it."""

_IDS = [
    b"\x00",
    b"p1\x00",
    b"p 1",
    b"\xff\xfep\x001\x00",
    b"p1,p2",
    b'"p1',
    b"x" * 200,
    b"p1\r\np\xe9",
    b"<html>",
    b"\n\n",
]
_CSV = [
    b"",
    b"\n\n",
    b"\x00\x00",
    b"\xff\xfe",
    b"PK\x03\x04rest of a zip archive",
    b"\x1f\x8b\x08\x00gzip",
    b"%PDF-1.7",
    b"<html><body>Sign in</body></html>",
    b'{"people": []}',
    b"a,b,c\n1,2,3\n",
    b"id\n" + b'"' * 99,
    b"id,full_name\n\x00,\x00\n",
]


def _stored(url: str) -> dict[str, int]:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


def _complaint(result: Any) -> str | None:
    """Return what is wrong with how a command told of bad input, or None."""
    if result.exit_code not in {0, 2, 3, 6}:
        return f"ended with {result.exit_code}"
    if "bug" in result.stderr or "Traceback" in result.output or "\x1b" in result.output:
        return "said it badly"
    return None


def test_bad_arguments_are_refused_and_store_nothing(sqlite_app: Flask, sqlite_url: str, run: Any) -> None:
    """In every place of every command."""
    before = _stored(sqlite_url)
    failures = []
    for place in _PLACES:
        for text in _TEXTS:
            arguments = [part.format(text) if "{}" in part else part for part in place]
            result = run(sqlite_app, *arguments)
            if complaint := _complaint(result):
                failures.append((arguments, complaint, result.stderr[-300:]))
    assert failures == []
    by_drains = {"heartbeats": 0, "worker_bounds": 0}
    assert {**_stored(sqlite_url), **by_drains} == {**before, **by_drains}


def test_bad_files_are_refused_and_store_nothing(sqlite_app: Flask, sqlite_url: str, run: Any) -> None:
    """Whatever a pipe or a file holds in place of ids, domains or a table."""
    before = _stored(sqlite_url)
    cases = [(["enqueue", "person", "--ids-file", "-"], content) for content in _IDS]
    cases += [(["import", kind, "-"], content) for kind in ("person", "company") for content in _CSV]
    cases += [(["exclude", "--file", "-"], content) for content in (b"\x00", b"\xff", b"a b c", b"@", b"x" * 70_000)]
    failures = []
    for arguments, content in cases:
        result = run(sqlite_app, *arguments, stdin=content)
        is_refused = result.exit_code != 0 or "0 created, 0 updated, 0 unchanged" in result.stdout
        if complaint := _complaint(result) or (None if is_refused else "took it"):
            failures.append((arguments, content[:40], complaint))
    assert failures == []
    assert _stored(sqlite_url) == before


def test_a_file_that_is_a_folder_is_refused(sqlite_app: Flask, run: Any, tmp_path: Path) -> None:
    """And a folder where a file is to be written."""
    for arguments in (["import", "person"], ["enqueue", "person", "--ids-file"], ["export", "person", "-o"]):
        result = run(sqlite_app, *arguments, str(tmp_path))
        assert (result.exit_code, _complaint(result)) == (2, None)

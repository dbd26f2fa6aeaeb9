"""Lists in, jobs of them, lists out."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.enrichment import queue
from app.extensions import db
from app.models.job import EnrichmentJob
from tests.fakes.provider import FakeProvider, registry_of

_EMPTY = "tranche: Cannot enqueue job with empty entityIds (entityIds: expected at least one id).\n"
PEOPLE = "id,Full Name,Job Title,Email\nann,ANN LEE,head of sales,ann@corp.example\nbo,Bo Ek,CTO,\n"


def test_enqueue_takes_ids_from_standard_input(app: Flask, run: Any) -> None:
    """One id a line; blank lines, line ends of other systems and a byte order mark do not matter."""
    result = run(app, "enqueue", "person", "--ids-file", "-", stdin="\ufeffa\r\n\n  b  \nc:1/x@y.z-_\na\n")
    assert result.exit_code == 0
    job_id = result.stdout.strip()
    assert "Enqueued 3 entities, 1 repeated id left out." in result.stderr
    assert f"enrich process --job {job_id}" in result.stderr
    assert _ids_of(app, job_id) == ["a", "b", "c:1/x@y.z-_"]


def test_enqueue_takes_ids_from_a_file(sqlite_app: Flask, run: Any, tmp_path: Path) -> None:
    """All that may be said about a job can be said here."""
    path = tmp_path / "ids.txt"
    path.write_text("a\nb\nc", encoding="ascii")
    options = ["--chunk-size", "2", "--priority", "-5", "--workspace", "north", "--json"]
    told = json.loads(run(sqlite_app, "enqueue", "company", "--ids-file", str(path), *options).stdout)
    assert told == {"jobId": told["jobId"], "total": 3, "duplicates": 0, "status": "pending", "excluded": 0}
    with sqlite_app.app_context():
        job = queue.get_job(told["jobId"])
    assert (job.entity_type, job.chunk_size, job.priority, job.workspace_slug) == ("company", 2, -5, "north")


@pytest.mark.parametrize("bad", [b"two words", b"caf\xc3\xa9", b"\xff", b"x" * 129, b"x" * 5000, b"nul\x00", b"a,b"])
def test_enqueue_names_the_line_of_a_bad_id(sqlite_app: Flask, run: Any, bad: bytes) -> None:
    """Line and rule are told, the line's content is not, and no job is made."""
    result = run(sqlite_app, "enqueue", "person", "--ids-file", "-", stdin=b"good\n\n" + bad + b"\nmore\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("tranche: Line 3 of the ids is not valid: expected 1 to 128 characters")
    assert bad.decode(errors="replace")[:5] not in result.stderr
    assert json.loads(run(sqlite_app, "jobs", "--json").stdout)["jobs"] == []


def test_enqueue_refuses_a_file_without_ids(sqlite_app: Flask, run: Any) -> None:
    """A list that was meant to hold something is a mistake when empty."""
    result = run(sqlite_app, "enqueue", "person", "--ids-file", "-", stdin="\n\n")
    assert (result.exit_code, result.stderr) == (2, _EMPTY)


def test_enqueue_selects_what_lacks_a_field(app: Flask, run: Any) -> None:
    """`--missing` makes a job of those without a value, `--all` of everybody."""
    run(app, "import", "person", "-", stdin=PEOPLE)
    missing = run(app, "enqueue", "person", "--missing", "email").stdout.strip()
    everybody = run(app, "enqueue", "person", "--all").stdout.strip()
    assert (_ids_of(app, missing), _ids_of(app, everybody)) == (["bo"], ["ann", "bo"])


def test_enqueue_of_an_empty_selection_does_nothing(sqlite_app: Flask, run: Any) -> None:
    """Nobody lacks anything: for cron that is a good end."""
    result = run(sqlite_app, "enqueue", "person", "--missing", "email")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Nothing to enqueue" in result.stderr
    assert json.loads(run(sqlite_app, "enqueue", "person", "--all", "--json").stdout)["jobId"] is None


def test_enqueue_makes_no_second_job_for_one_key(sqlite_app: Flask, run: Any) -> None:
    """A key that was used gives the job that came of it, and is refused for another list."""
    first, again = (
        run(sqlite_app, "enqueue", "person", "--ids-file", "-", "--idempotency-key", "k", stdin="a\n") for _ in "12"
    )
    assert first.stdout == again.stdout
    assert "already" in again.stderr
    other = run(sqlite_app, "enqueue", "person", "--ids-file", "-", "--idempotency-key", "k", stdin="b\n")
    assert other.exit_code == 2


def test_enqueue_streams_a_long_list(sqlite_app: Flask, run: Any, tmp_path: Path) -> None:
    """A list of 80,000 ids, 6 MB as Python's texts alone, takes no such memory."""
    path = tmp_path / "ids.txt"
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"person-with-a-long-id-{number:012}\n" for number in range(80_000))
    run(sqlite_app, "enqueue", "person", "--ids-file", "-", stdin="warm\n")
    # Python's own count, since a process gives memory back when it likes.
    tracemalloc.start()
    try:
        result = run(sqlite_app, "enqueue", "person", "--ids-file", str(path), "--json")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert json.loads(result.stdout)["total"] == 80_000
    assert peak < 10_000_000


def test_import_tells_what_became_of_the_rows(app: Flask, run: Any, tmp_path: Path) -> None:
    """Counts on stdout; refused rows by line and reason on stderr; the exit code is 0."""
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE + ",,nobody,\n", encoding="utf-8")
    result = run(app, "import", "person", str(path))
    assert result.exit_code == 0
    assert result.stdout == "3 rows of people: 2 created, 0 updated, 0 unchanged, 1 refused.\n"
    assert result.stderr.startswith("line 4: ")
    assert "enrich enqueue person --list people" in result.stderr


def test_import_suggests_a_pilot_of_a_long_list_that_costs_money(sqlite_app: Flask, run: Any, tmp_path: Path) -> None:
    """If a provider can be asked, and it is not as soon done with all of them."""
    paths = {count: tmp_path / f"{count}.csv" for count in (100, 101)}
    for count, path in paths.items():
        path.write_text("id\n" + "".join(f"p{number}\n" for number in range(count)), encoding="utf-8")
    sqlite_app.extensions["tranche.registry"] = registry_of(FakeProvider(name="findymail"))
    told = [run(sqlite_app, "import", "person", str(path)).stderr for path in paths.values()]
    assert ["--list 101 --provider waterfall --pilot 50" in text for text in told] == [False, True]
    sqlite_app.extensions["tranche.registry"] = registry_of()
    assert "--pilot" not in run(sqlite_app, "import", "person", str(paths[101])).stderr


def test_import_tells_how_the_file_was_read(sqlite_app: Flask, run: Any) -> None:
    """Encoding and separator, which column fills which field, and which are kept or left out."""
    text = "Vorname;E-Mail;Private Email;Notiz;created_at\nJörg;a@corp.example;;x;\n"
    result = run(sqlite_app, "import", "person", "-", stdin=text.encode("cp1252"))
    assert result.stdout == "1 row of people: 1 created, 0 updated, 0 unchanged, 0 refused.\n"
    assert result.stderr.splitlines()[:4] == [
        "format: windows-1252, separated by semicolons",
        "read: Vorname→first_name, E-Mail→email",
        "kept as they are: Private Email, Notiz",
        "left out, since they are computed: created_at",
    ]


def test_import_tells_many_columns_in_lines_that_fit(sqlite_app: Flask, run: Any) -> None:
    """Lines break between columns, never inside one, and an endless header row is cut short."""
    headers = [f"Some Column {number}" for number in range(90)]
    result = run(sqlite_app, "import", "person", "-", stdin=f"Email,{','.join(headers)}\na@corp.example\n")
    lines = result.stderr.split("kept as they are: ")[1].split("list: ")[0].splitlines()
    assert len(lines) > 5
    assert all(len(line) <= 100 and line.endswith((",", "more")) for line in lines)
    assert all(line.startswith(("Some Column ", "  Some Column ", "  and ")) for line in lines)
    assert lines[-1].endswith("Some Column 59, and 30 more")


def test_import_of_the_wrong_kind_ends_with_2(sqlite_app: Flask, run: Any) -> None:
    """A people list does not become companies, and the line says what to run instead."""
    result = run(sqlite_app, "import", "company", "-", stdin=PEOPLE)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert "a list of people: it has columns for 4 fields of people and 1 of companies." in result.stderr
    assert "flask enrich import person" in result.stderr


def test_import_lists_the_first_refused_rows(sqlite_app: Flask, run: Any) -> None:
    """A file full of unusable rows does not fill the screen."""
    result = run(sqlite_app, "import", "person", "-", "--json", stdin="id,Full Name\n" + "bad id,X\n" * 50)
    assert result.exit_code == 0
    assert result.stderr.count("line ") == 20
    assert "… and 30 more rows refused." in result.stderr
    report = json.loads(result.stdout)
    assert (report["refused"], report["created"]) == (50, 0)
    assert {"header": "Full Name", "field": "fullName"} in report["columns"]


def test_import_of_what_is_no_list_ends_with_2(sqlite_app: Flask, run: Any) -> None:
    """A file that cannot be read as people is refused as a whole."""
    result = run(sqlite_app, "import", "person", "-", stdin="some\nprose\n")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_export_returns_what_was_imported_and_found(app: Flask, run: Any, tmp_path: Path) -> None:
    """In, through the queue, out; and what comes out goes in again without a change."""
    run(app, "import", "person", "-", "--workspace", "north", stdin=PEOPLE)
    run(app, "enqueue", "person", "--all", "--workspace", "north")
    assert run(app, "process").exit_code == 0
    path = tmp_path / "out.csv"
    assert run(app, "export", "person", "--workspace", "north", "-o", str(path)).exit_code == 0
    text = path.read_text(encoding="utf-8-sig")
    assert text.startswith("id,Full Name,Job Title,Email")
    assert "Head of Sales" in text
    assert run(app, "export", "person", "--workspace", "north").stdout_bytes == path.read_bytes()
    again = run(app, "import", "person", str(path), "--workspace", "north")
    assert again.stdout == "2 rows of people: 0 created, 0 updated, 2 unchanged, 0 refused.\n"


def test_export_replaces_a_file_or_leaves_it(
    sqlite_app: Flask, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that breaks off leaves the earlier file, and nothing beside it."""
    path = tmp_path / "folder" / "out.csv"
    path.parent.mkdir()
    path.write_text("before", encoding="utf-8")

    def broken(*_arguments: Any, **_options: Any) -> Any:
        yield b"half"
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("app.cli.lists.export_entities", broken)
        assert run(sqlite_app, "export", "person", "-o", str(path)).exit_code == 1
    assert path.read_text(encoding="utf-8") == "before"
    assert run(sqlite_app, "export", "person", "-o", str(path)).exit_code == 0
    assert path.read_text(encoding="utf-8-sig").startswith("id,")
    assert [file.name for file in path.parent.iterdir()] == ["out.csv"]


def _ids_of(app: Flask, job_id: str) -> list[str]:
    with app.app_context():
        job = db.session.get(EnrichmentJob, job_id)
        assert job is not None
        return job.entity_ids

"""Files, streams, devices and settings that are not as they should be: told as what they are, and never as a bug."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.cli import output
from app.cli.lists import write_atomically
from app.config import PROJECT_ROOT, Config, ConfigError
from app.db.session import transaction
from app.errors import DatabaseUnusable
from tests.databases import empty

FULL = "/dev/full"


def flask(*arguments: str, redirections: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `flask enrich …` in a shell, with its streams sent elsewhere."""
    command = ["bash", "-c", f'exec "$@" {redirections}', "bash", sys.executable, "-m", "flask", "enrich", *arguments]
    environment = {**os.environ, "LOG_LEVEL": "WARNING", **settings}
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)


class FullStream(io.RawIOBase):
    """Standard output on a device without room, which nobody writes to again after the first failure."""

    has_failed = False

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Fail as the system does."""
        if not self.has_failed:
            self.has_failed = True
            raise OSError(28, "No space left on device")
        return len(data)


def test_ids_of_a_spreadsheet_are_read_without_their_heading(sqlite_app: Flask, run: Any, add_people: Any) -> None:
    """A byte order mark, quotes, line ends and a heading are the spreadsheet's; an unknown id is said."""
    add_people(sqlite_app, 2)
    for heading in (b"id", b'"ID"', b"Person Id", b"contact_id"):
        lines = b"\xef\xbb\xbf" + heading + b'\r\n"p0"\r\n\r\n p1 \r\np9\r\n'
        result = run(sqlite_app, "enqueue", "person", "--ids-file", "-", "--json", stdin=lines)
        if b" " in heading:
            assert result.exit_code == 0, result.stderr
        assert json.loads(result.stdout)["total"] == 3
        assert f"{heading.decode().strip(chr(34))} is an unknown id" in result.stderr
        assert "1 id is unknown in workspace default and will end as errors: p9" in result.stderr


def test_an_entity_called_id_is_no_heading(sqlite_app: Flask, run: Any) -> None:
    """What is stored under a name is meant by it."""
    assert run(sqlite_app, "import", "person", "-", stdin="id,full_name\nid,Ida Brandt\np1,Ole Hansen\n").exit_code == 0
    result = run(sqlite_app, "enqueue", "person", "--ids-file", "-", "--json", stdin="id\np1\n")
    assert json.loads(result.stdout)["total"] == 2 and result.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["enqueue", "person", "--ids-file", "/proc/self/mem"],
        ["enqueue", "person", "--ids-file", "/"],
        ["import", "person", "/proc/self/mem"],
        ["exclude", "--file", "/proc/self/mem"],
    ],
)
def test_a_file_that_cannot_be_read_ends_with_2(sqlite_app: Flask, run: Any, arguments: list[str]) -> None:
    """A file that opens and then fails is as wrong as one that is not there."""
    result = run(sqlite_app, *arguments)
    assert result.exit_code == 2
    assert "bug" not in result.stderr and result.stderr.count("\n") == 1


@pytest.mark.skipif(not Path(FULL).exists(), reason="the system has no device that is always full")
def test_an_export_to_a_full_device_ends_with_4(sqlite_app: Flask, run: Any, add_people: Any) -> None:
    """What cannot be written whole is not told as written."""
    add_people(sqlite_app, 1)
    result = run(sqlite_app, "export", "person", "-o", FULL)
    assert (result.exit_code, result.stderr) == (
        4,
        f"tranche: The output {FULL} cannot be written: No space left on device.\n",
    )


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the file nor the part of it that was written."""
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "people.csv", iter([b"id\n"]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [["jobs", "--json"], ["export", "person"], ["errors", "--csv"], ["errors", "--json"], ["show"]]
)
def test_output_without_room_ends_with_4(
    sqlite_app: Flask, run: Any, add_job: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """Whatever a command prints: what was not printed was not told."""
    job_id = add_job(sqlite_app)
    arguments = [*arguments, job_id] if arguments[0] in {"errors", "show"} else arguments
    full = io.TextIOWrapper(io.BufferedWriter(FullStream()), encoding="utf-8")
    # The runner has put its own stream in place by the time that a command begins.
    make_printable = output.make_printable
    monkeypatch.setattr(
        output, "make_printable", lambda: (monkeypatch.setattr(sys, "stdout", full), make_printable())[1]
    )
    result = run(sqlite_app, *arguments)
    assert (result.exit_code, result.stderr) == (
        4,
        "tranche: The output cannot be written: No space left on device.\n",
    )


def test_closed_streams_are_no_bug(sqlite_url: str) -> None:
    """A cron that closes all three gets the work done; standard input that is needed is missed by name."""
    done = flask("process", redirections="<&- >&- 2>&-", DATABASE_URL=sqlite_url)
    assert done.returncode == 0
    refused = flask("import", "person", "-", redirections="<&-", DATABASE_URL=sqlite_url)
    assert refused.returncode == 2
    assert "standard input is closed" in refused.stderr and refused.stderr.count("\n") == 1


@pytest.fixture(params=["sqlite", "postgresql"])
def read_only_app(
    request: pytest.FixtureRequest, app_on: Callable[..., Flask], sqlite_url: str, add_job: Any, job_of: Any
) -> tuple[Flask, str]:
    """An application on a database that can only be read, with two people and a job in it."""
    if request.param == "sqlite":
        job_id = add_job(app_on(sqlite_url), 2)
        path = sqlite_url.removeprefix("sqlite:///")
        return app_on(f"sqlite:///file:{path}?mode=ro&uri=true"), job_id
    url = request.getfixturevalue("migrated_postgresql")
    empty(url)
    job_id = add_job(app_on(url), 2)
    return app_on(f"{url}&options=-c%20default_transaction_read_only%3Don"), job_id


def test_every_command_that_writes_ends_with_4_on_a_read_only_database(
    read_only_app: tuple[Flask, str], run: Any
) -> None:
    """Also where there turns out to be nothing to write, and nobody would have noticed."""
    app, job_id = read_only_app
    same = "id,full_name,job_title\np0,ANN LEE,head of sales\n"
    for arguments, stdin in [
        (["import", "person", "-"], same),
        (["import", "person", "-"], "id,full_name\n"),
        (["import", "person", "-"], "id,full_name\n???,Ida Brandt\n"),
        (["enqueue", "person", "--all"], None),
        (["enqueue", "company", "--all"], None),
        (["process"], None),
        (["pause", job_id], None),
        (["cancel", job_id], None),
        (["exclude", "acme.example"], None),
        (["include", "acme.example"], None),
        (["keys", "create", "--name", "x", "--scopes", "read"], None),
        (["providers", "--reset", "prospeo"], None),
    ]:
        result = run(app, *arguments, stdin=stdin)
        assert result.exit_code == 4, (arguments, result.output)
        assert "read-only" in result.stderr and "bug" not in result.stderr
    for arguments in (["jobs"], ["show", job_id], ["export", "person"]):
        assert run(app, *arguments).exit_code == 0
    with app.app_context(), pytest.raises(DatabaseUnusable), transaction():
        pass
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.get_json()["code"]) == (503, "database_unavailable")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"CRON_SECRET=caf\xe9-hunter2-hunter2\n", "expected a file in UTF-8"),
        (b"A=hunter2\n" + b"A=${A}${A}\n" * 40, "the value of A is longer than 100,000 characters"),
        (b"A=hunter2-hunter2\nB=" + b"${A}" * 100_000, "the value of B is longer than 100,000 characters"),
        (b"#" * 1_000_001, "expected a file of at most 1,000,000 bytes"),
    ],
    ids=["latin-1", "doubling", "many references", "too long"],
)
def test_a_dotenv_file_that_cannot_be_used_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, reason: str
) -> None:
    """In no time, by its name, and without what stands in it."""
    (tmp_path / ".env").write_bytes(content)
    monkeypatch.setattr("app.config.PROJECT_ROOT", tmp_path)
    with pytest.raises(ConfigError) as raised:
        Config.from_env()
    assert str(raised.value) == f".env: {reason}"


def test_a_dotenv_file_may_refer_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values refer to earlier ones and to the environment, and have defaults."""
    (tmp_path / ".env").write_text(
        "WORD=long\nCRON_SECRET=${WORD}-${WORD}-enough-${NOWHERE:-secret}\nSECRET_KEY='${WORD} is not'\nEMPTY\n"
        "SECRET_KEY=${CRON_SECRET}-${OUTSIDE}\n"
    )
    monkeypatch.setattr("app.config.PROJECT_ROOT", tmp_path)
    monkeypatch.setenv("OUTSIDE", "key")
    config = Config.from_env()
    assert (config.CRON_SECRET, config.SECRET_KEY) == ("long-long-enough-secret", "long-long-enough-secret-key")

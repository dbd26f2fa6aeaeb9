"""The commands for exports in the background."""

import json
from pathlib import Path
from typing import Any

from flask import Flask


def test_an_export_is_asked_for_written_and_taken_by_commands(
    app: Flask, run: Any, add_people: Any, tmp_path: Path
) -> None:
    """From an empty list to a file that is the one that `export` writes, and off with it."""
    assert "export person --background" in run(app, "exports", "list").stderr
    add_people(app, 3)
    asked = run(app, "export", "person", "--background")
    export_id = asked.stdout.strip()
    assert f"exports show {export_id}" in asked.stderr
    assert "goes on with it" in run(app, "exports", "show", export_id).stderr
    early = run(app, "exports", "download", export_id)
    assert (early.exit_code, early.stdout) == (2, "") and "waits for whoever drives the queue" in early.stderr
    assert run(app, "process").exit_code == 0
    (listed,) = json.loads(run(app, "exports", "list", "--json").stdout)["exports"]
    assert listed == json.loads(run(app, "exports", "show", export_id, "--json").stdout)
    assert (listed["id"], listed["status"], listed["rows"]) == (export_id, "ready", 3)
    assert "3 of 3" in run(app, "exports", "list").stdout
    path = tmp_path / "people.csv"
    assert run(app, "exports", "download", export_id, "-o", str(path)).exit_code == 0
    assert path.read_bytes() == run(app, "export", "person").stdout_bytes
    assert json.loads(run(app, "exports", "delete", export_id, "--json").stdout) == {"deleted": export_id}
    gone = run(app, "exports", "show", export_id)
    assert (gone.exit_code, gone.stderr) == (2, "tranche: There is no such export.\n")


def test_options_of_an_export_that_do_not_go_together_are_refused(sqlite_app: Flask, run: Any) -> None:
    """Where the file goes is said once it is there."""
    refused = run(sqlite_app, "export", "person", "--background", "-o", "people.csv")
    assert refused.exit_code == 2 and "exports download ID -o FILE" in refused.stderr
    assert run(sqlite_app, "export", "person", "--json").exit_code == 2
    other = run(sqlite_app, "export", "person", "--background", "--format", "xlsx", "--json")
    assert json.loads(other.stdout)["format"] == "xlsx"

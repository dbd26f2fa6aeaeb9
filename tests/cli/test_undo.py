"""Undoing a job, or a field, from the command line."""

import json
from typing import Any

from flask import Flask


def test_job_is_undone(app: Flask, run: Any, add_job: Any) -> None:
    """One line, or JSON, says how many fields were put back."""
    job_id = add_job(app, 3)
    refused = run(app, "undo", job_id)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "pause or cancel" in refused.stderr
    run(app, "process")
    restored = json.loads(run(app, "undo", job_id, "--json").stdout)
    assert restored["restored"] >= 3
    assert restored["kept"] == 0
    again = run(app, "undo", job_id)
    assert (again.exit_code, again.stdout) == (0, "0 fields restored, 0 kept, since changed after the job.\n")


def test_field_is_undone(sqlite_app: Flask, run: Any) -> None:
    """One line, or JSON, says what came back; a dry run says what would."""
    for title in ("Boss", "Chief"):
        run(sqlite_app, "import", "person", "-", stdin=f"id,job_title\np1,{title}\n")
    dry = run(sqlite_app, "undo-field", "p1", "job_title", "--dry-run")
    assert dry.stdout == 'job_title would be "Boss" again, in place of "Chief", which caller gave.\n', dry.output
    undone = json.loads(run(sqlite_app, "undo-field", "p1", "jobTitle", "--entity-type", "person", "--json").stdout)
    assert undone["value"] == "Boss" and undone["dryRun"] is False
    refused = run(sqlite_app, "undo-field", "p1", "email")
    assert (refused.exit_code, refused.stdout) == (2, "") and "nothing to undo" in refused.stderr
    assert run(sqlite_app, "undo-field", "nobody", "email").exit_code == 2

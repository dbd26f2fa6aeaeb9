"""Undoing a job from the command line."""

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

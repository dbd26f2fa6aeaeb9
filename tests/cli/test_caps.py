"""Caps from the command line."""

import json
from typing import Any

from flask import Flask


def test_caps_are_set_listed_and_removed(app: Flask, run: Any) -> None:
    """One line each, with what is left today."""
    empty = run(app, "caps", "list")
    assert (empty.exit_code, empty.stdout) == (0, "") and "caps set --provider" in empty.stderr
    told = run(app, "caps", "set", "--provider", "findymail", "--workspace", "north", "--usd", "2.50")
    assert told.stdout == "provider findymail, workspace north: $2.50 a day, $2.50 left today.\n"
    run(app, "caps", "set", "--provider", "findymail", "--usd", "7")
    _, *rows = [line.split("\t") for line in run(app, "caps", "list").stdout.splitlines()]
    assert [row[:3] for row in rows] == [
        ["provider findymail", "$7.00", "$0.00"],
        ["provider findymail, workspace north", "$2.50", "$0.00"],
    ]
    assert "Cap of provider findymail in workspace north today" in run(app, "costs", "--workspace", "north").stderr
    listed = json.loads(run(app, "caps", "list", "--json").stdout)
    assert [one["cap"]["capUsd"] for one in listed] == [7, 2.5] and listed[0]["setBy"] == "command line"
    assert run(app, "caps", "remove", "--provider", "findymail").exit_code == 0
    assert "no such cap" in run(app, "caps", "remove", "--provider", "findymail").stderr
    refused = run(app, "caps", "set", "--usd", "1")
    assert refused.exit_code == 2 and "keyId alone, or provider, workspaceSlug or both" in refused.stderr

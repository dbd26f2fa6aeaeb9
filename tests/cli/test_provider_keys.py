"""Workspaces' own keys from the command line: read from standard input, never shown again."""

import json
from typing import Any

from flask import Flask

KEY = "pk-live-1234567890"


def test_a_key_is_set_listed_encrypted_anew_and_removed(app: Flask, run: Any) -> None:
    """No output has it in it."""
    empty = run(app, "provider-keys", "list")
    assert (empty.exit_code, empty.stdout) == (0, "") and "provider-keys set findymail" in empty.stderr
    told = run(app, "provider-keys", "set", "findymail", "--workspace", "north", stdin=f"{KEY}\n")
    assert (told.exit_code, told.stdout) == (0, "Workspace north asks findymail with its own key, …7890.\n")
    run(app, "provider-keys", "set", "prospeo", stdin=KEY)
    columns, *rows = [line.split("\t") for line in run(app, "provider-keys", "list").stdout.splitlines()]
    assert [row[:3] for row in rows] == [["default", "prospeo", "…7890"], ["north", "findymail", "…7890"]]
    assert columns[3:] == ["set", "by", "problem"] and rows[0][4] == "command line"
    listed = run(app, "provider-keys", "list", "--workspace", "north", "--json").stdout
    assert [row["provider"] for row in json.loads(listed)] == ["findymail"] and KEY not in listed
    assert run(app, "provider-keys", "rotate").stdout == "0 keys encrypted anew, 2 were current already.\n"
    status = json.loads(run(app, "providers", "--workspace", "north", "--json").stdout)["providers"]
    assert {view["name"] for view in status if view["account"] == "north"} == {"findymail", "findymail-verify"}
    assert run(app, "providers", "--workspace", "north", "--reset", "findymail").exit_code == 0
    assert run(app, "provider-keys", "remove", "findymail", "--workspace", "north").exit_code == 0
    gone = run(app, "provider-keys", "remove", "findymail", "--workspace", "north")
    assert gone.exit_code == 2 and "no key of its own" in gone.stderr


def test_a_key_that_is_none_is_refused(sqlite_app: Flask, run: Any) -> None:
    """In one line that does not repeat it."""
    for stdin in ("", "hunter2\n"):
        told = run(sqlite_app, "provider-keys", "set", "findymail", stdin=stdin)
        assert (told.exit_code, told.stdout) == (2, "")
        assert "expected 12 to 512 printable" in told.stderr and "hunter2" not in told.stderr

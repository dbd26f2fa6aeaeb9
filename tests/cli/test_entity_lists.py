"""Lists on the command line."""

import json
from pathlib import Path
from typing import Any

from flask import Flask

from tests.fakes.provider import csv_stream


def test_a_list_lives_on_the_command_line(sqlite_app: Flask, run: Any, tmp_path: Path) -> None:
    """Made by an import or by hand, shown, counted, enqueued, exported, renamed, deleted."""
    assert "An import makes one" in run(sqlite_app, "lists", "list").stderr
    file = tmp_path / "Berlin leads.csv"
    file.write_bytes(csv_stream("id,Email\np1,ann@b.example\np2,\n").read())
    done = run(sqlite_app, "import", "person", str(file))
    assert "list: Berlin leads\n" in done.stderr and "enqueue person --list 'Berlin leads'" in done.stderr
    shown = json.loads(run(sqlite_app, "lists", "show", "Berlin leads", "--json").stdout)
    assert (shown["fileName"], shown["madeBy"], shown["entities"]) == ("Berlin leads.csv", "command line", 2)
    assert run(sqlite_app, "lists", "coverage", shown["id"]).stdout.splitlines()[1] == "email\t1\t50.0"
    stored = json.loads(run(sqlite_app, "lists", "coverage", shown["id"], "--stored", "--json").stdout)
    assert stored["fields"][0]["field"] == "email" and stored["entities"] == 2
    made = run(sqlite_app, "lists", "create", "person", "mine", "--ids-file", "-", stdin="p1\np1\n")
    assert made.stderr == "Made the list mine of 1 entity, 1 id left out: unknown, or given twice.\n"
    enqueue = ["enqueue", "person", "--json", "--list", "Berlin leads"]
    assert json.loads(run(sqlite_app, *enqueue).stdout)["total"] == 2
    run(sqlite_app, "enqueue", "person", "--all")
    (job,) = json.loads(run(sqlite_app, "jobs", "--list", shown["id"], "--json").stdout)["jobs"]
    assert job["listId"] == shown["id"] and shown["id"] in run(sqlite_app, "show", job["id"]).stdout
    assert run(sqlite_app, "jobs", "--list", "mine").exit_code == 2
    assert json.loads(run(sqlite_app, *enqueue, "--missing", "email").stdout)["total"] == 1
    assert run(sqlite_app, *enqueue, "--all").exit_code == 2
    assert run(sqlite_app, "export", "person", "--list", "mine").stdout.count("\n") == 2
    assert "ours" in run(sqlite_app, "lists", "rename", "mine", "ours").stdout
    assert "still there" in run(sqlite_app, "lists", "delete", "ours").stdout
    assert run(sqlite_app, "lists", "show", "ours").exit_code == 2
    listed = json.loads(run(sqlite_app, "lists", "list", "--type", "person", "--json").stdout)
    assert [one["name"] for one in listed["lists"]] == ["Berlin leads"]


def test_a_preview_prints_a_mapping_that_an_import_takes(sqlite_app: Flask, run: Any, tmp_path: Path) -> None:
    """As it is, or edited; one that leaves a column out is refused."""
    csv = "Email,Notiz\nann@b.example,x\n"
    shown = run(sqlite_app, "preview", "person", "-", stdin=csv)
    assert shown.stdout.splitlines()[1] == "Email\temail\tyes\t100.0 %\t1\tann@b.example"
    assert "1 created" in shown.stdout and "Nothing was written" in shown.stderr
    file = tmp_path / "mapping.json"
    file.write_text(run(sqlite_app, "preview", "person", "-", "--json", stdin=csv).stdout, encoding="utf-8")
    assert run(sqlite_app, "import", "person", "-", "--mapping", str(file), stdin=csv).exit_code == 0
    file.write_text('{"Email": "email"}', encoding="utf-8")
    refused = run(sqlite_app, "import", "person", "-", "--mapping", str(file), stdin=csv)
    assert refused.exit_code == 2 and "leaves out 1 of the file's 2 columns" in refused.stderr
    given = run(sqlite_app, "refused", "person", "-", stdin="Email,id\na@b.example,x y\nb@b.example,z\n")
    assert given.stdout.splitlines()[1].endswith("a@b.example,x y") and given.stdout.count("\n") == 2

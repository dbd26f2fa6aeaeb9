"""`flask enrich demo`: the whole service on sample data, away from anybody's own."""

import http.cookiejar
import json
import re
import shlex
import socket
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.demo import waterfalls
from tests.patience import PATIENCE_SECONDS


def test_demo_shows_what_changes_and_touches_nothing_else(
    start: Any, sqlite_app: Flask, run: Any, tmp_path: Path
) -> None:
    """It imports, enqueues, processes, compares and exports, in a database of its own.

    Then once more with providers, in the same place: every one of the waterfalls is asked and finds something, on this
    machine alone, what they charge is booked and paid once, and their server ends with the demo.
    """
    path = tmp_path / "a demo.db"
    process = start("demo", "--database", str(path), DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, stderr) == (0, "")
    assert len(re.findall(r"^Imported app/demo/.* created, .* refused\.$", stdout, re.MULTILINE)) == 2
    assert len(re.findall(r"^Normalised .* The job is complete\.$", stdout, re.MULTILINE)) == 2
    assert len(re.findall(r"^  line [0-9]+ refused: ", stdout, re.MULTILINE)) >= 2
    before = re.findall(r"^before\t", stdout, re.MULTILINE)
    assert len(before) == len(re.findall(r"^after\t", stdout, re.MULTILINE)) == 12
    for kind in ("people", "companies"):
        assert (tmp_path / f"a demo-{kind}.csv").stat().st_size > 10_000
    assert shlex.quote(f"sqlite:///{path}") in stdout
    nowhere = "http://127.0.0.1:1"
    process = start("demo", "--providers", "--database", str(path), HTTP_PROXY=nowhere, http_proxy=nowhere)
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, stderr) == (0, "")
    _check_providers(stdout)
    assert json.loads(run(sqlite_app, "jobs", "--json").stdout)["jobs"] == []


def _check_providers(stdout: str) -> None:
    assert len(re.findall(r"^Estimate for .*: \$0\.00 to \$[0-9.]+\.$", stdout, re.MULTILINE)) == 2
    assert len(re.findall(r"^Enriched .*, 0 errors\. The job is complete\.$", stdout, re.MULTILINE)) == 2
    assert len(re.findall(r"^(?:companies|people) with .*\t\+[1-9][0-9]*$", stdout, re.MULTILINE)) == 4
    bills = re.findall(r"^([a-z]+)\t[1-9][0-9]*\t[1-9][0-9]*\t(\$[0-9.]+)\t(\$[0-9.]+)$", stdout, re.MULTILINE)
    assert [name for name, _, _ in bills] == ["aiark", "findymail", "firecrawl", "leadmagic", "prospeo"]
    assert all(booked == metered for _, booked, metered in bills)
    assert re.search(r"^Total cost \$[0-9.]+; .*, the same to the micro-dollar\.$", stdout, re.MULTILINE)
    assert "The same jobs once more: 0 calls, $0.00;" in stdout
    url = re.search(r"http://127\.0\.0\.1:([0-9]+)", stdout)
    assert url is not None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url[1])), timeout=PATIENCE_SECONDS)


def test_demo_deletes_nothing_that_it_did_not_make(sqlite_app: Flask, sqlite_url: str, run: Any) -> None:
    """A file that is there and is no demo's is refused and stays as it is."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    content = path.read_bytes()
    result = run(sqlite_app, "demo", "--database", str(path))
    assert result.exit_code == 2
    assert "was not made by a demo" in result.stderr
    assert path.read_bytes() == content


@pytest.mark.parametrize("path", ["/proc/none/demo.db", "what?.db"])
def test_demo_needs_a_place_that_can_be_written_to(sqlite_app: Flask, run: Any, path: str) -> None:
    """A file that cannot be made, or not be named in a database URL, is a mistake in the command line."""
    result = run(sqlite_app, "demo", "--database", path)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_demo_with_providers_says_so_if_their_server_does_not_start(
    sqlite_app: Flask, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made or imported without the server that plays them."""
    monkeypatch.setattr(waterfalls, "_HIT_RATES", "findymail=often")
    result = run(sqlite_app, "demo", "--providers", "--database", str(tmp_path / "demo.db"))
    assert result.exit_code == 2
    assert "did not start" in result.stderr and result.stderr.count("\n") == 1
    assert not (tmp_path / "demo.db").exists()


def test_demo_shows_jobs_under_way_in_a_browser(start: Any, tmp_path: Path) -> None:
    """The page behind the link has them, with money that played providers have charged; SIGTERM ends all of it."""
    process = start("demo", "--console", "--database", str(tmp_path / "demo.db"), "--port", "0")
    address = next(line.strip() for line in process.stdout if "/console/link/" in line)
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    form = urllib.request.Request(address, data=b"", headers={"Sec-Fetch-Site": "same-origin"})
    with browser.open(form, timeout=PATIENCE_SECONDS) as page:
        text = page.read().decode()
    assert "246 people" in text and "145 companies" in text and "of $10.00" in text
    process.terminate()
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0

"""The files that pages are made of: what is not ours is what its makers published, what is ours stays small."""

import hashlib
import json
from pathlib import Path

import pytest
from flask import Flask

from app import console as package
from tests.console.conftest import SignedIn

STATIC = Path(package.__file__).parent / "static"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_vendored_files_are_as_published() -> None:
    """By their hashes; each has its licence beside it."""
    manifest = json.loads((STATIC / "vendored.json").read_text(encoding="utf-8"))
    for name, entry in manifest.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == entry["sha256"], name
    ours = {"console.css", "console.js", "icon.svg", "vendored.json"}
    assert {path.name for path in STATIC.iterdir()} == ours | set(manifest)
    assert "htmx-LICENSE.txt" in manifest


def test_our_own_files_stay_small() -> None:
    """A script of 150 lines and a sheet of 300 can be read; neither asks another host."""
    script, sheet = ((STATIC / name).read_text(encoding="utf-8") for name in ("console.js", "console.css"))
    assert len(script.splitlines()) <= 150 and len(sheet.splitlines()) <= 300
    assert "://" not in script + sheet


@on_sqlite
def test_pages_have_a_strict_policy_and_nothing_inline(app: Flask, signed_in: SignedIn) -> None:
    """Scripts run by their nonce alone, which differs each time; all files are ours and may be kept."""
    client = signed_in()
    first, second = client.get("/console"), client.get("/console")
    policy = first.headers["Content-Security-Policy"]
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert nonce not in second.headers["Content-Security-Policy"]
    assert policy.replace(nonce, "R") == (
        "default-src 'none'; script-src 'nonce-R'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
        " trusted-types htmx"
    )
    for unwanted in ("style=", "onclick", "hx-on", "javascript:", "<style"):
        assert unwanted not in first.text
    total = len(first.data)
    for name in ("console.css", "console.js", "htmx.min.js", "hx-csp.js", "icon.svg"):
        address = first.text.split(f"/console/assets/{name}")[1].split('"')[0]
        file = client.get(f"/console/assets/{name}{address}", buffered=True)
        assert file.status_code == 200 and "immutable" in file.headers["Cache-Control"]
        total += len(file.data)
    assert total < 150_000
    assert client.get("/console/assets/vendored.json").status_code == 404

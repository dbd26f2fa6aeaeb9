"""Secrets and personal data that are like no others, looked for wherever they must not be.

Secrets stand nowhere: not in a log, an answer, the OpenAPI document or the database, which has an API key as its
digest alone; only the answer that makes a key shows it. Personal data stands in no log and in no error, and in the
database only in the tables that are there for it.
"""

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from app import create_app
from app.config import PROJECT_ROOT, Config
from app.extensions import db
from tests.fakes.process import PREFIXES, FakeServer
from tests.patience import PATIENCE_SECONDS
from tests.security.evidence import canary, sqlite_files, tables_with, words_in
from tests.security.http_calls import Http, free_port
from tests.web.conftest import make_key

FOR_PEOPLE = {
    "people": "the people themselves",
    "entity_revisions": "what stood in a field before",
    "enrichment_attempts": "what providers answered, and addresses that are withheld",
    "enrichment_chunks": "the ids of a job, which may be addresses",
    "enrichment_errors": "ids again",
    "enrichment_flights": "ids of calls under way, and answers by callback",
    "cached_values": "what a model made of a title",
    "exclusions": "addresses that are left alone",
}
"""The tables that personal data may be in, and what for."""

# The service with two bugs, each of which has somebody's data, and a secret, in its message.
BUGGY_SERVICE = """
import os
import pytest

from app import create_app
from app.providers.prospeo import Prospeo

def show(entity_type, entity_id, *, workspace_slug):
    fields = load_entities(entity_type, [entity_id], workspace_slug=workspace_slug)
    raise RuntimeError(f"{entity_id} {fields} {os.environ['CRON_SECRET']}")

async def ask(self, lookup, *, deadline):
    raise ValueError(f"{lookup.fields} {self.settings.api_key}")

async def ask_many(self, lookups, *, deadline):
    raise ValueError(f"{[lookup.fields for lookup in lookups]} {self.settings.api_key}")

get_entity = show
Prospeo.lookup, Prospeo.lookup_many = ask, ask_many
app = create_app()
"""


def make_secrets() -> dict[str, str]:
    """Return a secret for each setting that takes one."""
    names = ["CRON_SECRET", "SECRET_KEY", "CLAY_CALLBACK_SECRET", "AI_NORMALIZER_API_KEY"]
    names += [f"{prefix}_API_KEY" for prefix in PREFIXES.values()]
    return {name: f"planted-{secrets.token_hex(12)}" for name in names}


@contextmanager
def refusing_postgresql() -> Iterator[int]:
    """A server that asks for a password and refuses it, repeating it; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        asked = connection.recv(4096)
                        while asked and len(asked) == 8:
                            connection.sendall(b"N")
                            asked = connection.recv(4096)
                        connection.sendall(b"R\0\0\0\x08\0\0\0\x03")
                        said = connection.recv(4096)[5:].rstrip(b"\0")
                        body = b"SFATAL\0C28P01\0Mpassword authentication failed: " + said + b"\0\0"
                        connection.sendall(b"E" + (len(body) + 4).to_bytes(4, "big") + body)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def flask(*arguments: str, stdin: str = "", **settings: str) -> str:
    """Run `flask enrich …` as a process and return all that it printed."""
    command = [sys.executable, "-m", "flask", "enrich", *arguments]
    done = subprocess.run(
        command, cwd=PROJECT_ROOT, env={**os.environ, **settings}, input=stdin, capture_output=True, text=True,
        timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    return done.stdout + done.stderr


@contextmanager
def running(folder: Path, settings: Mapping[str, str]) -> Iterator[tuple[Http, list[str]]]:
    """The buggy service behind gunicorn, and a list that gets what it printed once it has ended."""
    (folder / "buggy.py").write_text(BUGGY_SERVICE, encoding="utf-8")
    port = free_port()
    environment = {
        **os.environ,
        **settings,
        "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT_ROOT}",
        "WEB_CONCURRENCY": "1",
    }
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "buggy:app"]
    # A file, since a pipe that nobody reads would fill up and stop the server.
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stdout=out, stderr=out)
    http, printed = Http(port), []
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not http.is_up():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        yield http, printed
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)
        printed.append(log.read_text(encoding="utf-8"))


# Some twenty processes, which take half a minute on a busy machine.
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_planted_words_are_found_nowhere_but_where_they_belong(migrated_sqlite: Path, tmp_path: Path) -> None:
    """Good calls and bad ones, providers that refuse, fail and answer garbage, bugs, bad settings, a lost database."""
    planted = make_secrets()
    password = f"planted-{secrets.token_hex(12)}"
    name, family, domain, title, city, note = (canary() for _ in range(6))
    phone = str(secrets.randbelow(10**8) + 10**8)
    address = f"{name}@{domain}.example"
    personal = {name, family, domain, title, city, note, phone}
    path = tmp_path / "planted.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    url = f"sqlite:///{path}"
    keys = [f"{vendor}={planted[f'{prefix}_API_KEY']}" for vendor, prefix in PREFIXES.items()]
    keys.append(f"anthropic={planted['AI_NORMALIZER_API_KEY']}")
    with FakeServer(tmp_path / "ledger.jsonl", key=keys) as server:
        settings = {**server.environment(), **planted, "DATABASE_URL": url, "LOG_LEVEL": "DEBUG"}
        settings |= {"PUBLIC_URL": "http://127.0.0.1:9", "ENRICH_LEASE_SECONDS": "5"}
        app = create_app(Config(DATABASE_URL=url, TESTING=True, LOG_LEVEL="ERROR"))
        key = make_key(app, "admin")
        with running(tmp_path, settings) as (http, printed):
            csv = f"id,First Name,Last Name,Company Domain,Title,City,Phone,Note\n{address},{name},{family},"
            csv += f"{domain}-x-no-callback.example,Keeper of the {title},{city},+49 {phone},{note}\n"
            http.ask("POST", "/api/people/import", key, csv, "text/csv")
            http.ask("POST", "/api/people/import", key, f'id\n{note},{name}\n"{family}', "text/csv")
            for scenario in ("bad_key", "server_error", "garbage", None):
                for provider in ("findymail", "leadmagic", "prospeo", "clay", "ai-normalizer"):
                    vendor = "anthropic" if provider == "ai-normalizer" else provider
                    server.order(vendor, scenario)
                    http.ask("POST", f"/api/enrichment/providers/{provider}/reset", key)
                    about = {"entityType": "person", "provider": provider, "entityIds": [address]}
                    http.ask("POST", "/api/enrichment/jobs", key, about)
                http.ask("GET", "/api/enrichment/jobs/process?maxSeconds=1", planted["CRON_SECRET"])
            jobs = http.ask("GET", "/api/enrichment/jobs?limit=100", key).json()["jobs"]
            assert {job["status"] for job in jobs} >= {"complete", "paused"}
            for job in jobs:
                http.ask("GET", f"/api/enrichment/jobs/{job['id']}/errors", key)
            for bad in (
                {"people": [{"id": address, "email": 7, "phone": [phone], "wrong": name}]},
                {"people": [{"id": f"{name} {family}", "firstName": f"{name}\0"}]},
                {"values": [f"{name} {family}"]},
            ):
                http.ask("POST", "/api/enrichment/exclusions" if "values" in bad else "/api/people", key, bad)
            http.ask(
                "POST", "/api/people", key, f'{{"people": [{{"id": "{note}", "id": "{name}"}}]', "application/json"
            )
            assert http.ask("GET", f"/api/people/{address}", key).status == 500
            for where in (f"/api/companies/{address}?workspaceSlug={name}", f"/api/{address}",
                          f"/api/people?limit={family}",
                          "/api/openapi.json", "/api/docs", "/readyz", "/api/enrichment/providers",
                          "/api/enrichment/costs?groupBy=job"):  # fmt: skip
                for token in (key, key + "x", ""):
                    http.ask("GET", where, token)
            http.raw(f"GET /api/people/{address} {note}\r\nHost: x\r\n\r\n")
        printed += commands(settings, address, note, tmp_path)
        made = flask("keys", "create", "--name", "other", "--scopes", "read", **settings)
        other_key = next(word for word in made.split() if word.startswith("tr_"))
        with refusing_postgresql() as port:
            lost = f"postgresql://tranche:{password}@127.0.0.1:{port}/tranche"
            printed += [flask("jobs", **{**settings, "DATABASE_URL": lost}) for _ in range(2)]
            assert "refused the password" in printed[-1]
        printed += [flask("jobs", **{**settings, name: f"{value} {value}é"}) for name, value in planted.items()]
        assert sum("expected" in text for text in printed[-len(planted) :]) == len(planted), printed[-len(planted) :]
    with app.app_context():
        found = tables_with({*planted.values(), key, other_key, password})
        places = tables_with(personal)
        db.session.remove()
        db.engine.dispose()
    everything = {**planted, "key": key, "other key": other_key, "password": password}
    texts = {"log": "\n".join(printed), "answers": "\n".join(http.answers)}
    assert "internal error" in texts["log"] and "provider raised" in texts["log"]
    leaks = [(what, where) for what, secret in everything.items() for where, text in texts.items() if secret in text]
    assert leaks == []
    assert found == {}
    assert words_in(sqlite_files(url), everything.values()) == set()
    errors = "\n".join(http.errors).lower()
    assert [line for line in texts["log"].splitlines() if any(word in line.lower() for word in personal)] == []
    assert [word for word in personal if word in errors] == []
    assert places.keys() <= FOR_PEOPLE.keys(), places
    assert {"people", "enrichment_attempts", "enrichment_chunks"} <= places.keys()


def commands(settings: Mapping[str, str], address: str, note: str, folder: Path) -> list[str]:
    """Run commands that go wrong, and return what they printed."""
    file = folder / "bad.csv"
    file.write_text(f'id,Note\n"{note} {note}\n', encoding="utf-8")
    return [
        flask("process", "--max-seconds", "1", **settings),
        flask("import", "person", str(file), **settings),
        flask(
            "enqueue",
            "person",
            "--ids-file",
            "-",
            "--provider",
            "prospeo",
            stdin=f"{address}\n{note} {note}\n",
            **settings,
        ),
        flask("providers", **settings),
        flask("keys", "list", **settings),
        flask("costs", **settings),
    ]

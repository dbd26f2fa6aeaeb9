"""Each page of the console, and each address of figures, before what `page_data` stores: CPU of a request.

The pages are those of the address map (`tests/console/screens.py`), and filters that match nobody or everybody. On
PostgreSQL the CPU of its server processes is in it; each query runs in one of them, so that none is overlooked.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.config import Config
from app.enrichment.waterfall.asked_figures import work_on_figures
from app.extensions import db
from app.web import api_keys, sessions, users
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.page_data import NOW, PROVIDERS, furnish
from tests.benchmarks.servers import DATABASES, Servers
from tests.console.screens import screens

NAME: Final = "pages"
GOAL_MS: Final = 50.0
_ESTIMATE: Final = "/api/enrichment/estimate"
_NOTHING_TO_SHOW: Final = {302, 409, 422}
"""Statuses of pages that say why there is nothing to show."""
_PENDING: Final = 202
"""The status of figures of which the first few are told until a drain has worked them out."""


def run(servers: Servers, options: Options) -> list[Figure]:
    """Ask for every page, in turns, on each database."""
    figures = []
    for kind in DATABASES:
        url = servers.migrated(kind)
        app = create_app(settings(url))
        with app.app_context():
            known = furnish(options)
            if kind == "postgresql":
                _take_one_process_a_query()
            user, _ = users.create_user("ada", "admin")
            known["user_id"] = [user.id]
            client = app.test_client()
            client.set_cookie("tranche", sessions.begin_session(user))
            _, key = api_keys.create_key("figures", ["read", "admin"])
        paths = _console(app, known) + _api(known)
        reader = _Reader(app, client, key, _estimates(known))
        paths += [*reader.bodies]
        figures += _measure(reader, DATABASES[kind], paths, options.runs)
        with app.app_context():
            figures += _work_out(DATABASES[kind])
        kept = [path for path in paths if "what-if?" in path or "yield?list=" in path or "/yield" in path]
        figures += _measure(reader, f"{DATABASES[kind]}, kept", kept, options.runs)
        options.keep(figures)
        with app.app_context():
            db.engine.dispose()
    return figures


def settings(url: str) -> Config:
    """Return the settings of an application whose providers can be asked: what they would cost is estimated."""
    keys = Config.from_env({f"{name.upper()}_API_KEY": "key" for name in PROVIDERS}).PROVIDERS
    return Config(
        DATABASE_URL=url, SECRET_KEY="a-secret-key-for-pages", PROVIDERS=keys, TESTING=True, LOG_LEVEL="ERROR"
    )


def _measure(reader: "_Reader", database: str, paths: list[str], runs: int) -> list[Figure]:
    figures = {path: Figure(NAME, f"{path}, {database}", "ms", goal=f"at most {GOAL_MS:g}") for path in paths}
    for turn in range(runs + 1):
        for path, figure in figures.items():
            milliseconds = reader.milliseconds(path)
            if turn:
                figure.values.append(milliseconds)
    return sorted(figures.values(), key=lambda figure: -figure.median)


def _work_out(database: str) -> list[Figure]:
    """Work out what the pages have asked for, as drains do."""
    figure = Figure(NAME, f"figures that were asked for, worked out by a drain, {database}", "ms")
    while True:
        servers = _server_processes()
        started = _seconds(servers)
        if not work_on_figures():
            return [figure]
        figure.values.append((_seconds(servers) - started) * 1000)


def _console(app: Flask, known: dict[str, list[str]]) -> list[str]:
    list_id, entity_id, job_id = known["list_id"][0], known["entity_id"][0], known["job_id"][1]
    filters = [
        "/console/people?missing=email",
        "/console/people?missing=phone",
        f"/console/people?list={list_id}",
        f"/console/people?list={list_id}&missing=phone",
        f"/console/jobs?list={list_id}",
        "/console/jobs?status=complete",
        "/console/jobs?status=failed",
        "/console/audit?action=job.cancel",
        "/console/audit?to=2020-01-01",
        f"/console/new?type=person&list={list_id}&missing=email&limit=50&provider=waterfall",
        "/console/new?type=person&missing=phone&limit=50&provider=waterfall",
        f"/console/new?type=person&list={list_id}&missing=phone&limit=50&provider=waterfall",
        f"/console/new?type=person&list={list_id}&provider=waterfall",
        "/console/new?type=person&provider=waterfall",
        "/console/new?type=person&missing=email&provider=waterfall",
        "/console/new?type=person&stale=yes&provider=findymail-verify",
        f"/console/new?type=person&list={list_id}&stale=yes&provider=findymail-verify",
        "/console/yield?workspace=default",
        f"/console/jobs/{job_id}/what-if?order=prospeo&order=findymail",
        f"/console/lists/{list_id}/what-if?order=prospeo&order=findymail",
    ]
    # Of a person; there is no company.
    return [path for path in screens(app, known) if f"/companies/{entity_id}" not in path] + filters


def _api(known: dict[str, list[str]]) -> list[str]:
    """Return the addresses of figures, and of lists that a filter may leave empty."""
    job_id, pilot_id = known["job_id"][1:]
    list_id, entity_id, webhook_id = (known[name][0] for name in ("list_id", "entity_id", "webhook_id"))
    return [
        "/api/enrichment/yield",
        "/api/enrichment/yield?workspaceSlug=default",
        f"/api/enrichment/yield?from=2020-01-01&to={NOW.date()}",
        f"/api/enrichment/yield?jobId={job_id}",
        f"/api/enrichment/yield?list={list_id}",
        *(f"/api/enrichment/costs?groupBy={name}" for name in ("provider", "day", "job", "workspace")),
        f"/api/enrichment/jobs/{job_id}/errors?code=auth_failed",
        f"/api/enrichment/jobs/{job_id}/errors?code=no_such",
        f"/api/enrichment/jobs/{job_id}/errors/summary",
        f"/api/enrichment/jobs/{job_id}/what-if?order=prospeo,findymail",
        f"/api/enrichment/what-if?list={list_id}&order=prospeo,findymail",
        f"/api/enrichment/jobs/{pilot_id}/pilot",
        f"/api/enrichment/jobs/{pilot_id}/continue",
        f"/api/enrichment/jobs/{job_id}/retry",
        "/api/enrichment/jobs?status=failed",
        f"/api/people/{entity_id}/receipt",
        "/api/enrichment/what-if?entityType=person&order=prospeo,findymail",
        "/api/people?missing=phone",
        f"/api/people?missing=phone&list={list_id}",
        "/api/people?updatedSince=2999-01-01T00:00:00Z",
        f"/api/lists/{list_id}",
        f"/api/lists/{list_id}/coverage",
        "/api/audit",
        "/api/audit?action=job.cancel",
        "/api/audit?actorId=nobody",
        f"/api/webhooks/{webhook_id}/deliveries",
        "/metrics",
    ]


def _estimates(known: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Return the bodies of estimates that are asked for, by what they are about."""
    about = {"entityType": "person", "provider": "waterfall"}
    of_list = {**about, "list": known["list_id"][0]}
    bodies = {
        "5,000 ids": {**about, "entityIds": [f"p{number:07}" for number in range(5000)]},
        "a list": of_list,
        "a list, without an address": {**of_list, "missing": "email"},
        "stale verdicts": {"entityType": "person", "provider": "findymail-verify", "staleVerdicts": True},
    }
    return {f"POST {_ESTIMATE}, {name}": body for name, body in bodies.items()}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Asks for pages as an admin, and for the rest with a key that may read everything."""

    app: Flask
    client: FlaskClient
    key: str
    bodies: Mapping[str, dict[str, Any]]
    """Those of what is posted, by what stands for its path."""

    def milliseconds(self, path: str) -> float:
        """Return the CPU that an answer took, here and in the processes of the database that work for it."""
        headers = {} if path.startswith("/console") else {"Authorization": f"Bearer {self.key}"}
        with self.app.app_context():
            servers = _server_processes()
        body = self.bodies.get(path)
        started = _seconds(servers)
        if body is None:
            answer = self.client.get(path, headers=headers, buffered=True)
        else:
            answer = self.client.post(_ESTIMATE, json=body, headers=headers)
        taken = _seconds(servers) - started
        assert answer.status_code in {200, _PENDING, *_NOTHING_TO_SHOW}, (path, answer.status_code, answer.text[:300])
        return taken * 1000


def _server_processes() -> list[int]:
    """Return the processes of PostgreSQL that work for this one: its pool's."""
    if db.engine.dialect.name == "sqlite":
        return []
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    with db.engine.connect() as connection:
        return list(connection.scalars(text(query)))


def _take_one_process_a_query() -> None:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f'ALTER DATABASE "{name}" SET max_parallel_workers_per_gather = 0'))
    db.engine.dispose()


def _seconds(processes: list[int]) -> float:
    """Return the CPU that this process and others have taken so far; the kernel counts theirs in nanoseconds."""
    of_others = sum(int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) for process in processes)
    return time.process_time() + of_others / 1e9

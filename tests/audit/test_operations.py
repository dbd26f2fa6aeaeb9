"""Every operation that changes something leaves an event, or says here why it needs none.

The addresses and the commands are those that there are, so that a new one without an event is found.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.cli.group import MODULES, enrich
from app.config import PROJECT_ROOT
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.waterfall.pilots import Sample, enqueue_pilot
from app.entities.export_files import NewExport, create_export
from app.entities.export_work import work_on_exports
from app.entities.lists import NewList, create_list
from app.entities.upsert import upsert_entities
from app.models.audit_event import Action
from app.web import api_keys, users
from app.webhooks.endpoints import create_endpoint, stop_sending
from tests.audit.helpers import told
from tests.cli.conftest import Run
from tests.console.conftest import SignedIn
from tests.enrichment.helpers import ids
from tests.enrichment.scenes import BAD, CUT_OFF, add, drain, paid
from tests.fakes.provider import registry_of
from tests.security.doors import addresses_of
from tests.web.conftest import client_with, make_key

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CSV = "id,first name\nx{},Ida\n"
FILE = {"content_type": "text/csv"}

UNRECORDED = {
    ("POST", "/api/enrichment/jobs/process"): "it works on jobs, each of which has its event",
    ("POST", "/console/process"): "it works on jobs, each of which has its event",
    ("POST", "/api/enrichment/callbacks/{}/{}"): "it is a provider's answer to a job's question",
    ("POST", "/api/enrichment/estimate"): "it stores nothing",
    ("POST", "/api/lists/{}/coverage"): "it counts what is there",
    ("POST", "/api/webhooks/{}/resend"): "what was sent when stands with the deliveries",
    ("POST", "/console/lists/{}/coverage"): "it counts what is there",
    ("POST", "/console/import"): "it stores nothing",
    ("POST", "/console/sign-in"): "sessions have a table of their own, with times",
    ("POST", "/console/sign-out"): "sessions have a table of their own, with times",
    **{
        ("POST", f"/api/{plural}/{name}"): "it stores nothing"
        for plural in ("people", "companies")
        for name in ("import-preview", "import-refused")
    },
    ("POST", "/console/import/refused"): "it stores nothing",
}
"""What is not read only and leaves no event, with the reason."""
READING = frozenset(
    {
        *("audit", "caps list", "costs", "errors", "exclusions", "explain", "jobs", "keys list", "lists list"),
        *(
            "exports list",
            "exports show",
            "lists show",
            "metrics",
            "pilot",
            "preview",
            "provider-keys list",
            "refused",
            "show",
            "users list",
        ),
        *("webhooks deliveries", "webhooks list", "what-if", "yield"),
    }
)
"""The commands that change nothing."""
UNRECORDED_COMMANDS = {
    **dict.fromkeys(("process", "work"), "it works on jobs, each of which has its event"),
    "serve": "it serves what leaves events itself",
    "console": "it serves the console; the user whom it may make is made as by `users create`",
    "upgrade": "it makes the tables, the log's own among them",
    "partition": "it makes tables as well, and changes no row",
    "demo": "it works on a database of its own",
    "lists coverage": "it counts what is there",
    "webhooks resend": "what was sent when stands with the deliveries",
    "provider-keys rotate": "it has nothing to do here; its event is in another test",
    "webhooks encrypt": "it has nothing to do here; its event is in another test",
    "users sign-out": "there is nobody to sign out here; its event is in another test",
}


@dataclass(frozen=True)
class Scene:
    """What there is to operate on, in the default workspace."""

    app: Flask
    api: FlaskClient
    browser: FlaskClient
    run: Run
    names: dict[str, str]

    def fill(self, text: str) -> str:
        """Put the names of what there is in their places."""
        return re.sub(r"\{(\w+)\}", lambda match: self.names[match[1]], text)

    def told(self) -> list[str]:
        """Return what has been done, in order."""
        with self.app.app_context():
            return [row.action for row in told()]


def ended_job() -> str:
    """Make a job one of whose entities is enriched, one has failed and one is held."""
    add(3)
    job_id = queue.enqueue_job("person", "findymail", ids(3))
    drain(paid(answers={"p1": BAD, "p2": CUT_OFF}, repeat_is_free=False))
    return job_id


def ended_pilot() -> str:
    add(4)
    job_id = enqueue_pilot("person", "findymail", ids(4), Sample(2)).job_id
    drain(paid())
    return job_id


def gone_webhook() -> str:
    """Make a webhook that was disabled, as its address said that it is gone."""
    endpoint, _ = create_endpoint("https://hooks.example.com/a", None, created_by="test")
    with transaction() as session:
        stop_sending(session, endpoint.id)
    return endpoint.id


@pytest.fixture
def scene(app: Flask, run: Run, signed_in: SignedIn) -> Scene:
    """Jobs that have ended and one that waits, lists, people and companies with a changed name, a key, a user."""
    app.extensions["tranche.registry"] = registry_of(paid())
    with app.app_context():
        names = {"ended": ended_job(), "pilot": ended_pilot()}
        names["waiting"] = queue.enqueue_job("person", "findymail", ["p0"])
        names["key"] = api_keys.create_key("reports", ["read"])[0].id
        for kind, field in (("person", "full_name"), ("company", "name")):
            for rows in ([{"id": "z", field: "A"}, {"id": "y"}], [{"id": "z", field: "B"}]):
                with transaction() as session:
                    upsert_entities(kind, rows, workspace_slug="default", session=session)
        for name in ("first", "second", "third"):
            names[name] = create_list(NewList("person", "default", name, "test"))[0].id
        user, _ = users.create_user("ada", "viewer")
        names |= {"user": user.id, "link": users.make_link(user.name)}
        names["webhook"] = gone_webhook()
        names["export"] = create_export(NewExport("person", "csv", "default", "test")).id
        assert work_on_exports()
    return Scene(app, client_with(app, make_key(app, "admin")), signed_in("admin"), run, names)


_JOBS = "/api/enrichment/jobs"
JOB = {"entityType": "person", "provider": "findymail", "entityIds": ["p0"]}
CALLS: list[tuple[str, str, dict[str, Any], Action]] = [
    (
        "POST",
        _JOBS,
        {"json": {"entityType": "person", "provider": "findymail", "entityIds": ["p0"]}},
        Action.JOB_ENQUEUE,
    ),
    ("POST", f"{_JOBS}/{{waiting}}/pause", {}, Action.JOB_PAUSE),
    ("POST", f"{_JOBS}/{{waiting}}/resume", {}, Action.JOB_RESUME),
    ("POST", f"{_JOBS}/{{waiting}}/cancel", {}, Action.JOB_CANCEL),
    ("POST", f"{_JOBS}/{{pilot}}/continue", {}, Action.JOB_ENQUEUE),
    ("POST", f"{_JOBS}/{{ended}}/accept-held", {}, Action.JOB_ACCEPT_HELD),
    ("POST", f"{_JOBS}/{{ended}}/retry", {}, Action.JOB_RETRY),
    ("POST", f"{_JOBS}/{{ended}}/undo", {}, Action.JOB_UNDO),
    ("PUT", "/api/enrichment/caps", {"json": {"provider": "findymail", "capUsd": 5}}, Action.CAP_SET),
    ("DELETE", "/api/enrichment/caps?provider=findymail", {}, Action.CAP_REMOVE),
    ("POST", "/api/enrichment/providers/findymail/reset", {}, Action.PROVIDER_RESET),
    ("PUT", "/api/enrichment/provider-keys/findymail", {"json": {"key": "a-key-of-theirs"}}, Action.PROVIDER_KEY_SET),
    ("DELETE", "/api/enrichment/provider-keys/findymail", {}, Action.PROVIDER_KEY_REMOVE),
    ("POST", "/api/enrichment/exclusions", {"json": {"values": ["acme.example"]}}, Action.EXCLUSION_ADD),
    ("DELETE", "/api/enrichment/exclusions/acme.example", {}, Action.EXCLUSION_REMOVE),
    ("POST", "/api/enrichment/exports", {"json": {"entityType": "person"}}, Action.EXPORT_CREATE),
    ("GET", "/api/enrichment/exports/{export}/file", {}, Action.ENTITY_EXPORT),
    ("DELETE", "/api/enrichment/exports/{export}", {}, Action.EXPORT_DELETE),
    ("POST", "/api/lists", {"json": {"entityType": "person", "name": "new"}}, Action.LIST_CREATE),
    ("PATCH", "/api/lists/{first}", {"json": {"name": "renamed"}}, Action.LIST_RENAME),
    ("DELETE", "/api/lists/{first}", {}, Action.LIST_DELETE),
    ("POST", "/api/webhooks", {"json": {"url": "https://hooks.example.com/b"}}, Action.WEBHOOK_CREATE),
    ("POST", "/api/webhooks/{webhook}/rotate", {}, Action.WEBHOOK_ROTATE),
    ("POST", "/api/webhooks/{webhook}/enable", {}, Action.WEBHOOK_ENABLE),
    ("POST", "/api/webhooks/{webhook}/disable", {}, Action.WEBHOOK_DISABLE),
    ("DELETE", "/api/webhooks/{webhook}", {}, Action.WEBHOOK_REMOVE),
    *(
        call
        for plural, field in (("people", "fullName"), ("companies", "name"))
        for call in (
            ("POST", f"/api/{plural}", {"json": {plural: [{"id": "w"}]}}, Action.ENTITY_UPSERT),
            ("POST", f"/api/{plural}/import", {"data": CSV.format(1), **FILE}, Action.ENTITY_IMPORT),
            ("POST", f"/api/{plural}/z/undo?field={field}", {}, Action.ENTITY_UNDO),
            ("DELETE", f"/api/{plural}/w", {}, Action.ENTITY_ERASE),
            ("GET", f"/api/{plural}/export.csv", {}, Action.ENTITY_EXPORT),
            ("GET", f"/api/{plural}/export.xlsx", {}, Action.ENTITY_EXPORT),
        )
    ),
]
IMPORT = {
    **{"type": "person", "pasted": CSV.format(2), "list": "third"},
    **{"seen": json.dumps({"id": "id", "first name": "first_name"}), "use": ["id", "first_name"]},
}
FORMS: list[tuple[str, dict[str, Any], *tuple[Action, ...]]] = [
    ("/console/new", {"type": "person", "provider": "findymail", "cap": "1", "seen": "9999999"}, Action.JOB_ENQUEUE),
    ("/console/jobs/{pilot}/pilot", {"cap": "1", "seen": "9999999"}, Action.JOB_ENQUEUE),
    ("/console/jobs/{waiting}/cancel", {}, Action.JOB_CANCEL),
    ("/console/jobs/{ended}/accept-held", {}, Action.JOB_ACCEPT_HELD),
    ("/console/jobs/{ended}/retry", {"cap": "1", "seen": "9999999"}, Action.JOB_RETRY),
    ("/console/jobs/{ended}/undo", {"word": "undo"}, Action.JOB_UNDO),
    ("/console/lists/{second}/name", {"name": "renamed"}, Action.LIST_RENAME),
    ("/console/lists/{second}/delete", {"word": "delete"}, Action.LIST_DELETE),
    ("/console/companies/export", {"format": "xlsx"}, Action.EXPORT_CREATE),
    ("/console/exports/{export}/delete", {}, Action.EXPORT_DELETE),
    ("/console/exclusions", {"values": "acme.example"}, Action.EXCLUSION_ADD),
    ("/console/providers/findymail/reset", {}, Action.PROVIDER_RESET),
    ("/console/providers/findymail/key", {"key": "a-key-of-theirs", "workspace": "default"}, Action.PROVIDER_KEY_SET),
    ("/console/people/z/undo?field=full_name&workspace=default", {"seen": ""}, Action.ENTITY_UNDO),
    ("/console/people/y/erase", {"word": "erase"}, Action.ENTITY_ERASE),
    ("/console/import/run", IMPORT, Action.MAPPING_SET, Action.ENTITY_IMPORT),
    ("/console/caps/set", {"provider": "findymail", "usd": "5"}, Action.CAP_SET),
    ("/console/caps/remove", {"provider": "findymail", "word": "remove"}, Action.CAP_REMOVE),
    ("/console/keys", {"name": "new", "scope": "read"}, Action.KEY_CREATE),
    ("/console/keys/{key}/revoke", {"word": "revoke"}, Action.KEY_REVOKE),
    ("/console/webhooks", {"url": "https://hooks.example.com/b"}, Action.WEBHOOK_CREATE),
    ("/console/webhooks/{webhook}/rotate", {}, Action.WEBHOOK_ROTATE),
    ("/console/webhooks/{webhook}/enable", {}, Action.WEBHOOK_ENABLE),
    ("/console/webhooks/{webhook}/disable", {}, Action.WEBHOOK_DISABLE),
    ("/console/webhooks/{webhook}/remove", {"word": "remove"}, Action.WEBHOOK_REMOVE),
    ("/console/users", {"name": "eva", "role": "viewer"}, Action.USER_CREATE),
    ("/console/users/{user}/role", {"role": "operator"}, Action.USER_ROLE),
    # The last one, since it signs somebody else in.
    ("/console/link/{link}", {"password": "correct horse battery"}, Action.USER_PASSWORD),
]
COMMANDS: list[tuple[str, str | None, Action]] = [
    ("enqueue person --all --provider findymail --cap-usd 1", None, Action.JOB_ENQUEUE),
    ("pause {waiting}", None, Action.JOB_PAUSE),
    ("resume {waiting}", None, Action.JOB_RESUME),
    ("cancel {waiting}", None, Action.JOB_CANCEL),
    ("continue {pilot}", None, Action.JOB_ENQUEUE),
    ("accept-held {ended}", None, Action.JOB_ACCEPT_HELD),
    ("retry {ended}", None, Action.JOB_RETRY),
    ("undo {ended}", None, Action.JOB_UNDO),
    ("undo-field z full_name --entity-type person", None, Action.ENTITY_UNDO),
    ("caps set --provider findymail --usd 5", None, Action.CAP_SET),
    ("caps remove --provider findymail", None, Action.CAP_REMOVE),
    ("providers --reset findymail", None, Action.PROVIDER_RESET),
    ("provider-keys set findymail", "a-key-of-theirs\n", Action.PROVIDER_KEY_SET),
    ("provider-keys remove findymail", None, Action.PROVIDER_KEY_REMOVE),
    ("exclude acme.example", None, Action.EXCLUSION_ADD),
    ("include acme.example", None, Action.EXCLUSION_REMOVE),
    ("lists create person new", None, Action.LIST_CREATE),
    ("lists rename third renamed", None, Action.LIST_RENAME),
    ("lists delete second", None, Action.LIST_DELETE),
    ("webhooks add https://hooks.example.com/b", None, Action.WEBHOOK_CREATE),
    ("webhooks rotate {webhook}", None, Action.WEBHOOK_ROTATE),
    ("webhooks enable {webhook}", None, Action.WEBHOOK_ENABLE),
    ("webhooks disable {webhook}", None, Action.WEBHOOK_DISABLE),
    ("webhooks remove {webhook}", None, Action.WEBHOOK_REMOVE),
    ("import person -", CSV.format(3), Action.ENTITY_IMPORT),
    ("export person", None, Action.ENTITY_EXPORT),
    ("export person --background", None, Action.EXPORT_CREATE),
    ("exports download {export}", None, Action.ENTITY_EXPORT),
    ("exports delete {export}", None, Action.EXPORT_DELETE),
    ("keys create --name x --scopes read", None, Action.KEY_CREATE),
    ("keys revoke {key}", None, Action.KEY_REVOKE),
    ("users create eva --role viewer", None, Action.USER_CREATE),
    ("users link eva", None, Action.USER_LINK),
    ("users role eva --role operator", None, Action.USER_ROLE),
    ("users set-identity eva --subject s-1 --issuer https://login.example", None, Action.USER_IDENTITY),
    ("users remove-identity eva", None, Action.USER_IDENTITY),
    ("users disable eva", None, Action.USER_DISABLE),
    ("users enable eva", None, Action.USER_ENABLE),
]


@on_sqlite
def test_every_address_that_changes_something_leaves_an_event(scene: Scene) -> None:
    """Over HTTP and in the console; the exports are told too, though they only read."""
    called = set()
    for method, address, options, action in CALLS:
        called.add(rule_of(scene, method, address))
        before = scene.told()
        response = scene.api.open(scene.fill(address), method=method, buffered=True, **options)
        assert response.status_code < 300, (method, address, response.text)
        assert scene.told()[len(before) :] == [action], (method, address)
    assert changing(scene, is_console=False) == called_changing(called) | of_kind("/api/")


@on_sqlite
def test_every_form_of_the_console_that_changes_something_leaves_an_event(scene: Scene) -> None:
    """As its users send it."""
    before = scene.told()
    assert scene.browser.get("/console/people/export.csv").data.count(b"\n") > 1
    assert scene.told()[len(before) :] == [Action.ENTITY_EXPORT]
    called = set()
    for address, form, *actions in FORMS:
        called.add(rule_of(scene, "POST", address))
        before = scene.told()
        response = scene.browser.post(scene.fill(address), data=filled(scene, address, form))
        assert response.status_code < 400, (address, response.text)
        assert scene.told()[len(before) :] == actions, address
    assert changing(scene, is_console=True) == called | of_kind("/console")


@on_sqlite
def test_every_command_that_changes_something_leaves_an_event(scene: Scene) -> None:
    """Whatever is neither said to read only nor to need no event."""
    for words, stdin, action in COMMANDS:
        before = scene.told()
        result = scene.run(scene.app, *scene.fill(words).split(), stdin=stdin)
        assert result.exit_code == 0, (words, result.output)
        assert scene.told()[len(before) :] == [action], words
    names = {name for name in command_names() if any(f"{words} ".startswith(f"{name} ") for words, _, _ in COMMANDS)}
    rest = set(command_names()) - names
    assert rest == READING | UNRECORDED_COMMANDS.keys()


def test_every_action_is_in_the_documentation() -> None:
    """By the name under which it is asked for."""
    page = (PROJECT_ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    section = page.partition("## Audit log")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+\.\w+)`", section)) == {*Action}


def rule_of(scene: Scene, method: str, address: str) -> tuple[str, str]:
    """Return the method and the address as the application's map has it."""
    path = scene.fill(address).partition("?")[0]
    rule, _ = scene.app.url_map.bind("localhost").match(path, method, return_rule=True)
    return method, re.sub(r"<[^>]+>", "{}", rule.rule)


def changing(scene: Scene, *, is_console: bool) -> set[tuple[str, str]]:
    """Return every method and address of the API or the console that may change something."""
    return {
        (method, address)
        for method, address, rule in addresses_of(scene.app)
        if method != "GET" and rule.endpoint.startswith("console.") is is_console
    }


def called_changing(called: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(method, address) for method, address in called if method != "GET"}


def of_kind(start: str) -> set[tuple[str, str]]:
    """Return what needs no event, of the API or the console."""
    return {(method, address) for method, address in UNRECORDED if address.startswith(start)}


def filled(scene: Scene, address: str, form: dict[str, Any]) -> dict[str, Any]:
    """Return a form with what the page before it had put in."""
    if "/undo?" not in address:
        return form
    shown = scene.browser.get(address).text
    found = re.search(r'name="seen" value="([^"]+)"', shown)
    assert found is not None
    return {**form, "seen": found[1]}


def command_names() -> Iterator[str]:
    """Give the names of all commands, those of a group with the group's."""
    for name, module in MODULES.items():
        import_module(module)
        command = enrich.get_command(click.Context(enrich), name)
        if isinstance(command, click.Group):
            yield from (f"{name} {one}" for one in command.commands)
        else:
            yield name

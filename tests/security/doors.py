"""Every address and method of the service with who may use it, written from the table in docs/api.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from flask import Flask
from werkzeug.routing import Rule

HAS_DUCKDB = find_spec("duckdb") is not None


@dataclass(frozen=True)
class Door:
    """Who is let in, and what is answered to whoever is, with an empty body and an object that is there."""

    status: int
    scope: str | None = None
    """None: open to everybody."""
    takes_cron_secret: bool = False
    is_for_all_workspaces: bool = False
    """Whether a key must be bound to no workspace."""
    names: str = ""
    """What stands in the address: the kind of an object of a workspace, or what is nobody's own."""

    query: str = ""
    """What the address needs behind it."""

    @property
    def is_owned(self) -> bool:
        """Whether the address names an object of a workspace."""
        return self.names in {"job", "list", "person", "company", "exclusion", "provider key", "webhook", "export"}


def _of_entities(plural: str, kind: str) -> dict[tuple[str, str], Door]:
    return {
        ("GET", f"/api/{plural}"): Door(200, "read"),
        ("POST", f"/api/{plural}"): Door(415, "write"),
        ("POST", f"/api/{plural}/import"): Door(415, "write"),
        ("POST", f"/api/{plural}/import-preview"): Door(415, "write"),
        ("POST", f"/api/{plural}/import-refused"): Door(415, "write"),
        ("GET", f"/api/{plural}/export.csv"): Door(200, "read"),
        ("GET", f"/api/{plural}/export.xlsx"): Door(200, "read"),
        ("GET", f"/api/{plural}/export.parquet"): Door(200 if HAS_DUCKDB else 422, "read"),
        ("GET", f"/api/{plural}/{{}}"): Door(200, "read", names=kind),
        ("GET", f"/api/{plural}/{{}}/receipt"): Door(200, "read", names=kind),
        ("POST", f"/api/{plural}/{{}}/undo"): Door(409, "write", names=kind, query="?field=normalizedCountryCode"),
        ("DELETE", f"/api/{plural}/{{}}"): Door(204, "write", names=kind),
    }


_JOBS = "/api/enrichment/jobs"

DOORS: dict[tuple[str, str], Door] = {
    ("POST", f"{_JOBS}/process"): Door(200, "process", takes_cron_secret=True),
    ("GET", f"{_JOBS}/process"): Door(200, "process", takes_cron_secret=True),
    ("POST", _JOBS): Door(415, "write"),
    ("GET", _JOBS): Door(200, "read"),
    ("GET", f"{_JOBS}/{{}}"): Door(200, "read", names="job"),
    ("GET", f"{_JOBS}/{{}}/errors"): Door(200, "read", names="job"),
    ("POST", f"{_JOBS}/{{}}/pause"): Door(200, "write", names="job"),
    ("POST", f"{_JOBS}/{{}}/resume"): Door(409, "write", names="job"),
    ("POST", f"{_JOBS}/{{}}/cancel"): Door(200, "write", names="job"),
    ("GET", f"{_JOBS}/{{}}/errors/summary"): Door(200, "read", names="job"),
    ("GET", f"{_JOBS}/{{}}/retry"): Door(409, "read", names="job"),
    ("POST", f"{_JOBS}/{{}}/retry"): Door(409, "write", names="job"),
    ("GET", f"{_JOBS}/{{}}/pilot"): Door(409, "read", names="job"),
    ("GET", f"{_JOBS}/{{}}/what-if"): Door(422, "read", names="job"),
    ("GET", f"{_JOBS}/{{}}/continue"): Door(409, "read", names="job"),
    ("POST", f"{_JOBS}/{{}}/continue"): Door(409, "write", names="job"),
    ("POST", f"{_JOBS}/{{}}/accept-held"): Door(409, "write", names="job"),
    ("POST", f"{_JOBS}/{{}}/undo"): Door(409, "write", names="job"),
    ("POST", "/api/enrichment/estimate"): Door(415, "read"),
    ("GET", "/api/enrichment/costs"): Door(200, "read"),
    ("GET", "/api/enrichment/yield"): Door(200, "read"),
    ("GET", "/api/enrichment/what-if"): Door(422, "read"),
    ("GET", "/api/enrichment/providers"): Door(200, "read"),
    ("POST", "/api/enrichment/providers/{}/reset"): Door(200, "admin", is_for_all_workspaces=True, names="a provider"),
    ("GET", "/api/enrichment/caps"): Door(200, "admin", is_for_all_workspaces=True),
    ("PUT", "/api/enrichment/caps"): Door(415, "admin", is_for_all_workspaces=True),
    ("DELETE", "/api/enrichment/caps"): Door(422, "admin", is_for_all_workspaces=True),
    ("GET", "/api/enrichment/provider-keys"): Door(200, "admin"),
    ("PUT", "/api/enrichment/provider-keys/{}"): Door(415, "admin", names="a provider"),
    ("DELETE", "/api/enrichment/provider-keys/{}"): Door(204, "admin", names="provider key"),
    ("GET", "/api/enrichment/exclusions"): Door(200, "read"),
    ("POST", "/api/enrichment/exclusions"): Door(415, "write"),
    ("DELETE", "/api/enrichment/exclusions/{}"): Door(204, "write", names="exclusion"),
    ("GET", "/api/enrichment/exports"): Door(200, "read"),
    ("POST", "/api/enrichment/exports"): Door(415, "read"),
    ("GET", "/api/enrichment/exports/{}"): Door(200, "read", names="export"),
    ("GET", "/api/enrichment/exports/{}/file"): Door(409, "read", names="export"),
    ("DELETE", "/api/enrichment/exports/{}"): Door(204, "write", names="export"),
    ("GET", "/api/audit"): Door(200, "admin"),
    ("GET", "/api/webhooks"): Door(200, "admin"),
    ("POST", "/api/webhooks"): Door(415, "admin"),
    ("GET", "/api/webhooks/{}"): Door(200, "admin", names="webhook"),
    ("DELETE", "/api/webhooks/{}"): Door(204, "admin", names="webhook"),
    ("POST", "/api/webhooks/{}/rotate"): Door(200, "admin", names="webhook"),
    ("POST", "/api/webhooks/{}/disable"): Door(200, "admin", names="webhook"),
    ("POST", "/api/webhooks/{}/enable"): Door(200, "admin", names="webhook"),
    ("GET", "/api/webhooks/{}/deliveries"): Door(200, "admin", names="webhook"),
    ("POST", "/api/webhooks/{}/resend"): Door(200, "admin", names="webhook"),
    ("GET", "/api/lists"): Door(200, "read"),
    ("POST", "/api/lists"): Door(415, "write"),
    ("GET", "/api/lists/{}"): Door(200, "read", names="list"),
    # Its body is read before its list is looked for.
    ("PATCH", "/api/lists/{}"): Door(415, "write", names="any list"),
    ("DELETE", "/api/lists/{}"): Door(204, "write", names="list"),
    ("GET", "/api/lists/{}/coverage"): Door(200, "read", names="list"),
    ("POST", "/api/lists/{}/coverage"): Door(200, "write", names="list"),
    # Its address is signed, and this one is not.
    ("POST", "/api/enrichment/callbacks/{}/{}"): Door(400, names="a question"),
    **_of_entities("people", "person"),
    **_of_entities("companies", "company"),
    ("GET", "/healthz"): Door(200),
    ("GET", "/readyz"): Door(200),
    ("GET", "/metrics"): Door(200, "read", is_for_all_workspaces=True),
}
UNLISTED: dict[tuple[str, str], Door] = {
    ("GET", "/api/openapi.json"): Door(200),
    ("GET", "/api/docs"): Door(200),
    ("GET", "/api/docs/assets/{}"): Door(200, names="a file"),
}
"""The documents, which docs/api.md names beside its table."""

ALL = {**DOORS, **UNLISTED}


def open_doors(app: Flask) -> set[tuple[str, str]]:
    """Return method and address of everything that the application answers to programs."""
    return {
        (method, address)
        for method, address, rule in addresses_of(app)
        # Its pages have a table of their own, in tests/console/.
        if not rule.endpoint.startswith("console.")
    }


def addresses_of(app: Flask) -> Iterator[tuple[str, str, Rule]]:
    """Give method and address of everything that the application answers to, without HEAD and OPTIONS."""
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, re.sub(r"<[^>]+>", "{}", rule.rule), rule


def listed_doors(page: str) -> dict[tuple[str, str], str]:
    """Return the table of docs/api.md: method and address, with what it says of the scope.

    A row may name several addresses: those that follow the first stand for its last part, or are whole.
    """
    section = page.split("## HTTP API")[1].split("\n## ")[0]
    found = {}
    for cell, scope in re.findall(r"^\| (`[A-Z]+ /.+?) \| (.+?) \|", section, flags=re.MULTILINE):
        first, *others = re.findall(r"`([^`]+)`", cell)
        method, address = first.split(" ")
        addresses = [address]
        for other in others:
            addresses.append(other if other.startswith("/api/") else address.rpartition("/")[0] + other)
        found |= {(method, re.sub(r"\{[^}]+\}", "{}", one)): scope for one in addresses}
    return found

"""Runs schemathesis over the served OpenAPI document, and adds up what it did and found."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.transport.wsgi import WSGITransport

from tests.fuzz.answers import problems_of
from tests.fuzz.service import Service

_OF_ONE_TYPE: Final = "a list is one of people or one of companies"
_BY_TYPE: Final = "which providers and fields are right goes by the entity type, another member"
_ONE_SCOPE: Final = "a cap is of an API key alone, or of a provider, a workspace or both"
_HELD_ALONE: Final = "`held` goes with neither a code nor a provider"
NOT_ACCEPTED: Final[Mapping[str, str]] = {
    "POST /api/people/import": "what a file's header row must name cannot be said of its bytes",
    "POST /api/companies/import": "what a file's header row must name cannot be said of its bytes",
    "POST /api/people/import-preview": "what a file's header row must name cannot be said of its bytes",
    "POST /api/companies/import-preview": "what a file's header row must name cannot be said of its bytes",
    "POST /api/people/import-refused": "what a file's header row must name cannot be said of its bytes",
    "POST /api/companies/import-refused": "what a file's header row must name cannot be said of its bytes",
    "POST /api/lists": "a name may not be that of another list, nor a UUID",
    "PATCH /api/lists/{list_id}": "a name may not be that of another list, nor a UUID",
    "POST /api/enrichment/exclusions": "which names are domains is a matter of IDNA's tables",
    "GET /api/enrichment/costs": "`from` may not be after `to`, and the cursor's shape goes by `groupBy`",
    "GET /api/enrichment/yield": "`from` may not be after `to`, and days, `jobId` and `list` do not go together",
    "GET /api/people": _OF_ONE_TYPE,
    "GET /api/companies": _OF_ONE_TYPE,
    **{
        f"GET /api/{plural}/export.{suffix}": _OF_ONE_TYPE
        for plural in ("people", "companies")
        for suffix in ("csv", "xlsx", "parquet")
    },
    "POST /api/enrichment/exports": f"{_OF_ONE_TYPE}, and of people alone some are ready",
    "GET /api/enrichment/exports/{export_id}/file": "a file that has expired is gone, which is a 410",
    "POST /api/webhooks": "takes public addresses alone, and for a workspace the events of jobs alone",
    "PUT /api/enrichment/caps": _ONE_SCOPE,
    "DELETE /api/enrichment/caps": _ONE_SCOPE,
    "GET /api/enrichment/jobs/{job_id}/what-if": "an order is one of providers, and fields are those that there are",
    "GET /api/enrichment/what-if": "the same, and either a list or a type of entity",
    "GET /api/enrichment/jobs/{job_id}/retry": _HELD_ALONE,
    "POST /api/enrichment/jobs/{job_id}/retry": _HELD_ALONE,
    "POST /api/enrichment/jobs": _BY_TYPE,
    "POST /api/enrichment/estimate": _BY_TYPE,
}
"""Operations that may refuse what their schema allows, with the rule that JSON Schema cannot express."""

ALLOWS_MORE: Final[Mapping[str, str]] = {
    f"/api/{plural}/{name}": "the address is also that of an entity with this id, which the other methods answer to"
    for plural in ("people", "companies")
    for name in ("import", "import-preview", "import-refused", "export.csv", "export.xlsx", "export.parquet",
                 "{entity_id}/receipt", "{entity_id}/undo")
}  # fmt: skip
"""Paths whose `Allow` header names more methods than are documented under them."""


@dataclass
class Tally:
    """What a run did: cases by phase, answers by status, operations that accepted something, and failures."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)
    wordings: set[str] = field(default_factory=set)
    """Messages of errors so far, of which the requests that follow may be made."""
    failures: dict[str, str] = field(default_factory=dict)
    """By kind: check, operation and what was wrong; the value tells how to repeat the first."""

    @property
    def total(self) -> int:
        """All cases."""
        return self.cases.total()


WIDE: Final = frozenset({"POST /api/enrichment/jobs", "POST /api/people", "POST /api/companies"})
"""Operations whose schema alone defines hundreds of cases for the coverage phase."""


def run(service: Service, *, examples: int, seed: int, covers_wide: bool = True) -> Tally:
    """Run all phases with `examples` made-up cases an operation; the coverage phase brings what the schema defines.

    Without `covers_wide` that phase leaves out the operations with the most members.
    """
    config = _config(service, examples, seed, covers_wide=covers_wide)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", service.app, config=config)
    schema.transport.send = _in_process(schema.transport)
    tally = Tally(operations={result.ok().label for result in schema.get_all_operations()})
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _add(tally, event.phase.value, event.recorder)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            tally.failures[f"the run broke: {event}"] = ""
    return tally


def _config(service: Service, examples: int, seed: int, *, covers_wide: bool) -> SchemathesisConfig:
    known = {
        "jobs": list(service.jobs.values()),
        **{action: list(job_ids) for action, job_ids in service.spare.items()},
        "entities": [f"p{number}" for number in range(30)] + [f"c{number}" for number in range(5)],
        "exclusions": ["excluded.example", "nobody@other.example"],
        "providers": ["findymail", "clay"],
        "lists": list(service.lists),
    }
    bound = {"path.job_id": "jobs", "path.value": "exclusions", "path.name": "providers", "path.entity_id": "entities"}
    bound["path.list_id"] = "lists"
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            # There is no secret in what is made up, and a failure is to be repeated from what it says.
            "output": {"sanitization": {"enabled": False}},
            "headers": {"Authorization": f"Bearer {service.token}"},
            "generation": {"mode": "all", "max-examples": examples, "database": "none", "no-shrink": True},
            "dictionaries": {name: {"values": values} for name, values in known.items()},
            "parameters": {path: {"dictionary": name, "probability": 0.5} for path, name in bound.items()},
            "operations": [
                *(_without("positive_data_acceptance", "name", name) for name in NOT_ACCEPTED),
                *(_without("allow_header_conformance", "path", path) for path in ALLOWS_MORE),
                *(_without("unsupported_method", "path", path) for path in ALLOWS_MORE),
                *(_on_jobs_of_its_own(action) for action in service.spare),
                *({"include-name": name, "phases": {"coverage": {"enabled": covers_wide}}} for name in sorted(WIDE)),
            ],
        }
    )


def _without(check: str, kind: str, value: str) -> dict[str, Any]:
    return {f"include-{kind}": value, "checks": {check: {"enabled": False}}}


def _on_jobs_of_its_own(action: str) -> dict[str, Any]:
    which = {"path.job_id": {"dictionary": action, "probability": 0.5}}
    return {"include-name": f"POST /api/enrichment/jobs/{{job_id}}/{action}", "parameters": which}


def _in_process(transport: WSGITransport) -> Any:
    """Return a `send` that leaves out the options of sockets.

    The checks that repeat a request without its credential pass them on, and a request in
    process cannot take them.
    """
    send = type(transport).send

    def without_sockets(case: Any, **options: Any) -> Any:
        for name in ("max_redirects", "verify", "cert", "proxies"):
            options.pop(name, None)
        return send(transport, case, **options)

    return without_sockets


def _add(tally: Tally, phase: str, recorder: ScenarioRecorder) -> None:
    tally.cases[phase] += len(recorder.cases)
    for case_id, interaction in recorder.interactions.items():
        case = recorder.cases[case_id].value
        response = interaction.response
        if response is None:
            tally.failures[f"no answer: {case.operation.label}"] = case.as_curl_command()
            continue
        tally.statuses[response.status_code] += 1
        if response.status_code < 300 and case.method == case.operation.method.upper():
            tally.accepted.add(case.operation.label)
        sent = [text for text in _texts(case) if not any(text in wording for wording in tally.wordings)]
        problems = problems_of(response.status_code, response.headers, response.content, sent)
        if response.status_code >= 400 and not problems:
            tally.wordings |= _wordings(response.json())
        for problem in problems:
            tally.failures.setdefault(f"answer: {case.operation.label}: {problem}", case.as_curl_command())
    for checks in recorder.checks.values():
        for check in checks:
            tally.checks[check.name] += 1
            if check.failure_info is not None:
                failure = check.failure_info.failure
                kind = f"{check.name}: {recorder.label}: {failure.title}: {failure.message}"
                tally.failures.setdefault(kind, check.failure_info.code_sample)


def _wordings(error: Mapping[str, Any]) -> set[str]:
    return {error["error"], *(detail["message"] for detail in error.get("details", []))}


def _texts(value: Any) -> Iterator[str]:
    """Give the texts that a request brought."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(name)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif hasattr(value, "path_parameters"):
        for part in (value.path_parameters, value.query, value.body):
            yield from _texts(part)

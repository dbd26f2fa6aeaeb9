"""The OpenAPI document as tools read it: a validator, and a generator of clients whose client makes real calls."""

import importlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app import create_app
from app.config import Config
from app.entities.exports import FORMATS
from app.extensions import db
from tests.patience import PATIENCE_SECONDS
from tests.web.conftest import make_key

# The generator knows JSON, forms and bytes, and takes other media types as one of those if it is told so.
FILES = [kind.media_type for kind in FORMATS.values()]
GENERATOR = {"post_hooks": [], "content_type_overrides": dict.fromkeys(FILES, "application/octet-stream")}
OPERATIONS = {
    *("listWebhooks", "createWebhook", "getWebhook", "removeWebhook", "rotateWebhookSecret", "enableWebhook"),
    *("disableWebhook", "listWebhookDeliveries", "resendWebhook"),
    *("getLiveness", "getMetrics", "getReadiness"),
    *("listJobs", "createJob", "getJob", "listJobErrors", "processChunk", "drain"),
    *("getJobErrorSummary", "estimateRetry", "acceptHeld"),
    *("getPilot", "estimateContinue", "continuePilot", "replayJob", "replayWaterfall"),
    *("pauseJob", "resumeJob", "cancelJob", "retryJob", "undoJob"),
    *("estimateJob", "getCosts", "getYield", "listProviders", "resetProvider", "receiveAnswer"),
    *("listCaps", "setCap", "removeCap"),
    *("listProviderKeys", "setProviderKey", "removeProviderKey"),
    *("listPeople", "upsertPeople", "getPerson", "erasePerson", "importPeople", "exportPeople", "exportPeopleAsXlsx"),
    *("exportPeopleAsParquet", "exportCompaniesAsParquet", "previewPeopleImport"),
    *("listCompanies", "upsertCompanies", "getCompany", "eraseCompany", "importCompanies", "exportCompanies"),
    *("getPersonReceipt", "getCompanyReceipt", "undoPersonField", "undoCompanyField"),
    "exportCompaniesAsXlsx",
    *("listLists", "createList", "getList", "renameList", "deleteList", "getListCoverage", "countListCoverage"),
    *("previewCompaniesImport", "listRefusedPeople", "listRefusedCompanies"),
    *("listExports", "createExport", "getExport", "deleteExport", "downloadExport"),
    "listAuditEvents",
    *("listExclusions", "addExclusions", "removeExclusion"),
}

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def document() -> Any:
    """The document of the service alone."""
    app = create_app(Config(DATABASE_URL="sqlite://", TESTING=True, LOG_LEVEL="ERROR"))
    return app.test_client().get("/api/openapi.json").get_json()


@pytest.fixture(scope="module")
def generated(document: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a client's package, generated without a warning."""
    folder = tmp_path_factory.mktemp("client")
    paths = {name: folder / f"{name}.json" for name in ("document", "settings")}
    paths["document"].write_text(json.dumps(document), encoding="utf-8")
    paths["settings"].write_text(json.dumps(GENERATOR), encoding="utf-8")
    options = ["--path", paths["document"], "--config", paths["settings"], "--output-path", folder / "tranche_client"]
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    done = subprocess.run(
        [*command, *options], cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert (done.returncode, "arning" in done.stdout + done.stderr) == (0, False), done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield "tranche_client"
    sys.path.remove(str(folder))


@pytest.fixture
def app(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Flask]:
    """An application on SQLite alone, since no answer goes by the database."""
    path = tmp_path / "clients.db"
    shutil.copy(migrated_sqlite, path)
    app = create_app(Config(DATABASE_URL=f"sqlite:///{path}", TESTING=True, LOG_LEVEL="ERROR"))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The address of the application on loopback."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def call(generated: str, served: str, app: Flask) -> Iterator[Call]:
    """Call an operation by its module, as in `call("people.get_person", "p1")`; what the client read comes back."""
    key = make_key(app, "read", "write", "process")
    with importlib.import_module(generated).AuthenticatedClient(served, key, raise_on_unexpected_status=True) as client:

        def make(operation: str, *arguments: Any, **options: Any) -> Any:
            return importlib.import_module(f"{generated}.api.{operation}").sync(*arguments, client=client, **options)

        yield make


def test_every_operation_has_a_name_of_its_own(document: Any) -> None:
    """Names are kept for ever: clients are generated from them."""
    names = [
        operation.get("operationId")
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method != "parameters"
    ]
    assert len(names) == len(set(names)) and set(names) == OPERATIONS


def test_document_is_valid(document: Any) -> None:
    """By the schema of OpenAPI 3.1, defaults and examples too."""
    # Here and not above, so that whoever has not installed it runs the other tests.
    from openapi_spec_validator import OpenAPIV31SpecValidator

    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_generated_client_works_through_a_job(call: Call, generated: str) -> None:
    """People go in, are listed, enriched by a job and read again, extra columns and all."""
    models = importlib.import_module(f"{generated}.models")
    rows = [{"id": f"p{n}", "fullName": "ANN LEE", "skills": ["go"], "extra": {"Score": str(n)}} for n in range(3)]
    counts = call("people.upsert_people", body=models.PeopleInput.from_dict({"people": rows}))
    assert (counts.created, counts.updated) == (3, 0)
    request = {"entityType": "person", "provider": "ai-normalizer", "entityIds": ["p0", "p1", "p2"]}
    job = call("enrichment.create_job", body=models.JobRequest.from_dict(request))
    assert isinstance(job, models.AcceptedJob)
    chunk = call("enrichment.process_chunk")
    assert (chunk.job_id, chunk.processed, chunk.done) == (job.job_id, 3, True)
    view = call("enrichment.get_job", UUID(str(job.job_id)))
    assert isinstance(view, models.Job) and (view.status, view.success) == ("complete", 3)
    assert [row.id for row in call("enrichment.list_jobs").jobs] == [view.id]
    assert call("enrichment.drain").to_dict() == {"message": "no pending jobs"}
    page = call("people.list_people", limit=2)
    assert [(row.id, row.full_name, row.extra.to_dict()) for row in page.people] == [
        ("p0", "ANN LEE", {"Score": "0"}),
        ("p1", "ANN LEE", {"Score": "1"}),
    ]
    person = call("people.get_person", "p2")
    assert (person.normalized_full_name, person.skills) == ("Ann Lee", ["go"])
    assert "normalizedFullName" in person.provenance.to_dict()


def test_generated_client_reads_refusals_and_moves_files(call: Call, generated: str) -> None:
    """An error is a value with its code; a file goes in as a form and comes out as text."""
    models, types = (importlib.import_module(f"{generated}.{name}") for name in ("models", "types"))
    missing = call("people.get_person", "nobody")
    assert isinstance(missing, models.Error) and missing.code == "not_found"
    wrong = call("companies.upsert_companies", body=models.CompaniesInput.from_dict({"companies": []}))
    assert isinstance(wrong, models.Error) and wrong.details[0].path == "companies"
    file = types.File(BytesIO(b"Company Name,Website,Score\nAcme Inc.,acme.example,7\n"), "companies.csv", "text/csv")
    report = call("companies.import_companies", body=models.ImportCompaniesFilesBody(file))
    assert (report.created, [column.field for column in report.columns]) == (1, ["name", "website", None])
    assert b"acme.example,7" in call("companies.export_companies").payload.read()
    assert call("companies.export_companies_as_xlsx").payload.read(4) == b"PK\x03\x04"

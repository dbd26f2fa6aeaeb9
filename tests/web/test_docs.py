"""The OpenAPI document and its page."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.web.auth import PUBLIC
from tests.web.conftest import make_probed


@pytest.fixture
def document(probe: FlaskClient) -> Any:
    """The OpenAPI document, with the tests' own views in it."""
    return probe.get("/api/openapi.json").get_json()


def references(node: Any) -> set[str]:
    """Return every `$ref` of a document."""
    if isinstance(node, list):
        return set().union(*map(references, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*map(references, node.values()))


def test_document_is_openapi_3_1(document: Any) -> None:
    """The document says what it is and how to authenticate."""
    assert (document["openapi"], document["info"]["title"]) == ("3.1.0", "Tranche")
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["security"] == [{"bearer": []}]


def test_document_lists_every_route(probe: FlaskClient, document: Any) -> None:
    """Each rule and method of the service is documented, with its scope, and nothing else is."""
    pages = {"docs.page", "docs.asset", "api-docs.openapi_json"}
    rules = [
        rule
        for rule in probe.application.url_map.iter_rules()
        if rule.endpoint not in pages and not rule.endpoint.startswith("console.")
    ]
    expected = {
        (re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule), method.lower(), rule.endpoint in PUBLIC)
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if "unmarked" not in rule.rule
    }
    found = {
        (path, method, operation.get("security") == [])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "parameters" and "unmarked" not in path
    }
    assert found == expected


def test_document_is_whole_for_everybody_who_asks_first(probe: FlaskClient, tmp_path: Path) -> None:
    """It is made at the first request, and nobody sees it half made."""
    unasked = make_probed(tmp_path / "unasked.db")
    barrier = Barrier(4)

    def ask(_: int) -> bytes:
        barrier.wait()
        return unasked.test_client().get("/api/openapi.json").data

    with ThreadPoolExecutor(4) as pool:
        documents = set(pool.map(ask, range(4)))
    assert documents == {probe.get("/api/openapi.json").data}


def test_references_lead_somewhere(document: Any) -> None:
    """No reference of the document hangs in the air."""
    assert references(document)
    for reference in references(document):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_errors_are_documented(document: Any) -> None:
    """Each operation names the statuses of its errors, and all of them have the error body."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            statuses = set(operation["responses"])
            assert "default" not in statuses and "503" in statuses, path
            assert (operation.get("security") == []) or {"401", "403", "422"} <= statuses, path
            assert "requestBody" not in operation or {"400", "413", "415", "422"} <= statuses, path
    for answer in document["components"]["responses"].values():
        assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
        assert "X-Request-Id" in answer["headers"]
    properties = document["components"]["schemas"]["Error"]["properties"]
    assert set(properties) == {"error", "code", "requestId", "details", "retryAfter"}
    assert {"not_found", "invalid", "database_unavailable"} < set(properties["code"]["enum"])


def test_operations_are_summed_up(document: Any) -> None:
    """Each operation of the service says what it does."""
    missing = [
        (path, method)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "parameters" and "probe" not in path and not operation.get("summary")
    ]
    assert missing == []


def test_page_asks_no_other_host(probe: FlaskClient) -> None:
    """The page names only addresses of ours, has no inline script, and its policy allows no others."""
    response = probe.get("/api/docs")
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert "://" not in response.text and "style=" not in response.text
    assert all(re.search(r'src="/api/docs/assets/', tag) for tag in re.findall(r"<script[^>]*>", response.text))
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy
    assert "unsafe" not in policy and "http" not in policy


def test_assets_of_the_page_are_served(probe: FlaskClient) -> None:
    """Every file that the page names is there and may be kept a while."""
    page = probe.get("/api/docs").text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) == 4
    for url in assets:
        response = probe.get(url, buffered=True)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "public, max-age=3600"
    script = probe.get("/api/docs/assets/docs.js", buffered=True).text
    assert "://" not in script
    assert "validatorUrl: null" in script


@pytest.mark.parametrize("name", ["index.css", "..%2fdocs.py", "%2e%2e/docs.py", "docs.html", "../docs.py", ""])
def test_other_files_are_not_served(probe: FlaskClient, name: str) -> None:
    """Only the listed files can be named."""
    assert probe.get(f"/api/docs/assets/{name}").status_code == 404

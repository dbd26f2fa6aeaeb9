"""Traces: which spans there are and how they belong together, and nobody's data in them."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app import async_calls, create_app, tracing
from app.config import Config, ConfigError
from app.entities import routes
from app.providers.base import Answer, Lookup
from app.providers.http.client import Http
from tests.enrichment.scenes import add, drain, enqueue
from tests.fakes.provider import FakeProvider
from tests.receiver import Receiver, receiver
from tests.security.evidence import canary
from tests.web.conftest import client_with, make_key

__all__ = ["receiver"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_spans_are_sent_without_anybodys_data(
    receiver: Receiver, make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of requests that end well and badly, and of a drain with a call over HTTP."""
    aiohttp_spans = pytest.importorskip("opentelemetry.instrumentation.aiohttp_client")
    monkeypatch.setattr(tracing, "_tracer", None)
    # A process of the service is traced before it makes its first call; this one may have made some.
    monkeypatch.setattr(async_calls, "_loop", None)
    name, domain, secret = (canary() for _ in range(3))
    url = receiver.url
    app = make_app(OTEL_EXPORTER_OTLP_ENDPOINT=url.removesuffix("/hook"))

    class Asking(FakeProvider):
        async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
            headers = {"Authorization": f"Bearer {secret}"}
            about = {"email": name}
            await Http().request("POST", f"{url}/{name}?at={domain}", headers=headers, json=about, deadline=deadline)
            return await super().lookup(lookup, deadline=deadline)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"{name} {secret}")

    client = client_with(app, make_key(app, "admin"))
    headers = {"User-Agent": name, "Baggage": f"who={name}"}
    client.get(f"/api/people/{name}@{domain}.example", headers=headers)
    client.get(f"/nowhere/{name}?at={domain}", headers=headers)
    with monkeypatch.context() as patched:
        patched.setattr(routes, "get_entity", broken)
        assert client.get(f"/api/people/{name}", headers=headers).status_code == 500
    with app.app_context():
        add(1, email=f"{name}@{domain}.example")
        job_id = enqueue(1, "fake")
        drain(Asking())
    try:
        app.extensions["tranche.tracing"].shutdown()
    finally:
        aiohttp_spans.AioHttpClientInstrumentor().uninstrument()
    bodies = [body for headers, body in receiver.taken if headers["content-type"] == "application/x-protobuf"]
    spans = [span for body in bodies for span in spans_of(body)]
    parents = {span.span_id: span for span in spans}
    chains = {tuple(chain(span, parents)) for span in spans}
    assert ("POST", "call provider", "round", "drain") in chains or ("POST", "call provider", "drain") in chains
    assert {("claim", "drain"), ("GET",), ("GET /api/people/<rest_of_path:entity_id>",)} <= chains
    assert "finish" in {span.name for span in spans}
    text = b"".join(bodies).lower()
    assert job_id.encode() in text and b"tranche.provider" in text
    assert [word for word in (name, domain, secret) if word.lower().encode() in text] == []
    # And the provider gets the trace alone, not what a caller sent along.
    (asked,) = [headers for headers, _ in receiver.taken if headers["content-type"] == "application/json"]
    assert "traceparent" in asked and "baggage" not in asked


def spans_of(body: bytes) -> list[Any]:
    """Return the spans of one message of the exporter."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    message = ExportTraceServiceRequest.FromString(body)
    return [span for resource in message.resource_spans for scope in resource.scope_spans for span in scope.spans]


def chain(span: Any, parents: dict[bytes, Any]) -> list[str]:
    """Return the names of a span and of those that it stands under."""
    above = parents.get(span.parent_span_id)
    return [span.name, *(chain(above, parents) if above is not None else [])]


def test_a_start_without_the_libraries_says_what_to_install(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the setting that asks for them."""
    monkeypatch.setattr(tracing, "_tracer", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT: .*\[otel\]"):
        create_app(Config(DATABASE_URL=database_url, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"))

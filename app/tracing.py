"""Traces for OpenTelemetry, if `OTEL_EXPORTER_OTLP_ENDPOINT` says where to: requests, drains, and calls of providers.

What is sent is named here: names of spans, times, routes, methods, statuses, providers and ids of jobs. Libraries note
addresses, hosts and messages of exceptions on their spans as well, which are somebody's data or may be secrets; those
parts are left out before anything is sent. Statements of the database are not traced.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from app.config import Config, ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Tracer

_KEPT: Final = frozenset(
    {
        "http.route",
        "http.method",
        "http.request.method",
        "http.status_code",
        "http.response.status_code",
        "tranche.provider",
        "tranche.entities",
        "tranche.job_id",
    }
)
"""The attributes that are sent."""
_NOTHING: Final[AbstractContextManager[Any]] = nullcontext()

_tracer: "Tracer | None" = None


def init_app(app: Flask, config: Config) -> None:
    """Trace this process from now on, if the settings say where to.

    Raises `ConfigError` if the libraries are not installed.
    """
    global _tracer
    if config.OTEL_EXPORTER_OTLP_ENDPOINT is None or _tracer is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
        from opentelemetry.propagate import set_global_textmap
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError as exc:
        text = "OTEL_EXPORTER_OTLP_ENDPOINT: expected Tranche to be installed with its extra [otel]"
        raise ConfigError(text) from exc

    class DiscreetExporter(OTLPSpanExporter):
        """Sends of each span what may be sent."""

        def export(self, spans: Sequence["ReadableSpan"]) -> Any:
            return super().export([_without_data(span) for span in spans])

    resource = Resource({"service.name": "tranche"}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource)
    endpoint = f"{config.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(DiscreetExporter(endpoint=endpoint)))
    # Without baggage, which would take what callers send along to providers.
    set_global_textmap(TraceContextTextMapPropagator())
    AioHttpClientInstrumentor().instrument(tracer_provider=provider)
    app.extensions["tranche.tracing"] = provider
    _tracer = provider.get_tracer("tranche")


def trace_requests(app: Flask) -> None:
    """Trace the requests of an application that is traced."""
    provider = app.extensions.get("tranche.tracing")
    if provider is not None:
        from opentelemetry.instrumentation.flask import FlaskInstrumentor

        instrumentor: Any = FlaskInstrumentor()
        instrumentor.instrument_app(app, tracer_provider=provider)


def span(name: str, **attributes: str | int) -> AbstractContextManager[Any]:
    """Return a context that is a span, with attributes of ours, if this process is traced."""
    if _tracer is None:
        return _NOTHING
    named = {f"tranche.{key}": value for key, value in attributes.items()}
    return _tracer.start_as_current_span(name, attributes=named, record_exception=False)


def _without_data(span: "ReadableSpan") -> "ReadableSpan":
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Status

    attributes = {key: value for key, value in (span.attributes or {}).items() if key in _KEPT}
    return ReadableSpan(
        name=_name(span, attributes),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _name(span: "ReadableSpan", attributes: Mapping[str, Any]) -> str:
    """Return a span's name; of a request, one by its route, as it may have been named after its path."""
    method = attributes.get("http.method", attributes.get("http.request.method"))
    if method is None:
        return span.name
    return f"{method} {attributes.get('http.route', '')}".rstrip()

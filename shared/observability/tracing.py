"""OpenTelemetry traces: one span a call, joined to the caller's by W3C trace context."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from shared.rpc.call import Call


class Tracer:
    """Makes spans when a collector is configured; costs nothing, not even the import, when none is."""

    def __init__(self, otlp_endpoint: str) -> None:
        self._tracer = None
        if otlp_endpoint:
            from opentelemetry import trace
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor

            provider = TracerProvider(resource=Resource.create({"service.name": "nonet"}))
            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
            trace.set_tracer_provider(provider)
            self._tracer = trace.get_tracer("nonet")

    @property
    def enabled(self) -> bool:
        return self._tracer is not None

    @contextlib.contextmanager
    def span(self, call: Call) -> Iterator[None]:
        if self._tracer is None:
            yield
            return
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        attributes = {
            "rpc.system": "grpc",
            "rpc.service": call.operation.api.full_name,
            "rpc.method": call.operation.name,
            "nonet.account": call.account,
            "nonet.request_id": call.request_id,
        }
        with self._tracer.start_as_current_span(
            call.operation.path, context=extract(dict(call.metadata)), kind=SpanKind.SERVER, attributes=attributes
        ):
            yield

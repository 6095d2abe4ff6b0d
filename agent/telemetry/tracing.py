"""Traces over OpenTelemetry: one for each turn, carried to the speech server and the model.

livekit-agents makes the spans. It puts a whole call into one trace; here each reply begins one of
its own, linked to the call's. Words, names and numbers are left out of the spans.
"""

import asyncio
from typing import Any

from livekit.agents.telemetry import set_tracer_provider
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

TURN = "agent_turn"
FLUSH_MS = 2000

_provider: TracerProvider | None = None


class TurnTracer(trace.Tracer):
    """Begins a trace of its own at each turn.

    Args:
        tracer: Makes the spans.
    """

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        *args: Any,
        **options: Any,
    ) -> trace.Span:
        """Start a span; a turn's has no parent, but a link to the call's."""
        if name == TURN:
            parent = trace.get_current_span(context).get_span_context()
            if parent.is_valid:
                options["links"] = [*(options.get("links") or ()), trace.Link(parent)]
            context = trace.set_span_in_context(trace.INVALID_SPAN, context)
        return self._tracer.start_span(name, context, *args, **options)

    def start_as_current_span(self, name: str, *args: Any, **options: Any) -> Any:
        """Start a span as the current one."""
        return self._tracer.start_as_current_span(name, *args, **options)


class TurnTracerProvider(TracerProvider):
    """Gives tracers that begin a trace at each turn."""

    def get_tracer(self, *args: Any, **options: Any) -> trace.Tracer:
        """Give a tracer."""
        return TurnTracer(super().get_tracer(*args, **options))


def configure_tracing(url: str, exporter: SpanExporter | None = None) -> None:
    """Send this process' traces to a collector.

    Args:
        url: Address of its OTLP over HTTP, such as ``http://127.0.0.1:4318/v1/traces``; empty
            sends none.
        exporter: In place of one to `url`, for tests.
    """
    global _provider
    if not url and exporter is None:
        return
    _provider = TurnTracerProvider(resource=Resource.create({SERVICE_NAME: "trinity-agent"}))
    _provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter(endpoint=url)))
    set_tracer_provider(_provider, allow_pii=False)


async def flush_traces() -> None:
    """Send what is left; at the end of a call, whose process ends soon."""
    if _provider is not None:
        await asyncio.to_thread(_provider.force_flush, FLUSH_MS)


def trace_headers() -> dict[str, str]:
    """Headers that carry the present trace to another service; none outside of a trace."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


def trace_metadata() -> tuple[tuple[str, str], ...]:
    """The same as gRPC metadata."""
    return tuple(trace_headers().items())

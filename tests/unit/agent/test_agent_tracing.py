"""Each turn is a trace, which the speech server and the model are told of."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent.telemetry import tracing
from bench.scripted_ollama import Reply
from tests.support.conversation import Conversation
from tests.support.fake_speech import Script


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.configure_tracing("", exporter)
    yield exporter
    assert tracing._provider is not None
    tracing._provider.shutdown()
    tracing._provider = None
    tracing.set_tracer_provider(trace.NoOpTracerProvider())


async def test_each_turn_has_a_trace_that_goes_along(spans: InMemorySpanExporter) -> None:
    script = Script(heard=["One secret.", "Two secrets."])
    async with Conversation(script, lambda _: Reply("I will not tell.")) as call:
        for count in (1, 2):
            await call.say(0.3)
            await call.until(lambda n=count: len(call.finals("agent")) == n, 6)  # type: ignore[misc]
        told = list(call.speech.traces)
    await tracing.flush_traces()
    found = spans.get_finished_spans()
    turns = [span for span in found if span.name == tracing.TURN]
    ids = [format(span.context.trace_id, "032x") for span in turns if span.context]
    assert len(set(ids)) == 2
    assert set(told) == set(ids)
    assert all(span.parent is None and span.links for span in turns)
    # The model's and the voice's spans are in the turn's trace.
    for name in ("llm_request", "tts_request"):
        assert {
            format(span.context.trace_id, "032x")
            for span in found
            if span.name == name and span.context
        } == set(ids)
    words = "".join(str(span.to_json()) for span in found)
    assert "secret" not in words and "not tell" not in words


def test_without_a_collector_nothing_is_sent_along() -> None:
    assert tracing.trace_metadata() == ()

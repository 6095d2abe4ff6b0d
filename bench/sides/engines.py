"""Our engines with measuring points on the wire to the speech server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

from agent.session import Engines, open_engines
from agent.speech import GrpcSTT, GrpcTTS
from bench.sides.marks import Marks

__all__ = ["open_measured"]


class _Tap:
    """A gRPC call whose responses are noted as they are read."""

    def __init__(self, call: Any, note: Any) -> None:
        self._call = call
        self._note = note

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for response in self._call:
            self._note(response)
            yield response

    async def read(self) -> Any:
        """Read one response."""
        response = await self._call.read()
        self._note(response)
        return response


class _MeasuredSTT(GrpcSTT):
    marks: Marks

    def open_call(self) -> Any:
        def note(response: Any) -> None:
            if response.WhichOneof("payload") != "result":
                return
            result = response.result
            if result.is_final or result.preflight:
                spent = result.timings
                self.marks(
                    "result",
                    final=result.is_final,
                    compute_ms=round(spent.queue_ms + spent.encode_ms + spent.decode_ms, 1),
                    queue_ms=round(spent.queue_ms, 1),
                )

        return _Tap(super().open_call(), note)


class _MeasuredTTS(GrpcTTS):
    marks: Marks

    def open_call(self) -> Any:
        begun = False

        def note(response: Any) -> None:
            nonlocal begun
            # It is false at the end of the stream.
            if not begun and response and response.WhichOneof("payload") == "segment":
                begun = True
                self.marks("clause")

        return _Tap(super().open_call(), note)


def open_measured(marks: Marks, *arguments: Any) -> Engines:
    """Make our engines, which note the server's results and clauses.

    Args:
        marks: Takes the moments.
        arguments: What `agent.session.open_engines` takes.
    """
    engines = open_engines(*arguments)
    for engine, measured in ((engines.stt, _MeasuredSTT), (engines.tts, _MeasuredTTS)):
        engine.__class__ = cast("Any", measured)
        cast("Any", engine).marks = marks
    return replace(engines)

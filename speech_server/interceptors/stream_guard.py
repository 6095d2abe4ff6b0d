"""The interceptor around every method: places, deadlines, errors, counts."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import grpc

from speech_server.admission import Places
from speech_server.errors import (
    Report,
    RequestError,
    SlowReader,
    StreamIdle,
    describe,
    to_status,
)
from speech_server.telemetry import Metrics, get_logger

Handler = Callable[[Any, Any], Any]

log = get_logger(__name__)

FIRST_S: Final = 0.05
"""How long a refusal waits for the client's first message."""

WRITTEN_S: Final = 1.0
"""How long the end of a stream waits for a response that is being written."""


class StreamGuard(grpc.aio.ServerInterceptor):
    """Holds a place for each stream and turns its error into a status.

    A handler of a bidirectional method may be an asynchronous generator or a coroutine that
    writes by itself; either way what it raises ends only its own stream.

    Args:
        places: Places by full name of service; services that are not in it are passed by.
        metrics: Where ended streams are counted.
        idle_s: Longest wait for the client's next message.
        send_s: Longest wait for the client to take a response.
    """

    def __init__(
        self, places: Mapping[str, Places], *, metrics: Metrics, idle_s: float, send_s: float
    ) -> None:
        self._places = places
        self._metrics = metrics
        self._idle_s = idle_s
        self._send_s = send_s

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Wrap the method's handler."""
        handler = await continuation(handler_call_details)
        service = handler_call_details.method.split("/")[1]
        if handler is None or not service.startswith("trinity."):
            return handler
        if handler.stream_stream is not None:
            places = self._places[service]
            return grpc.stream_stream_rpc_method_handler(
                self._stream(handler.stream_stream, places),
                handler.request_deserializer,
                handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(handler.unary_unary),
            handler.request_deserializer,
            handler.response_serializer,
        )

    def _unary(self, inner: Handler) -> Handler:
        async def call(request: Any, context: Any) -> Any:
            try:
                return await inner(request, context)
            except Exception as error:
                await context.abort_with_status(to_status(_report(error)))

        return call

    def _stream(self, inner: Handler, places: Places) -> Handler:
        async def stream(requests: AsyncIterator[Any], context: Any) -> None:
            code = grpc.StatusCode.CANCELLED
            taken = False
            try:
                with places.enter():
                    taken = True
                    await self._run(inner, requests, context)
                code = grpc.StatusCode.OK
            except Exception as error:
                report = _report(error)
                code = report.code
                if not taken:
                    await _first_message(requests)
                await context.abort_with_status(to_status(report))
            finally:
                self._metrics.streams_total.labels(places.kind, code.name).inc()

        return stream

    async def _run(self, inner: Handler, requests: AsyncIterator[Any], context: Any) -> None:
        patient = self._patient(requests)
        try:
            result = inner(patient, _PatientContext(context, self._send_s))
            if inspect.isasyncgen(result):
                try:
                    async for response in result:
                        await write(context, response, self._send_s)
                finally:
                    await result.aclose()
            else:
                await result
        finally:
            await patient.aclose()

    async def _patient(self, requests: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
        """Pass the client's messages on and end the stream when none comes for too long."""
        while True:
            try:
                async with asyncio.timeout(self._idle_s):
                    request = await anext(requests)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise StreamIdle(f"no message came for {self._idle_s:g} s") from None
            yield request


class _PatientContext:
    """The servicer's context, with a deadline on each write."""

    def __init__(self, context: Any, send_s: float) -> None:
        self._context = context
        self._send_s = send_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    async def write(self, response: Any) -> None:
        """Write a response.

        Raises:
            SlowReader: The client did not take it in time.
        """
        await write(self._context, response, self._send_s)


async def write(context: Any, response: Any, send_s: float) -> None:
    """Write one response within a deadline.

    A stream that is ended meanwhile waits a moment for it: grpc.aio tells a client nothing of an
    error, and leaves it waiting, when its first response is on its way.
    """
    writing = asyncio.ensure_future(context.write(response))
    try:
        async with asyncio.timeout(send_s):
            await asyncio.shield(writing)
    except TimeoutError:
        writing.cancel()
        raise SlowReader(f"a result was not taken within {send_s:g} s") from None
    except asyncio.CancelledError:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(writing, return_exceptions=True), WRITTEN_S)
        raise


async def _first_message(requests: AsyncIterator[Any]) -> None:
    """Let the client finish its first message before it is refused.

    grpc.aio tells a client that is refused while it writes of a broken stream ("Internal error from
    Core"), and not why and when to come back (grpc #36066).
    """
    with contextlib.suppress(TimeoutError, StopAsyncIteration):
        async with asyncio.timeout(FIRST_S):
            await anext(requests)


def _report(error: Exception) -> Report:
    """Describe an error, and log it where it is ours."""
    while isinstance(error, ExceptionGroup):
        error = next(
            (e for e in error.exceptions if isinstance(e, RequestError)), error.exceptions[0]
        )
    report = describe(error)
    if not isinstance(error, RequestError):
        log.error("request failed", error_id=report.metadata["error_id"], exc_info=error)
    elif report.code is grpc.StatusCode.INTERNAL:
        log.error("request failed", reason=report.reason, exc_info=error)
    else:
        log.info("request refused", reason=report.reason, field=report.field)
    return report

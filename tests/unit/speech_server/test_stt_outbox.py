import asyncio

import pytest

from speech_server.errors import SlowReader
from speech_server.interceptors import stream_guard
from speech_server.interceptors.stream_guard import write
from speech_server.stt.outbox import LONGEST, Outbox
from speech_server.stt.results import SpeechEvent

EVENT = SpeechEvent("u1", 0, True)


async def test_messages_go_out_in_order_and_closing_ends_it():
    sent: list[int] = []

    async def send(message: SpeechEvent) -> None:
        sent.append(message.time_ms)

    outbox = Outbox(send)
    running = asyncio.create_task(outbox.run())
    for number in range(10):
        outbox.put(SpeechEvent("u1", number, True))
    await outbox.close()
    await asyncio.wait_for(running, 5)
    assert sent == list(range(10))


async def test_a_client_that_takes_nothing_is_cut():
    outbox = Outbox(lambda message: asyncio.Event().wait())
    for _ in range(LONGEST):
        outbox.put(EVENT)
    with pytest.raises(SlowReader):
        outbox.put(EVENT)


async def test_a_write_has_a_deadline():
    class Stuck:
        async def write(self, response: object) -> None:
            await asyncio.Event().wait()

    with pytest.raises(SlowReader):
        await write(Stuck(), EVENT, 0.05)


async def test_a_stream_that_ends_lets_a_write_on_its_way_arrive():
    written = []

    class Slow:
        async def write(self, response: object) -> None:
            await asyncio.sleep(0.05)
            written.append(response)

    writing = asyncio.create_task(write(Slow(), EVENT, 5))
    await asyncio.sleep(0.01)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert written == [EVENT]


async def test_a_stream_that_ends_waits_for_no_write_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_guard, "WRITTEN_S", 0.05)
    ended = asyncio.Event()

    class Stuck:
        async def write(self, response: object) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    writing = asyncio.create_task(write(Stuck(), EVENT, 30))
    await asyncio.sleep(0.01)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(writing, 5)
    assert ended.is_set()

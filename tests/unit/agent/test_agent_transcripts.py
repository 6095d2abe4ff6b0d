"""Transcripts: the message, the way to Redis, and a call that never waits for it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import fakeredis
import pytest

from agent.errors import TranscriptStoreError
from agent.transcripts import Latency, TranscriptMessage, TranscriptPublisher, TranscriptStore
from agent.transcripts.message import MAX_BYTES, time_stamp
from agent.transcripts.store import STREAM_PREFIX, UNFINISHED, finish_unfinished
from tests.support.conversation import until


def message(text: str = "Hello.", sequence: int = 1, *, final: bool = True) -> TranscriptMessage:
    return TranscriptMessage(
        speaker="user",
        text=text,
        timestamp=time_stamp(0),
        room="room",
        participant="caller",
        turn_id="t",
        sequence=sequence,
        final=final,
    )


@pytest.fixture
async def redis() -> AsyncIterator[fakeredis.FakeAsyncRedis]:
    client = fakeredis.FakeAsyncRedis()
    yield client
    await client.aclose()


def test_a_message_has_the_fields_of_the_interface() -> None:
    values = json.loads(message().to_json())
    assert values == {
        "type": "transcript",
        "speaker": "user",
        "text": "Hello.",
        "timestamp": "1970-01-01T00:00:00.000Z",
        "room": "room",
        "participant": "caller",
        "turn_id": "t",
        "sequence": 1,
        "final": True,
        "interrupted": False,
        "latency": None,
    }


def test_latency_holds_only_what_is_known() -> None:
    latency = Latency(end_to_end_ms=900)
    values = json.loads(message().model_copy(update={"latency": latency}).to_json())
    assert values["latency"] == {"end_to_end_ms": 900}


@pytest.mark.parametrize("text", ["a" * 40_000, "ü" * 40_000, '"' * 40_000, "🙂" * 9_000])
def test_a_message_is_never_too_large_to_send(text: str) -> None:
    data = message(text).to_json()
    assert MAX_BYTES // 2 < len(data) <= MAX_BYTES
    assert json.loads(data)["text"].endswith("…")


async def test_finals_are_stored_and_the_room_is_listed(redis: fakeredis.FakeAsyncRedis) -> None:
    store = TranscriptStore("redis://unused", "room", client=redis)
    assert await store.last_sequence() == 0
    await store.append([message("One.", 1), message("Two.", 2)])
    entries = await redis.xrange("trinity:transcript:room")
    assert [json.loads(fields[b"message"])["text"] for _, fields in entries] == ["One.", "Two."]
    assert await redis.zrange("trinity:transcripts", 0, -1) == [b"room"]
    assert await store.last_sequence() == 2


async def test_redis_away_is_our_error() -> None:
    store = TranscriptStore("redis://127.0.0.1:1", "room")
    with pytest.raises(TranscriptStoreError):
        await store.append([message()])
    with pytest.raises(TranscriptStoreError):
        await store.last_sequence()
    await store.aclose()


class Flaky(TranscriptStore):
    """A store that is away for the first tries."""

    def __init__(self, redis: fakeredis.FakeAsyncRedis, failures: int) -> None:
        super().__init__("redis://unused", "room", client=redis)
        self.failures = failures

    async def append(self, messages: list[TranscriptMessage]) -> None:
        if self.failures:
            self.failures -= 1
            raise TranscriptStoreError("away")
        await super().append(messages)


async def texts(redis: fakeredis.FakeAsyncRedis) -> list[str]:
    entries = await redis.xrange("trinity:transcript:room")
    return [json.loads(fields[b"message"])["text"] for _, fields in entries]


async def test_nothing_is_lost_or_doubled_while_redis_is_away(
    redis: fakeredis.FakeAsyncRedis,
) -> None:
    sent: list[bytes] = []

    async def send(data: bytes) -> None:
        sent.append(data)

    publisher = TranscriptPublisher(send, Flaky(redis, 2))
    publisher.start()
    for number in range(5):
        publisher.publish(message(f"{number}", number))
    publisher.publish(message("interim", 6, final=False))
    await until(lambda: len(sent) == 6)  # the room does not wait for Redis
    await until(lambda: publisher.unsaved == 0)
    assert await texts(redis) == ["0", "1", "2", "3", "4"]
    await publisher.aclose()


async def test_the_end_of_a_call_saves_what_is_left(redis: fakeredis.FakeAsyncRedis) -> None:
    async def send(data: bytes) -> None:
        await asyncio.sleep(60)  # a room that takes nothing

    publisher = TranscriptPublisher(send, Flaky(redis, 1))
    publisher.start()
    publisher.publish(message())
    await publisher.aclose()
    assert await texts(redis) == ["Hello."]


async def test_the_queue_is_bounded(redis: fakeredis.FakeAsyncRedis) -> None:
    async def send(data: bytes) -> None:
        raise RuntimeError("the room is gone")

    publisher = TranscriptPublisher(send, Flaky(redis, 10**6), limit=3)
    publisher.start()
    for number in range(9):
        publisher.publish(message(f"{number}", number))
    assert publisher.unsaved == 3
    await publisher.aclose(timeout=0.1)


async def test_a_reply_that_a_process_died_in_is_written_down_once(
    redis: fakeredis.FakeAsyncRedis,
) -> None:
    old, new = time_stamp(time.time() - 60), time_stamp(time.time())
    for room, stamp in (("dead", old), ("alive", new)):
        store = TranscriptStore("", room, client=redis)
        begun = message().model_copy(
            update={"room": room, "speaker": "agent", "final": False, "timestamp": stamp}
        )
        await store.keep_unfinished(begun)
    assert await finish_unfinished("", client=redis) == 1
    assert await finish_unfinished("", client=redis) == 0
    stored = await redis.xrange(STREAM_PREFIX + "dead")
    saved = json.loads(stored[0][1][b"message"])
    assert (saved["final"], saved["interrupted"]) == (True, True)
    assert await redis.xrange(STREAM_PREFIX + "alive") == []
    # Its final takes it away.
    await TranscriptStore("", "alive", client=redis).append(
        [message().model_copy(update={"room": "alive", "speaker": "agent"})]
    )
    assert await redis.hlen(UNFINISHED) == 0


async def test_a_call_that_goes_on_reads_what_was_said(redis: fakeredis.FakeAsyncRedis) -> None:
    store = TranscriptStore("", "room", client=redis)
    assert await store.recover(5) == []
    await store.append([message(f"Turn {number}.", number) for number in range(1, 5)])
    begun = message("It is", 5, final=False).model_copy(update={"speaker": "agent"})
    await store.keep_unfinished(begun)
    said = await store.recover(3)
    assert [each.text for each in said] == ["Turn 3.", "Turn 4.", "It is"]
    assert (said[-1].final, said[-1].interrupted) == (True, True)
    assert await store.last_sequence() == 5
    assert await store.recover(3) == said
    assert await redis.hlen(UNFINISHED) == 0

import asyncio
import time

import numpy as np
import pytest

from caller.conversation import Conversation
from caller.errors import JoinError, WaitTimeoutError
from caller.microphone import Microphone
from caller.participant import Participant, join
from caller.recorder import Recorder, Samples
from caller.settings import CallerSettings


def participant() -> Participant:
    async def send(_: Samples) -> None: ...

    recorder = Recorder(16000)
    return Participant("me", recorder, Microphone(send, recorder.add_sent, 16000))


async def test_a_server_that_is_not_there_is_told(unused_tcp_port: int) -> None:
    with pytest.raises(
        JoinError, match=f"cannot join the room at ws://127.0.0.1:{unused_tcp_port}"
    ):
        async with join(f"ws://127.0.0.1:{unused_tcp_port}", "no token", Recorder(16000)):
            pytest.fail("joined nothing")


async def test_waiting_ends_when_it_becomes_so() -> None:
    me = participant()
    asyncio.get_running_loop().call_later(0.05, me._state, "listening")
    me.agent = "trinity"
    begun_s = time.monotonic()
    await me.wait_until(lambda: me.agent_state == "listening", 5, "the agent")
    assert time.monotonic() - begun_s < 2


async def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(WaitTimeoutError, match="still waiting for a miracle"):
        await participant().wait_until(lambda: False, 0.1, lambda: "a miracle")


async def test_a_room_that_closes_ends_the_waiting() -> None:
    me = participant()
    asyncio.get_running_loop().call_later(0.05, me._close, "SERVER_SHUTDOWN")
    with pytest.raises(JoinError, match="SERVER_SHUTDOWN"):
        await me.wait_until(lambda: False, 5, "nothing")


async def test_a_microphone_that_fails_ends_the_waiting() -> None:
    me = participant()

    async def fail() -> None:
        raise OSError("no sound card")

    task = asyncio.create_task(fail(), name="caller-microphone")
    task.add_done_callback(me._ended)
    with pytest.raises(JoinError, match=r"caller-microphone failed.*no sound card"):
        await me.wait_until(lambda: False, 5, "nothing")


def test_silence_is_the_time_since_the_agent_was_heard() -> None:
    me = participant()
    assert me.silent_for(10)
    me._heard(time.monotonic(), np.full(160, 9000, np.int16))
    assert not me.silent_for(0.5)
    me._heard(time.monotonic() + 1, np.zeros(160, np.int16))
    assert me.last_voice_s == pytest.approx(time.monotonic(), abs=0.5)


def test_what_is_no_transcript_is_counted_and_not_kept() -> None:
    me = participant()
    me._read(b"{}")
    assert (me.messages, me.malformed_messages) == ([], 1)


def test_the_state_of_an_agent_that_left_is_unknown() -> None:
    me = participant()
    me.agent = "trinity"
    me._state("speaking")
    assert me.agent_state == "speaking"
    me.agent = None
    assert me.agent_state is None


GREETING = (
    b'{"type": "transcript", "speaker": "agent", "text": "Hello.", "final": true, "room": "r",'
    b'"timestamp": "2026-01-01T00:00:00Z", "participant": "trinity", "turn_id": "t", "sequence": 1}'
)


async def test_what_is_said_in_the_queue_is_no_greeting() -> None:
    me = participant()
    voice = np.tile(np.array([9000, -9000], np.int16), 80)

    async def agent() -> None:
        me.agent = "trinity"
        me._queue("1")
        for _ in range(100):
            me._heard(time.monotonic(), voice)
            await asyncio.sleep(0.01)
        me._queue("")
        await asyncio.sleep(0.2)
        for _ in range(20):
            me._heard(time.monotonic(), voice)
            await asyncio.sleep(0.01)
        me._read(GREETING)
        me._state("listening")

    begun_s = time.monotonic()
    speaking = asyncio.create_task(agent())
    # The wait in the queue is not counted: all of it takes longer.
    settings = CallerSettings(greeting_timeout_s=1.9)
    greeting = await Conversation(me, settings, "r", lambda _: None).hear_greeting()
    await speaking
    assert me.queue_left_s is not None
    assert begun_s < me.queue_left_s < greeting.first_voice_s
    assert me.queued_s == pytest.approx(1.0, abs=0.5)

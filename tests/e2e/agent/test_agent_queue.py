"""More callers than a worker has places for: they wait, are told, and are answered in order."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.agent.scene import Scene
from bench.calls.rig import free_ports, wait_ready
from bench.process import Program
from caller.measure import level_dbfs
from stack import readiness

NAME = "small"
MESSAGE_S = 6.0
"""More than the message takes."""
MUSIC_DBFS = -50.0


@pytest.fixture
async def worker(scene: Scene, tmp_path: Path) -> AsyncIterator[Program]:
    """A worker with a single place, and one in its queue."""
    health, metrics = free_ports(2)
    environment = {
        **scene.stack.environment,
        "AGENT_NAME": NAME,
        "AGENT_SPEECH_TARGET": scene.stack.addresses.speech_target,
        "AGENT_HEALTH_PORT": str(health),
        "AGENT_METRICS_PORT": str(metrics),
        "AGENT_LIVEKIT_TARGET_LOAD": "1",
        "AGENT_MAX_CALLS": "1",
        "AGENT_QUEUE_CALLS": "1",
        "AGENT_DRAIN_SECONDS": "1",
    }
    program = Program([sys.executable, "-m", "agent"], environment, log=tmp_path / "agent.log")
    await wait_ready(program, readiness.http(f"http://127.0.0.1:{metrics}/readyz"))
    yield program
    await asyncio.to_thread(program.stop)


async def test_callers_beyond_the_places_wait_in_the_queue(scene: Scene, worker: Program) -> None:
    scene.write("queue")
    phone = {"sip.ruleID": "SDR_test", "sip.callStatus": "active"}
    async with (
        scene.call("queue", identity="first", agent=NAME) as first,
        scene.call("queue", identity="second", agent=NAME) as second,
    ):
        # Whichever was sooner talks, the other waits.
        await first.until(
            lambda: bool(first.participant.queue_position or second.participant.queue_position),
            "one of two callers in the queue",
            60,
        )
        if first.participant.queue_position:
            talks, waits = second, first
        else:
            talks, waits = first, second
        assert await talks.hear(1) == "Hello, this is a test."
        assert waits.participant.queue_position == "1"
        joined_s = waits.participant.queue_joined_s
        assert joined_s is not None
        began_s = joined_s + await waits.voice_within(joined_s, 20, "that all lines are busy")
        assert waits.texts("agent") == []
        music_s = began_s + MESSAGE_S
        await waits.until(lambda: time.monotonic() > music_s + 3, "music", 20)
        heard = waits.participant.recorder.received_between(music_s, music_s + 3)
        windows = heard[: len(heard) // 30 * 30].reshape(30, -1)
        loud = [level_dbfs(window) > MUSIC_DBFS for window in windows]
        assert sum(loud) > 24, "no music after the message"

        async with scene.call("queue", kind="sip", agent=NAME, attributes=phone) as third:
            began_s = time.monotonic()
            await third.voice_within(began_s, 40, "to call again")
            await third.until_closed(20)

        assert talks.participant.agent is not None
        assert waits.participant.queue_position == "1"
        room = talks.participant.room
        assert room is not None
        await room.disconnect()
        await waits.until(lambda: waits.participant.queue_position == "", "its turn")
        assert await waits.hear(1) == "Hello, this is a test."
        assert waits.participant.agent_state == "listening"
        room = waits.participant.room
        assert room is not None
        tracks = [
            publication.name
            for who in room.remote_participants.values()
            for publication in who.track_publications.values()
        ]
        assert tracks
        assert "queue" not in tracks, "the music goes on"

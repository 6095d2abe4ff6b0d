"""Sound of the caller while the agent speaks: words, which have to stop it, and noises, which not.

The moment is chosen by the agent's sound: it has been heard for a while and has much to say.
"""

import asyncio
import time
from typing import Any

from bench.calls.talk import Talker
from caller.errors import CallerError
from caller.measure import AGENT_THRESHOLD_DBFS, level_dbfs, voiced_span
from caller.recorder import TimedFrame
from caller.speech import Clip

__all__ = ["gaps", "interrupt"]

INTO_S = 1.5
"""So long the agent has been heard when the caller begins."""
GAP_S = 0.45
"""A pause of the agent that is longer than one between its sentences."""
AFTER_S = 2.5
"""How long the agent is heard after the caller's sound has ended."""


async def interrupt(talker: Talker, question: Clip, sound: Clip) -> dict[str, Any]:
    """Ask for a long answer and make a sound in it; gives a line of figures."""
    line: dict[str, Any] = {"side": talker.side, "clip": sound.name}
    script = talker.rig.script
    assert script is not None, "interruptions need the scripted model"
    try:
        talk = await talker.ready()
        participant, recorder = talk.participant, talk.recorder
        script.speak_long(lambda _: True)
        asked = await participant.microphone.play(question.samples)
        await participant.wait_until(
            lambda: (participant.last_voice_s or 0.0) > asked.end_s,
            talker.rig.settings.answer_timeout_s,
            "a long answer",
        )
        await asyncio.sleep(INTO_S)
        first_message = len(talk.messages)
        script.speak_long(None)  # what answers the interruption is short
        spoken = await participant.microphone.play(sound.samples)
        await asyncio.sleep(AFTER_S)
        heard_until_s = time.monotonic()
        sent = recorder.sent_between(spoken.start_s, spoken.end_s)
        received = [f for f in recorder.received if f.time_s >= spoken.start_s - INTO_S / 2]
        span = voiced_span(sent, sound.rate_hz, sound.threshold_dbfs)
        begin_s = span.first_s if span else spoken.start_s
        # A pause that was there before is none of the caller's doing.
        stops = [gap for gap in gaps(received, heard_until_s) if gap[0] >= begin_s]
        cut = any(
            m.final and m.speaker == "agent" and m.interrupted
            for m in talk.messages[first_message:]
        )
        line["cut"] = cut
        line["paused"] = bool(stops)
        if stops:
            line["stop_ms"] = round((stops[0][0] - begin_s) * 1000, 1)
        # Let it come to its end, or the next one begins in this one's answer.
        await participant.wait_until(
            lambda: participant.silent_for(1.0) and participant.agent_state == "listening",
            60.0,
            "the end of the answer",
        )
    except CallerError as error:
        line["failed"] = str(error)
        await talker.hang_up()
    finally:
        script.speak_long(None)
    return line


def gaps(frames: list[TimedFrame], until_s: float) -> list[tuple[float, float]]:
    """Give the pauses of the agent that are longer than `GAP_S`: begin and end, in seconds."""
    voiced = [f for f in frames if level_dbfs(f.samples) >= AGENT_THRESHOLD_DBFS]
    times = [f.time_s for f in voiced]
    if not times:
        return []
    ends = [*times[1:], until_s]
    frame_s = 0.01
    return [
        (time_s + frame_s, next_s)
        for time_s, next_s in zip(times, ends, strict=True)
        if next_s - time_s > GAP_S
    ]

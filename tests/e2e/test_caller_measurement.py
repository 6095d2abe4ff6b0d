"""The caller measures a latency that is known, through the real LiveKit server."""

import asyncio

import numpy as np
import pytest

from caller.measure import AGENT_THRESHOLD_DBFS, speech_threshold_dbfs, voiced_span
from caller.microphone import lag_percentile_ms
from caller.participant import join
from caller.recorder import Recorder
from stack import Stack
from tests.support.echo import echo_agent, token

DELAY_S = 0.5
# Both ways through LiveKit with their jitter buffers: 105 to 130 ms were seen on loopback, 870 ms
# with eight busy processes a core.
TRANSPORT_S = (0.03, 2.0)


@pytest.mark.parametrize(("rate_hz", "frame_ms"), [(48000, 10), (16000, 20)])
async def test_a_known_delay_is_measured(stack: Stack, rate_hz: int, frame_ms: int) -> None:
    room = f"echo-{rate_hz}"
    keys = (
        stack.settings.livekit_api_key,
        stack.settings.livekit_api_secret.get_secret_value(),
    )
    url = stack.addresses.livekit_url
    words = np.random.default_rng(1).normal(0, 3000, rate_hz).astype(np.int16)
    recorder = Recorder(rate_hz)
    async with (
        echo_agent(url, token(room, "echo", keys, agent=True), DELAY_S) as answered,
        join(url, token(room, "caller", keys), recorder, frame_ms=frame_ms) as participant,
    ):
        await participant.wait_until(
            lambda: participant.agent_state == "listening" and len(recorder.received) > 50,
            15,
            "the echo",
        )
        for number in (1, 2):
            spoken = await participant.microphone.play(words)
            await participant.wait_until(
                lambda n=number: len(answered) == n and not participant.silent_for(0.2),
                10,
                "the answer",
            )
            await participant.wait_until(lambda: participant.silent_for(0.5), 10, "its end")
            sent = [f for f in recorder.sent if spoken.start_s <= f.time_s < spoken.end_s]
            said = voiced_span(sent, rate_hz, speech_threshold_dbfs(words, rate_hz))
            heard = voiced_span(
                [f for f in recorder.received if f.time_s > spoken.start_s],
                rate_hz,
                AGENT_THRESHOLD_DBFS,
            )
            assert said is not None
            assert heard is not None
            assert said.last_s == pytest.approx(spoken.end_s, abs=0.01)
            transport_s = heard.first_s - said.last_s - answered[-1]
            assert TRANSPORT_S[0] < transport_s < TRANSPORT_S[1]
            assert heard.last_s - heard.first_s == pytest.approx(1.0, abs=0.1)
        assert lag_percentile_ms(participant.microphone.lags_s, 50) < 5
    await asyncio.sleep(0)

"""Any order of messages ends in one final for each utterance, or in one error."""

import asyncio

import grpc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trinity.speech.v1 import speech_to_text_service_pb2 as pb

from tests.support.stt_rig import FORCE, FakeEngine, audio, config, faint, rig, silence, voice

VOICE, FAINT, SILENCE = voice(2.0), faint(2.0), silence(2.0)

seconds = st.sampled_from([0.0, 0.02, 0.05, 0.11, 0.3, 0.7, 1.3])
steps = st.one_of(
    st.builds(lambda s, f: audio(VOICE[: 2 * int(s * 16000)], force=f), seconds, st.booleans()),
    st.builds(lambda s, f: audio(FAINT[: 2 * int(s * 16000)], force=f), seconds, st.booleans()),
    st.builds(lambda s, f: audio(SILENCE[: 2 * int(s * 16000)], force=f), seconds, st.booleans()),
    st.just(FORCE),
    st.builds(lambda code: config(language_code=code), st.sampled_from(["de", "en", ""])),
    st.builds(
        lambda ms: config(endpointing_config=pb.EndpointingConfig(stop_silence_ms=ms)),
        st.sampled_from([100, 500, 900]),
    ),
)
bad = st.sampled_from(
    [pb.TranscribeRequest(), audio(b"x"), config(sample_rate_hertz=8000), config(model="other")]
)
talks = st.tuples(
    st.lists(steps, max_size=10), st.one_of(st.none(), bad), st.lists(steps, max_size=2)
)


def check(requests, responses, error) -> None:
    open_ids: list[str] = []
    over: dict[str, str] = {}
    revisions: dict[str, int] = {}
    preflight: dict[str, str] = {}
    for response in responses:
        if response.HasField("speech_event"):
            event = response.speech_event
            if event.speech_event_type == pb.SPEECH_EVENT_TYPE_BEGIN:
                assert event.utterance_id not in over
                open_ids.append(event.utterance_id)
            else:
                assert event.utterance_id in open_ids
            continue
        result = response.result
        assert result.utterance_id in open_ids
        assert result.utterance_id not in over, "something follows a final"
        assert result.revision > revisions.get(result.utterance_id, 0)
        assert result.start_ms <= result.end_ms <= result.audio_processed_ms + 32
        revisions[result.utterance_id] = result.revision
        if result.preflight:
            preflight[result.utterance_id] = result.transcript
        elif not result.is_final:
            preflight.pop(result.utterance_id, None)
        else:
            over[result.utterance_id] = result.transcript
            if result.finalize_reason == pb.FINALIZE_REASON_ENDPOINT:
                expected = preflight.get(result.utterance_id, result.transcript)
                assert result.transcript == expected
    if error is None:
        assert list(over) == open_ids, "each that began has its final, in order"
    else:
        assert error.code() is not grpc.StatusCode.UNKNOWN
        # grpc.aio's client says this by itself when the server ends a call that it still writes to.
        lost = error.details() == "Internal error from Core"
        assert lost or error.code() is not grpc.StatusCode.INTERNAL
        assert error.code() is not grpc.StatusCode.CANCELLED


def test_any_order_of_messages():
    async def run() -> None:
        async with rig(FakeEngine(delay_s=0.002), stt_interim_ms=100) as server:
            loop = asyncio.get_running_loop()

            @settings(
                max_examples=60,
                deadline=None,
                derandomize=True,
                suppress_health_check=[HealthCheck.too_slow],
            )
            @given(talks)
            def hold(talk) -> None:
                good, wrong, after = talk
                first = config(interim_results=True, enable_voice_activity_events=True)
                requests = [first, *good, *([wrong] if wrong else []), *after]
                heard: list[pb.TranscribeResponse] = []

                async def speak() -> grpc.aio.AioRpcError | None:
                    try:
                        heard.extend(await server.talk(*requests))
                    except grpc.aio.AioRpcError as error:
                        return error
                    return None

                error = asyncio.run_coroutine_threadsafe(speak(), loop).result(30)
                assert (error is not None) == (wrong is not None), error
                check(requests, heard, error)

            await asyncio.to_thread(hold)
            assert server.service.queue_depth == 0
            assert server.service.places.active == 0

    asyncio.run(run())

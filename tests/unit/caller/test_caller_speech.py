from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest
import soundfile
from trinity.speech.v1 import speech_to_text_service_pb2 as stt
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as stt_grpc
from trinity.speech.v1 import text_to_speech_service_pb2 as tts
from trinity.speech.v1 import text_to_speech_service_pb2_grpc as tts_grpc

from caller.errors import ClipError, SpeechError
from caller.settings import CallerSettings
from caller.speech import DEFAULT_CLIPS, load_clips, read_clip
from caller.speech_server import SpeechServer, resample

RATE = 16000


class Ears(stt_grpc.SpeechToTextServiceServicer):
    """Says how much it was sent, in two finals around an interim."""

    async def Transcribe(
        self, request_iterator: AsyncIterator[stt.TranscribeRequest], context: object
    ) -> AsyncIterator[stt.TranscribeResponse]:
        seconds, rate = 0.0, 0
        async for request in request_iterator:
            rate = request.config.sample_rate_hertz or rate
            seconds += len(request.audio_content) / 2 / rate
        for text, final in ((" heard", True), ("an interim", False), (f"{seconds:.1f}", True)):
            yield stt.TranscribeResponse(
                result=stt.StreamingRecognitionResult(transcript=text, is_final=final)
            )


class Mouth(tts_grpc.TextToSpeechServiceServicer):
    """Speaks a second of tone for each request; 'refuse' is refused."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.texts: list[str] = []

    async def Synthesize(
        self,
        request_iterator: AsyncIterator[tts.SynthesizeRequest],
        context: grpc.aio.ServicerContext[tts.SynthesizeRequest, tts.SynthesizeResponse],
    ) -> AsyncIterator[tts.SynthesizeResponse]:
        async for request in request_iterator:
            if request.HasField("config"):
                self.rates.append(request.config.speaking_rate)
            if request.text == "refuse":
                await context.abort(grpc.StatusCode.NOT_FOUND, "voice: unknown")
            if request.text:
                self.texts.append(request.text)
        yield tts.SynthesizeResponse(audio_format=tts.AudioFormat(sample_rate_hertz=22050))
        tone = (8000 * np.sin(np.arange(22050) / 20)).astype("<i2")
        for piece in np.array_split(tone, 5):
            yield tts.SynthesizeResponse(audio=tts.AudioChunk(audio_content=piece.tobytes()))
        yield tts.SynthesizeResponse(done=tts.Done())


@asynccontextmanager
async def speech_server(mouth: Mouth) -> AsyncIterator[str]:
    server = grpc.aio.server()
    stt_grpc.add_SpeechToTextServiceServicer_to_server(Ears(), server)
    tts_grpc.add_TextToSpeechServiceServicer_to_server(mouth, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@pytest.fixture
def recordings(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "audio").mkdir()
    speech = (6000 * np.sin(np.arange(RATE) / 10)).astype(np.int16)
    lines = []
    for name in DEFAULT_CLIPS:
        soundfile.write(tmp_path / name, np.concatenate([speech, np.zeros(RATE, np.int16)]), RATE)
        lines.append(f"{name}\twords of {name}\tsource\tlicence\n")
    (tmp_path / "manifest.tsv").write_text("".join(lines))
    yield tmp_path


async def test_recordings_of_the_folder_come_with_their_references(recordings: Path) -> None:
    clips = await load_clips(CallerSettings(speech_data=recordings, wav=""))
    assert [c.reference for c in clips] == [f"words of {name}" for name in DEFAULT_CLIPS]
    assert {c.origin for c in clips} == {"recorded"}
    assert {c.rate_hz for c in clips} == {48000}
    assert clips[0].duration_s == pytest.approx(1.5, abs=0.02)


async def test_given_files_come_first_with_the_words_beside_them(
    recordings: Path, tmp_path: Path
) -> None:
    stereo = np.stack([np.zeros(44100), 0.3 * np.sin(np.arange(44100) / 30)], axis=1)
    soundfile.write(tmp_path / "mine.wav", stereo, 44100)
    soundfile.write(tmp_path / "other.wav", stereo, 44100)
    (tmp_path / "mine.txt").write_text(" my own words \n")
    wav = f"{tmp_path / 'mine.wav'}, {tmp_path / 'other.wav'}"
    clips = await load_clips(CallerSettings(speech_data=recordings, wav=wav, sample_rate_hz=16000))
    assert [(c.name, c.reference, c.rate_hz) for c in clips] == [
        ("mine", "my own words", 16000),
        ("other", None, 16000),
    ]
    assert np.abs(clips[0].samples).max() == pytest.approx(0.15 * 32768, rel=0.1)


async def test_without_recordings_another_person_is_synthesised(tmp_path: Path) -> None:
    mouth = Mouth()
    async with speech_server(mouth) as target:
        clips = await load_clips(
            CallerSettings(speech_data=tmp_path / "none", wav="", speech_target=target)
        )
    assert [c.reference for c in clips] == mouth.texts
    assert {c.origin for c in clips} == {"synthesised"}
    shift = 1 / mouth.rates[0]
    assert shift > 1.1
    # Spoken slower and played faster by the same factor: a second of tone is shorter by it.
    assert clips[0].duration_s == pytest.approx(1 / shift, abs=0.02)


def test_the_soft_end_of_a_last_word_is_spoken_and_long_silence_is_not(tmp_path: Path) -> None:
    voice = 0.3 * np.sin(np.arange(RATE) / 30)
    soft = 0.001 * np.sin(np.arange(RATE * 3 // 10) / 3)
    soundfile.write(tmp_path / "enough.wav", np.concatenate([voice, soft, np.zeros(RATE)]), RATE)
    clip = read_clip(tmp_path / "enough.wav", RATE, None, "given")
    assert clip.duration_s == pytest.approx(1.5, abs=0.02)
    assert np.abs(clip.samples[RATE : RATE * 13 // 10]).max() > 20


@pytest.mark.parametrize("content", [b"", b"not audio at all"])
def test_what_is_no_audio_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(ClipError, match=r"broken\.wav"):
        read_clip(path, RATE, None, "given")


def test_missing_silent_and_endless_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="cannot be read"):
        read_clip(tmp_path / "missing.wav", RATE, None, "given")
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    with pytest.raises(ClipError, match="nothing to hear"):
        read_clip(tmp_path / "silent.wav", RATE, None, "given")
    soundfile.write(tmp_path / "long.wav", np.full(8000 * 61, 0.2), 8000)
    with pytest.raises(ClipError, match="longer than 60 s"):
        read_clip(tmp_path / "long.wav", RATE, None, "given")


async def test_transcribing_joins_the_finals_and_adds_a_tail_of_silence() -> None:
    async with speech_server(Mouth()) as target, SpeechServer(target) as server:
        assert await server.transcribe(np.zeros(48000 * 2, np.int16), 48000) == "heard 3.0"


async def test_a_refusal_of_the_speech_server_is_told() -> None:
    async with speech_server(Mouth()) as target, SpeechServer(target) as server:
        with pytest.raises(SpeechError, match="NOT_FOUND: voice: unknown"):
            await server.synthesize("refuse")


async def test_an_absent_speech_server_is_told(
    unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("caller.speech_server._WAITS_S", (0.01, 0.02))
    target = f"127.0.0.1:{unused_tcp_port}"
    async with SpeechServer(target) as server:
        with pytest.raises(SpeechError, match=f"Transcribe at {target}: UNAVAILABLE"):
            await server.transcribe(np.zeros(160, np.int16), RATE)


def test_resampling_keeps_length_and_level() -> None:
    tone = (9000 * np.sin(np.arange(RATE) / 9)).astype(np.int16)
    up = resample(tone, RATE, 48000)
    assert len(up) == 48000
    assert np.abs(up[1000:-1000]).max() == pytest.approx(9000, rel=0.02)
    assert resample(tone, RATE, RATE) is tone

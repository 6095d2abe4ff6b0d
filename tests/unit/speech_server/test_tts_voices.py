"""Several voices: found, loaded when asked for, kept and unloaded."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from speech_server.audio.output import OutputResampler, encode, resampled_length
from speech_server.engines.piper import PiperVoice
from speech_server.errors import EngineFailed, ModelUnavailable, VoiceNotFound
from speech_server.settings import Settings
from speech_server.telemetry import Metrics
from speech_server.tts import TtsModels
from speech_server.tts.voices import VoiceStore, open_source
from tests.support import tiny_voice
from tests.support.tts_client import SpeechClient, serving, utterance


def make(folder: Path, *, speakers: int = 1, seed: int = 0) -> Path:
    folder.mkdir()
    path = tiny_voice.save(
        tiny_voice.build(seed, speakers=speakers), folder, speakers=speakers
    ).rename(folder / f"{folder.name}.onnx")
    (folder / "tiny.onnx.json").rename(folder / f"{folder.name}.onnx.json")
    return path


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[VoiceStore]:
    sources = [open_source(str(make(tmp_path / name)), tmp_path / name, "") for name in "abc"]
    with ThreadPoolExecutor(1) as executor:
        yield VoiceStore(
            sources,
            device="cpu",
            threads=1,
            capacity=2,
            phoneme_cache=10,
            cache=None,
            executor=executor,
            metrics=Metrics(),
        )


async def test_voices_are_loaded_once_and_the_default_stays(store: VoiceStore) -> None:
    assert [source.name for source in store.sources] == ["a", "b", "c"]
    assert store.stages("a") == 0
    one, same = await asyncio.gather(store.get("a"), store.get(""))
    assert one is same
    assert store.stages("a") == 3
    await store.get("b")
    await store.get("c")
    assert [store.is_loaded(name) for name in "abc"] == [True, False, True]
    assert (await store.get("b")).name == "b"
    assert [store.is_loaded(name) for name in "abc"] == [True, True, False]


async def test_a_pinned_voice_stays(tmp_path: Path) -> None:
    sources = [open_source(str(make(tmp_path / name)), tmp_path / name, "") for name in "abc"]
    metrics = Metrics()
    with ThreadPoolExecutor(1) as executor:
        store = VoiceStore(
            sources,
            pinned=["b"],
            device="cpu",
            threads=1,
            capacity=2,
            phoneme_cache=10,
            cache=None,
            executor=executor,
            metrics=metrics,
        )
        for name in "abc":
            await store.get(name)
    assert [store.is_loaded(name) for name in "abc"] == [True, True, False]
    assert metrics.registry.get_sample_value("tts_voices_loaded") == 2


async def test_a_pinned_voice_that_is_not_served_stops_the_start(tmp_path: Path) -> None:
    path = make(tmp_path / "a")
    settings = Settings(tts_voices=(str(path),), tts_pinned_voices=("b",))
    with pytest.raises(ModelUnavailable, match="SPEECH_TTS_PINNED_VOICES"):
        await TtsModels.load(settings, Metrics())


async def test_pinned_voices_are_loaded_at_the_start(tmp_path: Path) -> None:
    paths = tuple(str(make(tmp_path / name)) for name in "ab")
    models = await TtsModels.load(Settings(tts_voices=paths, tts_pinned_voices=("b",)), Metrics())
    assert models.voices.is_loaded("b")
    await asyncio.to_thread(models.close)


async def test_the_gain_makes_a_voice_as_loud_as_others(store: VoiceStore) -> None:
    loaded = await store.get("a")
    assert isinstance(loaded.voice, PiperVoice)
    assert 0.1 < loaded.gain < 1000


async def test_unknown_and_broken_voices(store: VoiceStore) -> None:
    with pytest.raises(VoiceNotFound) as error:
        await store.get("nobody")
    assert error.value.field == "config.voice"
    store.sources[1].place.write_bytes(b"broken")
    with pytest.raises(EngineFailed):
        await store.get("b")
    assert (await store.get("c")).name == "c"


@pytest.mark.parametrize("voices", ["no-such-name", "/no/such/place.onnx"])
async def test_a_voice_that_is_not_there_stops_the_start(voices: str) -> None:
    with pytest.raises(ModelUnavailable, match="SPEECH_TTS_VOICES"):
        await TtsModels.load(Settings(tts_voices=(voices,)), Metrics())


async def test_a_broken_default_voice_stops_the_start(tmp_path: Path) -> None:
    path = make(tmp_path / "a")
    path.write_bytes(b"broken")
    with pytest.raises(ModelUnavailable, match="SPEECH_TTS_VOICES"):
        await TtsModels.load(Settings(tts_voices=(str(path),)), Metrics())


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[SpeechClient]:
    paths = [make(tmp_path / "one"), make(tmp_path / "many", speakers=3)]
    metrics = Metrics()
    models = await TtsModels.load(Settings(tts_voices=tuple(str(path) for path in paths)), metrics)
    async with serving(models, metrics) as client:
        yield client
    await asyncio.to_thread(models.close)


async def test_speakers_of_one_voice(client: SpeechClient) -> None:
    audio = {}
    for speaker in ("", "s0", "1", "s2"):
        heard = (
            await client.speak(utterance("a", "abc de.", voice="many", speaker=speaker, seed=1))
        )["a"]
        audio[speaker] = heard.audio
        assert heard.responses[0].audio_format.voice == "many"
    assert audio[""] == audio["s0"]
    assert len({audio["s0"], audio["1"], audio["s2"]}) == 3


async def test_list_voices_tells_what_is_loaded(client: SpeechClient) -> None:
    voices = (await client.stub.ListVoices(pb.ListVoicesRequest())).voices
    assert [(v.name, v.loaded, v.stages, v.is_default) for v in voices] == [
        ("one", True, 3, True),
        ("many", False, 0, False),
    ]
    assert list(voices[1].speakers) == ["s0", "s1", "s2"]
    assert voices[1].sample_rate_hertz == tiny_voice.RATE_HZ


async def test_a_voice_that_is_not_cut_still_speaks(tmp_path: Path) -> None:
    path = make(tmp_path / "old")
    model = tiny_voice.build()
    next(node for node in model.graph.node if node.op_type == "Ceil").op_type = "Round"
    path.write_bytes(model.SerializeToString())
    metrics = Metrics()
    models = await TtsModels.load(Settings(tts_voices=(str(path),)), metrics)
    async with serving(models, metrics) as client:
        voices = (await client.stub.ListVoices(pb.ListVoicesRequest())).voices
        assert voices[0].stages == 1
        heard = (
            await client.speak(utterance("a", "abc de. fg.", seed=1, enable_word_time_offsets=True))
        )["a"]
    await asyncio.to_thread(models.close)
    assert [r.warning.reason for r in heard.of("warning")] == [
        "SEED_NOT_SERVED",
        "TIMES_NOT_SERVED",
    ]
    assert sum(r.segment.sample_count for r in heard.of("segment")) == heard.done.samples_sent > 0
    assert metrics.registry.get_sample_value("tts_voice_stages", {"voice": "old"}) == 1


# From samples to bytes


@pytest.mark.parametrize(("from_hz", "to_hz"), [(22050, 8000), (22050, 48000), (16000, 16000)])
@pytest.mark.parametrize("sizes", [(1000,), (1, 7, 992), (500, 500), ()])
def test_resampling_gives_the_announced_length(
    from_hz: int, to_hz: int, sizes: tuple[int, ...]
) -> None:
    total = sum(sizes)
    resampler = OutputResampler(from_hz, to_hz, total)
    sine = np.sin(np.arange(total) * 2 * np.pi * 440 / from_hz).astype(np.float32)
    made, at = [], 0
    for size in sizes:
        at += size
        made.append(resampler.push(sine[at - size : at], last=at == total))
    length = sum(len(piece) for piece in made)
    assert length == resampler.total == resampled_length(total, from_hz, to_hz)


def test_encodings_clip_and_are_those_of_the_standard() -> None:
    loud = np.array([2.0, 1.0, 0.0, -1.0, -2.0], np.float32)
    assert np.frombuffer(encode(loud, "LINEAR16"), "<i2").tolist() == [
        32767, 32767, 0, -32767, -32767,
    ]  # fmt: skip
    assert np.frombuffer(encode(loud, "FLOAT32"), "<f4").tolist() == [1, 1, 0, -1, -1]
    # ITU-T G.711: codes of the ends, of zero, and of some values between.
    points = np.array([0, 1000, -1000, 8000, -8000, 32767, -32767], np.float32) / 32767
    assert list(encode(points, "MULAW")) == [0xFF, 0xCE, 0x4E, 0xA0, 0x20, 0x80, 0x00]
    assert list(encode(points, "ALAW")) == [0xD5, 0xFA, 0x7A, 0x8A, 0x0A, 0xAA, 0x2A]

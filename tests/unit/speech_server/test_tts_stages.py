"""Cutting a voice, and that what comes out is what the whole graph would have said."""

import asyncio
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import model_store
from bench.tts.whole_graph import Reference, speak
from speech_server.engines.piper import (
    PiperVoice,
    WholeVoice,
    decibels,
    find_files,
    load_voice,
    read_config,
)
from speech_server.engines.piper.errors import BrokenVoice, UncutVoice
from speech_server.engines.piper.graph import cut
from speech_server.engines.piper.phonemes import Phonemizer
from speech_server.engines.piper.reach import measure
from speech_server.tts.compute import run_text, run_windows
from speech_server.tts.noise import Noise
from speech_server.tts.utterance import Manner, Utterance
from tests.support import tiny_voice

EXACT_DB = 90.0
MANNER = Manner(length_scale=1.1, noise_scale=0.667, noise_w_scale=0.8, speaker=0)


def some_ids(length: int, seed: int = 0) -> list[int]:
    return [int(n) for n in np.random.default_rng(seed).integers(3, tiny_voice.SYMBOLS, length)]


@pytest.fixture(params=[1, 3], ids=["one-speaker", "three-speakers"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[PiperVoice, Reference]:
    model = tiny_voice.build(seed=request.param, speakers=request.param)
    path = tiny_voice.save(model, tmp_path, speakers=request.param)
    voice, why = load_voice(path, device="cpu", threads=1)
    assert why is None
    assert isinstance(voice, PiperVoice)
    return voice, Reference(model)


def test_the_cut_is_found_whatever_tensors_are_called(
    tiny: tuple[PiperVoice, Reference],
) -> None:
    voice, _ = tiny
    assert voice.stages == 3
    assert voice.hop == tiny_voice.HOP
    assert voice.channels == tiny_voice.CHANNELS
    assert voice.rhythm_channels == (2,)
    assert voice.flow_reach == tiny_voice.FLOW_LAYERS * (tiny_voice.FLOW_KERNEL // 2)


def test_the_reach_is_exact_and_no_larger(tiny: tuple[PiperVoice, Reference]) -> None:
    """A change just outside the reach changes nothing; at its edge it does."""
    voice, _ = tiny
    reach, hop = voice.decoder_reach, voice.hop
    assert reach is not None
    frames = np.zeros((1, voice.channels, 4 * reach), np.float32)
    speaker = [0]
    still = voice.decode(frames, speaker)[0]
    middle = 2 * reach
    changed = frames.copy()
    changed[:, :, middle] = 1.0
    moved = np.flatnonzero(np.abs(voice.decode(changed, speaker)[0] - still) > 1e-7) // hop
    assert middle - moved.min() <= reach
    assert moved.max() - middle <= reach
    assert max(middle - moved.min(), moved.max() - middle) >= reach - 1


@pytest.mark.parametrize("length", [2, 9, 40, 160])
@pytest.mark.parametrize("widths", [(1,), (32, 64), (40, 300)])
def test_windows_give_what_the_whole_graph_gives(
    tiny: tuple[PiperVoice, Reference], length: int, widths: tuple[int, ...]
) -> None:
    voice, reference = tiny
    ids = some_ids(length)
    utterance = Utterance(voice, ids, MANNER, Noise(5, 0))
    [samples] = speak([utterance], widths)
    whole = reference.speak(voice, ids, MANNER, 5, utterance.total_frames)
    assert samples.shape == whole.shape
    assert decibels(whole, samples) > EXACT_DB
    assert np.max(np.abs(whole - samples)) < 1e-4  # at every edge, and at the tail


def test_a_batch_gives_what_each_row_gives_alone(tiny: tuple[PiperVoice, Reference]) -> None:
    voice, reference = tiny
    speakers = voice.config.speaker_count
    lengths = [3, 50, 17, 90]
    manners = [Manner(0.7 + 0.3 * n, 0.3 + 0.1 * n, 0.8, n % speakers) for n in range(4)]

    def utterances() -> list[Utterance]:
        return [
            Utterance(voice, some_ids(length, n), manner, Noise(n, 0))
            for n, (length, manner) in enumerate(zip(lengths, manners, strict=True))
        ]

    together = utterances()
    batch = speak(together, (32, 64))
    alone = speak(utterances(), (200,), together=False)
    for n, (one, other) in enumerate(zip(batch, alone, strict=True)):
        assert one.shape == other.shape
        assert np.max(np.abs(one - other)) < 1e-4
        frames = together[n].total_frames
        whole = reference.speak(voice, some_ids(lengths[n], n), manners[n], n, frames)
        assert decibels(whole, one) > EXACT_DB


def test_a_seed_repeats_and_another_does_not(tiny: tuple[PiperVoice, Reference]) -> None:
    voice, _ = tiny
    made = [
        speak([Utterance(voice, some_ids(30), MANNER, Noise(seed, 0))], (64,))[0]
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(made[0], made[1])
    assert made[0].shape != made[2].shape or not np.allclose(made[0], made[2])


def test_noise_does_not_depend_on_how_it_is_drawn() -> None:
    once = Noise(3, 1).sound(100, 7)
    noise = Noise(3, 1)
    parts = np.concatenate([noise.sound(n, 7) for n in (1, 3, 46, 50)])
    assert np.array_equal(once, parts)
    assert not np.array_equal(once, Noise(3, 2).sound(100, 7))


def test_memory_is_bounded_by_the_window(tiny: tuple[PiperVoice, Reference]) -> None:
    voice, _ = tiny
    utterance = Utterance(voice, some_ids(4000), MANNER, Noise(1, 0))
    run_text([utterance])
    assert utterance.total_frames > 8000
    most = 0
    while not utterance.finished:
        run_windows([(utterance, utterance.plan(64))])
        most = max(most, utterance.frames_held)
    assert most < 1500


def test_a_flow_that_looks_everywhere_makes_two_stages(tmp_path: Path) -> None:
    model = tiny_voice.build(attention_flow=True)
    voice, why = load_voice(tiny_voice.save(model, tmp_path), device="cpu", threads=1)
    assert why is None
    assert isinstance(voice, PiperVoice)
    assert (voice.stages, voice.flow_reach) == (2, None)
    utterance = Utterance(voice, some_ids(60), MANNER, Noise(5, 0))
    [samples] = speak([utterance], (40,))
    whole = Reference(model).speak(voice, some_ids(60), MANNER, 5, utterance.total_frames)
    assert decibels(whole, samples) > EXACT_DB


def test_a_voice_is_left_whole_when_that_is_asked_for(tmp_path: Path) -> None:
    place = tiny_voice.save(tiny_voice.build(), tmp_path)
    voice, why = load_voice(place, device="cpu", threads=1, cut=False)
    assert isinstance(voice, WholeVoice)
    assert why == "switched off"


def test_a_graph_of_another_shape_runs_whole(tmp_path: Path) -> None:
    model = tiny_voice.build()
    ceil = next(node for node in model.graph.node if node.op_type == "Ceil")
    ceil.op_type = "Round"
    with pytest.raises(UncutVoice):
        cut(model)
    voice, why = load_voice(tiny_voice.save(model, tmp_path), device="cpu", threads=1)
    assert isinstance(voice, WholeVoice)
    assert why
    assert voice.stages == 1
    assert len(voice.speak(some_ids(30), (0.667, 1.0, 0.8), 0)) > 100


def test_files_that_are_no_voice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenVoice):
        find_files(tmp_path)
    path = tiny_voice.save(tiny_voice.build(), tmp_path)
    path.write_bytes(b"no graph")
    with pytest.raises(BrokenVoice):
        load_voice(path, device="cpu", threads=1)
    with pytest.raises(BrokenVoice, match="cut"):
        load_voice(path, device="cpu", threads=1, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    path.with_name("tiny.onnx.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BrokenVoice):
        read_config(path.with_name("tiny.onnx.json"))


def test_stages_are_cut_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process cuts; what it wrote speaks as what this one cuts, and is found again."""
    path = tiny_voice.save(tiny_voice.build(), tmp_path)
    cache = tmp_path / "cache"
    here, _ = load_voice(path, device="cpu", threads=1)
    kept, _ = load_voice(path, device="cpu", threads=1, cache=cache)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("cut twice"))
    again, _ = load_voice(path, device="cpu", threads=1, cache=cache)
    made = []
    for voice in (here, kept, again):
        assert isinstance(voice, PiperVoice)
        made += speak([Utterance(voice, some_ids(50), MANNER, Noise(5, 0))], (40,))
    # Each cut times which form of the decoder is faster here, and may find the other one.
    assert decibels(made[0], made[1]) > EXACT_DB
    assert np.array_equal(made[1], made[2])
    assert len(list(cache.iterdir())) == 1


def test_a_voice_that_cannot_be_cut_is_known_as_such(tmp_path: Path) -> None:
    model = tiny_voice.build()
    next(node for node in model.graph.node if node.op_type == "Ceil").op_type = "Round"
    path = tiny_voice.save(model, tmp_path)
    for _ in range(2):
        voice, why = load_voice(path, device="cpu", threads=1, cache=tmp_path / "cache")
        assert isinstance(voice, WholeVoice)
        assert why


def test_a_damaged_cut_is_made_again(tmp_path: Path) -> None:
    path = tiny_voice.save(tiny_voice.build(), tmp_path)
    cache = tmp_path / "cache"
    load_voice(path, device="cpu", threads=1, cache=cache)
    [folder] = cache.iterdir()
    (folder / "cut.json").write_text("{", encoding="utf-8")
    voice, _ = load_voice(path, device="cpu", threads=1, cache=cache)
    assert isinstance(voice, PiperVoice)
    assert len(list(cache.iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    path = tiny_voice.save(tiny_voice.build(), tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    voice, _ = load_voice(path, device="cpu", threads=1, cache=tmp_path / "file" / "cache")
    assert isinstance(voice, PiperVoice)


def test_a_strided_convolution_has_no_windows() -> None:
    stages = cut(tiny_voice.build())
    node = next(node for node in stages.decoder.model.graph.node if node.op_type == "Conv")
    node.attribute.append(onnx.helper.make_attribute("strides", [2]))
    with pytest.raises(UncutVoice):
        measure(stages.decoder.model, stages.decoder.inputs[0], stages.decoder.outputs[0])


@pytest.mark.gpu
def test_cuda_gives_what_the_cpu_gives(tmp_path: Path) -> None:
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("no CUDA here")
    path = tiny_voice.save(tiny_voice.build(), tmp_path)
    made = []
    for device in ("cpu", "cuda"):
        voice, _ = load_voice(path, device=device, threads=1)  # type: ignore[arg-type]
        assert isinstance(voice, PiperVoice)
        made += speak([Utterance(voice, some_ids(200), MANNER, Noise(5, 0))], (32, 64))
    assert made[0].shape == made[1].shape
    assert decibels(made[0], made[1]) > 40  # TF32


@pytest.mark.models
async def test_parallel_phonemisations_stay_uncorrupted() -> None:
    config = read_config(find_files(model_store.resolve("en_US-joe-medium"))[1])
    texts = [f"Sentence number {n} is about {n * 37} different things." for n in range(64)]
    one_by_one = [Phonemizer(config, 0).phonemes(text) for text in texts]
    phonemizer = Phonemizer(config, 0)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(32) as pool:
        jobs = [loop.run_in_executor(pool, phonemizer.phonemes, text) for text in texts * 4]
        assert await asyncio.gather(*jobs) == one_by_one * 4

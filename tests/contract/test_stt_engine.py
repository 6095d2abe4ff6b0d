"""The recognition engine with the locked model, in each of its backends."""

import re
import threading
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from model_store import resolve
from speech_server.engines.base import Before, DecodeItem, DecodeOptions, Phrase, Wanted
from speech_server.engines.whisper import WhisperEngine, WhisperOptions
from speech_server.engines.whisper.decoder import MOST_DRAFTED
from speech_server.services.recognition_messages import USUAL_BOOST
from tests.support.recordings import CLIP, EUNUCH, WORDS, features, recording, wer

pytestmark = pytest.mark.models


def test_a_batch_gives_what_each_gives_alone(models):
    speech = recording(CLIP)
    engine = models.engine
    # Lengths that share the shortest window.
    items = [
        DecodeItem(features(speech[at : at + 40_000 - at // 10]), language="en")
        for at in (0, 16_000, 32_000)
    ]
    assert {engine.bucket(item) for item in items} == {800}
    together = engine.decode(items)
    assert [h.tokens for h in together] == [engine.decode([one])[0].tokens for one in items]
    assert len({h.text for h in together}) > 1


@pytest.fixture(scope="module")
def backends():
    """The same model with each of the backends."""
    made = {
        name: WhisperEngine(resolve("whisper-base"), WhisperOptions("base", backend=name))
        for name in ("onnxruntime", "ctranslate2")
    }
    yield made
    for engine in made.values():
        engine.close()


@pytest.mark.parametrize("number", ["0000", "0001", "0003", "0005"])
def test_both_backends_give_the_same(backends, number):
    speech = recording(f"audio/librispeech_test_other__1688-142285-{number}.flac")
    item = DecodeItem(features(speech), language="en")
    ours = backends["onnxruntime"].decode([item])[0]
    theirs = backends["ctranslate2"].decode([item])[0]
    assert ours.tokens == theirs.tokens
    assert ours.avg_logprob == pytest.approx(theirs.avg_logprob, abs=0.05)
    assert ours.no_speech_prob == pytest.approx(theirs.no_speech_prob, abs=0.05)


def test_a_prefix_and_a_context_are_kept_beside_batch_mates(backends):
    speech = features(recording(CLIP)[:60_000])
    engine = backends["onnxruntime"]
    alone = engine.decode([DecodeItem(speech, language="en")])[0]
    begun = DecodeItem(speech, language="en", prefix=alone.tokens[:4])
    other = DecodeItem(speech, language="en", prefix=engine.tokenize(" I never liked"))
    together = engine.decode([DecodeItem(speech, language="en"), begun, other])
    assert [h.tokens for h in together[:2]] == [alone.tokens, alone.tokens]
    assert together[2].text.startswith("I never liked")
    assert together[2].tokens == engine.decode([other])[0].tokens
    # What was given is not doubted.
    assert together[1].avg_logprob > alone.avg_logprob
    context = engine.tokenize(" He told us about himself.")
    options = DecodeOptions(context_tokens=len(context))
    item = DecodeItem(speech, options, language="en", context=context)
    theirs = backends["ctranslate2"].decode([item])[0]
    assert engine.decode([item])[0].tokens == theirs.tokens


@pytest.fixture
def halves():
    """Half a sentence after the pause of its speaker, with the first half and without."""
    heard = features(recording(EUNUCH))
    alone = DecodeItem(heard[:, 219:716], language="en")
    return heard[:, 17:169], alone, heard[:, 17:716]


def test_half_a_sentence_is_heard_with_what_was_said_before_it(models, backends, halves):
    first, alone, both = halves
    engine = models.engine
    said = engine.decode([DecodeItem(first, language="en")])[0].tokens
    item = replace(alone, features=both, before=Before(202, said))
    found = engine.decode([item])[0]
    assert "Art thou" not in engine.decode([alone])[0].text
    assert found.text.startswith("Art thou, he who repeated poetry")
    # Neither the first half nor its place in the window is told.
    timed = engine.decode([replace(item, options=DecodeOptions(words=True))])[0].words
    assert timed[0].text == "Art"
    assert 200 <= timed[0].start_ms <= 900
    assert " ".join(word.text for word in timed) == found.text
    together = engine.decode([replace(item, draft=found.tokens), item])
    assert [h.tokens for h in together] == [found.tokens] * 2
    begun = engine.decode([replace(item, prefix=engine.tokenize(" Where art thou"))])[0]
    assert begun.text.startswith("Where art thou")
    ours, theirs = (one.decode([item])[0] for one in backends.values())
    assert ours.tokens == theirs.tokens
    assert ours.text.endswith("he who repeated poetry but now, and my lady heard him.")


def test_who_was_misled_by_what_was_said_before_is_told(backends, halves):
    first, alone, both = halves
    for engine in backends.values():
        said = engine.decode([DecodeItem(first, language="en")])[0].tokens
        quiet = np.pad(both[:, :169], ((0, 0), (0, 100)), constant_values=float(both.min()))
        after = engine.decode([replace(alone, features=quiet, before=Before(169, said))])[0]
        assert after.fault == "misled"


@pytest.mark.parametrize("width", [1, 3])
def test_of_a_draft_is_kept_what_would_be_found_again(width):
    speech = features(recording(CLIP))
    item = DecodeItem(speech, language="en")
    with closing(WhisperEngine(resolve("whisper-base"), WhisperOptions("base", beam=width))) as one:
        alone = one.decode([item])[0]
        assert alone.kept_tokens == 0
        whole = replace(item, draft=alone.tokens)
        astray = replace(item, draft=(*alone.tokens[:3], *one.tokenize(" never liked it")))
        wrong = replace(item, draft=one.tokenize(" You never liked it"))
        begun = replace(whole, prefix=alone.tokens[:2])
        strange = replace(wrong, prefix=alone.tokens[:2])
        kept = []
        for drafted in (whole, astray, wrong, begun, strange):
            found = one.decode([drafted])[0]
            kept.append(found.kept_tokens)
            assert found.tokens == alone.tokens
            assert found.no_speech_prob == pytest.approx(alone.no_speech_prob, abs=0.02)
            if not drafted.prefix:
                assert found.avg_logprob == pytest.approx(alone.avg_logprob, abs=0.05)
        together = one.decode([whole, astray, wrong, item, begun, strange])
    assert [h.tokens for h in together] == [alone.tokens] * 6
    assert kept[0] > len(alone.tokens) // 2
    assert 0 < kept[1] <= 3
    assert (kept[2], kept[4]) == (0, 0)
    # What is given counts as given.
    assert kept[3] == kept[0] - 2
    # Those of a batch share the rows that drafts may have.
    assert 0 < together[0].kept_tokens <= min(kept[0], MOST_DRAFTED // 6)


def test_a_draft_is_never_longer_than_the_text_may_be(backends):
    speech = features(recording(CLIP)[:16_000])
    item = DecodeItem(speech, language="en", draft=backends["onnxruntime"].tokenize(" no" * 300))
    assert len(backends["onnxruntime"].decode([item])[0].tokens) <= 18
    assert len(backends["onnxruntime"].decode([replace(item, full_window=True)])[0].tokens) <= 224


def test_an_encoder_stops_when_nobody_waits(backends):
    engine = backends["onnxruntime"]
    speech = features(recording(CLIP))
    item = DecodeItem(speech, language="en", full_window=True)
    said = engine.decode([item])[0]
    waits = True
    wanted = Wanted(lambda: waits)
    began = time.perf_counter()
    engine._packed.encode(np.zeros((1, 80, 3000), np.float32), wanted)
    whole_s = time.perf_counter() - began

    def leave():
        nonlocal waits
        waits = False
        wanted.look()

    threading.Timer(whole_s / 10, leave).start()
    assert engine._packed.encode(np.zeros((1, 80, 3000), np.float32), wanted) is None
    assert engine.decode([item], wanted) is None
    # The next one is none the worse for it.
    assert engine.decode([item])[0].tokens == said.tokens


def test_a_beam_finds_the_likelier_text(backends):
    speech = features(recording("audio/librispeech_test_other__1688-142285-0005.flac")[:80_000])
    item = DecodeItem(speech, language="en")
    beam = WhisperEngine(resolve("whisper-base"), WhisperOptions("base", beam=3))
    for name, engine in (*backends.items(), ("beam", beam)):
        done = engine.decode([item])[0]
        total = done.avg_logprob * (len(done.tokens) + 1)
        assert (total > -5) == (name == "beam"), (name, total, done.text)
    # An interim is not worth it, and batch mates of other lengths change nothing.
    alone = beam.decode([item])[0]
    assert beam.decode([replace(item, interim=True)])[0].avg_logprob < alone.avg_logprob
    begun = replace(item, prefix=alone.tokens[:3])
    short = replace(item, features=speech[:, :150])
    together = beam.decode([begun, item, short])
    assert [h.tokens for h in together[:2]] == [alone.tokens] * 2
    assert together[2].tokens == beam.decode([short])[0].tokens
    beam.close()


def test_an_expected_phrase_is_heard_and_no_batch_mate_hears_it():
    engine = WhisperEngine(resolve("whisper-base"), WhisperOptions("base", beam=3))
    speech = features(recording("audio/librispeech_test_other__2033-164914-0002.flac"))
    plain = DecodeItem(speech, language="en")
    told = replace(plain, phrases=(Phrase(engine.tokenize(" eunuch"), USUAL_BOOST),))
    others = ("distichs", "delmonico", "merneptah")
    phrases = tuple(Phrase(engine.tokenize(f" {word}"), USUAL_BOOST) for word in others)
    misled = replace(plain, phrases=phrases)
    alone = [engine.decode([item])[0] for item in (plain, told, misled)]
    assert ["eunuch" in h.text for h in alone] == [False, True, False]
    assert not any(word in alone[2].text.lower() for word in others)
    together = engine.decode([plain, told, misled])
    words = [re.sub(r"[^a-z ]", "", h.text.lower()) for h in (*alone, *together)]
    assert words[:3] == words[3:]
    # A draft is kept only as far as it would be found with the phrase.
    drafted = engine.decode([replace(told, draft=alone[0].tokens)])[0]
    assert drafted.kept_tokens > 0
    assert "eunuch" in drafted.text
    engine.close()


@pytest.mark.parametrize("asked", [0, 1, 5])
def test_what_nobody_wants_any_more_is_left(backends, asked):
    left = iter([True] * asked)
    item = DecodeItem(features(recording(CLIP)), language="en")
    wanted = Wanted(lambda: next(left, False))
    assert backends["onnxruntime"].decode([item], wanted) is None
    assert next(left, None) is None


def test_silence_of_no_sound_is_decoded(backends):
    nothing = DecodeItem(np.zeros((80, 40), np.float32), language="en")
    for engine in backends.values():
        assert np.isfinite(engine.decode([nothing])[0].avg_logprob)


def test_weights_that_only_ctranslate2_knows_are_left_to_it(monkeypatch):
    monkeypatch.setattr("speech_server.engines.whisper.weights.LAYOUT", (7, "WhisperSpec", 3))
    place = resolve("whisper-base")
    with pytest.raises(ValueError, match="layout"):
        WhisperEngine(place, WhisperOptions("base", backend="onnxruntime"))
    engine = WhisperEngine(place, WhisperOptions("base"))
    assert wer(WORDS, engine.decode([DecodeItem(features(recording(CLIP)))])[0].text) <= 0.2
    engine.close()


def test_onnx_runtime_is_not_taken_for_what_it_does_not_compute():
    options = WhisperOptions("base", device="cpu", compute_type="float32", backend="onnxruntime")
    with pytest.raises(ValueError, match="not float32 on cpu"):
        WhisperEngine(resolve("whisper-base"), options)


def test_a_broken_model_is_refused(tmp_path):
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises((RuntimeError, ValueError)):
        WhisperEngine(tmp_path, WhisperOptions("broken"))


@pytest.mark.gpu
def test_cuda_runs_what_it_says():
    from speech_server.engines.whisper import cuda_devices

    if not cuda_devices():
        pytest.skip("no CUDA device")
    engine = WhisperEngine(resolve("whisper-base"), WhisperOptions("whisper-base", device="cuda"))
    assert engine.device == "cuda"
    assert wer(WORDS, engine.decode([DecodeItem(features(recording(CLIP)))])[0].text) <= 0.2

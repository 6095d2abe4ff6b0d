"""That a clause is begun before its end has come, and sounds as if it had not been."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from speech_server.audio.output import OutputResampler
from speech_server.engines.piper import (
    Phonemizer,
    decibels,
    to_ids,
)
from speech_server.settings import Settings
from speech_server.telemetry import Metrics
from speech_server.tts import TtsModels, utterance
from speech_server.tts.arrival import Arrival
from speech_server.tts.compute import run_text, run_windows
from speech_server.tts.joining import Joiner
from speech_server.tts.noise import Noise
from speech_server.tts.normalizer import normalize
from speech_server.tts.script import Script, write_script
from speech_server.tts.segmenter import MAX_CHARS, Segment, Segmenter
from speech_server.tts.utterance import Manner, Utterance
from tests.support.real_voice import real_voice
from tests.support.tts_client import Config, Heard, SpeechClient, message, serving

MANNER = Manner(1.0, 0.667, 0.8, 0)
TEXT = "The blue bicycle will be ready for you tomorrow morning at the station."
EXACT_DB = 90.0
NEAR_DB = 40.0
TOKEN_S = 0.05


Part = tuple[Sequence[int], tuple[int, int | None]]
"""Ids of a clause as far as it is known, and which of them are said."""


def words_of(text: str) -> list[str]:
    return re.findall(r"\s*\S+", text)


def opened(pieces: Sequence[str], *, opening: int = 8, first_clause: int = 8) -> list[Segment]:
    """Ask for an opening after each piece."""
    segmenter = Segmenter(first_clause, opening)
    found: list[Segment] = []
    for piece in pieces:
        found += segmenter.feed(piece)
        begun = segmenter.opening()
        found += [] if begun is None else [begun]
    rest = segmenter.rest()
    return found if rest is None else [*found, rest]


def test_an_opening_is_of_whole_words_and_knows_what_follows() -> None:
    first, second, *others = opened(words_of(TEXT))
    assert (first.text, first.before, first.ahead) == ("The blue bicycle", "", " will be")
    assert not first.ends_sentence
    assert (second.text, second.before, second.ahead) == (" will be", first.text, " ready")
    for one, following in pairwise([first, second, *others]):
        assert following.before == one.before + one.text
        assert (following.text + following.ahead).startswith(one.ahead)
    assert "".join(one.text for one in (first, second, *others)) == TEXT
    assert others[-1].ends_sentence
    assert not others[-1].ahead


def test_an_opening_takes_as_much_as_is_known() -> None:
    segmenter = Segmenter(8, 8)
    assert segmenter.feed("The blue bicycle will be ready for you") == []
    begun = segmenter.opening()
    assert begun is not None
    assert (begun.text, begun.ahead) == ("The blue bicycle will be ready", " for you")


def test_the_word_that_is_being_written_is_known_of_the_rest() -> None:
    segmenter = Segmenter(8, 8)
    segmenter.feed("The blue bicycle wo")
    assert segmenter.opening() is None
    segmenter.feed("uld")
    begun = segmenter.opening()
    assert begun is not None
    assert (begun.text, begun.ahead) == ("The blue bicycle", " would")


def test_fewer_letters_are_enough_where_they_are_asked_for() -> None:
    segmenter = Segmenter(8, 8)
    segmenter.feed("Your order")
    assert segmenter.opening(5) is None
    begun = segmenter.opening(4)
    assert begun is not None
    assert (begun.text, begun.ahead) == ("Your", " order")
    segmenter.feed(" was sent")
    begun = segmenter.opening(30)
    assert begun is not None
    assert (begun.text, begun.before, begun.ahead) == (" order", "Your", " was sent")


@pytest.mark.parametrize(
    ("apart_s", "letters"), [(0.0, 3), (0.01, 3), (0.033, 3), (0.05, 4), (0.08, 5), (0.2, 9)]
)
def test_the_slower_a_text_comes_the_longer_its_opening(apart_s: float, letters: int) -> None:
    arrival = Arrival()
    for number in range(3):
        arrival.note(7.0 + number * apart_s)
    assert arrival.pieces == 3
    assert arrival.opening_letters == letters


def test_a_text_of_one_piece_has_no_pace() -> None:
    arrival = Arrival()
    arrival.note(7.0)
    assert (arrival.pieces, arrival.opening_letters) == (1, 3)


@pytest.mark.parametrize(
    "text",
    [
        "It costs 500 dollars and more than that",  # a number is said by what follows it
        "You may write to me@example.com or call me",
        "The *very* best of all the things",
        "Of course we",  # too little
        "Certainly I am",  # too little is known of what follows
        "Certainly co5",  # no word yet, and maybe none
        "Hello",
        "",
    ],
)
def test_what_hangs_on_the_rest_is_not_opened(text: str) -> None:
    segmenter = Segmenter(8, 8)
    segmenter.feed(text)
    assert segmenter.opening() is None
    assert Segmenter(8, 0).opening() is None


def test_segments_after_an_opening_end_where_they_do_without_one() -> None:
    text = "The train to the airport leaves at nine, I think. Mr. Hill knows it. Ask him."
    whole = [one.end for one in opened(words_of(text), opening=0)]
    assert set(whole) <= {one.end for one in opened(words_of(text))}
    assert "".join(one.text for one in opened(words_of(text))) == text


def test_a_clause_without_end_is_opened_within_bounds() -> None:
    for one in opened(words_of("word after word " * 200)):
        assert len(one.before) + len(one.text) + len(one.ahead) <= 2 * MAX_CHARS


def test_the_rest_of_a_clause_is_not_held_for_the_next_sentence() -> None:
    joiner = Joiner(30)
    begun = Segment("Of course we", 0, 12, False, "", " can help")
    assert joiner.feed(begun) == [begun]
    rest = Segment(" can help.", 12, 22, True, begun.text)
    assert joiner.feed(rest) == [rest]


@pytest.mark.parametrize("to_hz", [8000, 16_000, 22_050, 24_000, 48_000])
def test_sound_that_goes_on_is_resampled_without_a_seam(to_hz: int) -> None:
    sound = np.sin(np.arange(30_000) * 0.11).astype(np.float32)
    whole = OutputResampler(22_050, to_hz, len(sound)).push(sound, last=True)
    made: list[np.ndarray] = []
    resampler = OutputResampler(22_050, to_hz, 9000, goes_on=True)
    for begin, stop, goes_on in ((0, 9000, True), (9000, 16_000, True), (16_000, 30_000, False)):
        if begin:
            resampler.go_on(stop - begin, goes_on=goes_on)
        stretch = [
            resampler.push(sound[at : min(stop, at + 2560)], last=at + 2560 >= stop)
            for at in range(begin, stop, 2560)
        ]
        assert sum(map(len, stretch)) == resampler.total
        made += stretch
    joined = np.concatenate(made)
    assert joined.shape == whole.shape
    assert float(np.abs(joined - whole).max()) < 1e-6


class Voice:
    """The real voice, and scripts for it."""

    def __init__(self) -> None:
        self.voice, self.reference = real_voice()
        self.phonemizer = Phonemizer(self.voice.config, 50)

    def script(self, segment: Segment) -> Script:
        script = write_script(
            segment.clause,
            normalize(segment.clause, "en-US"),
            self.phonemizer,
            self.voice.config,
            ends_sentence=segment.ends_sentence,
            part=segment.part,
        )
        assert script is not None
        return script

    def frames(self, script: Script, seed: int, stop: int | None) -> int:
        """Give how long the ids up to one last."""
        one = Utterance(self.voice, script.ids, MANNER, Noise(seed, 0))
        run_text([one])
        return int(one.id_frames[:stop].sum())

    def sound(self, one: Utterance) -> np.ndarray:
        """Compute all of a segment, in windows of growing width."""
        run_text([one])
        made: list[np.ndarray] = []
        for width in (32, 56, *[96] * 100):
            made += run_windows([(one, one.plan(width))])
            if one.finished:
                break
        sound = np.concatenate(made)
        assert len(sound) == one.samples
        return sound

    def sounds(self, parts: Sequence[Part], seed: int) -> tuple[list[np.ndarray], Utterance]:
        """Speak the parts of one clause, each with its ids; gives the last of them, too."""
        made: list[np.ndarray] = []
        before: Utterance | None = None
        for ids, part in parts:
            before = Utterance(self.voice, ids, MANNER, Noise(seed, 0), part=part, after=before)
            made.append(self.sound(before))
        assert before is not None
        return made, before


@pytest.fixture(scope="module")
def voice() -> Iterator[Voice]:
    yield Voice()


@pytest.mark.models
def test_scripts_of_a_clause_join(voice: Voice) -> None:
    segments = opened(words_of("Your order was sent to the wrong city, and it costs $5 more."))
    scripts = [voice.script(one) for one in segments]
    for segment, script in zip(segments, scripts, strict=True):
        assert "".join(word.text for word in script.words) == segment.text
    assert " ".join(one.spoken_text for one in scripts).endswith("it costs five dollars more.")
    for one, following, segment in zip(scripts, scripts[1:], segments[1:], strict=False):
        if segment.before:
            assert following.part[0] == one.part[1]
            assert one.part[1] is not None
            assert following.ids[: one.part[1]] == one.ids[: one.part[1]]


@pytest.mark.models
@pytest.mark.parametrize("cuts", [(20,), (12, 40), (30, 36, 60)])
def test_segments_of_a_clause_are_one_sound(voice: Voice, cuts: tuple[int, ...]) -> None:
    """Where the first knows all that the last does, there is nothing to tell them apart by."""
    ids, _ = to_ids(voice.phonemizer.phonemes(TEXT), voice.voice.config.phoneme_ids)
    edges = zip((0, *cuts), (*cuts, None), strict=True)
    made, last = voice.sounds([(ids, part) for part in edges], 1)
    whole = voice.reference.speak(voice.voice, ids, MANNER, 1, last.total_frames)
    samples = np.concatenate(made)
    assert samples.shape == whole.shape
    assert decibels(whole, samples) > EXACT_DB


@pytest.mark.models
def test_what_follows_an_opening_may_become_another_than_was_known(
    voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last frames are heard with what follows, so that what was guessed is not heard."""
    things = ("blue bicycle", "rental car", "garden tour", "doctor", "next train", "ferry")

    def joined(text: str, seed: int) -> tuple[np.ndarray, int]:
        first, second, *_ = opened(words_of(text), opening=3)
        scripts = voice.script(first), voice.script(second)
        made, _ = voice.sounds([(script.ids, script.part) for script in scripts], seed)
        return np.concatenate(made), len(made[0])

    found: list[float] = []
    for seed, thing in enumerate(things):
        text = f"The {thing} will be ready for you tomorrow at half past three."
        early, seam = joined(text, seed)
        with monkeypatch.context() as patch:
            patch.setattr(utterance, "KEPT_FRAMES", voice.voice.decoder_reach)
            exact, exact_seam = joined(text, seed)
        assert exact_seam < seam
        together = min(len(early), len(exact))
        found.append(decibels(exact[:together], early[:together]))
    assert min(found) > NEAR_DB


@pytest.mark.models
def test_an_opening_has_the_rhythm_of_the_whole_clause(voice: Voice) -> None:
    """It differs no more than the same clause with other noise; alone it is drawn out."""
    opening, noise, alone = [], [], []
    things = ("blue bicycle", "rental car", "garden tour", "doctor", "next train", "ferry")
    for number, thing in enumerate(things):
        text = f"The {thing} will be ready for you tomorrow at half past three."
        first, *_ = opened(words_of(text))
        whole = voice.script(Segment(text, 0, len(text), True))
        stop = voice.script(first).part[1]
        cut = voice.script(Segment(first.text, 0, first.end, False))
        for seed in (number, number + 100):
            frames = voice.frames(whole, seed, stop)
            opening.append(voice.frames(voice.script(first), seed, stop) - frames)
            noise.append(voice.frames(whole, seed + 1000, stop) - frames)
            alone.append(voice.frames(cut, seed, stop) - frames)
    assert np.std(opening) < 1.5 * np.std(noise)
    assert np.abs(opening).mean() < np.abs(alone).mean() / 2


@pytest.fixture(scope="module")
def models() -> Iterator[TtsModels]:
    loaded = asyncio.run(TtsModels.load(Settings(), Metrics()))
    yield loaded
    loaded.close()


@pytest.fixture
async def client(models: TtsModels) -> AsyncIterator[SpeechClient]:
    async with serving(models, Metrics()) as client:
        yield client


async def speak(client: SpeechClient, text: str, **config: object) -> tuple[Heard, float]:
    """Send a text word by word; gives what came, and when the text had ended."""
    ended_s = 0.0

    async def requests() -> AsyncIterator[object]:
        nonlocal ended_s
        yield message("a", config=Config(**config))
        for word in words_of(text):
            await asyncio.sleep(TOKEN_S)
            yield message("a", text=word)
        ended_s = asyncio.get_running_loop().time()
        yield message("a", end_input=True)

    heard = Heard()
    async for response in client.stub.Synthesize(requests()):
        heard.kinds.append(str(response.WhichOneof("payload")))
        heard.responses.append(response)
        heard.times_s.append(asyncio.get_running_loop().time())
    return heard, ended_s


@pytest.mark.models
@pytest.mark.parametrize("rate_hz", [0, 8000, 24_000])
async def test_sound_comes_before_the_clause_has_ended(client: SpeechClient, rate_hz: int) -> None:
    heard, ended_s = await speak(
        client, TEXT, sample_rate_hertz=rate_hz, enable_word_time_offsets=True
    )
    assert heard.times_s[heard.kinds.index("audio")] < ended_s
    segments = [one.segment for one in heard.of("segment")]
    assert len(segments) > 1
    assert "".join(one.text for one in segments) == TEXT
    assert " ".join(one.spoken_text for one in segments) == TEXT
    assert sum(one.sample_count for one in segments) == heard.done.samples_sent
    words = [word for one in heard.of("timings") for word in one.timings.words]
    assert "".join(word.text for word in words) == TEXT
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(words))
    assert words[-1].end_ms <= heard.done.audio_ms


@pytest.mark.models
async def test_what_must_repeat_is_not_opened(client: SpeechClient) -> None:
    heard, _ = await speak(client, TEXT, seed=3)
    assert [one.segment.text for one in heard.of("segment")] == [TEXT]
    heard, _ = await speak(client, TEXT, max_buffer_delay_ms=2000)
    assert [one.segment.text for one in heard.of("segment")] == [TEXT]


@pytest.mark.models
async def test_text_that_comes_whole_is_spoken_whole(client: SpeechClient) -> None:
    text = TEXT.rstrip(".")
    both = [message("a", config=Config()), message("a", text=text), message("a", end_input=True)]
    heard = (await client.speak(both))["a"]
    assert [one.segment.text for one in heard.of("segment")] == [text]

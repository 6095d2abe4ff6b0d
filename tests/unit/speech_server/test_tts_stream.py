"""Synthesize over a real channel with the real voice."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import grpc
import numpy as np
import pytest
from trinity.speech.v1 import audio_pb2
from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from speech_server.settings import Settings
from speech_server.telemetry import Metrics
from speech_server.tts import TtsModels
from tests.support.tts_client import Config, SpeechClient, message, serving, utterance

pytestmark = pytest.mark.models
RATE = 22050
TEXT = "Good morning, and thank you for calling. How can I help you today?"


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture(scope="module")
def models(metrics: Metrics) -> Iterator[TtsModels]:
    loaded = asyncio.run(TtsModels.load(Settings(), metrics))
    yield loaded
    loaded.close()


@pytest.fixture
async def client(models: TtsModels, metrics: Metrics) -> AsyncIterator[SpeechClient]:
    async with serving(models, metrics) as client:
        yield client


def linear(data: bytes) -> np.ndarray:
    return np.frombuffer(data, "<i2").astype(np.float64) / 32767


async def test_messages_come_in_the_order_of_the_contract(client: SpeechClient) -> None:
    heard = (await client.speak(utterance("a", TEXT)))["a"]
    assert heard.kinds[0] == "audio_format"
    assert heard.kinds[1] == "segment"
    assert heard.kinds[-1] == "done"
    form = heard.responses[0].audio_format
    assert (form.sample_rate_hertz, form.voice) == (RATE, "en_US-joe-medium")
    assert form.encoding == audio_pb2.AUDIO_ENCODING_LINEAR16
    chunks = [r.audio for r in heard.of("audio")]
    position = 0
    for chunk in chunks:
        assert chunk.first_sample == position
        position += len(chunk.audio_content) // 2
        assert len(chunk.audio_content) // 2 <= RATE * 0.25
    assert len(chunks[0].audio_content) // 2 == RATE * 40 // 1000
    assert [c.is_final for c in chunks] == [False] * (len(chunks) - 1) + [True]
    segments = [r.segment for r in heard.of("segment")]
    assert "".join(s.text for s in segments) == TEXT
    assert sum(s.sample_count for s in segments) == position == heard.done.samples_sent
    assert heard.done.characters == len(TEXT)
    assert heard.done.audio_ms == pytest.approx(position / RATE * 1000, abs=1)
    assert heard.done.first_audio_ms > 0 < heard.done.compute_ms
    assert 3.0 < position / RATE < 7.0
    assert 0.05 < float(np.sqrt(np.mean(linear(heard.audio) ** 2))) < 0.5


async def test_audio_does_not_depend_on_how_text_was_cut(client: SpeechClient) -> None:
    whole = (await client.speak(utterance("a", TEXT, seed=7)))["a"]
    cut = (await client.speak(utterance("a", list(TEXT), seed=7)))["a"]
    other = (await client.speak(utterance("a", TEXT, seed=8)))["a"]
    assert len(whole.audio) == len(cut.audio)
    assert np.max(np.abs(linear(whole.audio) - linear(cut.audio))) < 1e-3
    assert [s.segment for s in whole.of("segment")] == [s.segment for s in cut.of("segment")]
    assert whole.audio != other.audio


async def test_contexts_share_a_stream_and_do_not_mix(client: SpeechClient) -> None:
    requests = [
        message("a", config=Config(seed=1)),
        message("b", config=Config(seed=1)),
        message("a", text="One sentence "),
        message("b", text="Another "),
        message("a", text="here."),
        message("b", text="one over there."),
        message("a", end_input=True),
        message("b", end_input=True),
    ]
    heard = await client.speak(requests)
    alone = await client.speak(utterance("x", "One sentence here.", seed=1))
    assert heard["a"].kinds[-1] == heard["b"].kinds[-1] == "done"
    assert np.max(np.abs(linear(heard["a"].audio) - linear(alone["x"].audio))) < 1e-3
    assert heard["b"].of("segment")[0].segment.text == "Another one over there."


@pytest.mark.parametrize("text", ["", "...", "😀🎉", "   \n ", "—"])
async def test_what_cannot_be_spoken_is_done_at_once(client: SpeechClient, text: str) -> None:
    heard = (await client.speak(utterance("a", text)))["a"]
    assert heard.kinds == ["audio_format", "done"]
    assert heard.done.samples_sent == 0
    assert heard.times_s[-1] - heard.times_s[0] < 1.0


async def test_flush_speaks_and_answers_after_its_audio(client: SpeechClient) -> None:
    requests = [
        message("a", config=Config(max_buffer_delay_ms=5000)),
        message("a", text="Let me have a look"),
        message("a", flush="f1"),
        message("a", text=" at that for you."),
        message("a", flush="f2"),
        message("a", flush="f3"),
        message("a", end_input=True),
    ]
    heard = (await client.speak(requests))["a"]
    flushes = [i for i, kind in enumerate(heard.kinds) if kind == "flush_done"]
    assert [heard.responses[i].flush_done.flush_id for i in flushes] == ["f1", "f2", "f3"]
    assert "audio" in heard.kinds[: flushes[0]]
    assert "audio" in heard.kinds[flushes[0] : flushes[1]]
    assert [s.segment.text for s in heard.of("segment")] == [
        "Let me have a look",
        " at that for you.",
    ]


async def test_a_stalled_clause_is_spoken_without_more_text(client: SpeechClient) -> None:
    requests = [message("a", config=Config()), message("a", text="Good morning."), 3.0]
    heard = (await client.speak([*requests, message("a", end_input=True)]))["a"]
    first_audio = heard.times_s[heard.kinds.index("audio")]
    assert first_audio - heard.times_s[0] < 2.5
    assert heard.kinds[-1] == "done"


async def test_a_short_sentence_waits_for_the_next_and_not_for_ever(client: SpeechClient) -> None:
    """It is spoken with the next one, or before the sound of the one before it has ended."""
    begin = [message("a", config=Config()), message("a", text="Good morning to you. Sure. ")]
    together = [*begin, message("a", text="It is here."), message("a", end_input=True)]
    heard = (await client.speak(together))["a"]
    assert [s.segment.text for s in heard.of("segment")] == [
        "Good morning to you.",
        " Sure. It is here.",
    ]
    stalled = [*begin, 4.0, message("a", text="It is here."), message("a", end_input=True)]
    heard = (await client.speak(stalled))["a"]
    assert [s.segment.text for s in heard.of("segment")] == [
        "Good morning to you.",
        " Sure.",
        " It is here.",
    ]
    assert heard.times_s[heard.kinds.index("segment", 2)] - heard.times_s[0] < 3.5


async def test_nothing_follows_cancelled(client: SpeechClient) -> None:
    long = "This is a long sentence that goes on for a while and then some more. " * 8
    requests = [
        message("a", config=Config()),
        message("a", text=long),
        0.5,
        message("a", cancel=True),
        message("a", cancel=True),
        message("b", config=Config()),
        message("b", text="Yes."),
        message("b", end_input=True),
    ]
    heard = await client.speak(requests)
    assert heard["a"].kinds[-1] == "cancelled"
    assert heard["a"].kinds.count("cancelled") == 1
    cancelled = heard["a"].responses[-1].cancelled
    assert cancelled.samples_sent == len(heard["a"].audio) // 2
    assert 0 <= cancelled.text_spoken_end < len(long)
    assert heard["b"].kinds[-1] == "done"


async def test_half_close_ends_open_contexts(client: SpeechClient) -> None:
    heard = await client.speak([message("a", config=Config()), message("a", text="Good bye")])
    assert heard["a"].kinds[-1] == "done"
    assert heard["a"].done.samples_sent > 0


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
async def test_output_rates(client: SpeechClient, rate: int) -> None:
    own = (await client.speak(utterance("a", "Good morning.", seed=1)))["a"]
    heard = (await client.speak(utterance("a", "Good morning.", seed=1, sample_rate_hertz=rate)))[
        "a"
    ]
    assert heard.responses[0].audio_format.sample_rate_hertz == rate
    assert heard.done.samples_sent == len(heard.audio) // 2
    assert heard.done.audio_ms == pytest.approx(own.done.audio_ms, abs=1)
    assert heard.of("segment")[0].segment.sample_count == heard.done.samples_sent


@pytest.mark.parametrize(
    ("encoding", "width"),
    [
        (audio_pb2.AUDIO_ENCODING_FLOAT32, 4),
        (audio_pb2.AUDIO_ENCODING_MULAW, 1),
        (audio_pb2.AUDIO_ENCODING_ALAW, 1),
    ],
)
async def test_output_encodings(client: SpeechClient, encoding: int, width: int) -> None:
    heard = (await client.speak(utterance("a", "Yes, please.", encoding=encoding)))["a"]
    assert heard.responses[0].audio_format.encoding == encoding
    assert len(heard.audio) == heard.done.samples_sent * width


async def test_rate_gain_and_silence(client: SpeechClient) -> None:
    text = "First of all. Second of all."
    plain = (await client.speak(utterance("a", text, seed=3, sentence_silence_ms=0)))["a"]
    slow = (
        await client.speak(utterance("a", text, seed=3, sentence_silence_ms=0, speaking_rate=0.5))
    )["a"]
    quiet = (
        await client.speak(
            utterance("a", text, seed=3, sentence_silence_ms=0, volume_gain_db=-20.0)
        )
    )["a"]
    pause = (await client.speak(utterance("a", text, seed=3, sentence_silence_ms=400)))["a"]
    assert 1.6 < slow.done.audio_ms / plain.done.audio_ms < 2.2
    assert np.max(np.abs(linear(plain.audio) * 0.1 - linear(quiet.audio))) < 1e-3
    assert pause.done.audio_ms - plain.done.audio_ms == pytest.approx(400, abs=1)


async def test_times_come_before_their_sound_in_the_clients_characters(
    client: SpeechClient,
) -> None:
    text = "One of the best things, I'm told:  it works!  Then — a lot of it is done. "
    config = {"enable_word_time_offsets": True, "enable_phoneme_time_offsets": True}
    heard = (await client.speak(utterance("a", text, **config)))["a"]
    words: list[pb.WordTiming] = []
    for response in heard.of("timings"):
        batch = response.timings
        at = heard.responses.index(response)
        assert heard.kinds[at - 1] == "segment"
        assert heard.responses[at - 1].segment.index == batch.segment_index
        assert batch.phonemes
        words += batch.words
    assert "".join(word.text for word in words) == text.rstrip()
    for word in words:
        assert text[word.start_char : word.end_char] == word.text
        assert word.start_ms <= word.end_ms
    assert [w.start_ms for w in words] == sorted(w.start_ms for w in words)
    assert words[0].start_ms < 300
    assert heard.done.audio_ms - 600 < words[-1].end_ms <= heard.done.audio_ms
    spoken = [w for w in words if any(c.isalpha() for c in w.text)]
    assert all(20 < w.end_ms - w.start_ms < 900 for w in spoken)


async def test_words_are_where_their_sound_is(client: SpeechClient) -> None:
    """The pause of a comma has no sound and lies between two words."""
    heard = (
        await client.speak(
            utterance("a", "Yes, please.", enable_word_time_offsets=True, noise_scale=0.0)
        )
    )["a"]
    first, second = [w for r in heard.of("timings") for w in r.timings.words]
    sound = linear(heard.audio)

    def loudness(begin_ms: int, end_ms: int) -> float:
        part = sound[begin_ms * RATE // 1000 : end_ms * RATE // 1000]
        return float(np.sqrt(np.mean(part**2)))

    assert loudness(first.start_ms, first.end_ms) > 0.03
    assert loudness(second.start_ms, second.end_ms) > 0.03
    assert loudness(second.end_ms + 60, len(sound) * 1000 // RATE) < 0.01


async def test_custom_pronunciations_are_spoken(client: SpeechClient) -> None:
    text = "Hello Nguyen, hello."
    entry = pb.CustomPronunciation(phrase="nguyen", ipa="wˈɪn")
    config = {"enable_phoneme_time_offsets": True, "custom_pronunciations": [entry]}
    heard = (await client.speak(utterance("a", text, **config)))["a"]
    phonemes = "".join(p.phoneme for r in heard.of("timings") for p in r.timings.phonemes)
    assert "wˈɪn" in phonemes


async def test_numbers_are_written_out_and_markup_is_not_spoken(client: SpeechClient) -> None:
    text = "**That** is $3.50 😀."
    heard = (await client.speak(utterance("a", text, enable_word_time_offsets=True)))["a"]
    segment = heard.of("segment")[0].segment
    assert segment.text == text
    assert segment.spoken_text == "That is three dollars and fifty cents."
    words = [w for r in heard.of("timings") for w in r.timings.words]
    assert [w.text for w in words] == ["**That** ", "is ", "$3.50 ", "😀."]
    assert words[2].end_ms - words[2].start_ms > 700
    off = {"text_normalization": pb.TEXT_NORMALIZATION_OFF}
    plain = (await client.speak(utterance("a", "At $3.50.", **off)))["a"]
    assert plain.of("segment")[0].segment.spoken_text == "At $3.50."


async def test_a_repeated_prompt_is_said_from_memory_with_its_times(client: SpeechClient) -> None:
    config = {"enable_word_time_offsets": True, "sample_rate_hertz": 16000}
    first = (await client.speak(utterance("a", "Please hold the line.", **config)))["a"]
    again = (await client.speak(utterance("b", "Please hold the line.", **config)))["b"]
    assert again.audio == first.audio
    assert [r.timings for r in again.of("timings")] == [r.timings for r in first.of("timings")]
    assert again.done.compute_ms < first.done.compute_ms / 2


BAD = [
    ([message("a", config=Config(voice="nobody"))], "NOT_FOUND", "config.voice"),
    ([message("a", text="Hello")], "INVALID_ARGUMENT", "config"),
    ([message("", config=Config())], "INVALID_ARGUMENT", "context_id"),
    ([pb.SynthesizeRequest(context_id="a")], "INVALID_ARGUMENT", "payload"),
    ([message("a", config=Config())] * 2, "INVALID_ARGUMENT", "context_id"),
    (
        [*utterance("a", "Hello."), message("a", text="more")],
        "INVALID_ARGUMENT",
        "text",
    ),
    *(
        ([message("a", config=config)], status, f"config.{field}")
        for config, status, field in [
            (Config(sample_rate_hertz=44), "INVALID_ARGUMENT", "sample_rate_hertz"),
            (Config(sample_rate_hertz=96000), "INVALID_ARGUMENT", "sample_rate_hertz"),
            (Config(speaking_rate=9.0), "INVALID_ARGUMENT", "speaking_rate"),
            (Config(speaking_rate=float("nan")), "INVALID_ARGUMENT", "speaking_rate"),
            (Config(volume_gain_db=40), "INVALID_ARGUMENT", "volume_gain_db"),
            (Config(noise_scale=-1), "INVALID_ARGUMENT", "noise_scale"),
            (Config(noise_w_scale=3), "INVALID_ARGUMENT", "noise_w_scale"),
            (Config(sentence_silence_ms=-1), "INVALID_ARGUMENT", "sentence_silence_ms"),
            (Config(max_buffer_delay_ms=9999), "INVALID_ARGUMENT", "max_buffer_delay_ms"),
            (Config(speaker="nobody"), "INVALID_ARGUMENT", "speaker"),
            (Config(encoding=77), "INVALID_ARGUMENT", "encoding"),
            (
                Config(custom_pronunciations=[pb.CustomPronunciation(phrase="a", ipa="☃")]),
                "INVALID_ARGUMENT",
                "custom_pronunciations[0].ipa",
            ),
        ]
    ),
]


@pytest.mark.parametrize(("requests", "status", "field"), BAD)
async def test_bad_input_names_the_field_and_ends_only_its_stream(
    client: SpeechClient, requests: list[object], status: str, field: str
) -> None:
    good = asyncio.create_task(client.speak(utterance("g", "All is well here.")))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await client.speak([*requests, 0.2])
    assert error.value.code().name == status
    assert f'"{field}"' in repr(error.value.trailing_metadata()) or field in str(
        error.value.trailing_metadata()
    )
    assert (await good)["g"].kinds[-1] == "done"
    assert (await client.speak(utterance("n", "Next.")))["n"].done.samples_sent > 0


async def test_too_much_text_is_refused(client: SpeechClient) -> None:
    requests = [message("a", config=Config()), *[message("a", text="x" * 40_000)] * 3]
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await client.speak(requests)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_list_voices(client: SpeechClient) -> None:
    voices = (await client.stub.ListVoices(pb.ListVoicesRequest())).voices
    assert len(voices) == 1
    voice = voices[0]
    assert (voice.name, voice.language_code, voice.sample_rate_hertz) == (
        "en_US-joe-medium",
        "en-US",
        RATE,
    )
    assert (voice.quality, voice.license, voice.stages) == ("medium", "CC0-1.0", 3)
    assert voice.is_default and voice.loaded and not voice.speakers
    for code, count in [("en", 1), ("en_us", 1), ("de", 0), ("en-GB", 0)]:
        request = pb.ListVoicesRequest(language_code=code)
        assert len((await client.stub.ListVoices(request)).voices) == count


async def test_a_client_that_goes_away_leaves_nothing(
    client: SpeechClient, models: TtsModels
) -> None:
    call = client.stub.Synthesize()
    await call.write(message("a", config=Config()))
    await call.write(message("a", text="A sentence that nobody waits for. " * 20))
    await asyncio.sleep(0.3)
    call.cancel()
    async with asyncio.timeout(10):
        while models.scheduler.lanes:  # noqa: ASYNC110 - the scheduler is a thread
            await asyncio.sleep(0.05)


async def test_words_around_a_flush_join_to_the_text(client: SpeechClient) -> None:
    requests = [
        message("a", config=Config(enable_word_time_offsets=True)),
        message("a", text="One moment, please. "),
        message("a", flush="f1"),
        message("a", text="Here it is."),
        message("a", end_input=True),
    ]
    heard = (await client.speak(requests))["a"]
    words = [w for r in heard.of("timings") for w in r.timings.words]
    assert "".join(word.text for word in words) == "One moment, please. Here it is."

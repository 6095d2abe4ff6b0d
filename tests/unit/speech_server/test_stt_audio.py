import os
import subprocess
import sys

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.vad import SileroVADModel

from speech_server.audio.decoding import InputEncoding, decode
from speech_server.audio.history import History
from speech_server.audio.log_mel import StreamLogMel, as_features, mel_filters, silence
from speech_server.audio.resampling import StreamResampler
from speech_server.engines.silero import SileroVad
from tests.support.stt_rig import VAD_FILE


def noise(seconds: float, rate: int = 16_000, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    envelope = np.repeat(rng.uniform(0.001, 0.3, int(seconds * 10) + 1), rate // 10)
    samples = rng.normal(0, 1, int(seconds * rate)) * envelope[: int(seconds * rate)]
    return samples.astype(np.float32)


def cuts(total: int, seed: int = 2) -> list[int]:
    rng = np.random.default_rng(seed)
    return sorted(rng.integers(0, total, 40).tolist())


def test_silence_is_what_whisper_would_have_been_given():
    stream = StreamLogMel(80)
    stream.push(noise(1))
    spoken = as_features(stream.frames.rows(0, 10**6))
    filled = FeatureExtractor()(np.pad(noise(1), (0, 16_000)), padding=0)
    assert silence(spoken) == pytest.approx(filled[:, -50:].max(), abs=1e-4)
    assert silence(spoken[:, :0]) == 0.0


@pytest.mark.parametrize("n_mels", [80, 128])
def test_mel_filters_are_whispers(n_mels):
    expected = FeatureExtractor(feature_size=n_mels).mel_filters
    np.testing.assert_allclose(mel_filters(n_mels), expected, atol=1e-6)


def test_spectrum_in_pieces_equals_whispers_in_one():
    audio = noise(5)
    expected = FeatureExtractor()(audio, padding=0)
    stream = StreamLogMel(80)
    for piece in np.split(audio, cuts(len(audio))):
        stream.push(piece)
    frames = stream.frames.rows(0, 10**6)
    got = as_features(frames)
    # Whisper mirrors its audio at both ends; a stream has what really came before.
    inner = slice(2, got.shape[1] - 2)
    assert got.shape[1] >= expected.shape[1] - 2
    np.testing.assert_allclose(got[:, inner], expected[:, : got.shape[1]][:, inner], atol=2e-4)


def test_no_frames_give_no_features():
    stream = StreamLogMel(80)
    stream.push(np.zeros(10, np.float32))
    assert as_features(stream.frames.rows(0, 5)).shape == (80, 0)


def test_voice_in_pieces_equals_the_model_in_one():
    audio = noise(3)[: 512 * 90]
    expected = SileroVADModel(str(VAD_FILE))(audio).reshape(-1)
    stream = SileroVad(VAD_FILE).stream()
    got = [p for piece in np.split(audio, cuts(len(audio))) for p in stream.push(piece)]
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_resampling_in_pieces_keeps_every_sample(rate):
    t = np.arange(rate * 2) / rate
    tone = np.sin(2 * np.pi * 440 * t).astype(np.float32)
    stream = StreamResampler(rate)
    got = [stream.push(piece) for piece in np.split(tone, cuts(len(tone)))]
    out = np.concatenate([*got, stream.flush()])
    assert abs(len(out) - 32_000) <= 2
    expected = np.sin(2 * np.pi * 440 * np.arange(len(out)) / 16_000)
    np.testing.assert_allclose(out[2000:-2000], expected[2000:-2000], atol=0.01)


def test_a_flush_leaves_no_gap():
    stream = StreamResampler(48_000)
    total = 0
    for _ in range(10):
        total += len(stream.push(np.zeros(4800, np.float32))) + len(stream.flush())
    assert abs(total - 16_000) <= 10


def test_linear16_and_float32_agree():
    samples = noise(0.1).clip(-1, 1)
    pcm = (samples * 32768).round().clip(-32768, 32767).astype("<i2")
    np.testing.assert_allclose(
        decode(pcm.tobytes(), InputEncoding.LINEAR16),
        decode(samples.astype("<f4").tobytes(), InputEncoding.FLOAT32),
        atol=2e-5,
    )


# Corner values of ITU-T G.711: code, 16-bit sample.
MULAW = {0x00: -32124, 0x0F: -16764, 0x7F: 0, 0x80: 32124, 0xFF: 0, 0xFE: 8, 0x70: -120}
ALAW = {0x55: -8, 0xD5: 8, 0x2A: -32256, 0xAA: 32256, 0x54: -24, 0xD4: 24, 0x00: -5504}


@pytest.mark.parametrize(
    ("encoding", "table"), [(InputEncoding.MULAW, MULAW), (InputEncoding.ALAW, ALAW)]
)
def test_g711(encoding, table):
    got = decode(bytes(table), encoding) * 32768
    np.testing.assert_allclose(got, list(table.values()))


def test_g711_covers_every_code_once():
    every = bytes(range(256))
    for encoding, count in ((InputEncoding.MULAW, 255), (InputEncoding.ALAW, 256)):
        values = decode(every, encoding)
        assert np.abs(values).max() < 1
        # mu-law has two codes for zero.
        assert len(set(values.tolist())) == count


def test_history_addresses_rows_by_number():
    history: History[np.float32] = History((), np.float32)
    kept = np.zeros(0, np.float32)
    rng = np.random.default_rng(5)
    for _ in range(200):
        rows = rng.normal(size=int(rng.integers(0, 300))).astype(np.float32)
        history.append(rows)
        kept = np.concatenate([kept, rows])
        history.forget_before(int(rng.integers(0, len(kept) + 1)) - 200)
        assert history.end == len(kept)
        begin = int(rng.integers(0, len(kept) + 1))
        np.testing.assert_array_equal(
            history.rows(begin, begin + 50), kept[max(begin, history.first) : begin + 50]
        )
    assert history.rows(10**6, 10**7).size == 0


def test_the_sums_of_the_front_end_stay_on_one_thread() -> None:
    script = (
        "import os, speech_server.audio.log_mel, numpy as np\n"
        "np.ones((2000, 400), np.float32) @ np.ones((400, 400), np.float32)\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "1"

"""Real recordings, as tests of recognition take them."""

import os
import re
from pathlib import Path

import jiwer
import numpy as np
import pytest
import soundfile

from speech_server.audio.log_mel import StreamLogMel, as_features

SPEECH = Path(os.environ.get("SPEECH_DATA") or Path(__file__).parents[3] / "shared" / "speech")
CLIP = "audio/librispeech_test_other__1688-142285-0003.flac"
WORDS = "i really liked that account of himself better than anything else he said"
EUNUCH = "audio/librispeech_test_other__2033-164914-0002.flac"


def recording(name: str) -> np.ndarray:
    path = SPEECH / name
    if not path.is_file():
        pytest.skip(f"no recordings at {SPEECH}; SPEECH_DATA names them")
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 16_000
    return samples


def wer(reference: str, text: str) -> float:
    return jiwer.wer(reference, re.sub(r"[^a-z' ]", "", text.lower()))


def features(samples: np.ndarray) -> np.ndarray:
    spectrum = StreamLogMel(80)
    spectrum.push(samples)
    return as_features(spectrum.frames.rows(0, 10**6))

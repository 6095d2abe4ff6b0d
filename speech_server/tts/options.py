"""What a client asked for, checked; and the words of the contract for it."""

import math
import unicodedata
from dataclasses import dataclass
from typing import Literal

from trinity.speech.v1 import audio_pb2
from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from speech_server.audio.output import OutputEncoding
from speech_server.errors import InvalidRequest

MIN_RATE_HZ, MAX_RATE_HZ = 8000, 48000
MAX_PRONUNCIATIONS = 500
MAX_PHRASE_CHARS = 200

_ENCODINGS: dict[int, OutputEncoding] = {
    audio_pb2.AUDIO_ENCODING_UNSPECIFIED: "LINEAR16",
    audio_pb2.AUDIO_ENCODING_LINEAR16: "LINEAR16",
    audio_pb2.AUDIO_ENCODING_FLOAT32: "FLOAT32",
    audio_pb2.AUDIO_ENCODING_MULAW: "MULAW",
    audio_pb2.AUDIO_ENCODING_ALAW: "ALAW",
}
_NORMALIZATIONS: dict[int, Literal["auto", "on", "off"]] = {
    pb.TEXT_NORMALIZATION_UNSPECIFIED: "auto",
    pb.TEXT_NORMALIZATION_AUTO: "auto",
    pb.TEXT_NORMALIZATION_ON: "on",
    pb.TEXT_NORMALIZATION_OFF: "off",
}
ENCODING_NUMBERS: dict[OutputEncoding, audio_pb2.AudioEncoding.ValueType] = {
    "LINEAR16": audio_pb2.AUDIO_ENCODING_LINEAR16,
    "FLOAT32": audio_pb2.AUDIO_ENCODING_FLOAT32,
    "MULAW": audio_pb2.AUDIO_ENCODING_MULAW,
    "ALAW": audio_pb2.AUDIO_ENCODING_ALAW,
}


@dataclass(frozen=True)
class SpeechOptions:
    """How one context is to be spoken; None takes the voice's or the server's default.

    ``gain`` is a factor, ``length_factor`` the inverse of the speaking rate.
    """

    voice: str
    speaker: str
    sample_rate_hz: int | None
    encoding: OutputEncoding
    length_factor: float
    gain: float
    noise_scale: float | None
    noise_w_scale: float | None
    seed: int | None
    buffer_delay_ms: int | None
    sentence_silence_ms: int | None
    max_lead_ms: int | None
    word_times: bool
    phoneme_times: bool
    pronunciations: tuple[tuple[str, str], ...]
    normalization: Literal["auto", "on", "off"]


def read_options(config: pb.StreamingSynthesizeConfig) -> SpeechOptions:
    """Check a config.

    Raises:
        InvalidRequest: A value is out of its bounds; names the field.
    """
    if config.text_normalization not in _NORMALIZATIONS:
        raise InvalidRequest("no such normalization", field="config.text_normalization")
    encoding = _ENCODINGS.get(config.encoding)
    if encoding is None:
        raise InvalidRequest("no such encoding", field="config.encoding")
    rate_hz = config.sample_rate_hertz
    if rate_hz and not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise InvalidRequest(
            f"the sample rate must be 0 or {MIN_RATE_HZ} to {MAX_RATE_HZ}",
            field="config.sample_rate_hertz",
        )
    rate = _number(config, "speaking_rate", 0.25, 4.0)
    gain_db = _number(config, "volume_gain_db", -40.0, 16.0)
    return SpeechOptions(
        voice=config.voice,
        speaker=config.speaker,
        sample_rate_hz=rate_hz or None,
        encoding=encoding,
        length_factor=1.0 / rate if rate is not None else 1.0,
        gain=10.0 ** ((gain_db or 0.0) / 20.0),
        noise_scale=_number(config, "noise_scale", 0.0, 2.0),
        noise_w_scale=_number(config, "noise_w_scale", 0.0, 2.0),
        seed=config.seed if config.HasField("seed") else None,
        buffer_delay_ms=_whole(config, "max_buffer_delay_ms", 5000),
        sentence_silence_ms=_whole(config, "sentence_silence_ms", 5000),
        max_lead_ms=_whole(config, "max_lead_ms", 1 << 31) or None,
        word_times=config.enable_word_time_offsets,
        phoneme_times=config.enable_phoneme_time_offsets,
        pronunciations=_pronunciations(config),
        normalization=_NORMALIZATIONS[config.text_normalization],
    )


def _pronunciations(config: pb.StreamingSynthesizeConfig) -> tuple[tuple[str, str], ...]:
    entries = config.custom_pronunciations
    if len(entries) > MAX_PRONUNCIATIONS:
        raise InvalidRequest(
            f"at most {MAX_PRONUNCIATIONS} pronunciations", field="config.custom_pronunciations"
        )
    for number, entry in enumerate(entries):
        for field, value in (("phrase", entry.phrase), ("ipa", entry.ipa)):
            if not value.strip() or len(value) > MAX_PHRASE_CHARS:
                raise InvalidRequest(
                    f"must have 1 to {MAX_PHRASE_CHARS} characters",
                    field=f"config.custom_pronunciations[{number}].{field}",
                )
    # Voices know letters and marks apart.
    return tuple(
        (entry.phrase, unicodedata.normalize("NFD", entry.ipa.strip())) for entry in entries
    )


def _number(
    config: pb.StreamingSynthesizeConfig, field: str, low: float, high: float
) -> float | None:
    if not config.HasField(field):  # type: ignore[arg-type]
        return None
    value = float(getattr(config, field))
    if not math.isfinite(value) or not low <= value <= high:
        raise InvalidRequest(f"{field} must be {low:g} to {high:g}", field=f"config.{field}")
    return value


def _whole(config: pb.StreamingSynthesizeConfig, field: str, high: int) -> int | None:
    if not config.HasField(field):  # type: ignore[arg-type]
        return None
    value = int(getattr(config, field))
    if not 0 <= value <= high:
        raise InvalidRequest(f"{field} must be 0 to {high}", field=f"config.{field}")
    return value

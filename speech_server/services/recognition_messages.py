"""Between the messages of ``Transcribe`` and what a session understands."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from google.protobuf.message import Message as ProtoMessage
from trinity.speech.v1 import audio_pb2 as audio
from trinity.speech.v1 import speech_to_text_service_pb2 as pb

from speech_server.audio.decoding import InputEncoding
from speech_server.engines.base import Phrase, RecognitionEngine
from speech_server.errors import FieldNotServed, FixedField, InvalidRequest, ModelNotFound
from speech_server.stt.config import StreamConfig
from speech_server.stt.endpointing import Endpointing
from speech_server.stt.results import (
    Draining,
    FilteredReason,
    FinalizeReason,
    Message,
    Result,
    SpeechEvent,
)

ENCODINGS: Final = {
    audio.AUDIO_ENCODING_UNSPECIFIED: InputEncoding.LINEAR16,
    audio.AUDIO_ENCODING_LINEAR16: InputEncoding.LINEAR16,
    audio.AUDIO_ENCODING_FLOAT32: InputEncoding.FLOAT32,
    audio.AUDIO_ENCODING_MULAW: InputEncoding.MULAW,
    audio.AUDIO_ENCODING_ALAW: InputEncoding.ALAW,
}
FINALIZED: Final = {
    None: pb.FINALIZE_REASON_UNSPECIFIED,
    FinalizeReason.ENDPOINT: pb.FINALIZE_REASON_ENDPOINT,
    FinalizeReason.FORCED: pb.FINALIZE_REASON_FORCED,
    FinalizeReason.MAX_DURATION: pb.FINALIZE_REASON_MAX_DURATION,
    FinalizeReason.STREAM_END: pb.FINALIZE_REASON_STREAM_END,
}
FILTERED: Final = {
    None: pb.FILTERED_REASON_UNSPECIFIED,
    FilteredReason.NO_VOICE: pb.FILTERED_REASON_NO_VOICE,
    FilteredReason.LOW_CONFIDENCE: pb.FILTERED_REASON_LOW_CONFIDENCE,
    FilteredReason.LOOP: pb.FILTERED_REASON_LOOP,
    FilteredReason.IMPOSSIBLE_TIMES: pb.FILTERED_REASON_IMPOSSIBLE_TIMES,
}
MOST_CONTEXT: Final = 128
"""Tokens of phrases before the transcript: they take from what Whisper may write, and slow it
down."""

MOST_PHRASES: Final = 1024
"""Tokens of phrases with a weight, of which each decode makes an index."""

USUAL_BOOST: Final = 5.0
"""What each token of a phrase gains, in nats, where a client gives no weight (ADR 0025)."""

MOST_BOOST: Final = 10.0
"""Beyond, phrases are heard where nothing like them was said (ADR 0025)."""

RATES_HZ: Final = (8_000, 48_000)
ENDPOINTING_LIMITS: Final[dict[str, tuple[float, float]]] = {
    "start_threshold": (0.01, 1),
    "stop_threshold": (0, 1),
    "min_speech_ms": (0, 2_000),
    "prefix_padding_ms": (0, 2_000),
    "preflight_silence_ms": (0, 5_000),
    "stop_silence_ms": (32, 10_000),
    "max_stop_silence_ms": (32, 20_000),
    "end_of_turn_threshold": (0, 1),
    "max_utterance_ms": (2_000, 28_000),
}


def first_config(
    message: pb.StreamingRecognitionConfig, engine: RecognitionEngine, defaults: Endpointing
) -> StreamConfig:
    """Check the config that opens a stream.

    Raises:
        InvalidRequest: A value is not possible.
        ModelNotFound: The model is not served.
        FieldNotServed: The engine weighs no phrases.
    """
    if message.model and message.model != engine.name:
        raise ModelNotFound(
            f"no model {message.model!r} is served; ListModels tells which are",
            field="config.model",
        )
    encoding = ENCODINGS.get(message.encoding)
    if encoding is None:
        raise InvalidRequest(f"{message.encoding} is no encoding", field="config.encoding")
    low, high = RATES_HZ
    if not low <= message.sample_rate_hertz <= high:
        raise InvalidRequest(
            f"{message.sample_rate_hertz} Hz is not between {low} and {high}",
            field="config.sample_rate_hertz",
        )
    if message.task not in pb.RecognitionTask.values():
        raise InvalidRequest(f"{message.task} is no task", field="config.task")
    translate = message.task == pb.RECOGNITION_TASK_TRANSLATE
    if translate and len(engine.languages) == 1:
        raise InvalidRequest(f"{engine.name} cannot translate", field="config.task")
    config = StreamConfig(
        encoding=encoding,
        rate_hz=message.sample_rate_hertz,
        endpointing=_endpointing(message.endpointing_config, defaults),
        language=_language(message.language_code, engine),
        task="translate" if translate else "transcribe",
        interim_results=message.interim_results,
        events=message.enable_voice_activity_events,
        words=message.enable_word_time_offsets or message.enable_word_confidence,
        word_times=message.enable_word_time_offsets,
        word_confidence=message.enable_word_confidence,
    )
    return _with_phrases(config, message.speech_contexts, engine)


def later_config(
    message: pb.StreamingRecognitionConfig,
    config: StreamConfig,
    engine: RecognitionEngine,
    defaults: Endpointing,
) -> StreamConfig:
    """Check a config in mid-stream; fields that are not set stay as they are.

    Raises:
        FixedField: It changes what is fixed.
        InvalidRequest: A value is not possible.
    """
    task = (
        pb.RECOGNITION_TASK_TRANSLATE
        if config.task == "translate"
        else (pb.RECOGNITION_TASK_TRANSCRIBE)
    )
    same = {
        "model": message.model in ("", engine.name),
        "sample_rate_hertz": message.sample_rate_hertz in (0, config.rate_hz),
        "encoding": message.encoding == audio.AUDIO_ENCODING_UNSPECIFIED
        or ENCODINGS.get(message.encoding) is config.encoding,
        "task": message.task in (pb.RECOGNITION_TASK_UNSPECIFIED, task),
        "interim_results": message.interim_results in (False, config.interim_results),
        "enable_voice_activity_events": message.enable_voice_activity_events
        in (False, config.events),
        "enable_word_time_offsets": message.enable_word_time_offsets in (False, config.word_times),
        "enable_word_confidence": message.enable_word_confidence in (False, config.word_confidence),
    }
    for name, unchanged in same.items():
        if not unchanged:
            raise FixedField(f"{name} cannot change in mid-stream", field=f"config.{name}")
    if message.language_code:
        config = replace(config, language=_language(message.language_code, engine))
    if message.speech_contexts:
        config = _with_phrases(config, message.speech_contexts, engine)
    if message.HasField("endpointing_config"):
        config = replace(config, endpointing=_endpointing(message.endpointing_config, defaults))
    return config


def to_response(message: Message, config: StreamConfig) -> pb.TranscribeResponse:
    """Put what a session tells into a message."""
    if isinstance(message, Draining):
        return pb.TranscribeResponse(
            server_draining=pb.ServerDraining(deadline_ms=message.deadline_ms)
        )
    if isinstance(message, SpeechEvent):
        return pb.TranscribeResponse(
            speech_event=pb.SpeechEvent(
                speech_event_type=pb.SPEECH_EVENT_TYPE_BEGIN
                if message.began
                else pb.SPEECH_EVENT_TYPE_END,
                time_ms=message.time_ms,
                utterance_id=message.utterance_id,
            )
        )
    return pb.TranscribeResponse(result=_result(message, config))


def _result(result: Result, config: StreamConfig) -> pb.StreamingRecognitionResult:
    hypothesis = result.hypothesis
    return pb.StreamingRecognitionResult(
        utterance_id=result.utterance_id,
        revision=result.revision,
        transcript=result.text,
        is_final=result.final is not None,
        stability=result.stability,
        stable_prefix_chars=result.stable_chars,
        preflight=result.preflight,
        finalize_reason=FINALIZED[result.final],
        filtered_reason=FILTERED[result.filtered],
        confidence=result.confidence,
        words=[
            pb.WordInfo(
                word=word.text,
                start_ms=word.start_ms if config.word_times else 0,
                end_ms=word.end_ms if config.word_times else 0,
                confidence=word.confidence if config.word_confidence else 0.0,
                is_stable=result.final is not None,
            )
            for word in result.words
        ],
        language_code=hypothesis.language,
        language_probability=hypothesis.language_probability,
        end_of_turn_probability=result.end_of_turn,
        start_ms=result.start_ms,
        end_ms=result.end_ms,
        audio_processed_ms=result.audio_ms,
        timings=pb.RecognitionTimings(
            queue_ms=hypothesis.queue_ms,
            encode_ms=hypothesis.encode_ms,
            decode_ms=hypothesis.decode_ms,
            batch_size=hypothesis.batch_size,
            context_frames=hypothesis.context_frames,
            speculative_hit=result.speculative_hit,
        ),
    )


def _with_phrases(
    config: StreamConfig, contexts: Sequence[pb.SpeechContext], engine: RecognitionEngine
) -> StreamConfig:
    """Let a stream expect phrases: with a weight, or before the transcript where there is none.

    Raises:
        InvalidRequest: They are more than the model can take, or a weight is not possible.
        FieldNotServed: The engine weighs no phrases.
    """
    gains: dict[str, float] = {}
    for index, context in enumerate(contexts):
        gain = _gain(context.boost, f"config.speech_contexts[{index}].boost", engine)
        gains |= dict.fromkeys(filter(None, map(str.strip, context.phrases)), gain)
    told = engine.tokenize(" " + ", ".join(gains)) if gains else ()
    most = MOST_PHRASES if engine.weighs_phrases else MOST_CONTEXT
    if len(told) > most:
        raise InvalidRequest(
            f"the phrases are {len(told)} tokens, more than {most}", field="config.speech_contexts"
        )
    if not engine.weighs_phrases:
        return replace(config, context=told)
    # A sentence may begin with it.
    forms = {
        form: gain
        for phrase, gain in gains.items()
        for form in (phrase, phrase[0].upper() + phrase[1:])
    }
    return replace(
        config,
        phrases=tuple(Phrase(engine.tokenize(f" {form}"), gain) for form, gain in forms.items()),
    )


def _gain(boost: float, field: str, engine: RecognitionEngine) -> float:
    if not 0 <= boost <= MOST_BOOST:
        raise InvalidRequest(f"{boost:g} is not between 0 and {MOST_BOOST:g}", field=field)
    if boost and not engine.weighs_phrases:
        raise FieldNotServed("this model's engine weighs no phrases; leave boost at 0", field=field)
    return boost or USUAL_BOOST


def _language(code: str, engine: RecognitionEngine) -> str | None:
    """Give the language that the model knows; None for one that is to be detected."""
    if code.lower() in ("", "auto"):
        return None if len(engine.languages) > 1 else engine.languages[0]
    language = code.replace("_", "-").split("-")[0].lower()
    if language not in engine.languages:
        raise InvalidRequest(
            f"{engine.name} does not know the language {code!r}", field="config.language_code"
        )
    return language


def _endpointing(message: pb.EndpointingConfig, defaults: Endpointing) -> Endpointing:
    chosen: dict[str, Any] = {}
    for name, (low, high) in ENDPOINTING_LIMITS.items():
        if not _is_set(message, name):
            continue
        value = getattr(message, name)
        if not low <= value <= high:
            raise InvalidRequest(
                f"{value:g} is not between {low:g} and {high:g}",
                field=f"config.endpointing_config.{name}",
            )
        chosen[name] = value
    result = replace(defaults, **chosen)
    if "stop_threshold" not in chosen:
        result = replace(result, stop_threshold=min(result.stop_threshold, result.start_threshold))
    if result.stop_threshold > result.start_threshold:
        raise InvalidRequest(
            "stop_threshold is above start_threshold",
            field="config.endpointing_config.stop_threshold",
        )
    if "stop_silence_ms" in chosen and "max_stop_silence_ms" not in chosen:
        longest = max(result.max_stop_silence_ms, result.stop_silence_ms)
        result = replace(result, max_stop_silence_ms=longest)
    if result.max_stop_silence_ms < result.stop_silence_ms:
        raise InvalidRequest(
            "max_stop_silence_ms is below stop_silence_ms",
            field="config.endpointing_config.max_stop_silence_ms",
        )
    return result


def _is_set(message: ProtoMessage, name: str) -> bool:
    return message.HasField(name)

"""Settings of hearing and speaking."""

from typing import Literal

from pydantic import Field

from agent.settings.group import Pairs, Phrases, Seconds, SettingsGroup


class SpeechSettings(SettingsGroup):
    """The speech server, and what is asked of it."""

    speech_target: str = Field(
        default="127.0.0.1:50051",
        description="gRPC address of the speech server; several, comma-separated, are used in "
        "turn; dns:///name takes all addresses of a name.",
    )
    speech_connect_seconds: Seconds = Field(
        default=3,
        gt=0,
        description="Longest wait for a connection to the speech server, in seconds.",
    )
    tts_connect_seconds: Seconds = Field(
        default=0.5,
        gt=0,
        description="Longest wait for a connection when a reply is to be spoken, in seconds; it is "
        "tried twice.",
    )
    language: str = Field(
        default="en", description="ISO 639-1 code of the caller's language; auto detects it."
    )
    stt_model: str = Field(
        default="", description="Recognition model; empty takes the server's default."
    )
    stt_phrases: Phrases = Field(
        default=(),
        description="Names and words that callers are likely to say, as they are written.",
    )
    stt_replay_seconds: Seconds = Field(
        default=30,
        description="Audio that is sent again to another speech server when one fails in the "
        "middle of an utterance, in seconds.",
    )
    stt_flush_seconds: Seconds = Field(
        default=2.0,
        description="Silence after which the server is asked to finish an utterance that it "
        "still holds open, in seconds.",
    )
    stt_stop_silence_ms: int = Field(
        default=416,
        ge=0,
        le=10000,
        description="Silence that ends an utterance whose turn seems complete, in milliseconds. "
        "The reply is made meanwhile.",
    )
    stt_max_stop_silence_ms: int = Field(
        default=1376,
        ge=0,
        le=10000,
        description="Silence that ends an utterance whose turn seems incomplete, in milliseconds.",
    )
    voice: str = Field(default="", description="Voice; empty takes the server's default.")
    tts_sample_rate_hz: int = Field(
        default=24000, ge=8000, le=48000, description="Sample rate of the agent's voice, in hertz."
    )
    speaking_rate: float | None = Field(
        default=None, ge=0.25, le=4, description="Speed of the voice; unset takes the voice's own."
    )
    word_timings: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Take the times of the agent's words from the speech server, so that the "
        "transcript of an interrupted reply is exact; auto asks the server whether it has them.",
    )
    voices: Pairs = Field(
        default={},
        description="Voices for other languages of the caller, as de=voice,fr=voice; the voice "
        "follows the language that is heard.",
    )

"""Settings of the speech server, read once when it starts.

Environment variables with the prefix ``SPEECH_``; a list is a JSON array or comma-separated text.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Device = Literal["auto", "cpu", "cuda"]
Probability = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseSettings):
    """What a speech server can be told."""

    model_config = SettingsConfigDict(env_prefix="SPEECH_", frozen=True, extra="ignore")

    # Server
    host: str = Field(default="127.0.0.1", description="Address that gRPC and /metrics listen on.")
    port: int = Field(
        default=50051, ge=0, le=65535, description="Port of gRPC; 0 takes a free one."
    )
    metrics_port: int = Field(
        default=9101,
        ge=0,
        le=65535,
        description="Port of Prometheus' /metrics; 0 takes a free one.",
    )
    max_message_bytes: int = Field(
        default=1 << 20, ge=4096, description="Largest message that is accepted, in bytes."
    )
    reflection: bool = Field(default=True, description="Answer gRPC reflection.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line that is written."
    )
    drain_probe_seconds: float = Field(
        default=2.0,
        ge=0,
        description="Wait between NOT_SERVING and the refusal of new streams when the server "
        "stops, so that balancers notice, in seconds.",
    )
    drain_seconds: float = Field(
        default=30.0,
        ge=0,
        description="Longest wait for open streams when the server stops, in seconds.",
    )
    retry_delay_seconds: float = Field(
        default=1.0, gt=0, description="Delay that a refused client is told to wait, in seconds."
    )
    idle_seconds: float = Field(
        default=300.0,
        gt=0,
        description="A stream without any message for so long is ended, in seconds.",
    )
    send_seconds: float = Field(
        default=20.0,
        gt=0,
        description="A client that takes no result for so long is cut, in seconds.",
    )

    # Device
    device: Device = Field(
        default="auto",
        description="Where models run: auto takes CUDA when there is a device, else CPU.",
    )
    threads: int = Field(
        default=0,
        ge=0,
        description="Threads of recognition on the CPU; 0 takes the number of cores.",
    )

    # Recognition
    stt_model: str = Field(
        default="whisper-base",
        description="Recognition model: a name of models.toml or a folder's path.",
    )
    stt_compute_type: str = Field(
        default="auto",
        description="Arithmetic of recognition: auto is int8 on CPU, float16 on CUDA.",
    )
    stt_backend: Literal["auto", "onnxruntime", "ctranslate2"] = Field(
        default="auto",
        description="What runs the recognition model: auto takes ONNX Runtime for int8 on a CPU, "
        "where it packs the weights once, else CTranslate2.",
    )
    stt_beam: int = Field(
        default=3,
        ge=1,
        le=8,
        description="Hypotheses that are followed when a final is decoded; 1 takes the likeliest "
        "token each time.",
    )
    stt_language: str = Field(
        default="en", description="ISO 639-1 code that is taken for an utterance too short to tell."
    )
    stt_short_context: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Encode only the speech and a margin instead of 30 seconds; auto does so for "
        "the models that it was measured on.",
    )
    stt_context_margin_ms: int = Field(
        default=2000,
        ge=500,
        le=10000,
        description="Silence that is encoded after the speech of a final, in milliseconds; at most "
        "1000 for interims.",
    )
    stt_context_least_ms: int = Field(
        default=8000,
        ge=1000,
        le=30_000,
        description="Shortest context that is encoded for a final, in milliseconds: in shorter "
        "ones Whisper repeats the few words that it hears. At most 6000 for interims.",
    )
    stt_max_streams: int = Field(
        default=32, ge=1, description="Recognition streams that may be open at once."
    )
    stt_lanes: int = Field(
        default=0,
        ge=0,
        le=64,
        description="Batches that are decoded at once; one of several is kept for finals, and "
        "CTranslate2 makes the tokens of a small model on one thread. 0 takes 2 on a CPU with two "
        "threads or more, else 1.",
    )
    stt_max_batch: int = Field(
        default=8, ge=1, le=64, description="Utterances that are decoded together."
    )
    stt_max_backlog_ms: int = Field(
        default=30_000,
        ge=1000,
        description="Unread audio of a stream after which its client is made to wait, in "
        "milliseconds.",
    )
    stt_interim_ms: int = Field(
        default=400,
        ge=100,
        description="Shortest time between two interims of a stream, in milliseconds.",
    )
    stt_interim_share: float = Field(
        default=0.12,
        gt=0,
        le=1,
        description="Part of the time in which interims of one stream may be in work, 0 to 1; less "
        "when the device is busy.",
    )
    vad_model: str = Field(default="silero-vad", description="Voice activity model: name or path.")
    turn_model: str = Field(
        default="smart-turn-v3.2",
        description="End-of-turn model: name or path; empty runs without one.",
    )

    # Endpointing: defaults of EndpointingConfig
    start_threshold: Probability = Field(
        default=0.5, description="Voice probability at which speech begins."
    )
    stop_threshold: Probability = Field(
        default=0.35, description="Voice probability below which speech ends."
    )
    min_speech_ms: int = Field(
        default=64,
        ge=0,
        le=2000,
        description="Voiced audio that begins an utterance, in milliseconds.",
    )
    prefix_padding_ms: int = Field(
        default=400,
        ge=0,
        le=2000,
        description="Audio before the first voiced sample that belongs to the utterance, in "
        "milliseconds.",
    )
    preflight_silence_ms: int = Field(
        default=32,
        ge=0,
        le=5000,
        description="Silence after which the preflight is made, in milliseconds; a word or two "
        "waits 128 at least, for its last sound. At 32 or less it is begun where the voice fades, "
        "before the silence, while no other caller needs the model.",
    )
    stop_silence_ms: int = Field(
        default=416,
        ge=32,
        le=10_000,
        description="Silence that ends an utterance whose turn seems complete, in milliseconds.",
    )
    max_stop_silence_ms: int = Field(
        default=1008,
        ge=32,
        le=20_000,
        description="Silence that ends an utterance whose turn seems incomplete, in milliseconds.",
    )
    end_of_turn_threshold: Probability = Field(
        default=0.88,
        description="End-of-turn probability from which a turn counts as complete; below it the "
        "silence grows to the longest, the faster the less is missing.",
    )
    max_utterance_ms: int = Field(
        default=20_000,
        ge=2000,
        le=28_000,
        description="Longest utterance before it is cut, in milliseconds.",
    )

    # Synthesis
    tts_voices: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("en_US-joe-medium",),
        min_length=1,
        description="Voices: names of models.toml or paths; the first is the default.",
    )
    tts_pinned_voices: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Of these voices, by the names that ListVoices gives them, those that are "
        "loaded at the start and never unloaded; the default one always is.",
    )
    tts_threads: int = Field(
        default=0, ge=0, description="Threads of synthesis on the CPU; 0 takes the number of cores."
    )
    tts_stages: Literal["auto", "off"] = Field(
        default="auto",
        description="auto cuts each voice into stages, so that its first sound comes before the "
        "rest is made; off makes each sentence in one piece.",
    )
    tts_max_streams: int = Field(default=32, ge=1, description="Synthesis streams open at once.")
    tts_loaded_voices: int = Field(
        default=4, ge=1, description="Voices kept in memory, pinned ones and the default counted."
    )
    tts_first_clause_letters: int = Field(
        default=8,
        ge=0,
        le=200,
        description="Letters from which the first clause of an utterance is spoken before its "
        "sentence is complete; 0 waits for the sentence.",
    )
    tts_opening_letters: int = Field(
        default=8,
        ge=0,
        le=200,
        description="Letters of whole words from which a clause is begun whose end has not come, "
        "when nothing else is left to hear; fewer where the text comes fast, and five more must be "
        "known. 0 waits for its end.",
    )
    tts_buffer_delay_ms: int = Field(
        default=300,
        ge=0,
        le=5000,
        description="Wait for more text before a finished clause is spoken, in milliseconds.",
    )
    tts_join_letters: int = Field(
        default=30,
        ge=0,
        le=200,
        description="Letters below which a sentence is spoken together with the next one, as long "
        "as sound before it is still to be heard; 0 joins none.",
    )
    tts_sentence_silence_ms: int = Field(
        default=120, ge=0, le=5000, description="Silence between two sentences, in milliseconds."
    )
    tts_max_unread_ms: int = Field(
        default=10_000,
        ge=500,
        description="Sound of a context that may wait for a client that does not read, in "
        "milliseconds.",
    )
    tts_yield_ms: int = Field(
        default=800,
        ge=0,
        description="Sound that a listener has left from which synthesis waits while recognition "
        "computes, in milliseconds; 0 never waits.",
    )
    tts_recordings_seconds: int = Field(
        default=300,
        ge=0,
        description="Sound of repeated prompts that is kept in memory, in seconds; 0 keeps none.",
    )
    tts_phoneme_cache: int = Field(
        default=200, ge=0, description="Texts of a voice whose phonemes are remembered."
    )

    @field_validator("tts_voices", "tts_pinned_voices", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(
                part.strip()
                for part in value.strip("[] ").replace('"', "").split(",")
                if part.strip()
            )
        return value

    @cached_property
    def address(self) -> str:
        """Address that gRPC binds to, as ``host:port``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def environment_name(field: str) -> str:
    """Name of the environment variable of a field, for messages to people."""
    return f"SPEECH_{field.upper()}"


def as_path(name: str) -> Path | None:
    """Give the path that a model setting means, or None when it is a name of models.toml."""
    if "/" in name or name.startswith((".", "~")):
        return Path(name).expanduser()
    return None

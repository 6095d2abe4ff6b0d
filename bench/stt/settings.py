"""Settings of the bench of recognition, read once at the edge."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Part = Literal["alone", "peer", "plain", "words", "load", "peer_load", "memory"]
PARTS: tuple[Part, ...] = get_args(Part)


class SttBenchSettings(BaseSettings):
    """What is measured, and how much of it."""

    model_config = SettingsConfigDict(env_prefix="BENCH_STT_", frozen=True, populate_by_name=True)

    speech_data: Path = Field(
        default=Path("../shared/speech"),
        validation_alias=AliasChoices("speech_data", "SPEECH_DATA"),
        description="Folder of the recordings, with `manifest.tsv` and `details.tsv`.",
    )
    parts: Annotated[tuple[Part, ...], NoDecode] = Field(
        default=PARTS,
        validation_alias=AliasChoices("parts", "PARTS"),
        description="What to measure: alone (one stream), peer (WhisperLive on the same), plain "
        "(faster-whisper on finished recordings), words (all kinds of recordings), load (streams "
        "at once), peer_load (the same with WhisperLive), memory (many streams one after the "
        "other). Figures of the other parts are kept from the last run of the same commit.",
    )
    model: str = Field(
        default="whisper-base", description="Model of all sides: a name of models.toml or a path."
    )
    threads: int = Field(default=2, ge=1, description="Threads of each server.")
    clips: int = Field(default=24, ge=1, description="Recordings of the headline figures.")
    tagged: int = Field(
        default=16, ge=0, description="Most recordings of each tag; isolated words are all taken."
    )
    words: int = Field(
        default=0,
        ge=0,
        description="Most recordings of the parts plain and words, besides those that are spoken "
        "alone; 0 takes all.",
    )
    together: int = Field(
        default=3, ge=1, description="Streams at once where only the text is looked at."
    )
    streams: tuple[int, ...] = Field(
        default=(1, 2, 4, 6), description="Streams of continuous speech in the sweep."
    )
    calls: tuple[int, ...] = Field(
        default=(4, 8, 12), description="Streams with 40 % speech in the sweep."
    )
    beyond: int = Field(
        default=40, ge=0, description="Streams that are opened at once to see the refusals."
    )
    peer_streams: tuple[int, ...] = Field(
        default=(2, 4), description="Streams of the sweep with WhisperLive."
    )
    load_seconds: float = Field(
        default=45.0, gt=0, description="Length of each point of a sweep, in seconds."
    )
    memory_streams: int = Field(
        default=1000, ge=10, description="Streams one after the other, to see memory grow."
    )
    chunk_ms: int = Field(
        default=20,
        ge=10,
        le=500,
        description="Audio in a message, in ms: 20 are a packet of WebRTC and of a telephone.",
    )
    send_lag_limit_ms: float = Field(
        default=5.0, gt=0, description="Lateness of messages at p99 above which a run is void."
    )
    output: Path = Field(
        default=Path(".run/bench/stt"),
        description="Folder of the raw figures, a file for each part with one JSON object an "
        "utterance, and of the tables and plots.",
    )

    @field_validator("parts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            names = [part.strip() for part in value.split(",") if part.strip()]
            return tuple(names) or PARTS
        return value

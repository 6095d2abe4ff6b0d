"""Settings of the bench of recognition, read once at the edge."""

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SttBenchSettings(BaseSettings):
    """How much is measured."""

    model_config = SettingsConfigDict(env_prefix="BENCH_STT_", frozen=True)

    speech_data: Path = Field(
        default=Path("../shared/speech"),
        validation_alias=AliasChoices("speech_data", "SPEECH_DATA"),
        description="Folder of the recordings, with `manifest.tsv` and `details.tsv`.",
    )
    model: str = Field(
        default="whisper-base", description="Model of both sides: a name of models.toml or a path."
    )
    threads: int = Field(default=2, ge=1, description="Threads of each server.")
    clips: int = Field(default=24, ge=1, description="Recordings of the headline figures.")
    tagged: int = Field(default=12, ge=0, description="Recordings of each other tag.")
    negatives: int = Field(default=18, ge=0, description="Recordings without speech.")
    streams: tuple[int, ...] = Field(
        default=(1, 2, 4, 6, 8), description="Streams of continuous speech in the sweep."
    )
    sweep_seconds: float = Field(
        default=40.0, gt=0, description="Length of each point of the sweep, in seconds."
    )
    chunk_ms: int = Field(default=50, ge=10, le=500, description="Audio in a message, in ms.")
    send_lag_limit_ms: float = Field(
        default=5.0, gt=0, description="Lateness of messages at p99 above which a run is void."
    )
    output: Path = Field(
        default=Path(".run/bench/stt.jsonl"),
        description="Where the raw figures go, one JSON object an utterance.",
    )

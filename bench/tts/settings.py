"""Settings of the bench of synthesis, read once at the edge."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from bench.peers.piper_http import default_folder


class TtsBenchSettings(BaseSettings):
    """How much is measured."""

    model_config = SettingsConfigDict(env_prefix="BENCH_TTS_", frozen=True)

    voice: str = Field(
        default="en_US-joe-medium", description="Voice: a name of models.toml or a path."
    )
    threads: int = Field(default=2, ge=1, description="Threads of both servers.")
    repeats: int = Field(default=9, ge=1, description="Repeats of each figure.")
    callers: tuple[int, ...] = Field(
        default=(1, 2, 4, 6, 8, 10, 12, 16), description="Callers at once in the sweep."
    )
    call_seconds: float = Field(
        default=20.0, gt=0, description="Length of each point of the sweep, in seconds."
    )
    requests: int = Field(
        default=10_000,
        ge=100,
        description="Mixed requests of the memory check, up to 6,000 characters.",
    )
    memory_seconds: float = Field(
        default=420.0,
        gt=0,
        description="Time after which the memory check ends, in seconds; a slow machine sends "
        "fewer requests, and the table says so.",
    )
    clips: int = Field(
        default=12, ge=1, description="Recordings that are recognised while answers are spoken."
    )
    sentences: int = Field(
        default=100, ge=1, le=100, description="Sentences that are recognised again."
    )
    speech_data: Path = Field(
        default=Path("../shared/speech"),
        validation_alias="SPEECH_DATA",
        description="Folder of recordings, for callers that are recognised meanwhile.",
    )
    others_limit: float = Field(
        default=0.08,
        gt=0,
        description="Share of the machine's computing that others may take before a run is void.",
    )
    peer: bool = Field(default=True, description="Measure Piper's HTTP server too.")
    peer_environment: Path = Field(
        default_factory=default_folder,
        description="Folder of the peer's Python environment; made when it is missing.",
    )
    output: Path = Field(
        default=Path(".run/bench/tts.jsonl"),
        description="Where the raw figures go, one JSON object a line; plots go beside it.",
    )

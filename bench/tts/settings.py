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
    repeats: int = Field(default=7, ge=1, description="Repeats of each figure.")
    callers: tuple[int, ...] = Field(
        default=(1, 2, 4, 6, 8, 10, 12, 16), description="Callers at once in the sweep."
    )
    call_seconds: float = Field(
        default=15.0, gt=0, description="Length of each point of the sweep, in seconds."
    )
    requests: int = Field(
        default=200,
        ge=10,
        description="Mixed requests of the memory check, up to 6,000 characters.",
    )
    peer: bool = Field(default=True, description="Measure Piper's HTTP server too.")
    peer_environment: Path = Field(
        default_factory=default_folder,
        description="Folder of the peer's Python environment; made when it is missing.",
    )
    output: Path = Field(
        default=Path(".run/bench/tts.jsonl"),
        description="Where the raw figures go, one JSON object a line.",
    )

"""Settings of the benches, read once at the edge."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["BenchSettings"]


class BenchSettings(BaseSettings):
    """How much is measured; whom to call is set as for the caller (`CALLER_`)."""

    model_config = SettingsConfigDict(env_prefix="BENCH_", frozen=True)

    turns: int = Field(default=20, ge=1, description="Turns to measure.")
    turns_per_call: int = Field(default=5, ge=1, description="Turns of one call.")
    seed: int = Field(default=1, description="Seed of the order in which recordings are spoken.")
    longest_clip_s: float = Field(
        default=5.0, gt=0, description="Longest recording that is spoken, in seconds."
    )
    send_lag_limit_ms: float = Field(
        default=5.0,
        gt=0,
        description="Send-lag (99th percentile) above which the run is void, in milliseconds.",
    )
    output: Path = Field(
        default=Path(".run/bench/turn.jsonl"),
        description="Where the raw figures go, one JSON object a line.",
    )

"""Settings of the API's bench."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["ApiBenchSettings"]


class ApiBenchSettings(BaseSettings):
    """How long and how hard the API is asked."""

    model_config = SettingsConfigDict(env_prefix="BENCH_API_", frozen=True)

    rate: float = Field(default=200.0, gt=0, description="Tokens asked for a second.")
    seconds: float = Field(default=30.0, gt=0, description="Seconds of that.")
    full_seconds: float = Field(
        default=10.0, gt=0, description="Seconds of as many tokens as can be had."
    )
    connections: int = Field(default=32, ge=1, description="Connections that ask at once.")
    send_lag_limit_ms: float = Field(
        default=20.0,
        gt=0,
        description="Send-lag (99th percentile) above which the run is void, in milliseconds.",
    )
    busy_limit: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Share of the API's core that others may take before the run is void.",
    )
    output: Path = Field(
        default=Path(".run/bench/api.jsonl"),
        description="File of JSON lines that the raw figures are added to.",
    )

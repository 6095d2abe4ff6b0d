"""Settings of a side's worker, read once in each process of it."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["SideSettings"]


class SideSettings(BaseSettings):
    """What a side is; the rest of it is set as for the agent (`AGENT_`)."""

    model_config = SettingsConfigDict(env_prefix="BENCH_SIDE_", frozen=True)

    kind: Literal["ours", "peers", "defaults"] = Field(
        default="ours",
        description="ours: our engines and session; peers: WhisperLive and Piper's HTTP server "
        "in our session; defaults: our engines in a session of livekit-agents' defaults.",
    )
    trace: Path = Field(
        default=Path(".run/bench/trace"), description="Folder of the moments of each call."
    )
    whisper_live_url: str = Field(
        default="ws://127.0.0.1:9090", description="WhisperLive's address."
    )
    piper_url: str = Field(
        default="http://127.0.0.1:5000", description="Address of Piper's HTTP server."
    )

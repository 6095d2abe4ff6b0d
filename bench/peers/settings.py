"""Settings of the peers, read once at the edge."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from model_store import ModelStoreSettings


def _cache_dir() -> Path:
    return ModelStoreSettings().cache_dir


class PeerSettings(BaseSettings):
    """Where the peers are kept and how they run."""

    model_config = SettingsConfigDict(env_prefix="BENCH_PEER_", frozen=True, populate_by_name=True)

    cache_dir: Path = Field(
        default_factory=_cache_dir,
        validation_alias="TRINITY_CACHE_DIR",
        description="Folder of built programs; the peers' environments lie in bench/ below it.",
    )
    system_python: Path = Field(
        default=Path("/usr/bin/python3"),
        description="Python that Debian's python3-torch is made for; WhisperLive runs with it.",
    )
    system_packages: Path = Field(
        default=Path("/usr/lib/python3/dist-packages"),
        description="Folder of Debian's Python packages.",
    )
    whisper_live_version: str = Field(
        default="0.10.0", description="Version of WhisperLive that is measured."
    )
    start_s: float = Field(
        default=120.0, gt=0, description="Longest wait for a peer to be ready, in seconds."
    )

"""The settings of the model store, read once by whoever starts a process."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _default_cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "trinity"


class ModelStoreSettings(BaseSettings):
    """Where models are kept, how they are brought, and which ones this deployment asks for."""

    model_config = SettingsConfigDict(
        env_prefix="MODELS_",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        env_ignore_empty=True,
    )

    cache_dir: Path = Field(
        default_factory=_default_cache_dir,
        validation_alias="TRINITY_CACHE_DIR",
        description="Folder for models (below models/) and built programs.",
    )
    lock_file: Path = Field(
        default=Path(__file__).resolve().parents[1] / "models.toml",
        description="The lock of the models.",
    )
    hugging_face_url: str = Field(
        default="https://huggingface.co",
        description="Base address of the Hugging Face hub or of a mirror of it.",
    )
    allow_unverified: bool = Field(
        default=False,
        description="Fetch files that models.toml marks `unverified` (no locked SHA-256).",
    )
    connect_timeout_s: float = Field(
        default=15.0, gt=0, description="Longest wait for a connection, in seconds."
    )
    read_timeout_s: float = Field(
        default=60.0, gt=0, description="Longest silence of a download, in seconds."
    )
    attempts: int = Field(
        default=5, ge=1, description="Attempts a download makes without gaining a byte."
    )
    backoff_s: float = Field(
        default=0.5, ge=0, description="First pause between two attempts, in seconds; it doubles."
    )
    busy_timeout_s: float = Field(
        default=3600.0,
        gt=0,
        description="Longest wait for another process that fetches, in seconds.",
    )
    stt_model: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("whisper-base",),
        validation_alias="SPEECH_STT_MODEL",
        description="The speech server's Whisper model or models: names or paths, by comma.",
    )
    tts_voices: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("en_US-joe-medium",),
        validation_alias="SPEECH_TTS_VOICES",
        description="The speech server's Piper voices: names or paths, by comma.",
    )
    vad_model: str = Field(
        default="silero-vad",
        validation_alias="SPEECH_VAD_MODEL",
        description="The speech server's voice activity model: name or path.",
    )
    turn_model: str = Field(
        default="smart-turn-v3.2",
        validation_alias="SPEECH_TURN_MODEL",
        description="The speech server's end-of-turn model: name or path.",
    )
    llm_model: str = Field(
        default="smollm2-135m",
        validation_alias="AGENT_LLM_MODEL",
        description="The agent's LLM; fetched here only when models.toml has it.",
    )

    @field_validator("stt_model", "tts_voices", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part for raw in value.strip("[]").split(",") if (part := raw.strip(' "')))
        return value

    @field_validator("cache_dir", "lock_file")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def models_dir(self) -> Path:
        """The folder that holds one folder a model."""
        return self.cache_dir / "models"

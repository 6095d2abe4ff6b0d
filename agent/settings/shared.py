"""Settings that other parts have as well, without a prefix."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from agent.settings.group import SettingsGroup

DEVELOPMENT_SECRET = "trinity-development-secret-not-for-production"
AGENTS_DIR = Path(__file__).resolve().parents[2] / "configs" / "agents"


class SharedSettings(SettingsGroup):
    """The neighbours and the environment."""

    environment: Literal["development", "production"] = Field(
        default="development",
        validation_alias="TRINITY_ENVIRONMENT",
        description="production refuses the development keys.",
    )
    livekit_url: str = Field(
        default="ws://127.0.0.1:7880",
        validation_alias="LIVEKIT_URL",
        description="LiveKit's address.",
    )
    livekit_api_key: str = Field(
        default="trinity-development",
        validation_alias="LIVEKIT_API_KEY",
        description="LiveKit's API key.",
    )
    livekit_api_secret: SecretStr = Field(
        default=SecretStr(DEVELOPMENT_SECRET),
        validation_alias="LIVEKIT_API_SECRET",
        description="LiveKit's API secret.",
    )
    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        validation_alias="REDIS_URL",
        description="Redis that keeps the transcripts.",
    )
    ollama_host: str = Field(
        default="http://127.0.0.1:11434",
        validation_alias="OLLAMA_HOST",
        description="Ollama's address.",
    )
    agents_dir: Path = Field(
        default=AGENTS_DIR,
        validation_alias="TRINITY_AGENTS_DIR",
        description="Folder of the assistants' files (docs/assistants.md).",
    )

    @model_validator(mode="after")
    def _refuse_development_keys(self) -> Self:
        if self.environment == "production" and (
            self.livekit_api_secret.get_secret_value() == DEVELOPMENT_SECRET
        ):
            raise ValueError("LIVEKIT_API_SECRET is the development secret; set your own")
        return self

"""What can be set, read once from the environment when the process starts."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from control_api.errors import SettingsError

DEVELOPMENT_KEY = "trinity-development"
DEVELOPMENT_SECRET = "trinity-development-secret-not-for-production"
# The shortest key that HS256 takes without weakening it (RFC 7518 §3.2).
SECRET_MIN_BYTES = 32
DEV_SERVER_ORIGINS = ("http://127.0.0.1:5173", "http://localhost:5173")

Names = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Settings of the control API; `CONTROL_` and the names that several services share."""

    model_config = SettingsConfigDict(
        env_prefix="CONTROL_",
        frozen=True,
        populate_by_name=True,
        extra="ignore",
        # Compose passes on what .env does not have as an empty string.
        env_ignore_empty=True,
    )

    environment: Literal["development", "production"] = Field(
        default="development",
        validation_alias="TRINITY_ENVIRONMENT",
        description="`production` refuses development keys.",
    )
    livekit_url: str = Field(
        default="ws://127.0.0.1:7880",
        validation_alias="LIVEKIT_URL",
        pattern=r"^(ws|http)s?://[^\s]+$",
        description="LiveKit as this service reaches it.",
    )
    livekit_api_key: str = Field(
        default=DEVELOPMENT_KEY,
        validation_alias="LIVEKIT_API_KEY",
        min_length=1,
        description="LiveKit API key; signs join tokens.",
    )
    livekit_api_secret: SecretStr = Field(
        default=SecretStr(DEVELOPMENT_SECRET),
        validation_alias="LIVEKIT_API_SECRET",
        min_length=1,
        description="Secret of the LiveKit API key.",
    )
    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        validation_alias="REDIS_URL",
        description="Redis with the transcripts; may hold a password.",
    )

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(
        default=8000, ge=0, le=65535, description="TCP port to listen on; 0: any free one."
    )
    livekit_public_url: str = Field(
        default="",
        pattern=r"^$|^(ws|http)s?://[^\s]+$",
        description="LiveKit as browsers reach it; empty: the same as LIVEKIT_URL.",
    )
    speech_address: str = Field(
        default="127.0.0.1:50051", description="Speech server's gRPC host and port, for its health."
    )
    web_dist: Path = Field(
        default=Path(__file__).resolve().parent.parent / "web" / "dist",
        description="Folder of the built web page.",
    )

    agents: Names = Field(
        default=("trinity",),
        min_length=1,
        description="Names of the agents that a token may dispatch, separated by commas; "
        "the first one is dispatched when the caller names none.",
    )
    agents_dir: Path = Field(
        default=Path(__file__).resolve().parent.parent / "configs" / "agents",
        validation_alias="TRINITY_AGENTS_DIR",
        description="Folder of the assistants' files.",
    )
    assistant: str = Field(
        default="trinity",
        validation_alias="AGENT_ASSISTANT",
        description="Assistant that answers where a dispatch names none.",
    )
    token_ttl_s: int = Field(
        default=900,
        ge=60,
        le=21600,
        description="Seconds for which a join token can be used to join.",
    )
    publish_sources: Names = Field(
        default=("microphone", "camera", "screen_share", "screen_share_audio"),
        description="Track sources that a caller may publish, separated by commas: microphone, "
        "camera, screen_share, screen_share_audio. Only the microphone: calls by voice alone.",
    )
    metadata_max_bytes: int = Field(
        default=2048, ge=0, le=8192, description="Bytes of UTF-8 of each metadata field in a token."
    )

    access: Literal["keys", "open"] | None = Field(
        default=None,
        description="`keys`: the API needs API keys; `open`: it needs none. Unset: `keys` in "
        "production, `open` otherwise. The web page, health and metrics never need one.",
    )
    public_tokens: bool = Field(
        default=True, description="Anybody may ask for a join token, also with access by keys."
    )
    cors_origins: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        default=None,
        description="Other origins whose pages may call the API, separated by commas; unset: "
        "none in production, the web development server's otherwise.",
    )
    key_requests_per_minute: int = Field(
        default=600, ge=0, description="Requests a minute with one API key; 0: any number."
    )
    public_requests_per_minute_or_default: int | None = Field(
        default=None,
        validation_alias="CONTROL_PUBLIC_REQUESTS_PER_MINUTE",
        ge=0,
        description="Requests a minute from one address without an API key, or with a wrong one; "
        "0: any number. Unset: 120 in production, any number otherwise.",
    )
    max_body_bytes: int = Field(
        default=65536, ge=1024, le=10_000_000, description="Bytes of the largest request body."
    )
    request_timeout_s: float = Field(
        default=15.0, gt=0, le=300, description="Seconds until a request has to begin its response."
    )
    livekit_timeout_s: float = Field(
        default=5.0, gt=0, le=60, description="Seconds for one call of LiveKit's API."
    )
    redis_timeout_s: float = Field(
        default=1.0, gt=0, le=60, description="Seconds for one command of Redis, and to connect."
    )
    health_timeout_s: float = Field(
        default=1.0, gt=0, le=10, description="Seconds that each part has to answer a health check."
    )
    watch_interval_s: float = Field(
        default=10.0, gt=0, le=300, description="Seconds between two looks at the parts."
    )
    reconcile_interval_s: float = Field(
        default=15.0,
        gt=0,
        le=300,
        description="Seconds between two comparisons of our notes with LiveKit's lists.",
    )
    attendance_interval_s: float = Field(
        default=2.0,
        gt=0,
        le=300,
        description="Seconds between two looks for callers without an agent.",
    )
    calls_keep_s: int = Field(
        default=604_800, ge=3600, description="Seconds for which calls that are over are kept."
    )
    events_max: int = Field(
        default=100_000, ge=1000, description="Events that are kept for those who read on."
    )
    recordings_folder: str = Field(
        default="/out",
        description="Folder in the egress service's file system that recordings go to.",
    )
    recordings_s3_folder: str = Field(
        default="", description="Folder in the bucket that recordings go to; empty: its top."
    )
    s3_bucket: str = Field(
        default="",
        description="S3 bucket for recordings; empty: they stay with the egress service.",
    )
    s3_region: str = Field(default="", description="Region of the bucket.")
    s3_endpoint: str = Field(
        default="", description="Address of another server that speaks S3; empty: Amazon's."
    )
    s3_access_key: str = Field(default="", description="Access key for the bucket.")
    s3_secret_key: SecretStr = Field(
        default=SecretStr(""), description="Secret key for the bucket; it goes to LiveKit only."
    )
    s3_path_style: bool = Field(
        default=False, description="The bucket is in the path, not in the host's name (MinIO)."
    )
    webhook_networks: Names = Field(
        default=(),
        description="Networks (CIDR) that webhooks may be sent to though they are not public, "
        "separated by commas; over http as well.",
    )
    webhook_timeout_s: float = Field(
        default=10.0, gt=0, le=20, description="Seconds that the receiver of a webhook has."
    )
    webhook_give_up_s: float = Field(
        default=86_400.0,
        gt=0,
        description="Seconds of failures after which a webhook is disabled.",
    )
    transcripts_keep_s: int = Field(
        default=0,
        ge=0,
        description="Seconds after its last word for which a transcript is kept; 0: for ever.",
    )
    events_keep_s: int = Field(
        default=0, ge=0, description="Seconds for which events are kept; 0: as long as they fit."
    )
    audit_keep_s: int = Field(
        default=0,
        ge=0,
        description="Seconds for which audit entries are kept; 0: as long as they fit.",
    )
    retention_interval_s: float = Field(
        default=600.0, gt=0, le=86_400, description="Seconds between two looks for what is too old."
    )
    audit_max: int = Field(
        default=100_000, ge=100, description="Entries of the audit log that are kept."
    )
    shutdown_timeout_s: int = Field(
        default=10, ge=0, le=300, description="Seconds that open requests have to end at shutdown."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is logged."
    )

    @field_validator("agents", "publish_sources", "cors_origins", "webhook_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("an address begins with redis://, rediss:// or unix://")
        return value

    @field_validator("webhook_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("publish_sources")
    @classmethod
    def _known_sources(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = {"microphone", "camera", "screen_share", "screen_share_audio"}
        if unknown := sorted(set(value) - known):
            raise ValueError(f"unknown track source: {', '.join(unknown)}")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _whole_origins(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for origin in value or ():
            if origin == "*" or not origin.startswith(("http://", "https://")):
                raise ValueError("each origin is a scheme and a host, such as https://example.org")
        return value

    @model_validator(mode="after")
    def _no_development_keys_in_production(self) -> Self:
        if self.environment != "production":
            return self
        secret = self.livekit_api_secret.get_secret_value()
        if self.livekit_api_key == DEVELOPMENT_KEY:
            raise ValueError("LIVEKIT_API_KEY is the development key; set one of your own")
        if secret == DEVELOPMENT_SECRET:
            raise ValueError("LIVEKIT_API_SECRET is the development secret; set one of your own")
        if self.access == "open":
            raise ValueError("CONTROL_ACCESS is open; production needs API keys")
        if len(secret.encode()) < SECRET_MIN_BYTES:
            raise ValueError(f"LIVEKIT_API_SECRET is shorter than {SECRET_MIN_BYTES} bytes")
        return self

    @property
    def needs_keys(self) -> bool:
        """Whether the API asks for API keys."""
        return (self.access or ("keys" if self.environment == "production" else "open")) == "keys"

    @property
    def public_requests_per_minute(self) -> int:
        """Requests a minute from one address without a key; 0: any number."""
        if self.public_requests_per_minute_or_default is not None:
            return self.public_requests_per_minute_or_default
        return 120 if self.environment == "production" else 0

    @property
    def public_livekit_url(self) -> str:
        """LiveKit as browsers reach it."""
        return self.livekit_public_url or self.livekit_url

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """Origins other than our own whose pages may call the API."""
        if self.cors_origins is not None:
            return self.cors_origins
        return () if self.environment == "production" else DEV_SERVER_ORIGINS


def load_settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: One is not usable; the text has a line for each, with the variable's name
            and without its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(error))) from None


def _explain(error: ValidationError) -> list[str]:
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        message = item["msg"].removeprefix("Value error, ")
        if not item["loc"]:
            lines.append(message)
            continue
        name = str(item["loc"][0])
        is_field = name in Settings.model_fields
        lines.append(f"{f'CONTROL_{name.upper()}' if is_field else name}: {message}")
    return lines

"""Settings of the stack without containers, read once when a command starts.

Ports of our services and addresses of neighbours keep the names that the services themselves read
(see ``docs/interfaces.md``); everything else has the prefix ``STACK_``.
"""

import os
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from stack.ports import Ports

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: configs, models.toml, web/dist and ``.run`` are found from here."""

DEVELOPMENT_KEY = "trinity-development"
DEVELOPMENT_SECRET = "trinity-development-secret-not-for-production"

Port = Annotated[int, Field(ge=1, le=65535)]


def default_cache_dir() -> Path:
    """Give the cache outside the tree, as XDG has it."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "trinity"


class StackSettings(BaseSettings):
    """What the stack can be told."""

    model_config = SettingsConfigDict(
        env_prefix="STACK_",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        env_ignore_empty=True,
    )

    name: str = Field(
        default="default",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$",
        description="Name of the stack: its state is in `.run/<name>`.",
    )
    run_dir: Path = Field(
        default=ROOT / ".run", description="Folder for the state, data and logs of each stack."
    )
    cache_dir: Path = Field(
        default_factory=default_cache_dir,
        validation_alias="TRINITY_CACHE_DIR",
        description="Folder for models and programs that were built or fetched.",
    )
    environment: str = Field(
        default="development",
        validation_alias="TRINITY_ENVIRONMENT",
        description="`production` refuses development keys.",
    )

    port_base: int = Field(
        default=0,
        ge=0,
        le=65000,
        description="First of the ports of the stack; 0 takes the default of each port.",
    )
    livekit_port: Port = Field(default=7880, description="LiveKit: signal and API.")
    livekit_tcp_port: Port = Field(default=7881, description="LiveKit: media over TCP.")
    livekit_udp_port: Port = Field(default=7882, description="LiveKit: media over UDP.")
    livekit_metrics_port: Port = Field(default=6789, description="LiveKit: metrics.")
    redis_port: Port = Field(default=6379, description="Redis.")
    ollama_port: Port = Field(default=11434, description="Ollama.")
    prometheus_port: Port = Field(default=9090, description="Prometheus.")
    sip_port: Port = Field(default=5060, description="livekit-sip: telephones, TCP and UDP.")
    sip_rtp_port: Port = Field(
        default=10000, description="livekit-sip: first UDP port for the sound of calls."
    )
    sip_rtp_last_port: Port = Field(
        default=10300,
        description="livekit-sip: last UDP port for the sound of calls; a closed call's port stays "
        "taken for up to ten minutes.",
    )
    control_port: Port = Field(
        default=8000,
        validation_alias="CONTROL_PORT",
        description="Control API and web page.",
    )
    speech_port: Port = Field(
        default=50051, validation_alias="SPEECH_PORT", description="Speech server: gRPC."
    )
    speech_metrics_port: Port = Field(
        default=9101,
        validation_alias="SPEECH_METRICS_PORT",
        description="Speech server: metrics.",
    )
    agent_metrics_port: Port = Field(
        default=9102, validation_alias="AGENT_METRICS_PORT", description="Agent: metrics."
    )
    agent_health_port: Port = Field(
        default=8081,
        validation_alias="AGENT_HEALTH_PORT",
        description="Agent: worker health.",
    )

    livekit_url: str | None = Field(
        default=None,
        validation_alias="LIVEKIT_URL",
        description="A LiveKit server that runs already; it is used and never stopped. Empty: "
        "the stack starts one.",
    )
    redis_url: str | None = Field(
        default=None,
        validation_alias="REDIS_URL",
        description="A Redis that runs already; it is used and never stopped. Empty: one at "
        "the default port is used when it answers (unless STACK_PORT_BASE is set), else the "
        "stack starts one.",
    )
    ollama_host: str | None = Field(
        default=None,
        validation_alias="OLLAMA_HOST",
        description="An Ollama that runs already; it is used and never stopped. Empty: one at "
        "the default port is used when it answers (unless STACK_PORT_BASE is set), else the "
        "stack starts one.",
    )
    livekit_api_key: str = Field(
        default=DEVELOPMENT_KEY,
        validation_alias="LIVEKIT_API_KEY",
        description="Key of LiveKit's API.",
    )
    livekit_api_secret: SecretStr = Field(
        default=SecretStr(DEVELOPMENT_SECRET),
        validation_alias="LIVEKIT_API_SECRET",
        description="Secret of LiveKit's API.",
    )
    llm_model: str = Field(
        default="smollm2-135m",
        validation_alias="AGENT_LLM_MODEL",
        description="Language model in Ollama. `smollm2-135m` is made from the embedded model; "
        "another one is pulled when Ollama does not have it.",
    )
    llm_num_ctx: int = Field(
        default=2048,
        ge=256,
        validation_alias="AGENT_LLM_NUM_CTX",
        description="Context window that the agent asks for, in tokens.",
    )
    llm_num_thread: int | None = Field(
        default=None,
        ge=1,
        validation_alias="AGENT_LLM_NUM_THREAD",
        description="Threads of the language model; empty: half of the cores.",
    )
    llm_keep_alive: str = Field(
        default="-1",
        validation_alias="AGENT_LLM_KEEP_ALIVE",
        description="How long Ollama keeps the model loaded, as Ollama writes it; -1: always.",
    )
    ollama_models: Path | None = Field(
        default=None,
        validation_alias="OLLAMA_MODELS",
        description="Models of the Ollama that the stack starts; empty: `ollama` in the cache.",
    )

    prometheus: bool | None = Field(
        default=None, description="Start Prometheus; empty: when the program is on PATH."
    )
    sip: bool | None = Field(
        default=None,
        description="Start livekit-sip, the bridge to the telephone; empty: when the program is on "
        "PATH and the stack runs LiveKit itself.",
    )
    sip_address: IPv4Address = Field(
        default=IPv4Address("127.0.0.1"),
        description="Address of this machine that telephones are told. The default serves "
        "softphones on this machine only; an address of the local network, those in it.",
    )
    ready_timeout_s: float = Field(
        default=180.0, gt=0, description="Longest wait for one service to become ready, in seconds."
    )
    stop_grace_s: int = Field(
        default=3,
        ge=1,
        le=3600,
        description="Wait before a service that is told to stop is killed, in seconds.",
    )
    install_timeout_s: float = Field(
        default=3600.0, gt=0, description="Longest time for one installation or build, in seconds."
    )

    @field_validator("run_dir", "cache_dir", "ollama_models")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value else None

    @property
    def state_dir(self) -> Path:
        """Folder of this stack's state, data and logs."""
        return self.run_dir / self.name

    @property
    def bin_dir(self) -> Path:
        """Folder of the programs that were built here."""
        return self.cache_dir / "bin"

    @property
    def models_dir(self) -> Path:
        """Folder in which the stack's own Ollama keeps its models."""
        return self.ollama_models or self.cache_dir / "ollama"

    @property
    def ports(self) -> Ports:
        """Every port of this stack."""
        if self.port_base:
            return Ports.from_base(self.port_base)
        return Ports(
            control=self.control_port,
            livekit=self.livekit_port,
            livekit_tcp=self.livekit_tcp_port,
            livekit_udp=self.livekit_udp_port,
            livekit_metrics=self.livekit_metrics_port,
            redis=self.redis_port,
            ollama=self.ollama_port,
            speech=self.speech_port,
            speech_metrics=self.speech_metrics_port,
            agent_metrics=self.agent_metrics_port,
            agent_health=self.agent_health_port,
            prometheus=self.prometheus_port,
            sip=self.sip_port,
            sip_rtp=self.sip_rtp_port,
            sip_rtp_last=self.sip_rtp_last_port,
        )

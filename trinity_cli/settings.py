"""Settings of the command line, read once when it starts."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class CliSettings(BaseSettings):
    """Where the command `trinity` finds everything; the defaults are those of `make up`."""

    model_config = SettingsConfigDict(
        env_prefix="TRINITY_", frozen=True, populate_by_name=True, extra="ignore"
    )

    api_url: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://\S+$",
        description="Address of the control API.",
    )
    api_key: SecretStr = Field(
        default=SecretStr(""),
        description="API key for it, where it needs one. Only from the environment: a command line "
        "can be read by others.",
    )
    speech_target: str = Field(
        default="127.0.0.1:50051",
        pattern=r"^\S+$",
        description="Speech server (host:port) of `say`, `transcribe`, `voices` and `models`.",
    )
    agent_url: str = Field(
        default="http://127.0.0.1:9102",
        pattern=r"^(https?://\S+)?$",
        description="Where `doctor` asks the agent whether it is ready; empty: it does not.",
    )
    ollama_host: str = Field(
        default="http://127.0.0.1:11434",
        validation_alias="OLLAMA_HOST",
        description="Where `doctor` asks the language model's server; empty: it does not.",
    )
    llm_model: str = Field(
        default="smollm2-135m",
        validation_alias="AGENT_LLM_MODEL",
        description="The model that `doctor` expects there.",
    )
    sip_address: str = Field(
        default="127.0.0.1:5060",
        pattern=r"^([^\s:]+(:\d{1,5})?)?$",
        description="Where telephones call (host:port); `doctor` asks there, `sip setup` tells it "
        "to people. Empty: there is no telephone.",
    )
    timeout_s: float = Field(
        default=10.0, gt=0, le=300, description="Longest wait for one answer, in seconds."
    )

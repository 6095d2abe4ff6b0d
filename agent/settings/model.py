"""Settings of the language model."""

from typing import Literal

from pydantic import Field, SecretStr

from agent.settings.group import Seconds, SettingsGroup


class ModelSettings(SettingsGroup):
    """The model and how it is run."""

    llm_model: str = Field(
        default="smollm2-135m", min_length=1, description="Ollama's name of the model."
    )
    llm_num_ctx: int = Field(
        default=2048,
        ge=256,
        description="Context window, in tokens; another value reloads the model.",
    )
    llm_num_thread: int | None = Field(
        default=None, ge=1, description="Threads of the model; unset leaves it to Ollama."
    )
    llm_num_predict: int = Field(default=120, ge=1, description="Longest reply, in tokens.")
    llm_temperature: float = Field(
        default=0.3, ge=0, le=2, description="Randomness of the model, 0 to 2."
    )
    llm_keep_alive: str = Field(
        default="-1",
        description="How long Ollama keeps the model loaded, as Ollama writes it; -1: always.",
    )
    llm_connect_seconds: Seconds = Field(
        default=3, gt=0, description="Longest wait for a connection to Ollama, in seconds."
    )
    llm_stall_seconds: Seconds = Field(
        default=20, gt=0, description="Longest wait for the next piece of a reply, in seconds."
    )
    llm_give_up_seconds: Seconds = Field(
        default=12,
        gt=0,
        description="Time without a first word of the model until the apology, in seconds.",
    )
    llm_provider: Literal["ollama", "openai"] = Field(
        default="ollama",
        description="Protocol of the language model: Ollama's own, or the OpenAI-compatible one of "
        "vLLM, llama.cpp, LM Studio and others.",
    )
    llm_url: str = Field(
        default="",
        description="Address of the model's server: an OpenAI-compatible one, such as "
        "http://127.0.0.1:8080/v1, or another Ollama than OLLAMA_HOST.",
    )
    llm_api_key: SecretStr = Field(
        default=SecretStr(""), description="Key for an OpenAI-compatible server, where it asks."
    )
    llm_summary: bool = Field(
        default=True,
        description="Let the model sum up what no longer fits its window; otherwise it is dropped.",
    )
    llm_warm_words: int = Field(
        default=6,
        ge=0,
        description="Words of the caller after which Ollama begins to read the prompt, while the "
        "caller still speaks; 0: not before the turn seems over.",
    )
    vision: bool = Field(
        default=False,
        description="Show the model the latest frame of the caller's screen or camera, if it can "
        "see.",
    )

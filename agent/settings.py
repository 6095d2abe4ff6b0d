"""Settings of the agent, read once when a process of it starts.

Environment variables with the prefix ``AGENT_``; those that several parts share have none
(docs/interfaces.md). A list is a JSON array or comma-separated text. The worker and each call's
process read the same environment.
"""

import json
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEVELOPMENT_SECRET = "trinity-development-secret-not-for-production"

Seconds = Annotated[float, Field(ge=0, le=3600)]
Probability = Annotated[float, Field(ge=0, le=1)]
Phrases = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """What an agent can be told."""

    model_config = SettingsConfigDict(
        env_prefix="AGENT_",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        # Compose passes on what .env does not have as an empty string.
        env_ignore_empty=True,
    )

    # Shared with other parts
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

    # Worker
    name: str = Field(
        default="trinity", min_length=1, description="Name that calls are dispatched to."
    )
    host: str = Field(
        default="127.0.0.1", description="Address that health and /metrics listen on."
    )
    health_port: int = Field(
        default=8081, ge=0, le=65535, description="Port of the worker's health; 0 takes a free one."
    )
    metrics_port: int = Field(
        default=9102,
        ge=0,
        le=65535,
        description="Port of Prometheus' /metrics; 0 takes a free one.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line that is written."
    )
    max_calls: int = Field(
        default=8, ge=1, description="Calls at once; more are left to other workers."
    )
    idle_processes: int = Field(
        default=1, ge=0, description="Processes kept ready for the next call."
    )
    drain_seconds: Seconds = Field(
        default=300, description="Longest wait for calls to end when the worker stops, in seconds."
    )
    rejoin_seconds: Seconds = Field(
        default=15,
        description="How long a caller whose connection broke may take to return, in seconds.",
    )

    # Speech server
    speech_target: str = Field(
        default="127.0.0.1:50051",
        description="gRPC address of the speech server; several, comma-separated, are used in "
        "turn; dns:///name takes all addresses of a name.",
    )
    speech_connect_seconds: Seconds = Field(
        default=3,
        gt=0,
        description="Longest wait for a connection to the speech server, in seconds.",
    )
    tts_connect_seconds: Seconds = Field(
        default=0.8,
        gt=0,
        description="Longest wait for a connection when a reply is to be spoken, in seconds; it is "
        "tried twice.",
    )
    language: str = Field(
        default="en", description="ISO 639-1 code of the caller's language; auto detects it."
    )
    stt_model: str = Field(
        default="", description="Recognition model; empty takes the server's default."
    )
    stt_phrases: Phrases = Field(default=(), description="Phrases that callers are likely to say.")
    stt_replay_seconds: Seconds = Field(
        default=10,
        description="Audio that is sent again to another speech server when one fails in the "
        "middle of an utterance, in seconds.",
    )
    stt_flush_seconds: Seconds = Field(
        default=2.0,
        description="Silence after which the server is asked to finish an utterance that it "
        "still holds open, in seconds.",
    )
    stt_stop_silence_ms: int | None = Field(
        default=None,
        ge=0,
        le=10000,
        description="Silence that ends an utterance, in milliseconds; unset takes the server's.",
    )
    stt_max_stop_silence_ms: int | None = Field(
        default=None,
        ge=0,
        le=10000,
        description="Silence that ends an utterance whose turn seems incomplete, in milliseconds; "
        "unset takes the server's.",
    )
    voice: str = Field(default="", description="Voice; empty takes the server's default.")
    tts_sample_rate_hz: int = Field(
        default=24000, ge=8000, le=48000, description="Sample rate of the agent's voice, in hertz."
    )
    speaking_rate: float | None = Field(
        default=None, ge=0.25, le=4, description="Speed of the voice; unset takes the voice's own."
    )
    word_timings: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Take the times of the agent's words from the speech server, so that the "
        "transcript of an interrupted reply is exact; auto asks the server whether it has them.",
    )

    # Turn taking
    vad_threshold: Probability = Field(
        default=0.5, description="Voice probability at which the caller counts as speaking, 0 to 1."
    )
    vad_min_speech_seconds: Seconds = Field(
        default=0.05, description="Voice that must be heard before the caller counts as speaking."
    )
    vad_min_silence_seconds: Seconds = Field(
        default=0.25,
        gt=0,
        description="Silence after which the caller counts as silent, in seconds.",
    )
    min_endpointing_seconds: Seconds = Field(
        default=0.0, description="Least silence before the agent answers, in seconds."
    )
    max_endpointing_seconds: Seconds = Field(
        default=1.0, description="Silence before the agent answers an unfinished turn, in seconds."
    )
    patience: bool = Field(
        default=True,
        description="Wait less for a yes or no, and longer for a number that is dictated.",
    )
    end_of_turn_threshold: Probability = Field(
        default=0.5,
        description="End-of-turn probability of the speech server below which a turn counts as "
        "unfinished, 0 to 1.",
    )
    preemptive_generation: bool = Field(
        default=True,
        description="Start the reply on the server's preflight text, before the turn ends.",
    )
    preemptive_tts: bool = Field(
        default=True, description="Start the reply's speech as well before the turn ends."
    )
    preemptive_attempts: int = Field(
        default=6, ge=1, description="Early replies that may be started in one turn."
    )
    interruption_min_seconds: Seconds = Field(
        default=0.2,
        description="Voice of the caller after which the agent stops speaking, in seconds.",
    )
    interruption_min_words: int = Field(
        default=0,
        ge=0,
        description="Words of the caller that it takes to interrupt; 0 asks for none.",
    )
    resume_false_interruption: bool = Field(
        default=True, description="Go on speaking when an interruption turns out to be no words."
    )
    false_interruption_seconds: Seconds = Field(
        default=0.7,
        description="Silence after which an interruption without words is over, in seconds.",
    )
    aec_warmup_seconds: Seconds = Field(
        default=0.0,
        description="Time at the start of the agent's first words in which the caller is not "
        "heard, so that echo cancellation settles, in seconds; 0 hears the caller at once.",
    )
    user_away_seconds: Seconds = Field(
        default=15.0,
        description="Silence of both sides after which the caller counts as away; 0: never.",
    )
    transcription_timeout_seconds: Seconds = Field(
        default=4.0,
        description="Time after the caller's voice without any text of it until the agent asks "
        "again, in seconds; 0 never asks.",
    )
    max_turn_seconds: Seconds = Field(
        default=120.0,
        gt=0,
        description="Longest turn of the caller before the agent steps in, in seconds.",
    )
    delete_room_on_close: bool = Field(
        default=True, description="Delete the room when the last caller has left."
    )
    max_tool_steps: int = Field(
        default=3, ge=1, le=10, description="Tool calls in a row before the model must answer."
    )

    # Assistant
    assistant_name: str = Field(default="Trinity", description="Name that the assistant goes by.")
    instructions: str = Field(
        default="You are {name}, a friendly assistant on a phone call. Answer in one or two short "
        "sentences, in plain spoken words.",
        description="The model's system prompt; {name} stands for the assistant's name. Keep it "
        "short for a small model.",
    )
    greeting: str = Field(
        default="Hello, I am {name}. How can I help you?",
        description="First words of a call; none waits for the caller.",
    )
    apology: str = Field(
        default="I'm sorry, I could not think of an answer just now. Could you say that again?",
        description="Said when the model fails or gives nothing.",
    )
    filler: str = Field(
        default="One moment, please.", description="Said when the model is slow; none says nothing."
    )
    filler_seconds: Seconds = Field(
        default=1.5,
        description="Time without a first word of the model until the filler, in seconds.",
    )
    not_heard: str = Field(
        default="I'm sorry, I did not hear you well. Could you say that again?",
        description="Said when the caller spoke and no text came of it.",
    )
    speech_lost: str = Field(
        default="I'm sorry, I have a problem with my voice. Please hold on a moment.",
        description="Said, from a recording made at the start of the call, when the speech server "
        "fails in the middle of a reply.",
    )

    # Model
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

    # Tools
    tools: Phrases = Field(
        default=("get_time", "get_weather"),
        description="Tools of the assistant, or none. A model that cannot use tools is offered "
        "none.",
    )
    timezone: str = Field(default="UTC", description="Time zone of the assistant (IANA name).")
    weather_url: str = Field(
        default="",
        description="HTTP source of the weather, {place} being replaced; its JSON or text goes to "
        "the model. Empty: the assistant does not know the weather.",
    )
    tool_timeout_seconds: Seconds = Field(
        default=5, gt=0, description="Longest wait for a tool's source, in seconds."
    )
    weather_cache_seconds: Seconds = Field(
        default=600, description="How long a weather report is used again, in seconds."
    )

    # Transcripts
    transcripts: bool = Field(default=True, description="Keep the transcripts in Redis.")
    transcript_queue: int = Field(
        default=2000, ge=10, description="Messages that are kept while Redis is away."
    )
    transcript_seconds: int = Field(
        default=0, ge=0, description="How long Redis keeps a transcript, in seconds; 0: for ever."
    )

    @field_validator("stt_phrases", "tools", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.startswith("["):
            return json.loads(value)
        parts = tuple(part for part in (item.strip() for item in value.split(",")) if part)
        return () if parts == ("none",) else parts

    @field_validator("greeting", "filler", "not_heard", "speech_lost")
    @classmethod
    def _nothing(cls, value: str) -> str:
        return "" if value == "none" else value

    @model_validator(mode="after")
    def _refuse_development_keys(self) -> Self:
        if self.environment == "production" and (
            self.livekit_api_secret.get_secret_value() == DEVELOPMENT_SECRET
        ):
            raise ValueError("LIVEKIT_API_SECRET is the development secret; set your own")
        return self

    def spoken(self, text: str) -> str:
        """Fills the assistant's name into a text that it says or is told."""
        return text.replace("{name}", self.assistant_name)

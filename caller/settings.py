"""Settings of the scripted caller, read once at the edge."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["CallerSettings"]


class CallerSettings(BaseSettings):
    """How the scripted caller talks and what it holds the conversation against."""

    model_config = SettingsConfigDict(env_prefix="CALLER_", frozen=True, populate_by_name=True)

    api_url: str = Field(default="http://127.0.0.1:8000", description="Address of the control API.")
    speech_target: str = Field(
        default="127.0.0.1:50051",
        description="Speech server (host:port) that transcribes the agent's recorded voice back.",
    )
    redis_url: str = Field(
        default="redis://127.0.0.1:6379/0",
        validation_alias=AliasChoices("redis_url", "REDIS_URL"),
        description="Redis that holds the transcripts.",
    )
    room_prefix: str = Field(default="demo", description="Begin of the room's name.")
    name: str = Field(default="Caller", description="Name under which the caller joins.")
    wav: str = Field(
        default="",
        validation_alias=AliasChoices("wav", "CALLER_WAV", "WAV"),
        description=(
            "Recordings to speak, separated by commas (WAV or FLAC); NAME.txt beside one is its "
            "reference. Empty: the recordings of `SPEECH_DATA`, else synthesised speech."
        ),
    )
    speech_data: Path = Field(
        default=Path("../shared/speech"),
        validation_alias=AliasChoices("speech_data", "SPEECH_DATA"),
        description="Folder of recordings with a manifest.tsv.",
    )
    sample_rate_hz: Literal[16000, 48000] = Field(
        default=48000, description="Sample rate of the microphone and of the recording, in hertz."
    )
    frame_ms: Literal[10, 20] = Field(
        default=10, description="Length of one microphone frame, in milliseconds."
    )
    room_noise_dbfs: float = Field(
        default=-75.0,
        le=-55.0,
        description="Level of the microphone between utterances, in decibels of full scale.",
    )
    ready_timeout_s: float = Field(
        default=120.0, gt=0, description="Longest wait for the API to be ready, in seconds."
    )
    greeting_timeout_s: float = Field(
        default=60.0, gt=0, description="Longest wait for the end of the greeting, in seconds."
    )
    turn_timeout_s: float = Field(
        default=60.0,
        gt=0,
        description="Longest wait for the end of one of the agent's turns, in seconds.",
    )
    nice: int = Field(
        default=-10,
        ge=-20,
        le=19,
        description="Niceness of the caller's process, where the system allows it: it stands for a "
        "machine of its own.",
    )
    user_wer_max: float = Field(
        default=0.25, ge=0, description="Largest word error rate of the caller's words, pooled."
    )
    agent_wer_max: float = Field(
        default=0.35,
        ge=0,
        description="Largest word error rate of the agent's recorded voice, pooled.",
    )
    recording: Path | None = Field(
        default=None,
        description="Where the stereo WAV (caller left, agent right) goes; empty: nowhere.",
    )
    record_limit_s: float = Field(
        default=1800.0, gt=0, description="Longest recording that is kept in memory, in seconds."
    )
    report: Path | None = Field(
        default=None, description="Where the machine-readable report (JSON) goes; empty: nowhere."
    )

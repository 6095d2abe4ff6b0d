"""Settings of the worker."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from agent.settings.group import Seconds, SettingsGroup, Spoken

CALLS_A_CORE = 1.5
"""Where everything runs on the same cores, as many are answered within 2 s (docs/benchmarks.md)."""

HOLD_MUSIC = "hold-music"


class WorkerSettings(SettingsGroup):
    """How calls are taken."""

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
        default=0,
        ge=0,
        description="Calls at once; more wait in the queue. 0: three for two cores, as many as "
        "are answered within 2 s where everything runs on the same cores.",
    )
    queue_calls: int = Field(
        default=4,
        ge=0,
        description="Calls that may wait for a place; more are told to call again. 0: calls "
        "without a place are left to other workers, and get no agent where there is none.",
    )
    queue_seconds: Seconds = Field(
        default=120,
        gt=0,
        description="Longest wait in the queue until the caller is told to call again, in seconds.",
    )
    queue_repeat_seconds: Seconds = Field(
        default=20, gt=0, description="How often who waits is told so, in seconds."
    )
    queue_music: Spoken = Field(
        default=HOLD_MUSIC,
        description="Played to who waits, after the first message: hold-music, which "
        "livekit-agents brings along, the path of a file (Ogg, MP3, WAV), or none.",
    )
    livekit_target_load: float = Field(
        default=0.7,
        gt=0.1,
        le=1,
        description="LiveKit's `agents.target_load`: it sends no calls to workers that say that "
        "they are as busy. The nearer to 1, the more seldom a caller gets into the queue of one "
        "worker while another has places.",
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

    @field_validator("queue_music")
    @classmethod
    def _is_there(cls, value: str) -> str:
        if value not in ("", HOLD_MUSIC) and not Path(value).is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @property
    def calls_at_once(self) -> int:
        """Places for calls."""
        return self.max_calls or max(1, int(CALLS_A_CORE * len(os.sched_getaffinity(0))))

"""Settings of the worker."""

from typing import Literal

from pydantic import Field

from agent.settings.group import Seconds, SettingsGroup


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
        default=8,
        ge=0,
        description="Calls at once; more are left to other workers, and get no agent where there "
        "is none. 0: two for each core, a little more than answers within 2 s allow where "
        "everything runs on the same cores.",
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

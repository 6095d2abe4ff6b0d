"""Settings of the benches of whole calls, read once at the edge."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bench.calls.sides import SIDES

__all__ = ["CallBenchSettings"]

Names = Annotated[tuple[str, ...], NoDecode]
Counts = Annotated[tuple[int, ...], NoDecode]


class CallBenchSettings(BaseSettings):
    """How much is measured of whole calls."""

    model_config = SettingsConfigDict(env_prefix="BENCH_", frozen=True, populate_by_name=True)

    speech_data: Path = Field(
        default=Path("../shared/speech"),
        validation_alias=AliasChoices("speech_data", "SPEECH_DATA"),
        description="Folder of the recordings, with `manifest.tsv` and `details.tsv`.",
    )
    results: Path = Field(
        default=Path("bench/results"),
        description="Where the raw figures go: a file a run, one JSON object a line.",
    )
    label: str = Field(
        default="", pattern=r"^[a-z0-9-]*$", description="Added to the name of the raw file."
    )
    seed: int = Field(default=1, description="Seed of every choice and of the arrivals.")
    sides: Names = Field(
        default=("ours", "peers"),
        description=f"What is compared, turn by turn: {', '.join(SIDES)}.",
    )
    earlier: str = Field(
        default="", description="Commit that the side `earlier` is taken from, for an A/B."
    )
    turns: int = Field(default=25, ge=1, description="Turns of each side.")
    turns_per_call: int = Field(default=5, ge=1, description="Turns of one call.")
    barge_ins: int = Field(default=5, ge=0, description="Interruptions of each side.")
    noises: int = Field(
        default=5, ge=0, description="Noises that are played while the agent speaks, of each side."
    )
    llm: Literal["scripted", "ollama"] = Field(
        default="scripted",
        description="scripted: Ollama's protocol at a fixed pace, so that figures repeat; ollama: "
        "the real one with AGENT_LLM_MODEL.",
    )
    llm_first_token_s: float = Field(
        default=0.2, ge=0, description="The scripted model's time to its first word, in seconds."
    )
    llm_rate: float = Field(default=30.0, gt=0, description="The scripted model's words a second.")
    threads: int = Field(default=2, ge=1, description="Threads of the speech engines of any side.")
    longest_clip_s: float = Field(
        default=5.0, gt=0, description="Longest recording that is spoken, in seconds."
    )
    turn_timeout_s: float = Field(
        default=15.0,
        gt=0,
        description="After so long without the end of an answer a turn is missed, in seconds.",
    )
    real_turn_timeout_s: float = Field(
        default=60.0,
        gt=0,
        description="The same with the real model, which may talk for long, in seconds.",
    )
    calls: Counts = Field(
        default=(1, 2, 3, 4), min_length=1, description="Calls at once in the sweep."
    )
    point_seconds: float = Field(
        default=90.0, gt=0, description="Length of each point of the load, in seconds."
    )
    open_seconds: float = Field(
        default=120.0,
        ge=0,
        description="Time in which calls arrive by themselves, at 85 % and at 120 % of the "
        "capacity, in seconds; 0 leaves that out.",
    )
    recovery_seconds: float = Field(
        default=20.0, ge=0, description="How long the probe call goes on after them, in seconds."
    )
    speech_share: float = Field(
        default=0.4, gt=0, le=1, description="Part of a call in which its caller speaks."
    )
    load_limit_s: float = Field(
        default=2.0, gt=0, description="Turn latency at p95 up to which a load is carried."
    )
    streams: int = Field(
        default=4, ge=1, description="Bare streams at once that count as full in the overload."
    )
    soak_minutes: float = Field(default=60.0, gt=0, description="Length of the soak, in minutes.")
    soak_rest_minutes: float = Field(
        default=3.0,
        ge=0,
        description="After so long all calls of the soak are ended, and what the programs use is "
        "noted, in minutes; 0: never.",
    )
    soak_calls: int = Field(default=2, ge=1, description="Calls at once in the soak.")
    soak_fresh_turns: int = Field(
        default=60,
        ge=0,
        description="Turns that the stack and one just started are asked when the soak is over, "
        "which tells whether it became slower; 0: the soak's halves are compared.",
    )
    send_lag_limit_ms: float = Field(
        default=5.0,
        gt=0,
        description="Lateness of the callers' frames (99th percentile) above which a run is void.",
    )
    busy_limit: float = Field(
        default=0.25,
        gt=0,
        description="Part of the machine that others take before a run, above which it is void.",
    )

    @property
    def answer_timeout_s(self) -> float:
        """How long the end of an answer is waited for, with the model that there is."""
        return self.real_turn_timeout_s if self.llm == "ollama" else self.turn_timeout_s

    @model_validator(mode="after")
    def _earlier_is_named(self) -> Self:
        if "earlier" in self.sides and not self.earlier:
            raise ValueError("BENCH_EARLIER has to name the commit of the side `earlier`")
        return self

    @field_validator("sides", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            value = tuple(part.strip() for part in value.split(",") if part.strip())
        if isinstance(value, tuple | list):
            for name in value:
                if name not in SIDES:
                    raise ValueError(f"no side {name!r}; there are {', '.join(SIDES)}")
        return value

    @field_validator("calls", mode="before")
    @classmethod
    def _split_counts(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(int(part) for part in value.split(",") if part.strip())
        return value

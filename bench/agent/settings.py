"""Settings of the bench of the agent, read once at the edge."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Part = Literal["failures", "history", "overlaps", "cutoffs"]


def _items(value: object) -> object:
    return tuple(value.split(",")) if isinstance(value, str) else value


class AgentBenchSettings(BaseSettings):
    """How much is measured."""

    model_config = SettingsConfigDict(env_prefix="BENCH_AGENT_", frozen=True, populate_by_name=True)

    parts: Annotated[tuple[Part, ...], NoDecode, BeforeValidator(_items)] = Field(
        default=("failures", "history", "overlaps", "cutoffs"), description="What is measured."
    )
    failures: int = Field(default=2, ge=1, description="Times that each part is killed.")
    interruptions: int = Field(default=12, ge=1, description="Interruptions for the history.")
    overlaps: int = Field(default=20, ge=1, description="Sounds of each kind over the agent.")
    pauses: int = Field(default=41, ge=1, description="Recordings with a pause in them.")
    speech_data: Path = Field(
        default=Path("../shared/speech"),
        validation_alias=AliasChoices("speech_data", "SPEECH_DATA"),
        description="Folder of the recordings.",
    )
    results: Path = Field(
        default=Path("bench/results/agent"),
        description="Where the raw lines go: a file for each part and seed.",
    )
    busy_limit: float = Field(
        default=0.25,
        gt=0,
        description="Part of the machine that others take before a run, above which it is void.",
    )
    first_token_s: float = Field(default=0.2, ge=0, description="Of the scripted model.")
    rate: float = Field(default=30.0, gt=0, description="Words a second of the scripted model.")
    seed: int = Field(default=1, description="Seed of the sounds.")

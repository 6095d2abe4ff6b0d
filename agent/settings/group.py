"""What the groups of settings share."""

import json
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _items(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        return json.loads(value)
    parts = tuple(part for part in (item.strip() for item in value.split(",")) if part)
    return () if parts == ("none",) else parts


def _pairs(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.startswith("{"):
        return json.loads(value)
    pairs = [item.partition("=") for item in value.split(",") if item.strip()]
    return {key.strip(): rest.strip() for key, _, rest in pairs}


def _nothing(value: object) -> object:
    return "" if isinstance(value, str) and value.strip() in ("", "none") else value


Seconds = Annotated[float, Field(ge=0, le=3600)]
Probability = Annotated[float, Field(ge=0, le=1)]
Phrases = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_items)]
"""A JSON array or comma-separated text; none is empty."""
Pairs = Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs)]
"""A JSON object or key=value,key=value."""
Spoken = Annotated[str, BeforeValidator(_nothing)]
"""A text that is said; none, or blanks alone, say nothing."""


class SettingsGroup(BaseSettings):
    """Settings that belong together; `agent.Settings` joins the groups."""

    model_config = SettingsConfigDict(
        env_prefix="AGENT_",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        # Compose passes on what .env does not have as an empty string.
        env_ignore_empty=True,
    )

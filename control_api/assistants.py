"""The assistants that can be chosen: one file each in the folder that the agent reads.

Only what callers may see is read; prompts, addresses and telephone numbers stay the owner's.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import structlog
from pydantic import BaseModel, Field, ValidationError

_log = structlog.stdlib.get_logger("control_api.assistants")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Assistant(BaseModel):
    """An assistant that can be asked into a call."""

    name: str = Field(description="What the metadata of a dispatch asks for.")
    display_name: str = Field(default="", description="What it calls itself.")
    description: str = Field(default="", description="One line for people who choose.")
    language: str | None = Field(
        default=None, description="ISO 639-1 or auto; null: as the agent is set."
    )
    voice: str | None = Field(default=None, description="Its voice; null: as the agent is set.")
    tools: list[str] | None = Field(
        default=None, description="What it can do; null: as the agent is set."
    )
    vision: bool | None = Field(
        default=None,
        description="Whether it looks at the caller's screen or camera; null: as the agent is set.",
    )
    is_default: bool = Field(default=False, description="Whether it answers when none is named.")


def read_assistants(folder: Path, default: str) -> Sequence[Assistant]:
    """The assistants of a folder, the default first; a file that cannot be used is left out."""
    found = [read for path in sorted(folder.glob("*.toml")) if (read := _read(path)) is not None]
    if default not in [each.name for each in found]:
        # The agent's own settings make one.
        found.insert(0, Assistant(name=default, display_name=default))
    marked = [each.model_copy(update={"is_default": each.name == default}) for each in found]
    return sorted(marked, key=lambda each: not each.is_default)


def _read(path: Path) -> Assistant | None:
    try:
        with path.open("rb") as file:
            fields = tomllib.load(file)
        known = {name: fields[name] for name in Assistant.model_fields if name in fields}
        read = Assistant.model_validate({**known, "is_default": False})
        if read.name != path.stem or not _NAME.fullmatch(read.name):
            raise ValueError("the name is not the file's")
    except (OSError, ValueError, ValidationError) as error:
        _log.warning("assistant cannot be used", file=path.name, reason=type(error).__name__)
        return None
    return read.model_copy(update={"display_name": read.display_name or read.name})

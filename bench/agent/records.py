"""Raw lines of the bench: a file a part, one JSON object a line, the first describing it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bench.result import Machine


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)


class Head(_Line):
    """What a part was measured with."""

    line: Literal["head"] = "head"
    part: str
    commit: str
    began: str
    machine: Machine
    busy: float
    """Part of the machine that others took before it, 0 to 1."""
    settings: dict[str, Any]


class Silence(_Line):
    """Time in which nothing was heard, in seconds; None: nothing came at all."""

    line: Literal["failure"] = "failure"
    kind: str
    seconds: float | None
    said: str


class Cut(_Line):
    """An interruption."""

    line: Literal["interruption"] = "interruption"
    stop_ms: float
    """From the caller's first sample to the agent's last audible one."""
    history: int
    """Words that the model is shown of the interrupted reply."""
    heard: int
    """Words of it that the caller's recording holds."""


class Overlap(_Line):
    """A sound over the agent: it went on afterwards, or not."""

    line: Literal["sound"] = "sound"
    kind: str
    resumed: bool


class Story(_Line):
    """A story that was told to its end, with sounds over it."""

    line: Literal["story"] = "story"
    missing: int
    """Words that a recogniser does not find in the recording."""
    words: int


class Pause(_Line):
    """A recording with a pause in it."""

    line: Literal["pause"] = "pause"
    clip: str
    latency_s: float
    """From its last voiced sample to the agent's first; negative: it was cut off."""


Line = Silence | Cut | Overlap | Story | Pause
_LINES: TypeAdapter[Head | Line] = TypeAdapter(Annotated[Head | Line, Field(discriminator="line")])


class Records(BaseModel):
    """All lines of some files."""

    heads: list[Head] = Field(default_factory=list)
    failures: list[Silence] = Field(default_factory=list)
    cuts: list[Cut] = Field(default_factory=list)
    sounds: list[Overlap] = Field(default_factory=list)
    stories: list[Story] = Field(default_factory=list)
    pauses: list[Pause] = Field(default_factory=list)

    def add(self, line: Head | Line) -> None:
        """Take a line."""
        if isinstance(line, Head):
            self.heads.append(line)
        elif isinstance(line, Silence):
            self.failures.append(line)
        elif isinstance(line, Cut):
            self.cuts.append(line)
        elif isinstance(line, Overlap):
            self.sounds.append(line)
        elif isinstance(line, Story):
            self.stories.append(line)
        else:
            self.pauses.append(line)


def write(path: Path, head: Head, lines: Iterable[Line]) -> None:
    """Write the file of a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    every: Sequence[_Line] = [head, *lines]
    path.write_text("".join(f"{one.model_dump_json()}\n" for one in every), encoding="utf-8")


def read(folder: Path) -> Records:
    """Read the files of a folder."""
    records = Records()
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            records.add(_LINES.validate_json(line))
    return records

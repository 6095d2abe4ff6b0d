"""What is written for each utterance, and read again for the figures: one JSON object a line."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bench.result import Machine


class Final(BaseModel):
    """One final that came."""

    text: str
    at_s: float
    """When it came, from the first sample of the recording."""
    end_ms: int = 0
    reason: str = ""
    after_endpoint_s: float | None = None
    """Since the server told that the utterance had ended."""
    held: bool = False
    """Whether its last preflight had the same text."""
    retried: bool = False


class Heard(BaseModel):
    """What one recording gave; times in seconds from its first sample."""

    kind: Literal["heard"] = "heard"
    system: str = "ours"
    scene: str = ""
    streams: int = 1
    clip: str
    tag: str
    source: str = ""
    language: str = "en"
    reference: str
    seconds: float
    start_s: float
    end_s: float
    pause_s: float = 0.0
    finals: list[Final] = Field(default_factory=list)
    text: str = ""
    """All that was recognised."""
    complete_s: float | None = None
    """When all of the text was there: final with us, shown with WhisperLive, which has none."""
    shown_s: float | None = None
    """When the words of all of the text were shown first, final or not."""
    first_interim_s: float | None = None
    interims: int = 0
    unstable_words: int = 0
    """Words of interims that a later one changed or took back."""
    broken_promises: int = 0
    lags: int = 0
    late: int = 0
    """Messages that left later than the limit, of `lags`."""
    lag_p99_ms: float = 0.0
    refused: bool = False
    error: str = ""

    @property
    def final_delay_s(self) -> float | None:
        """From the true end of speech to the complete text."""
        return None if self.complete_s is None or not self.text else self.complete_s - self.end_s

    @property
    def shown_delay_s(self) -> float | None:
        """From the true end of speech to the words of the complete text, final or not."""
        return None if self.shown_s is None or not self.text else self.shown_s - self.end_s

    @property
    def premature(self) -> bool:
        """Whether a final came while there was more to say."""
        return len([one for one in self.finals if one.text]) > 1


class Used(BaseModel):
    """What a process used for a scene."""

    kind: Literal["used"] = "used"
    system: str = "ours"
    scene: str
    streams: int = 1
    cpu_s: float = 0.0
    speech_s: float = 0.0
    memory_mb: float = 0.0
    done: int = 0
    """Streams that it had served."""


class Head(BaseModel):
    """The first line of a file."""

    kind: Literal["head"] = "head"
    part: str
    commit: str
    machine: Machine
    began: str
    settings: dict[str, object]


Line = Annotated[Head | Heard | Used, Field(discriminator="kind")]
_LINES: TypeAdapter[Head | Heard | Used] = TypeAdapter(Line)


class Records(BaseModel):
    """All lines of a run."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    heads: list[Head] = Field(default_factory=list)
    heard: list[Heard] = Field(default_factory=list)
    used: list[Used] = Field(default_factory=list)

    def of(self, scene: str, system: str = "ours", streams: int | None = None) -> list[Heard]:
        """Give the recordings of a scene."""
        return [
            one
            for one in self.heard
            if one.scene == scene
            and one.system == system
            and (streams is None or one.streams == streams)
        ]

    def use_of(self, scene: str, system: str = "ours") -> list[Used]:
        """Give what a scene used."""
        return [one for one in self.used if one.scene == scene and one.system == system]

    @property
    def late_share(self) -> float:
        """Share of all messages that left too late."""
        lags = sum(one.lags for one in self.heard)
        return sum(one.late for one in self.heard) / lags if lags else 0.0


def write(path: Path, head: Head, lines: Iterable[Heard | Used]) -> None:
    """Write the file of a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    every: Sequence[BaseModel] = [head, *lines]
    path.write_text(
        "".join(f"{one.model_dump_json(exclude_defaults=False)}\n" for one in every),
        encoding="utf-8",
    )


def read(folder: Path, commit: str | None = None) -> Records:
    """Read the files of a folder; those of another commit are left out when one is given."""
    records = Records()
    for path in sorted(folder.glob("*.jsonl")):
        lines = [_LINES.validate_json(line) for line in path.read_text().splitlines()]
        head = next((line for line in lines if isinstance(line, Head)), None)
        if head is None or (commit is not None and head.commit != commit):
            continue
        records.heads.append(head)
        records.heard += [line for line in lines if isinstance(line, Heard)]
        records.used += [line for line in lines if isinstance(line, Used)]
    return records

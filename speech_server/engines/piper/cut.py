"""The stages of a voice as files, and what is known of them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

NOTE = "cut.json"


@dataclass(frozen=True)
class Cut:
    """A folder with the three stages of a voice.

    ``channels`` are those of the latent, ``rhythm_channels`` of each duration noise, ``hop`` the
    samples of a frame. The reaches are the frames of context on each side that make a window
    exact; None where the stage must be computed over the whole utterance. The flags say which
    stages take which inputs.
    """

    folder: Path
    channels: int
    rhythm_channels: tuple[int, ...]
    hop: int
    flow_reach: int | None
    decoder_reach: int | None
    has_scales: bool
    text_speaker: bool
    flow_speaker: bool
    decoder_speaker: bool

    @property
    def text(self) -> Path:
        """Text encoder and durations."""
        return self.folder / "text.onnx"

    @property
    def flow(self) -> Path:
        """Flow."""
        return self.folder / "flow.onnx"

    @property
    def decoder(self) -> Path:
        """Waveform decoder."""
        return self.folder / "decoder.onnx"

    @property
    def decoder_of_one_core(self) -> Path:
        """Waveform decoder in the form that is faster on one core, where there is one."""
        return self.folder / "decoder-one-core.onnx"

    @staticmethod
    def weights(stage: Path) -> Path:
        """Weights of a stage, for sessions that share them."""
        return stage.with_suffix(".npz")

    def write(self) -> None:
        """Write what is known into the folder."""
        known = asdict(self)
        del known["folder"]
        (self.folder / NOTE).write_text(json.dumps({"cut": known}), encoding="utf-8")


def write_uncut(folder: Path, why: str) -> None:
    """Note that a voice cannot be cut."""
    (folder / NOTE).write_text(json.dumps({"uncut": why}), encoding="utf-8")


def read_cut(folder: Path) -> Cut | str:
    """Read what is known; gives why the voice could not be cut when it could not.

    Raises:
        OSError: Nothing is known.
        ValueError: It cannot be read.
    """
    data = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    if "uncut" in data:
        return str(data["uncut"])
    try:
        known = data["cut"]
        known["rhythm_channels"] = tuple(known["rhythm_channels"])
        return Cut(folder=folder, **known)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{NOTE} is not as it was written") from error

"""The JSON file beside a Piper voice."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speech_server.engines.piper.errors import BrokenVoice


@dataclass(frozen=True)
class VoiceConfig:
    """What a voice says about itself.

    ``length_scale`` is the inverse of speed; ``noise_scale`` and ``noise_w_scale`` are the voice's
    own variation of sound and rhythm; ``speakers`` maps names to numbers, in the order of numbers.
    """

    sample_rate_hz: int
    language_code: str
    espeak_voice: str
    quality: str
    phoneme_ids: dict[str, tuple[int, ...]]
    phoneme_type: str
    speaker_count: int
    speakers: dict[str, int]
    default_speaker: int
    length_scale: float
    noise_scale: float
    noise_w_scale: float
    piper: dict[str, Any]
    """The file's content, for `piper` itself."""


def find_files(place: Path) -> tuple[Path, Path]:
    """Give the graph and the JSON file of a voice from its folder or from its graph.

    Raises:
        BrokenVoice: There is not exactly one graph, or no JSON file.
    """
    graph = place
    if place.is_dir():
        found = sorted(place.glob("*.onnx"))
        if len(found) != 1:
            raise BrokenVoice(f"{len(found)} .onnx files in the folder where one is needed")
        graph = found[0]
    config = graph.with_name(f"{graph.name}.json")
    if not graph.is_file() or not config.is_file():
        raise BrokenVoice("a voice is an .onnx file and an .onnx.json file beside it")
    return graph, config


def read_config(path: Path) -> VoiceConfig:
    """Read the JSON file of a voice.

    Raises:
        BrokenVoice: Something that synthesis needs is not in it.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        inference = data.get("inference", {})
        speakers = data.get("speaker_id_map") or {}
        espeak_voice = str(data.get("espeak", {}).get("voice", ""))
        language = data.get("language", {}).get("code") or espeak_voice
        return VoiceConfig(
            sample_rate_hz=int(data["audio"]["sample_rate"]),
            language_code=str(language).replace("_", "-"),
            espeak_voice=espeak_voice,
            quality=str(data["audio"].get("quality", "")),
            phoneme_ids={key: tuple(ids) for key, ids in data["phoneme_id_map"].items()},
            phoneme_type=str(data.get("phoneme_type", "espeak")),
            speaker_count=int(data.get("num_speakers", 1)),
            speakers=dict(sorted(speakers.items(), key=lambda item: int(item[1]))),
            default_speaker=int(data.get("default_speaker_id", 0)),
            length_scale=float(inference.get("length_scale", 1.0)),
            noise_scale=float(inference.get("noise_scale", 0.667)),
            noise_w_scale=float(inference.get("noise_w", 0.8)),
            piper=data,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenVoice(f"the JSON file cannot be used: {error}") from error

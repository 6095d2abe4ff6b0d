"""Transcripts as files: JSON, plain text, and subtitles as SRT and WebVTT.

A message has the moment when it was said, not how long it took: a subtitle stays for as long as
its words take to say at an unhurried pace, or until the next one comes.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from control_api.store import TranscriptMessage

Format = Literal["json", "text", "srt", "vtt"]
_WORDS_PER_S = 2.5
_SHORTEST_S = 1.5


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How a transcript is written: media type, ending of the file's name, and who writes it."""

    media_type: str
    ending: str
    write: Callable[[str, Sequence[TranscriptMessage]], str]


def _json(room: str, messages: Sequence[TranscriptMessage]) -> str:
    rows = [message.model_dump(mode="json", exclude_unset=True) for message in messages]
    return json.dumps({"room": room, "messages": rows}, ensure_ascii=False, indent=2) + "\n"


def _text(room: str, messages: Sequence[TranscriptMessage]) -> str:
    lines = [
        f"{_moment(each):%Y-%m-%d %H:%M:%S} {_speaker(each)}: {_line(each)}" for each in messages
    ]
    return "\n".join([room, "", *lines, ""])


def _srt(_: str, messages: Sequence[TranscriptMessage]) -> str:
    return "\n".join(
        f"{number}\n{_clock(begin, ',')} --> {_clock(end, ',')}\n{_speaker(each)}: {_line(each)}\n"
        for number, (begin, end, each) in enumerate(_cues(messages), 1)
    )


def _vtt(_: str, messages: Sequence[TranscriptMessage]) -> str:
    cues = [
        f"{_clock(begin, '.')} --> {_clock(end, '.')}\n"
        f"<v {_speaker(each)}>{_escaped(_line(each))}\n"
        for begin, end, each in _cues(messages)
    ]
    return "\n".join(["WEBVTT\n", *cues])


FORMATS: Mapping[Format, FileFormat] = {
    "json": FileFormat("application/json", "json", _json),
    "text": FileFormat("text/plain; charset=utf-8", "txt", _text),
    "srt": FileFormat("application/x-subrip; charset=utf-8", "srt", _srt),
    "vtt": FileFormat("text/vtt; charset=utf-8", "vtt", _vtt),
}


def _cues(
    messages: Sequence[TranscriptMessage],
) -> Iterator[tuple[float, float, TranscriptMessage]]:
    """Seconds from the first word on; never beginning before the one before."""
    spoken = [each for each in messages if _line(each)]
    zero = _moment(spoken[0]) if spoken else datetime.min
    begins: list[float] = []
    for each in spoken:
        at = (_moment(each) - zero).total_seconds()
        begins.append(max(at, begins[-1] if begins else 0.0))
    for index, each in enumerate(spoken):
        end = begins[index] + max(_SHORTEST_S, len(each.text.split()) / _WORDS_PER_S)
        if index + 1 < len(spoken) and begins[index + 1] > begins[index]:
            end = min(end, begins[index + 1])
        yield begins[index], end, each


def _moment(message: TranscriptMessage) -> datetime:
    try:
        return datetime.fromisoformat(message.timestamp).replace(tzinfo=None)
    except ValueError:
        return datetime.min


def _speaker(message: TranscriptMessage) -> str:
    return "Assistant" if message.speaker == "agent" else "Caller"


def _line(message: TranscriptMessage) -> str:
    """The words on one line: an empty line would end a subtitle."""
    return " ".join(message.text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{point}{milliseconds:03}"

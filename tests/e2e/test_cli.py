"""The command `trinity` on the real stack, as a person types it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from caller import Report
from stack import Stack


@pytest.fixture
def trinity(stack: Stack) -> Any:
    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "trinity_cli", *arguments, "--json"],
            env={**os.environ, **stack.environment},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    return run


def test_the_doctor_finds_the_stack_well(trinity: Any, stack: Stack) -> None:
    told = trinity("doctor")
    states = {each["part"]: each["state"] for each in told["findings"]}
    # Without livekit-sip there is no telephone; with it, nobody may call yet, or may already.
    assert states.pop("telephone") in (
        ("off",) if stack.addresses.sip_address is None else ("warning", "ok")
    )
    assert set(states.values()) == {"ok"}, told


def test_what_is_said_is_written_down(trinity: Any, tmp_path: Path) -> None:
    (voice, *_) = trinity("voices")["voices"]
    (model, *_) = trinity("models")["models"]
    file = str(tmp_path / "said.wav")
    said = trinity("say", "The weather is fine today.", "--voice", voice["name"], "-o", file)
    assert 1000 < said["audio_ms"] < 4000
    heard = trinity("transcribe", file, "--language", "en", "--model", model["name"], "--words")
    words = {word.strip(".,").lower() for word in heard["text"].split()}
    assert len(words & {"the", "weather", "is", "fine", "today"}) >= 4, heard
    (utterance, *_) = heard["utterances"]
    assert 0 <= utterance["start_ms"] < utterance["end_ms"] <= heard["audio_ms"]


def test_a_call_is_found_and_saved(trinity: Any, report: Report, tmp_path: Path) -> None:
    rooms = [each["room"] for each in trinity("transcripts", "list")["transcripts"]]
    assert report.room in rooms
    shown = trinity("transcripts", "show", report.room)["messages"]
    assert report.greeting in [each["text"] for each in shown]
    file = tmp_path / "talk.srt"
    trinity("transcripts", "save", report.room, "--format", "srt", "-o", str(file))
    assert "-->" in file.read_text()

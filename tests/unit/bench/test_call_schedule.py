from pathlib import Path

import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from bench.calls.clips import noises, questions
from bench.calls.replies import Script
from bench.calls.settings import CallBenchSettings
from bench.calls.turn import schedule
from caller.settings import CallerSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tone = 0.3 * np.sin(np.arange(48000) / 8)
    rows = ["file\tduration_s\tlang\ttag\tnote\n"]
    references = []
    for number in range(9):
        name = f"clip{number}.flac"
        soundfile.write(tmp_path / name, tone * (number != 8), 16000)
        kind = "read" if number < 6 else "negative"
        length = "9.0" if number == 0 else "3.0"
        rows.append(f"{name}\t{length}\ten\t{kind}\tnoise\n")
        references.append(f"{name}\twords {number}\n")
    (tmp_path / "details.tsv").write_text("".join(rows))
    (tmp_path / "manifest.tsv").write_text("".join(references))
    return tmp_path


def caller(folder: Path) -> CallerSettings:
    return CallerSettings(speech_data=folder, sample_rate_hz=16000)


async def plan(folder: Path, seed: int) -> list[tuple[str, str]]:
    settings = CallBenchSettings(
        speech_data=folder, seed=seed, turns=12, sides=("ours", "peers", "defaults")
    )
    clips = await questions(settings, caller(folder))
    return [(side, clip.name) for side, clip in schedule(settings, clips)]


async def test_a_seed_repeats_the_schedule(folder: Path) -> None:
    first = await plan(folder, 1)
    assert first == await plan(folder, 1)
    assert first != await plan(folder, 2)
    assert len(first) == 36
    assert "clip0" not in {clip for _, clip in first}  # too long
    for at in range(0, 36, 3):  # every side is asked the same before the next recording
        assert len({clip for _, clip in first[at : at + 3]}) == 1
        assert {side for side, _ in first[at : at + 3]} == {"ours", "peers", "defaults"}
    assert len({side for side, _ in first[::3]}) > 1


def test_noises_are_short_and_can_be_heard(folder: Path) -> None:
    found = noises(CallBenchSettings(speech_data=folder), caller(folder))
    assert {clip.name for clip in found} == {"clip6", "clip7"}
    assert all(clip.duration_s <= 4 for clip in found)


def test_replies_repeat_by_seed_and_never_in_a_run() -> None:
    one, other = Script(1, 0.2, 30), Script(1, 0.2, 30)
    said = [one.answer({}).text for _ in range(200)]
    assert said == [other.answer({}).text for _ in range(200)]
    assert len(set(said)) == 200
    assert all(one.is_mine(text) for text in said)
    assert one.is_mine(" ".join(said[0].split()[:2]))  # cut off by the caller
    assert one.is_mine(f"{' '.join(said[0].split()[:4])} {said[1]}")  # and begun anew
    assert one.is_mine(f"{said[0].split()[0]} {said[1]}")  # after its first word
    assert not one.is_mine("One moment, please.")
    assert not one.is_mine(f"{said[0].split()[0]} One moment, please.")
    assert not one.is_mine("")
    opened = sum("," in text for text in said)
    assert 60 < opened < 140


def test_long_replies_are_given_where_they_are_asked_for() -> None:
    script = Script(1, 0.2, 30)
    script.speak_long(lambda body: bool(body.get("long")))
    assert len(script.answer({"long": True}).text.split()) > 50
    assert len(script.answer({}).text.split()) < 25
    script.speak_long(None)
    assert len(script.answer({"long": True}).text.split()) < 25


def test_settings_name_what_is_wrong() -> None:
    with pytest.raises(ValidationError, match="no side 'theirs'"):
        CallBenchSettings(sides=("ours", "theirs"))


def test_lists_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_SIDES", "ours, no-preflight")
    monkeypatch.setenv("BENCH_CALLS", "1,3")
    settings = CallBenchSettings()
    assert settings.sides == ("ours", "no-preflight")
    assert settings.calls == (1, 3)


def test_the_real_model_may_talk_for_longer() -> None:
    scripted = CallBenchSettings(turn_timeout_s=10)
    real = CallBenchSettings(llm="ollama", turn_timeout_s=10)
    assert scripted.answer_timeout_s == 10
    assert real.answer_timeout_s == real.real_turn_timeout_s > 15

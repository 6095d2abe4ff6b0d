"""The bench of synthesis: what it counts, and what it holds against the targets."""

import json
from pathlib import Path

import numpy as np
import pytest

from bench.result import Machine
from bench.tts.heard import PLAYER_BUFFER_S, Heard
from bench.tts.page import read, render
from bench.tts.parts import PARTS, roundtrip
from bench.tts.parts.roundtrip import read_sentences
from bench.tts.plots import draw
from bench.tts.report import capacity, tables, targets
from bench.tts.run import OURS, PEER, Run
from bench.tts.settings import TtsBenchSettings
from bench.tts.texts import CLAUSES, TOKENS, last_of_clause, pieces_of

RATE = 1000


def heard(*chunks: tuple[float, float, float]) -> Heard:
    """Chunks of arrival, length and loudness."""
    one = Heard(RATE, 10.0)
    for at, seconds, loudness in chunks:
        one.chunks.append((10.0 + at, np.full(int(seconds * RATE), loudness, np.float32)))
    return one


@pytest.fixture
def run() -> Run:
    return Run(TtsBenchSettings(), lambda text: None)


def test_silence_is_no_first_sound() -> None:
    one = heard((0.1, 0.2, 0.0), (0.3, 0.2, 0.5))
    assert one.first_byte_s == pytest.approx(0.1)
    assert one.first_audible_s == pytest.approx(0.3)
    assert one.audio_s == pytest.approx(0.4)


def test_a_player_runs_dry_when_sound_comes_too_late() -> None:
    in_time = 0.1 + PLAYER_BUFFER_S + 0.2
    assert heard((0.1, 0.2, 0.5), (in_time - 0.01, 0.2, 0.5)).underruns == 0
    assert heard((0.1, 0.2, 0.5), (in_time + 0.01, 0.2, 0.5)).underruns == 1


def test_the_capacity_ends_with_the_first_underrun(run: Run) -> None:
    for callers, gaps in ((1, 0), (2, 0), (4, 1), (8, 0)):
        run.add("sweep", OURS, str(callers), underruns=gaps)
    assert capacity(run) == 2


def test_parts_that_did_not_run_have_no_rows(run: Run) -> None:
    run.add("cancel", OURS, "alone", ended_s=0.02)
    assert [row.name for row in targets(run)] == ["cancel to the last byte, alone"]


def test_every_row_of_the_table_is_held_against_its_target(run: Run, tmp_path: Path) -> None:
    for server, first in ((OURS, 0.1), (PEER, 0.9)):
        for name in ("1.5 s", "4 s", "8 s", "12 s", "paragraph"):
            values = {"first_byte_s": first, "first_audible_s": first, "ended_s": 1.0}
            run.add("length", server, name, **values, audio_s=20.0)
        for callers in ("4", "8"):
            run.add("callers", server, callers, first_audible_s=first)
            run.add("throughput", server, callers, audio_per_s=16.0)
        run.add("tokens", server, "30 a second", first_audible_s=first)
    for way, errors in (("begun early", 1), ("awaited", 1)):
        run.add("openings", OURS, f"30 a second, {way}", first_audible_s=0.3, underruns=0)
        run.add("openings heard", OURS, f"30 a second, {way}", errors=errors, words=100)
    for name in CLAUSES:
        run.add("clause", OURS, name, first_audible_s=0.1)
    run.add("sweep", OURS, "10", underruns=0, first_audible_s=0.1)
    run.add("exact", OURS, "4 s", whole_db=99.0, seams_db=98.0, tail_db=97.0, batch_db=96.0)
    for mb in (300.0, 310.0, 311.0):
        run.add("memory", OURS, "sizes", requests=10_000, mb=mb)
    run.add("roundtrip", OURS, "0", errors=0, words=10, said="a", heard="a")
    found = {row.name: row for row in targets(run)}
    failed = {name for name, row in found.items() if not row.ok}
    assert failed == {"first audible, 1.5 s"}
    assert found["exactness, worst"].value == 96.0
    assert found["times sooner than piper http, 12 s"].value == pytest.approx(9)
    assert len(tables(run, list(found.values()))) == 9
    drawn = draw(run, tmp_path, "tts")
    assert {path.suffix for path in drawn} == {".svg"}
    raw = tmp_path / "tts.jsonl"
    head = {"machine": Machine.read().model_dump(), "commit": "c", "others": {"length": 0.01}}
    raw.write_text("".join(json.dumps(line) + "\n" for line in (head, *run.lines)))
    page = render(*read([raw]), drawn)
    assert "| first audible, 1.5 s | 0.1 s | <= 0.09 | no |" in page
    assert all(row in page for row in found)


def test_a_clause_ends_at_its_mark() -> None:
    assert [pieces_of(text)[last_of_clause(pieces_of(text))] for text in TOKENS] == [
        " that.",
        " question,",
        " order,",
    ]


def test_there_are_a_hundred_sentences_and_a_part_for_each_row() -> None:
    assert len(set(read_sentences())) == 100
    assert set(PARTS) >= {"length", "tokens", "callers", "sweep", "exact", "cancel", "memory"}


@pytest.mark.models
async def test_what_is_spoken_is_understood() -> None:
    """A few sentences through the real server's own Transcribe; the bench asks for a hundred."""
    run = Run(TtsBenchSettings(sentences=6), lambda text: None)
    await roundtrip.measure(run)
    assert len(run.names("roundtrip")) == 6
    words = run.sum("roundtrip", OURS, "words")
    assert run.sum("roundtrip", OURS, "errors") / words <= 0.08

"""The bench of the agent: its raw lines, and what is made of them."""

from pathlib import Path

import pytest

from bench.agent import figures, page
from bench.agent.records import Cut, Head, Line, Overlap, Pause, Silence, Story, read, write
from bench.result import Machine

LINES: list[Line] = [
    Silence(kind="nothing", seconds=9.0, said="Noon."),
    Silence(kind="model is gone", seconds=1.5, said="Sorry."),
    Silence(kind="model is gone", seconds=None, said=""),
    Cut(stop_ms=200, history=10, heard=11),
    Cut(stop_ms=300, history=10, heard=13),
    Overlap(kind="cough", resumed=True),
    Overlap(kind="cough", resumed=False),
    Story(missing=2, words=100),
    Pause(clip="a.flac", latency_s=-0.4),
    Pause(clip="b.flac", latency_s=1.1),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    machine = Machine(
        cpu="x", cores=2, memory_gb=1, kernel="k", python="3", livekit="1", load_1min=0
    )
    head = Head(part="all", commit="abc", began="now", machine=machine, busy=0.1, settings={})
    write(tmp_path / "all-1.jsonl", head, LINES)
    return tmp_path


def test_figures_are_of_the_lines_that_were_written(folder: Path) -> None:
    records = read(folder)
    assert [head.commit for head in records.heads] == ["abc"]
    found = {one.name: (one.value, one.ok) for one in figures.targets(records)}
    assert found == {
        "failures that are covered within 2 s": (0.5, False),
        "longest silence after a failure": (99.0, False),
        "barge-in: speech onset to last audible sample, p95": (0.295, True),
        "history equals the recording, within one word": (0.5, False),
        "cough: speech goes on": (0.5, False),
        "words of whole stories that a recogniser misses": (0.02, True),
        "cut off in a pause of 0.5 s or more": (0.5, False),
    }


def test_nothing_is_told_of_what_was_not_measured(tmp_path: Path) -> None:
    assert figures.targets(read(tmp_path)) == []


def test_the_page_says_all_of_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_AGENT_RESULTS", str(folder))
    monkeypatch.setattr(page, "PAGE", tmp_path / "docs" / "agent.md")
    assert page.main() == 0
    text = page.PAGE.read_text()
    assert "| model is gone | 2 | 1.50 | 99.00 | Sorry. |" in text
    assert "| 2 | 250 ms | 295 ms | 300 ms | 0 | 1 | 1 |" in text
    assert "| cough | 2 | 1 |" in text
    assert "| 2 | 1 | 1.10 s | 1.10 s |" in text

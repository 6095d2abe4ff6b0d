import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.calls.stages import STAGES
from bench.report import page, plots
from bench.report.runs import groups, read_all
from stack.settings import ROOT

Lines = list[dict[str, object]]


def write(
    folder: Path, name: str, bench: str, lines: Lines, void: str | None = None, **settings: object
) -> None:
    head = {
        "kind": "run",
        "bench": bench,
        "begun": f"2026112{name}T120000",
        "commit": "abc1234",
        "machine": {"cores": 2, "cpu": "a CPU", "memory_gb": 8.0, "kernel": "6", "python": "3.11"},
        "versions": {"livekit": "1.1"},
        "settings": {
            "label": "side-by-side",
            "sides": ["ours", "peers"],
            "seed": 1,
            "threads": 2,
            "llm": "scripted",
            "llm_first_token_s": 0.2,
            "llm_rate": 30.0,
            "load_limit_s": 2.0,
            "send_lag_limit_ms": 5.0,
            "open_seconds": 60.0,
            "soak_minutes": 1.0,
            "soak_calls": 1,
            **settings,
        },
    }
    end = {"kind": "end", "void": void}
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in (head, *lines, end))
    (folder / f"{bench}-{name}.jsonl").write_text(text)


def turn(side: str, latency_ms: float, **fields: object) -> dict[str, object]:
    stages = {**dict.fromkeys(STAGES, 10.0), "downlink_ms": 5.0}
    return {"kind": "turn", "side": side, "latency_ms": latency_ms, "stages": stages, **fields}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    results = tmp_path / "bench" / "results"
    sides = [turn(side, ms + n) for side, ms in (("ours", 700), ("peers", 2100)) for n in range(5)]
    write(results, "1", "turn", sides)
    write(results, "2", "turn", [turn("ours", 710.0)], seed=2)
    write(results, "3", "turn", [turn("ours", 9999.0)], void="the machine was in use")
    points: Lines = []
    for calls in (1, 2):
        points += [turn("ours", 800, calls=calls) for _ in range(4)]
        points.append(
            {"kind": "point", "side": "ours", "calls": calls, "cpu_s": 30.0, "seconds": 60.0}
        )
    points.append({"kind": "call", "side": "open", "load": 1.2, "at_s": 1.0, "refused": "no agent"})
    write(results, "4", "load", points)
    write(
        results,
        "5",
        "streams",
        [
            {
                "kind": "stream",
                "what": "stt",
                "phase": "over",
                "error": "RESOURCE_EXHAUSTED: full",
                "refused_ms": 9.0,
            },
        ],
    )
    samples = [
        {"kind": "sample", "at_s": 10.0 * n, "speech_mb": 400.0, "agent_mb": 100.0}
        for n in range(6)
    ]
    write(results, "6", "soak", [*samples, turn("ours", 800)])
    network = {
        "kind": "network",
        "network": "far",
        "delay_ms": 40,
        "jitter_ms": 0,
        "packets": 100,
        "lost": 2,
    }
    write(results, "7", "net", [turn("ours", 850, network="far"), network])
    return tmp_path


def test_every_figure_comes_from_the_raw_files(root: Path) -> None:
    text = page.render(read_all(root / "bench" / "results"), root)
    assert "| Trinity | 6 | 0 | 0 | 0 | 702 |" in text  # both parts of the label, pooled
    assert "2.99 (" in text
    assert "9999" not in text  # void
    assert "void: the machine was in use" in text
    assert "| far | 40 | 0 | 2.0% | 1 | 0 | 850 | 850 |" in text
    assert "not measured yet" not in text.lower()
    empty = page.render([], root)
    assert empty.lower().count("not measured yet") == 5


def test_what_was_measured_last_comes_first(root: Path) -> None:
    write(root / "bench" / "results", "8", "turn", [turn("ours", 650.0)], label="after")
    write(root / "bench" / "results", "0", "turn", [turn("ours", 990.0)], label="before")
    runs = read_all(root / "bench" / "results")
    assert [group.label for group in groups(runs, "turn")] == ["after", "side-by-side", "before"]
    text = page.render(runs, root)
    assert text.index("### After") < text.index("### Side by side") < text.index("### Before")
    assert "2 runs, seeds 1, 2, the last on 2026-11-22." in text


def test_plots_are_the_same_from_the_same_files(root: Path) -> None:
    runs = read_all(root / "bench" / "results")
    made = plots.render(runs)
    assert set(made) == {f"{name}-side-by-side.svg" for name in ("turn", "load", "soak")}
    assert made == plots.render(runs)
    assert len(groups(runs, "turn")) == 1


def test_the_command_writes_and_then_finds_nothing_to_do(root: Path) -> None:
    (root / "docs").mkdir()
    command = [sys.executable, "-m", "bench.report", "--root", str(root)]
    assert subprocess.run([*command, "--check"], cwd=ROOT).returncode == 1
    assert subprocess.run(command, cwd=ROOT).returncode == 0
    assert subprocess.run([*command, "--check"], cwd=ROOT).returncode == 0
    assert len(list((root / "docs" / "benchmarks").glob("*.svg"))) == 3


def test_plots_of_other_benches_stay_and_its_own_old_ones_go(root: Path) -> None:
    folder = root / "docs" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tts-length.svg", "turn-of-old.svg"):
        (folder / name).write_text("<svg/>")
    command = [sys.executable, "-m", "bench.report", "--root", str(root)]
    subprocess.run(command, check=True, cwd=ROOT)
    assert (folder / "tts-length.svg").is_file()
    assert not (folder / "turn-of-old.svg").exists()


def test_the_committed_page_is_what_the_committed_files_make() -> None:
    runs = read_all(ROOT / "bench" / "results")
    assert (ROOT / "docs" / "benchmarks.md").read_text() == page.render(runs, ROOT)

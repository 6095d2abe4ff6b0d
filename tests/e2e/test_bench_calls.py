"""A short run of the benches of calls: a broken measurement fails it, a slow machine does not."""

from pathlib import Path

import pytest

from bench.calls import turn
from bench.calls.figures import figures_of, why_void
from bench.calls.records import RawFile, read_run
from bench.calls.rig import open_rig
from bench.calls.settings import CallBenchSettings
from stack import Stack

SLOW_MS = 1e6
"""How late the callers' frames may be: a busy machine voids figures, and here are none."""


async def test_a_short_run_measures(stack: Stack, tmp_path: Path) -> None:
    settings = CallBenchSettings(
        sides=("ours",),
        turns=2,
        barge_ins=0,
        noises=0,
        llm="ollama",
        results=tmp_path,
        turn_timeout_s=40,
    )
    with RawFile("turn", settings) as raw:
        async with open_rig(settings, print, stack=stack) as rig:
            lines = await turn.measure(rig, raw, print)
            assert rig.cpu_s("ours") > 0
        raw.write("end", void=None)
    head, written, void = read_run(raw.path)
    assert void is None
    assert head["settings"]["sides"] == ["ours"]
    assert [line for line in written if line["kind"] == "turn"]
    lags = [line["send_lag_p99_ms"] for line in lines if "send_lag_p99_ms" in line]
    assert why_void(lines, lags, SLOW_MS) is None, lines
    found = figures_of(lines, "ours")
    assert found.turns, lines
    for line in lines:
        if "stages" in line:
            assert sum(line["stages"].values()) == pytest.approx(line["latency_ms"], abs=2), line
    assert found.unexplained < found.turns, lines
    assert found.wer is not None

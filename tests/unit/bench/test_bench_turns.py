import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench.__main__ import main
from bench.result import Result, target
from bench.settings import BenchSettings
from bench.turns import Run, choose_clips
from caller.report import TurnReport
from caller.settings import CallerSettings


def turn(latency_ms: float, residual_ms: float | None = 20, lag_ms: float = 1) -> TurnReport:
    return TurnReport(
        clip="c",
        origin="recorded",
        reference=None,
        heard="h",
        wer=None,
        answer="a",
        interrupted=False,
        turn_latency_ms=latency_ms,
        end_of_turn_ms=500,
        transcription_ms=300,
        llm_first_token_ms=100,
        tts_first_audio_ms=100,
        agent_end_to_end_ms=700,
        residual_ms=residual_ms,
        send_lag_p99_ms=lag_ms,
    )


def run(*latencies: float, lag_ms: float = 1, **rest: list[str]) -> Run:
    return Run(
        turns=[turn(v) for v in latencies], send_lags_p99_ms=[lag_ms] * len(latencies), **rest
    )


def test_figures_are_held_against_the_goals() -> None:
    found = {t.name: t for t in run(800, 900, 1000).targets()}
    assert all(t.ok for t in found.values())
    assert found["turn_latency_p50"].value == 900
    found = {t.name: t for t in run(-5, 1700, 1800, missed=["c"]).targets()}
    assert not any(
        found[name].ok
        for name in ("turn_latency_p50", "turn_latency_p95", "missed_turns", "false_starts")
    )


def test_what_was_not_measured_is_not_met() -> None:
    unmeasured = target("x", None, "ms", "<=", 1)
    assert (unmeasured.value, unmeasured.ok) == (None, False)
    assert target("y", 2, "calls", ">=", 2).ok


@pytest.mark.parametrize(
    ("measured", "reason"),
    [
        (run(900), None),
        (run(), "no turn"),
        (run(900, failures=["no greeting"]), "could not be held"),
        (run(900, lag_ms=5.5), "send-lag was 5.5 ms"),
    ],
)
def test_when_a_run_is_void(measured: Run, reason: str | None) -> None:
    said = measured.void(5.0)
    assert (said is None) if reason is None else (said is not None and reason in said)


async def test_recordings_come_in_a_seeded_order(tmp_path: Path) -> None:
    tone = 0.3 * np.sin(np.arange(32000) / 8)
    rows, references = ["file\tduration_s\tlang\ttag\n"], []
    for number in range(12):
        name = f"clip{number}.flac"
        soundfile.write(tmp_path / name, tone, 16000)
        tag = "telephone" if number > 9 else "read"
        rows.append(f"{name}\t{9.0 if number == 0 else 2.0}\ten\t{tag}\n")
        references.append(f"{name}\twords {number}\n")
    (tmp_path / "details.tsv").write_text("".join(rows))
    (tmp_path / "manifest.tsv").write_text("".join(references))
    settings = CallerSettings(speech_data=tmp_path, wav="", sample_rate_hz=16000)

    async def names(seed: int) -> list[str]:
        return [c.name for c in await choose_clips(settings, BenchSettings(turns=6, seed=seed))]

    first = await names(1)
    assert len(set(first)) == 6
    assert not {"clip0", "clip10", "clip11"} & set(first)
    assert first == await names(1)
    assert first != await names(2)


def test_the_last_line_is_the_result_and_a_dead_stack_voids_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    unused_tcp_port: int,
) -> None:
    monkeypatch.setenv("CALLER_API_URL", f"http://127.0.0.1:{unused_tcp_port}")
    monkeypatch.setenv("CALLER_READY_TIMEOUT_S", "0.2")
    monkeypatch.setenv("BENCH_OUTPUT", str(tmp_path / "out" / "turn.jsonl"))
    assert main() == 1
    result = Result.model_validate_json(capsys.readouterr().out.splitlines()[-1])
    assert result.bench == "turn"
    assert result.void
    assert not any(t.ok for t in result.targets if t.name.startswith("turn_latency"))
    head = json.loads((tmp_path / "out" / "turn.jsonl").read_text().splitlines()[0])
    assert head["machine"]["cores"] >= 1
    assert head["failures"]

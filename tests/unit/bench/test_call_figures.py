import json
from pathlib import Path

import pytest

from bench.calls.figures import bootstrap, figures_of, turn_targets, why_void
from bench.calls.records import RawFile, busy_share, read_run
from bench.calls.settings import CallBenchSettings
from bench.calls.stages import STAGES


def turn(latency_ms: float, side: str = "ours", **fields: object) -> dict[str, object]:
    stages = {**dict.fromkeys(STAGES, 0.0), "downlink_ms": 50.0}
    return {"kind": "turn", "side": side, "latency_ms": latency_ms, "stages": stages, **fields}


def test_missed_turns_count_against_the_shares() -> None:
    greeting = {"kind": "greeting", "side": "ours", "downlink_ms": 80.0}
    lines = [
        greeting,
        turn(700),
        turn(900),
        turn(-20),
        {"kind": "turn", "side": "ours", "missed": "no"},
    ]
    found = figures_of(lines, "ours")
    assert (found.turns, found.missed, found.false_starts) == (3, 1, 1)
    assert found.latencies == [700, 900]
    assert found.within(800) == pytest.approx(0.25)
    assert found.residual(95) == pytest.approx(30)


def test_a_wrong_answer_is_a_missed_turn_and_no_latency() -> None:
    found = figures_of([turn(700, missed="an apology")], "ours")
    assert (found.turns, found.missed, found.latencies) == (0, 1, [])


def test_the_ratio_is_held_against_the_peers_of_the_same_run() -> None:
    greeting = {"kind": "greeting", "side": "ours", "downlink_ms": 80.0}
    lines = [greeting, *(turn(800) for _ in range(3)), *(turn(2400, "peers") for _ in range(3))]
    found = {one.name: one for one in turn_targets(lines, ("ours", "peers"))}
    assert found["times lower than the peers, p50"].value == 3
    assert all(one.ok for one in found.values())
    alone = {one.name for one in turn_targets(lines, ("ours",))}
    assert "times lower than the peers, p50" not in alone
    nothing = turn_targets([], ("ours", "peers"))
    assert not [one for one in nothing if one.ok and "latency" in one.name]


@pytest.mark.parametrize(
    ("lines", "lags", "reason"),
    [
        ([turn(700)], [1.0], None),
        ([], [], "no turn"),
        ([turn(700), {"kind": "turn", "side": "ours", "failed": "refused"}], [1.0], "refused"),
        ([turn(700)], [9.0], "9.0 ms late"),
        ([turn(700)], [], "not measured"),
    ],
)
def test_when_turns_are_void(
    lines: list[dict[str, object]], lags: list[float], reason: str | None
) -> None:
    said = why_void(lines, lags, 5.0)
    assert (said is None) if reason is None else (said is not None and reason in said)


def test_an_interval_holds_the_ratio_and_repeats() -> None:
    one, other = [float(v) for v in range(90, 110)], [float(v) for v in range(180, 220, 2)]
    found = bootstrap(one, other)
    assert found is not None
    ratio, low, high = found
    assert low <= ratio <= high
    assert ratio == pytest.approx(2, abs=0.05)
    assert bootstrap(one, other) == found
    assert bootstrap([1.0], other) is None


def test_a_run_that_broke_off_is_void(tmp_path: Path) -> None:
    settings = CallBenchSettings(results=tmp_path)
    with RawFile("turn", settings) as raw:
        raw.write("turn", **{k: v for k, v in turn(700).items() if k != "kind"})
    head, lines, void = read_run(raw.path)
    assert void == "it broke off"
    assert head["machine"]["cores"] >= 1
    assert head["commit"]
    assert lines[0]["latency_ms"] == 700
    with raw.path.open("a") as file:
        file.write(json.dumps({"kind": "end", "void": None}) + "\n")
    assert read_run(raw.path)[2] is None


def test_what_others_take_is_tried() -> None:
    assert 0 <= busy_share(0.05) < 1

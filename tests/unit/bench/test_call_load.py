import asyncio
import time
from collections.abc import Callable

import pytest

from bench.calls.ageing import ageing, pairs_of
from bench.calls.figures import figures_of
from bench.calls.load import arrivals, capacity
from bench.calls.load_figures import load_targets, overload_of, points_of, soak_targets
from bench.calls.machine_speed import machine_ms
from bench.calls.soak import Rests, count_slope_per_hour, drift, machine_drift, slope_per_hour

Lines = list[dict[str, object]]


def turns(side: str, calls: int, *latencies: float, missed: int = 0, lag: float = 1.0) -> Lines:
    head = {"kind": "turn", "side": side, "calls": calls, "send_lag_p99_ms": lag}
    found: Lines = [{**head, "latency_ms": value} for value in latencies]
    found += [{**head, "missed": "no answer"} for _ in range(missed)]
    return [*found, {**head, "kind": "point", "cpu_s": 30.0, "seconds": 60.0}]


def test_capacity_ends_at_the_first_point_that_is_not_carried() -> None:
    def points(*each: Lines) -> list[tuple[int, object]]:
        return [(int(str(lines[0]["calls"])), figures_of(lines, "ours")) for lines in each]

    good = [turns("ours", n, 700, 900) for n in (1, 2, 3)]
    late = turns("ours", 2, 700, 2900)
    missed = turns("ours", 3, 700, missed=1)
    assert capacity(points(*good), 2.0) == 3  # type: ignore[arg-type]
    assert capacity(points(good[0], late, good[2]), 2.0) == 1  # type: ignore[arg-type]
    assert capacity(points(good[0], good[1], missed), 2.0) == 2  # type: ignore[arg-type]
    assert capacity([], 2.0) == 0


def test_the_sweep_is_held_against_the_peers_and_costs_are_told() -> None:
    lines = [
        *turns("ours", 1, 700),
        *turns("ours", 3, 900),
        *turns("peers", 1, 2500),
    ]
    found = {one.name: one for one in load_targets(lines, ("ours", "peers"), 2.0, 5.0)}
    assert found["calls at once"].value == 3
    assert found["times the peers' calls at once"].value == 3  # not divided by nothing
    assert [(point.calls, point.cpu_s) for point in points_of(lines, "ours")] == [
        (1, pytest.approx(30.0)),
        (3, pytest.approx(10.0)),
    ]


def test_a_point_whose_callers_were_late_does_not_count() -> None:
    lines = [*turns("ours", 1, 700), *turns("ours", 2, 800, lag=5.1), *turns("ours", 3, 900)]
    (calls,) = load_targets(lines, ("ours",), 2.0, 5.0)
    assert (calls.name, calls.value) == ("calls at once", 1)


def test_arrivals_repeat_and_keep_their_rate() -> None:
    found = arrivals(1, 0.5, 4000)
    assert found == arrivals(1, 0.5, 4000)
    assert found != arrivals(2, 0.5, 4000)
    assert len(found) == pytest.approx(2000, rel=0.1)
    assert all(0 < at < 4000 for at in found)


def test_overload_tells_refusals_from_failures() -> None:
    def stream(phase: str, **fields: object) -> dict[str, object]:
        return {"kind": "stream", "what": "stt", "phase": phase, **fields}

    lines = [
        *(stream("full", ms=100.0) for _ in range(5)),
        stream("over", ms=110.0),
        stream("over", error="RESOURCE_EXHAUSTED: full", refused_ms=12.0),
        stream("over", error="INTERNAL: broken", refused_ms=5.0),
        {"kind": "recovery", "what": "stt", "s": 1.5},
    ]
    found = overload_of(lines, "stt")
    assert (found.arrived, found.refusals_ms, found.other_errors) == (3, [12.0], 1)
    assert found.p95_kept == pytest.approx(1.1)
    assert found.recovery_s == 1.5
    held = {one.name: one.ok for one in load_targets(lines, (), 2.0, 5.0)}
    assert not held["stt: other errors"]
    assert not held["tts: slowest refusal at 120 %"]  # never seen is not met
    assert held["stt: recovery"]


def soak(growth_mb_h: float = 0.0, slower: float = 0.0, left: int = 0) -> Lines:
    def usage(at_s: float) -> dict[str, object]:
        mb = 400 + growth_mb_h * at_s / 3600
        parts = {
            f"{part}_{what}": 10 for part in ("speech", "agent") for what in ("fds", "threads")
        }
        return {"speech_mb": mb, "agent_mb": 200, "agent_processes": 2, "at_s": at_s, **parts}

    lines: Lines = [{"kind": "sample", **usage(at)} for at in range(0, 1200, 10)]
    lines += [
        {"kind": "turn", "side": "ours", "latency_ms": 700 * (1 + slower * (n > 120))}
        for n in range(200)
    ]
    return [*lines, {"kind": "after", **usage(1210), "agent_processes": 2 + left}]


def test_a_soak_finds_growth_drift_and_what_is_left() -> None:
    assert all(one.ok for one in soak_targets(soak()))
    bad = {one.name: one.ok for one in soak_targets(soak(growth_mb_h=5, slower=0.2, left=1))}
    assert not bad["speech memory"]
    assert not bad["p95 drift"]
    assert not bad["processes left behind"]
    assert bad["agent memory"]
    assert slope_per_hour(soak(growth_mb_h=5), "speech_mb") == pytest.approx((5, 0), abs=0.01)


def test_memory_that_is_given_back_is_no_growth() -> None:
    lines = soak(growth_mb_h=5)
    for number, line in enumerate(lines):
        # Half of the time it works, more and more often towards the end.
        if line["kind"] == "sample" and number % 6 < 2 + number // 40:
            line["speech_mb"] = float(str(line["speech_mb"])) + 60
    slope = slope_per_hour(lines, "speech_mb")
    assert slope is not None
    assert slope[0] == pytest.approx(5, abs=1)


def test_growth_is_read_from_the_rests() -> None:
    lines = soak(growth_mb_h=30)
    rests = [{**line, "kind": "rest", "speech_mb": 350.0} for line in lines[:120:12]]
    slope = slope_per_hour([*lines, *rests], "speech_mb")
    assert slope == pytest.approx((0, 0), abs=0.01)
    few = slope_per_hour([*lines, *rests[:4]], "speech_mb")
    assert few == pytest.approx((30, 0), abs=0.1)


def test_drift_has_bounds() -> None:
    found = drift(soak(slower=0.2))
    assert found is not None
    assert found[1] <= found[0] <= found[2]
    assert found[0] == pytest.approx(0.2)


def test_a_turn_begun_before_its_end_has_no_part_in_the_drift() -> None:
    early: Lines = [{"kind": "turn", "side": "ours", "latency_ms": -700.0} for _ in range(60)]
    found = drift([*soak(slower=0.2)[:220], *early, *soak(slower=0.2)[220:]])
    assert found == drift(soak(slower=0.2))


def test_a_count_that_rose_once_does_not_grow_and_one_that_goes_on_does() -> None:
    def rests(count: Callable[[int], int]) -> Lines:
        return [{"kind": "rest", "at_s": 200.0 * n, "speech_threads": count(n)} for n in range(20)]

    assert count_slope_per_hour(rests(lambda n: 27 + (n > 8)), "speech_threads") == 0
    assert count_slope_per_hour(rests(lambda n: 27 + (n > 16)), "speech_threads") == 0
    found = count_slope_per_hour(rests(lambda n: 27 + n // 5), "speech_threads")
    assert found is not None
    assert found > 2
    assert count_slope_per_hour([], "speech_threads") is None


@pytest.mark.parametrize(("machine_ms_after", "judged"), [(10.2, False), (10.9, None), (9.2, None)])
def test_no_drift_is_judged_of_a_machine_that_changed(
    machine_ms_after: float, judged: bool | None
) -> None:
    rests = [
        {"kind": "rest", "at_s": 60.0 * n, "machine_ms": machine_ms_after if n > 10 else 10.0}
        for n in range(20)
    ]
    lines = [*soak(slower=0.2), *rests]
    assert machine_drift(lines) == pytest.approx(machine_ms_after / 10 - 1)
    found = next(one for one in soak_targets(lines) if one.name == "p95 drift")
    assert found.value == (None if judged is None else pytest.approx(0.2))
    assert not found.ok


def beside(slower: float, pairs: int = 40) -> Lines:
    """Turns on a machine that became half as fast in the middle."""
    speeds = [1 + (number > pairs // 2) for number in range(pairs)]
    return [
        {"kind": "beside", "pair": number, "side": side, "latency_ms": by * speed * (700 + number)}
        for number, speed in enumerate(speeds)
        for side, by in (("ours", 1 + slower), ("fresh", 1.0))
    ]


def test_an_old_stack_is_held_against_a_fresh_one_on_any_machine() -> None:
    found = ageing(beside(slower=0.2))
    assert found is not None
    assert found == pytest.approx((0.2, 0.2, 0.2))
    # What the halves of the soak say is then not asked.
    targets = soak_targets([*soak(slower=0.3), *beside(slower=0.01)])
    drifted = next(one for one in targets if one.name == "p95 drift")
    assert drifted.value == pytest.approx(0.01)
    assert drifted.ok


def test_of_turns_beside_each_other_only_whole_pairs_count() -> None:
    lines = beside(slower=0.2, pairs=12)
    assert len(pairs_of(lines)) == 12
    del lines[0]["latency_ms"]
    lines[3]["missed"] = "silent"
    assert len(pairs_of([*lines, *soak()])) == 10
    assert ageing(lines) == pytest.approx((0.2, 0.2, 0.2))
    assert ageing(lines[4:]) is not None
    assert ageing(lines[6:]) is None
    lines[5]["latency_ms"] = -700.0  # a false start
    assert len(pairs_of(lines)) == 9
    assert ageing(lines) is None


def test_the_machine_s_speed_is_a_time() -> None:
    assert 0 < machine_ms() < 1000


def test_a_soak_without_figures_reaches_nothing() -> None:
    assert drift([]) is None
    assert not any(one.ok for one in soak_targets([]) if one.name != "missed turns")


async def test_all_callers_rest_and_one_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.calls.soak.QUIET_S", 0.01)
    rests = Rests(3, every_s=0.05, origin_s=time.monotonic())
    end_s = time.monotonic() + 0.5
    resting: set[int] = set()
    seen: list[set[int]] = []

    async def look() -> None:
        seen.append(set(resting))

    async def caller(number: int) -> int:
        rested = 0
        # The later ones have longer turns, and the first is done before them.
        while time.monotonic() < end_s + number * 0.02:
            if rests.due():
                resting.add(number)
                await rests.take(look)
                resting.clear()
                rested += 1
            await asyncio.sleep(0.01 * (number + 1))
        await rests.leave()
        return rested

    async with asyncio.timeout(5):
        rested = await asyncio.gather(*map(caller, range(3)))
    assert len(seen) >= 2
    assert all(each == {0, 1, 2} for each in seen)
    assert min(rested) >= len(seen)


def test_without_rests_none_is_due() -> None:
    assert not Rests(2, every_s=0, origin_s=time.monotonic() - 100).due()

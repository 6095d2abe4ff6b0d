"""Calls at once: a closed sweep, and calls that arrive as they please, with a probe among them.

In the sweep each caller speaks a set part of the time and starts its next question when the answer
is over or that part asks for it, whichever is later. A point ends a side's sweep when it is beyond
what is carried. The second half is open: calls come by a seeded Poisson process whatever becomes of
those before.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from bench.calls.clips import questions
from bench.calls.figures import Figures, figures_of
from bench.calls.records import RawFile
from bench.calls.rig import Rig
from bench.calls.talk import Talker
from caller.errors import CallerError
from caller.speech import Clip
from caller.token import ControlApi

__all__ = ["arrivals", "capacity", "carried", "measure"]

Tell = Callable[[str], None]
Lines = list[dict[str, Any]]

APART_S = 1.7
"""Callers begin so far from one another: in step they would make bursts that no day has."""
OPEN_LOADS = (0.85, 1.2)
TURNS_OF_A_CALL = 4
PROBE = "probe"
ARRIVALS = "arrivals"


def carried(found: Figures, limit_s: float) -> bool:
    """Tell whether a point is carried: every turn answered, the slow ones soon enough."""
    late = found.p(95)
    return late is not None and late <= limit_s * 1000 and not found.missed and not found.failed


def capacity(points: Sequence[tuple[int, Figures]], limit_s: float) -> int:
    """Give the most calls at once that are carried, with all fewer ones carried too."""
    most = 0
    for calls, found in sorted(points, key=lambda point: point[0]):
        if not carried(found, limit_s):
            break
        most = calls
    return most


def arrivals(seed: int, rate: float, seconds: float) -> list[float]:
    """Give the moments of a Poisson process, in seconds from its begin."""
    draw = random.Random(seed)
    found: list[float] = []
    at = draw.expovariate(rate)
    while at < seconds:
        found.append(at)
        at += draw.expovariate(rate)
    return found


async def measure(rig: Rig, raw: RawFile, tell: Tell) -> Lines:
    """Sweep each side, then let calls arrive at ours."""
    settings = rig.settings
    clips = await questions(settings, rig.caller)
    lines: Lines = []
    async with ControlApi(rig.caller.api_url) as api:
        await api.wait_ready(rig.caller.ready_timeout_s, tell)
        most = dict.fromkeys(settings.sides, 0)
        for side in settings.sides:
            for calls in settings.calls:
                found = await _point(rig, api, side, calls, clips, raw, tell)
                lines += found
                if not carried(figures_of(found, side), settings.load_limit_s):
                    break
                most[side] = calls
        if most.get("ours", 0) > 1 and settings.open_seconds:
            await rig.start_side(ARRIVALS, {"AGENT_MAX_CALLS": str(most["ours"])})
            for load in OPEN_LOADS:
                lines += await _open(rig, api, most["ours"] * load, load, clips, raw, tell)
    return lines


async def _point(
    rig: Rig,
    api: ControlApi,
    side: str,
    calls: int,
    clips: Sequence[Clip],
    raw: RawFile,
    tell: Tell,
) -> Lines:
    talkers = [Talker(rig, api, side, endless=True) for _ in range(calls)]
    lines: Lines = []
    try:
        for number, talker in enumerate(talkers):
            warm = await talker.ask(clips[-1 - number % len(clips)])
            raw.write("warm", calls=calls, **warm)
        began_s, cpu_s = time.monotonic(), rig.cpu_s(side)
        end_s = began_s + rig.settings.point_seconds

        async def speak(number: int, talker: Talker) -> None:
            await asyncio.sleep(number * APART_S)
            for at in count(number * 7):
                if time.monotonic() >= end_s:
                    return
                begin_s = time.monotonic()
                clip = clips[at % len(clips)]
                line = {"calls": calls, **await talker.ask(clip)}
                raw.write("turn", **line)
                lines.append({"kind": "turn", **line})
                next_s = begin_s + clip.duration_s / rig.settings.speech_share
                await asyncio.sleep(max(0.0, next_s - time.monotonic()))

        async with asyncio.TaskGroup() as group:
            for number, talker in enumerate(talkers):
                group.create_task(speak(number, talker))
        seconds = time.monotonic() - began_s
        point = {
            "side": side,
            "calls": calls,
            "seconds": round(seconds, 1),
            "cpu_s": round(rig.cpu_s(side) - cpu_s, 2),
        }
        raw.write("point", **point)
        lines.append({"kind": "point", **point})
    finally:
        await asyncio.gather(*(talker.hang_up() for talker in talkers))
    found = figures_of(lines, side)
    tell(
        f"{side}: {calls} at once, {found.turns} turns, {found.missed} missed, "
        f"p50 {found.p(50)} ms, p95 {found.p(95)} ms"
    )
    return lines


async def _open(
    rig: Rig,
    api: ControlApi,
    expected: float,
    load: float,
    clips: Sequence[Clip],
    raw: RawFile,
    tell: Tell,
) -> Lines:
    """Let calls arrive so that by Little's law, with the probe, as many as expected go on."""
    settings = rig.settings
    mean_clip_s = sum(clip.duration_s for clip in clips) / len(clips)
    call_s = 4.0 + TURNS_OF_A_CALL * mean_clip_s / settings.speech_share
    plan = arrivals(settings.seed, (expected - 1) / call_s, settings.open_seconds)
    tell(f"{len(plan)} calls arrive in {settings.open_seconds:.0f} s, {load:.0%} of the capacity")
    lines: Lines = []
    origin_s = time.monotonic()
    until_s = origin_s + settings.open_seconds

    def note(side: str, line: dict[str, Any]) -> None:
        fields = {**line, "side": side, "load": load, "at_s": round(time.monotonic() - origin_s, 2)}
        raw.write("turn", **fields)
        lines.append({"kind": "turn", **fields})

    async def one(number: int, at_s: float) -> None:
        await asyncio.sleep(max(0.0, origin_s + at_s - time.monotonic()))
        talker = Talker(rig, api, ARRIVALS, endless=True)
        fields: dict[str, Any] = {"side": "open", "load": load, "at_s": round(at_s, 2)}
        try:
            await talker.ready()
        except CallerError as error:
            fields["refused"] = str(error)
            fields["told"] = talker.turned_away
        else:
            # From when it wanted to call, not from when it got to it.
            heard_s = (talker.call_open_s or 0.0) + talker.began_s - (origin_s + at_s)
            fields["greeted_s"] = round(heard_s, 2)
            fields["queued_s"] = round(talker.queued_s, 2)
            for turn in range(TURNS_OF_A_CALL):
                clip = clips[(number * 5 + turn) % len(clips)]
                begin_s = time.monotonic()
                note("open", await talker.ask(clip))
                next_s = begin_s + clip.duration_s / settings.speech_share
                await asyncio.sleep(max(0.0, next_s - time.monotonic()))
        finally:
            await talker.hang_up()
        raw.write("call", **fields)
        lines.append({"kind": "call", **fields})

    async def probe() -> None:
        talker = Talker(rig, api, ARRIVALS, endless=True)
        try:
            for turn in count():
                # After the last arrivals it shows how long the rest of the load is felt.
                if time.monotonic() > until_s + settings.recovery_seconds:
                    return
                note(PROBE, await talker.ask(clips[turn % len(clips)]))
        finally:
            await talker.hang_up()

    async with asyncio.TaskGroup() as group:
        group.create_task(probe())
        for number, at_s in enumerate(plan):
            group.create_task(one(number, at_s))
    return lines

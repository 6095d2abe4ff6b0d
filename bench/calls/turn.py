"""Turns, the sides interleaved turn by turn; then interruptions and noises."""

import random
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import Any

from bench.calls.bargein import interrupt
from bench.calls.clips import noises, questions
from bench.calls.records import RawFile
from bench.calls.rig import Rig, RigError
from bench.calls.settings import CallBenchSettings
from bench.calls.talk import Talker
from caller.speech import Clip
from caller.token import ControlApi

__all__ = ["measure", "schedule"]

Tell = Callable[[str], None]

OPEN_CALLS = 1
"""Sides whose calls stay open between their turns: a caller who says nothing costs a part of two
cores too, and of several sides each is to be measured with one caller."""


def schedule(settings: CallBenchSettings, clips: Sequence[Clip]) -> list[tuple[str, Clip]]:
    """Give who is asked what, in order: each recording to every side, the sides shuffled."""
    order = random.Random(settings.seed)
    plan: list[tuple[str, Clip]] = []
    for clip in islice(cycle(clips), settings.turns):
        sides = list(settings.sides)
        order.shuffle(sides)
        plan += [(side, clip) for side in sides]
    return plan


async def measure(rig: Rig, raw: RawFile, tell: Tell) -> list[dict[str, Any]]:
    """Hold the turns; gives the lines, which are in the file already."""
    settings = rig.settings
    lines: list[dict[str, Any]] = []
    clips = await questions(settings, rig.caller)
    async with ControlApi(rig.caller.api_url) as api:
        await api.wait_ready(rig.caller.ready_timeout_s, tell)

        def greeted(side: str) -> Callable[[float], None]:
            def note(ms: float) -> None:
                raw.write("greeting", side=side, downlink_ms=ms)
                lines.append({"kind": "greeting", "side": side, "downlink_ms": ms})

            return note

        async def rest(side: str) -> None:
            if len(settings.sides) > OPEN_CALLS:
                await talkers[side].hang_up()

        talkers = {side: Talker(rig, api, side, greeted(side)) for side in settings.sides}
        try:
            for side in settings.sides:  # a first turn warms what is made at the first use
                warm = await talkers[side].ask(clips[-1])
                raw.write("warm", **warm)
                if "failed" in warm:
                    raise RigError(f"no call can be held with {side}: {warm['failed']}")
                await rest(side)
            for number, (side, clip) in enumerate(schedule(settings, clips)):
                line = await talkers[side].ask(clip)
                raw.write("turn", n=number, **line)
                lines.append({"kind": "turn", **line})
                tell(f"{number + 1:3d} {side:16s} {_said(line)}")
                await rest(side)
            quiet = noises(settings, rig.caller)
            kinds = [("barge-in", settings.barge_ins, clips), ("noise", settings.noises, quiet)]
            for kind, count, sounds in kinds:
                for clip in islice(cycle(sounds), count if sounds else 0):
                    for side in settings.sides:
                        line = await interrupt(talkers[side], clips[0], clip)
                        raw.write(kind, **line)
                        lines.append({"kind": kind, **line})
                        tell(f"{kind} {side:16s} {line}")
        finally:
            for talker in talkers.values():
                await talker.hang_up()
    return lines


def _said(line: dict[str, Any]) -> str:
    if reason := line.get("failed") or line.get("missed"):
        return str(reason)
    stages = line.get("stages", {"": line.get("unexplained")})
    return f"{line['latency_ms']:.0f} ms  {stages}"

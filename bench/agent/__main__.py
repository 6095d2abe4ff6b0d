"""`python -m bench.agent`: failures, interruptions and sounds over the agent, on a real stack."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from bench.agent.cutoffs import CutOffs
from bench.agent.failures import Failures
from bench.agent.overlaps import Overlaps
from bench.agent.scene import Scene
from bench.agent.settings import AgentBenchSettings
from bench.result import Result, Target, commit
from bench.scripted_ollama import Reply, ScriptedOllama
from stack import Stack, StackSettings, free_base
from stack.progress import Progress

SILENCE_S = 2.0
STOP_S = 0.3
RESUMED = 0.9
WORDS = 1
CUT_OFF = 0.15


def main() -> int:
    """Measure, print, and end with the result line."""
    settings = AgentBenchSettings()
    start_s = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - start_s:7.1f} s  {text}", flush=True)

    targets = asyncio.run(_measure(settings, tell))
    result = Result(bench="agent", commit=commit(), void=False, targets=targets)
    sys.stdout.write(result.model_dump_json() + "\n")
    return 0


async def _measure(settings: AgentBenchSettings, tell: object) -> list[Target]:
    assert callable(tell)
    targets: list[Target] = []
    async with _open_scene() as scene:
        if "failures" in settings.parts:
            found = await Failures(scene, settings, tell).measure()
            killed = [each for each in found if each.kind != "nothing"]
            worst = max((each.seconds or 99.0) for each in killed)
            covered = sum((each.seconds or 99.0) <= SILENCE_S for each in killed) / len(killed)
            for kind in dict.fromkeys(each.kind for each in found):
                tell(f"{kind}: {[each.seconds for each in found if each.kind == kind]}")
            targets += [
                Target(
                    name="failures that are covered within 2 s",
                    value=round(covered, 3),
                    unit="ratio",
                    target="= 1",
                    ok=covered == 1,
                ),
                Target(
                    name="longest silence after a failure",
                    value=round(worst, 3),
                    unit="s",
                    target=f"<= {SILENCE_S}",
                    ok=worst <= SILENCE_S,
                ),
            ]
        overlaps = Overlaps(scene, settings, tell)
        if "history" in settings.parts:
            cuts = await overlaps.interruptions()
            off = [abs(cut.history - cut.heard) for cut in cuts]
            p95 = float(np.percentile([cut.stop_ms for cut in cuts], 95)) / 1000
            exact = sum(each <= WORDS for each in off) / len(off)
            tell(f"stops {sorted(cut.stop_ms for cut in cuts)} ms; words off {sorted(off)}")
            targets += [
                Target(
                    name="barge-in: speech onset to last audible sample, p95",
                    value=round(p95, 3),
                    unit="s",
                    target=f"<= {STOP_S}",
                    ok=p95 <= STOP_S,
                ),
                Target(
                    name="history equals the recording, within one word",
                    value=round(exact, 3),
                    unit="ratio",
                    target="= 1",
                    ok=exact == 1,
                ),
            ]
        if "overlaps" in settings.parts:
            sounds = await overlaps.sounds()
            for kind in dict.fromkeys(each.kind for each in sounds):
                of_kind = [each.resumed for each in sounds if each.kind == kind]
                rate = sum(of_kind) / len(of_kind)
                targets.append(
                    Target(
                        name=f"{kind}: speech goes on",
                        value=round(rate, 3),
                        unit="ratio",
                        target=f">= {RESUMED}",
                        ok=rate >= RESUMED,
                    )
                )
            lost = sum(each[0] for each in overlaps.lost)
            whole = sum(each[1] for each in overlaps.lost)
            share = lost / whole if whole else None
            targets.append(
                Target(
                    name="words of whole stories that a recogniser misses",
                    value=None if share is None else round(share, 4),
                    unit="ratio",
                    target="<= 0.05",
                    ok=share is not None and share <= 0.05,
                )
            )
        if "cutoffs" in settings.parts:
            turns = await CutOffs(scene, settings, settings.speech_data, tell).measure()
            cut_off = sum(turn.latency_s < 0 for turn in turns) / len(turns) if turns else None
            later = sorted(turn.latency_s for turn in turns if turn.latency_s >= 0)
            tell(f"latency of the others {later}")
            targets.append(
                Target(
                    name="cut off in a pause of 0.5 s or more",
                    value=None if cut_off is None else round(cut_off, 3),
                    unit="ratio",
                    target=f"<= {CUT_OFF}",
                    ok=cut_off is not None and cut_off <= CUT_OFF,
                )
            )
    return targets


@asynccontextmanager
async def _open_scene() -> AsyncIterator[Scene]:
    ollama = ScriptedOllama(lambda _: Reply("Very well."))
    await ollama.start()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TRINITY_AGENTS_DIR"] = folder  # read by the stack's agent
        settings = StackSettings(name="bench-agent", port_base=free_base(), prometheus=False)
        settings = settings.model_copy(update={"ollama_host": ollama.url, "llm_model": "scripted"})
        stack = Stack(settings, Progress(sys.stderr))
        scene = Scene(stack, Path(folder), ollama)
        await asyncio.to_thread(stack.start)
        try:
            yield scene
        finally:
            await asyncio.to_thread(stack.stop)
            await scene.ollama.stop()


if __name__ == "__main__":
    sys.exit(main())

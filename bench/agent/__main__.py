"""`python -m bench.agent`: failures, interruptions and sounds over the agent, on a real stack.

Each part writes its raw lines into a file; parts may be measured one at a time
(`BENCH_AGENT_PARTS=history`), and with another seed (`BENCH_AGENT_SEED=2`) into another file.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.agent import figures, records
from bench.agent.cutoffs import CutOffs
from bench.agent.failures import Failures
from bench.agent.overlaps import Overlaps
from bench.agent.records import Head, Line, Records
from bench.agent.scene import Scene
from bench.agent.settings import AgentBenchSettings, Part
from bench.calls.records import busy_share
from bench.result import Machine, Result, commit
from bench.scripted_ollama import Reply, ScriptedOllama
from stack import Stack, StackSettings, free_base
from stack.progress import Progress

Tell = Callable[[str], None]


def main() -> int:
    """Measure, print, and end with the result line."""
    settings = AgentBenchSettings()
    start_s = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - start_s:7.1f} s  {text}", flush=True)

    busy = busy_share()
    if void := busy > settings.busy_limit:
        tell(f"void: others take {busy:.0%} of the machine")
    found = asyncio.run(_measure(settings, busy, tell))
    result = Result(
        bench="agent", commit=commit(), void=void or not found.heads, targets=figures.targets(found)
    )
    sys.stdout.write(result.model_dump_json() + "\n")
    return 0


async def _measure(settings: AgentBenchSettings, busy: float, tell: Tell) -> Records:
    found = Records()
    async with _open_scene() as scene:
        for part in settings.parts:
            head = Head(
                part=part,
                commit=commit(),
                began=datetime.now(UTC).isoformat(timespec="seconds"),
                machine=Machine.read(),
                busy=round(busy, 3),
                settings=settings.model_dump(mode="json", exclude={"results", "speech_data"}),
            )
            lines = await _part(part, scene, settings, tell)
            if not lines:
                continue
            # A run beside others says nothing, so it is not kept among those that do.
            if busy <= settings.busy_limit:
                records.write(settings.results / f"{part}-{settings.seed}.jsonl", head, lines)
            for line in (head, *lines):
                found.add(line)
    return found


async def _part(
    part: Part, scene: Scene, settings: AgentBenchSettings, tell: Tell
) -> Sequence[Line]:
    if part == "failures":
        return await Failures(scene, settings, tell).measure()
    if part == "cutoffs":
        return await CutOffs(scene, settings, settings.speech_data, tell).measure()
    overlaps = Overlaps(scene, settings, tell)
    if part == "history":
        return await overlaps.interruptions()
    sounds = await overlaps.sounds()
    return [*sounds, *overlaps.stories]


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

"""Turn latency: calls to a running stack, a recording a turn, measured by the caller's clock."""

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle

from bench.result import Target, target
from bench.settings import BenchSettings
from caller.conversation import call
from caller.errors import CallerError, WaitTimeoutError
from caller.measure import percentile
from caller.report import TurnReport, turn_report
from caller.settings import CallerSettings
from caller.speech import Clip, load_clips, read_clip, read_manifest
from caller.token import ControlApi

__all__ = ["Run", "choose_clips", "measure_turns"]

Tell = Callable[[str], None]


@dataclass
class Run:
    """Everything that was measured, and what went wrong."""

    turns: list[TurnReport] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    send_lags_p99_ms: list[float] = field(default_factory=list)

    @property
    def send_lag_p99_ms(self) -> float | None:
        """Worst send-lag (99th percentile) of any turn."""
        return max(self.send_lags_p99_ms, default=None)

    def void(self, limit_ms: float) -> str | None:
        """Why the run says nothing about the system; None when it does."""
        if not self.turns:
            return "no turn was measured"
        if self.failures:
            return f"{len(self.failures)} calls could not be held"
        lag = self.send_lag_p99_ms
        if lag is None or lag > limit_ms:
            return f"the caller's send-lag was {lag:.1f} ms (p99), more than {limit_ms:g} ms"
        return None

    def targets(self) -> list[Target]:
        """The figures that are held against the goals."""
        latencies = [t.turn_latency_ms for t in self.turns]
        residuals = [abs(t.residual_ms) for t in self.turns if t.residual_ms is not None]
        return [
            target("turn_latency_p50", percentile(latencies, 50), "ms", "<=", 1000),
            target("turn_latency_p95", percentile(latencies, 95), "ms", "<=", 1600),
            target("missed_turns", float(len(self.missed)), "turns", "<=", 0),
            target("false_starts", float(sum(v < 0 for v in latencies)), "turns", "<=", 0),
            target("residual_p95", percentile(residuals, 95), "ms", "<=", 50),
        ]


async def choose_clips(settings: CallerSettings, bench: BenchSettings) -> list[Clip]:
    """Short English recordings in a seeded order; the caller's own where there is no folder."""
    folder = settings.speech_data
    details = folder / "details.tsv"
    if settings.wav or not details.exists():
        return await load_clips(settings)
    with details.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    references = read_manifest(folder)
    names = sorted(
        row["file"]
        for row in rows
        if row["tag"] == "read"
        and row["lang"] == "en"
        and row["file"] in references
        and 1.0 <= float(row["duration_s"]) <= bench.longest_clip_s
    )
    chosen = random.Random(bench.seed).sample(names, min(len(names), bench.turns))
    return [
        read_clip(folder / name, settings.sample_rate_hz, references[name], "recorded")
        for name in chosen
    ]


async def measure_turns(settings: CallerSettings, bench: BenchSettings, tell: Tell) -> Run:
    """Holds calls until enough turns were measured; a missed turn ends its call."""
    run = Run()
    async with ControlApi(settings.api_url) as api:
        await api.wait_ready(settings.ready_timeout_s, tell)
        clips = await choose_clips(settings, bench)
        queue = cycle(clips)
        left = bench.turns
        while left > 0:
            before = len(run.turns) + len(run.missed)
            try:
                await _one_call(settings, api, run, queue, min(left, bench.turns_per_call), tell)
            except WaitTimeoutError as error:
                if len(run.turns) + len(run.missed) == before:
                    run.failures.append(str(error))
                    left -= 1
                tell(str(error))
            except CallerError as error:
                run.failures.append(str(error))
                left -= 1
                tell(str(error))
            left -= len(run.turns) + len(run.missed) - before
    return run


async def _one_call(
    settings: CallerSettings,
    api: ControlApi,
    run: Run,
    clips: Iterator[Clip],
    turns: int,
    tell: Tell,
) -> None:
    async with call(settings, api, tell) as talk:
        await talk.hear_greeting()
        for _ in range(turns):
            clip = next(clips)
            try:
                turn = await talk.speak(clip)
            except WaitTimeoutError as error:
                run.missed.append(f"{clip.name}: {error}")
                raise
            run.turns.append(turn_report(turn))
            run.send_lags_p99_ms.append(turn.send_lag_p99_ms)
            tell(f"turn {len(run.turns)}: {turn.measured_ms:.0f} ms")

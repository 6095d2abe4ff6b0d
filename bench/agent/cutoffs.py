"""How often the agent takes a pause within a sentence for the end of it."""

import asyncio
import csv
import random
from collections.abc import Callable
from pathlib import Path

from bench.agent.records import Pause
from bench.agent.scene import RATE_HZ, Scene
from bench.agent.settings import AgentBenchSettings
from bench.scripted_ollama import Reply
from caller.measure import voiced_span
from caller.speech import Clip, read_clip

LONGEST_CLIP_S = 14.0
PAUSE_S = 0.5
REST_S = 3.0
"""Until an answer to the rest of what was cut off has begun, so that it is not taken for one to the
next recording."""


class CutOffs:
    """Speaks recordings with pauses.

    Args:
        scene: Calls.
        settings: How many.
        folder: Of the recordings, with `details.tsv`.
        tell: Takes what is going on.
    """

    def __init__(
        self,
        scene: Scene,
        settings: AgentBenchSettings,
        folder: Path,
        tell: Callable[[str], None],
    ) -> None:
        self._scene = scene
        self._settings = settings
        self._folder = folder
        self._tell = tell

    def _clips(self) -> list[Clip]:
        with (self._folder / "details.tsv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        names = sorted(
            row["file"]
            for row in rows
            if row["lang"] == "en"
            and row["tag"] not in ("negative", "spelled", "telephone-digits")
            and row["max_pause_s"]
            and float(row["max_pause_s"]) >= PAUSE_S
            and float(row["duration_s"]) <= LONGEST_CLIP_S
            and (self._folder / row["file"]).exists()
        )
        random.Random(self._settings.seed).shuffle(names)
        chosen = names[: self._settings.pauses]
        return [read_clip(self._folder / name, RATE_HZ, None, "recorded") for name in chosen]

    async def measure(self) -> list[Pause]:
        """Speak each; nothing when there is no folder of recordings."""
        if not (self._folder / "details.tsv").exists():
            self._tell(f"no recordings in {self._folder}")
            return []
        settings = self._settings
        self._scene.ollama.answer = lambda _: Reply(
            "I see, thank you.", first_token_s=settings.first_token_s, rate=settings.rate
        )
        self._scene.write("listener")
        found: list[Pause] = []
        clips = self._clips()
        while clips:
            async with self._scene.call("listener") as guest:
                await guest.hear(1)
                for clip in clips[:6]:
                    count = len(guest.texts("agent"))
                    spoken = await guest.participant.microphone.play(clip.samples)
                    recorder = guest.participant.recorder
                    sent = recorder.sent_between(spoken.start_s, spoken.end_s)
                    span = voiced_span(sent, clip.rate_hz, clip.threshold_dbfs)
                    end_s = span.last_s if span else spoken.end_s
                    began_s = spoken.start_s + await guest.voice_within(
                        spoken.start_s, clip.duration_s + 20, "an answer"
                    )
                    found.append(Pause(clip=clip.name, latency_s=round(began_s - end_s, 3)))
                    self._tell(f"{len(found)}: {found[-1]}")
                    await asyncio.sleep(REST_S)
                    await guest.hear(count + 1)
                del clips[:6]
        return found

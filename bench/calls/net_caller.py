"""The caller in the namespace: one call, a line of figures a turn; started by `bench.calls.net`.

It reaches nothing but LiveKit, so it gets its token from outside.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, cast

from bench.calls.clips import questions
from bench.calls.settings import CallBenchSettings
from bench.calls.talk import Talker
from caller.priority import go_first
from caller.settings import CallerSettings
from caller.token import ControlApi, Token


@dataclass
class Place:
    """What a talker needs of a rig."""

    settings: CallBenchSettings
    caller: CallerSettings
    folder: Path
    script: None = None

    def trace(self, _: str) -> Path:
        """Folder of the moments."""
        return self.folder


class HeldToken:
    """Gives the token that came from outside."""

    def __init__(self, token: Token) -> None:
        self._token = token

    async def token(self, *_: object) -> Token:
        """Give it."""
        return self._token


async def talk(job: dict[str, Any]) -> None:
    """Hold the call."""
    settings = CallBenchSettings.model_validate(job["settings"])
    caller = CallerSettings.model_validate(job["caller"])
    place = Place(settings, caller, Path(job["trace"]))
    api = cast("ControlApi", HeldToken(Token.model_validate(job["token"])))

    def tell(kind: str, line: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps({"kind": kind, **line}) + "\n")
        sys.stdout.flush()

    def greeted(ms: float) -> None:
        tell("greeting", {"side": "ours", "downlink_ms": ms})

    talker = Talker(place, api, "ours", greeted, endless=True)
    clips = await questions(settings, caller)

    try:
        tell("warm", await talker.ask(clips[-1]))
        for clip in islice(cycle(clips), settings.turns):
            line = await talker.ask(clip)
            tell("turn", line)
            if "failed" in line or "missed" in line:
                return  # the token was for one call
    finally:
        await talker.hang_up()


if __name__ == "__main__":
    go_first()
    asyncio.run(talk(json.loads(sys.stdin.readline())))

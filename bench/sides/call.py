"""A call of a side, in a process of its own."""

from functools import partial
from typing import Any

from livekit.agents import AgentSession, JobContext

from agent.call import Parts, take_call
from agent.session import Engines, build_session
from agent.settings import Settings
from bench.peers.engines import open_peers
from bench.sides.assistant import MeasuredAssistant
from bench.sides.engines import open_measured
from bench.sides.marks import Marks
from bench.sides.settings import SideSettings

__all__ = ["take_side_call"]


async def take_side_call(context: JobContext) -> None:
    """Hold a call as the side's settings say; livekit-agents runs it in a prepared process."""
    side = SideSettings()
    marks = Marks(side.trace, context.job.room.name)
    opens: Any = partial(open_measured, marks)
    if side.kind == "peers":
        opens = partial(open_peers, marks, side)
    builds = default_session if side.kind == "defaults" else build_session
    await take_call(
        context,
        Parts(
            open_engines=opens, build_session=builds, assistant=partial(MeasuredAssistant, marks)
        ),
    )


def default_session(_: Settings, engines: Engines) -> AgentSession[None]:
    """Build a session as livekit-agents' first steps show it: nothing but the parts is given.

    The turn detector is named, as the default one is a cloud service; the voice detector is.
    """
    return AgentSession(
        stt=engines.stt,
        tts=engines.tts,
        llm=engines.llm,
        vad=engines.vad,
        turn_handling={"turn_detection": "vad", "interruption": {"mode": "vad"}},
    )

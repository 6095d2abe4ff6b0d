"""The engines of a call with the peers' servers in the place of ours."""

from dataclasses import replace
from typing import Any, cast

from agent.session import Engines, open_engines
from bench.peers.recognition import WhisperLiveSTT
from bench.peers.synthesis import PiperHttpTTS
from bench.sides.marks import Marks
from bench.sides.settings import SideSettings

__all__ = ["open_peers"]


def open_peers(marks: Marks, side: SideSettings, *arguments: Any) -> Engines:
    """Make the engines: the same model client and voice detector as ours, the peers' speech.

    Args:
        marks: Takes the moments.
        side: Where the peers' servers are.
        arguments: What `agent.session.open_engines` takes.
    """
    engines = open_engines(*arguments)
    recogniser = WhisperLiveSTT(side.whisper_live_url, engines.vad)
    voice = PiperHttpTTS(side.piper_url, lambda: marks("clause"))
    return replace(engines, stt=cast("Any", recogniser), tts=cast("Any", voice))

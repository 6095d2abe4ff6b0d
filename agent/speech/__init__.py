"""The speech server as livekit-agents' recogniser and synthesiser."""

from agent.speech.channel import open_channel
from agent.speech.stt import GrpcSTT
from agent.speech.tts import GrpcTTS

__all__ = ["GrpcSTT", "GrpcTTS", "open_channel"]

"""Synthesis: from a client's text to sound, for many streams at once."""

from speech_server.tts.models import TtsModels
from speech_server.tts.session import Session
from speech_server.tts.voices import VoiceSource

__all__ = ["Session", "TtsModels", "VoiceSource"]

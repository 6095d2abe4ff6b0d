"""The door to Piper: its voices, cut in stages, and espeak-ng as it carries it."""

from speech_server.engines.piper.config import VoiceConfig, find_files, read_config
from speech_server.engines.piper.errors import BrokenVoice, PiperError, UncutVoice
from speech_server.engines.piper.loading import load_voice
from speech_server.engines.piper.phonemes import Phonemizer, to_ids
from speech_server.engines.piper.sessions import Floats, resolve_device
from speech_server.engines.piper.voice import (
    AnyVoice,
    PiperVoice,
    Prior,
    TextRow,
    WholeVoice,
    decibels,
)

__all__ = [
    "AnyVoice",
    "BrokenVoice",
    "Floats",
    "Phonemizer",
    "PiperError",
    "PiperVoice",
    "Prior",
    "TextRow",
    "UncutVoice",
    "VoiceConfig",
    "WholeVoice",
    "decibels",
    "find_files",
    "load_voice",
    "read_config",
    "resolve_device",
    "to_ids",
]

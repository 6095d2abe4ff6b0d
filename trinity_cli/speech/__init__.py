"""The client of the speech server, sound files, and this machine's microphone and speaker."""

from trinity_cli.speech.devices import Player, Recorder
from trinity_cli.speech.messages import Sound, Utterance
from trinity_cli.speech.recordings import Recording, WavFile
from trinity_cli.speech.server import SpeechServer

__all__ = ["Player", "Recorder", "Recording", "Sound", "SpeechServer", "Utterance", "WavFile"]

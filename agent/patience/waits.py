"""How long a silence ends the caller's turn."""

from dataclasses import dataclass

from trinity.speech.v1.speech_to_text_service_pb2 import EndpointingConfig


@dataclass(frozen=True)
class Patience:
    """Silences, in milliseconds.

    Attributes:
        stop_silence_ms: Ends an utterance whose turn seems complete.
        max_stop_silence_ms: Ends one whose turn seems incomplete.
    """

    stop_silence_ms: int
    max_stop_silence_ms: int

    def at_most(self, other: "Patience") -> "Patience":
        """Give the shorter of each."""
        return Patience(
            min(self.stop_silence_ms, other.stop_silence_ms),
            min(self.max_stop_silence_ms, other.max_stop_silence_ms),
        )

    def at_least(self, silence_ms: int) -> "Patience":
        """Lengthen what is shorter."""
        return Patience(
            max(self.stop_silence_ms, silence_ms), max(self.max_stop_silence_ms, silence_ms)
        )

    def to_config(self) -> EndpointingConfig:
        """Give what the speech server takes."""
        return EndpointingConfig(
            stop_silence_ms=self.stop_silence_ms, max_stop_silence_ms=self.max_stop_silence_ms
        )


QUICK = Patience(384, 640)
NUMBER = Patience(384, 768)
SLOW = Patience(900, 1800)
PROMPT = Patience(480, 960)
"""Most for what is said over the agent, whose voice goes on by itself 0.95 s after an interruption
without words."""

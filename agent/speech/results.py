"""Recognition results as the framework wants them.

livekit-agents starts the reply early on a PREFLIGHT and throws it away when the FINAL is not the
same byte for byte, when another attempt begins (six are allowed in a turn), or when an INTERIM says
something else. So one preflight is passed on for one text, results that are out of date are
dropped, and a final that differs from its preflight only in case or punctuation is given the
preflight's text.
"""

from livekit.agents import LanguageCode
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType
from trinity.speech.v1.speech_to_text_service_pb2 import StreamingRecognitionResult


def same_words(one: str, other: str) -> bool:
    """Tell whether two texts differ in case, punctuation and spaces only."""
    return words_of(one) == words_of(other)


def words_of(text: str) -> list[str]:
    """Split a text into bare words, without case, punctuation and apostrophes."""
    kept = "".join(char if char.isalnum() or char == "'" else " " for char in text.casefold())
    return kept.replace("'", "").split()


class ResultReader:
    """Turns one gRPC stream's results into speech events, in order.

    Args:
        language: Code to report where the server names none; a real one, never "auto".
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._utterance = ""
        self._revision = -1
        self._preflight = ""
        self._open: set[str] = set()
        self.end_of_turn_probability: float | None = None

    @property
    def in_utterance(self) -> bool:
        """An utterance has begun and has no final yet."""
        return bool(self._open)

    def begin(self, utterance_id: str) -> None:
        """Take the server's word that an utterance begins; the final before may still be due."""
        self._open.add(utterance_id)

    def read(self, result: StreamingRecognitionResult, offset_s: float) -> SpeechEvent | None:
        """Make the event of a result.

        Args:
            result: The next result of the stream.
            offset_s: Time of the stream's first sample on the framework's clock of the call.

        Returns:
            The event, or None when the framework must not see this result.
        """
        if result.utterance_id != self._utterance:
            self._utterance, self._revision, self._preflight = result.utterance_id, -1, ""
            self.end_of_turn_probability = None
        if result.revision < self._revision:
            return None
        self._open.add(result.utterance_id)
        self._revision = result.revision
        if result.HasField("end_of_turn_probability"):
            self.end_of_turn_probability = result.end_of_turn_probability
        text = result.transcript
        if result.is_final:
            kind = SpeechEventType.FINAL_TRANSCRIPT
            if self._preflight and same_words(text, self._preflight):
                text = self._preflight
            self._utterance, self._preflight = "", ""
            self._open.discard(result.utterance_id)
        elif result.preflight:
            if not text or text == self._preflight:
                return None
            kind = SpeechEventType.PREFLIGHT_TRANSCRIPT
            self._preflight = text
        else:
            if not text or text == self._preflight:
                return None
            kind = SpeechEventType.INTERIM_TRANSCRIPT
        data = SpeechData(
            language=LanguageCode(result.language_code or self._language),
            text=text,
            start_time=offset_s + result.start_ms / 1000,
            end_time=offset_s + result.end_ms / 1000,
            confidence=result.confidence,
        )
        return SpeechEvent(type=kind, request_id=result.utterance_id, alternatives=[data])

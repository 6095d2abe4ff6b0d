"""The voice follows the caller's language, where there is a voice for it."""

import structlog
from livekit.agents import AgentSession, UserInputTranscribedEvent

from agent.settings import Settings
from agent.speech import GrpcTTS
from agent.transcripts import TranscriptRecorder

log = structlog.stdlib.get_logger(__name__)

LEAST_WORDS = 2
"""One word is too little to tell a language by."""


class LanguageFollower:
    """Changes the voice of one call.

    Args:
        session: The call's session.
        voice: Speaks.
        recorder: Writes down in which language.
        settings: Of the call: the voices by language.
    """

    def __init__(
        self,
        session: AgentSession[None],
        voice: GrpcTTS,
        recorder: TranscriptRecorder,
        settings: Settings,
    ) -> None:
        self._voice = voice
        self._recorder = recorder
        self._voices = {code: name for code, name in settings.voices.items() if name}
        self._usual = settings.voice
        self._language = "" if settings.language == "auto" else settings.language
        if self._voices:
            session.on("user_input_transcribed", self._on_words)

    def _on_words(self, event: UserInputTranscribedEvent) -> None:
        if not event.is_final or event.language is None:
            return
        heard = event.language.language
        if len(event.transcript.split()) >= LEAST_WORDS and heard != self._language:
            self._language = heard
            self._voice.voice = self._voices.get(heard, self._usual)
            self._recorder.language = heard if heard in self._voices else None
            log.info("The voice follows the caller's language", language=heard)

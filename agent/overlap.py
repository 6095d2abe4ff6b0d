"""What a caller says over the agent, judged before the framework acts on it.

livekit-agents takes any final text for an interruption. Here, while the agent speaks, a text that
is only a sign of listening ("mm-hm", "right"), or the agent's own words come back through the
caller's microphone, is taken out of the recognition events, so that the framework finds no words
and resumes the agent's speech. It still goes into the transcript, except for an echo.
"""

import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from dataclasses import replace
from enum import Enum

from livekit.agents import AgentSession, AgentStateChangedEvent, ConversationItemAddedEvent, llm
from livekit.agents.stt import SpeechEvent, SpeechEventType

from agent.speech.results import words_of
from agent.telemetry import metrics
from agent.transcripts import TranscriptRecorder


def _each(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Sounds that never answer anything.
_SOUNDS = _each(
    "mm mmm mhm mmhm mmhmm hm hmm hmmm uhhuh uh huh um ah aha ahh oh ooh ow er erm mh hum"
)
# Words that show that one listens, unless something was asked.
_NODS = _each(
    "yeah yes yep yup ok okay right sure alright cool good great nice fine wow really exactly "
    "absolutely indeed true definitely i see got it of course all so"
)
# What a recogniser makes of a hum that it takes for words: the small words that begin a sentence
# and end none. More than that is never so short.
_FRAGMENTS = _each("i im ill id a an and the it is its in of to that her my on not")
# Words that stop the agent as soon as they are heard.
_STOPS = (
    *("stop", "wait", "hold on", "hang on", "shut up", "be quiet", "quiet", "no no"),
    *("excuse me", "enough", "pause", "one moment", "just a moment"),
)
LONGEST_NOD = 3
_HUMMED = frozenset("mnhgpf")
"""A word of nothing but these is a hum."""
_MURMURED = frozenset("aeiouymnh")
"""Two or three words of nothing but these are one too ("I'm Han" for "mm-hmm"), as a closed mouth
makes no other sounds, unless one of them is an answer."""
_MURMURED_ANSWERS = _each("no one nine none name mine mean you any many noon")
ECHO_WORDS = 3
"""Fewer words in the agent's own order may be chance."""

_TEXTS = (
    SpeechEventType.INTERIM_TRANSCRIPT,
    SpeechEventType.PREFLIGHT_TRANSCRIPT,
    SpeechEventType.FINAL_TRANSCRIPT,
)


class Overlap(Enum):
    """What a text over the agent's speech is."""

    SPEECH = "speech"
    STOP = "stop"
    BACKCHANNEL = "backchannel"
    ECHO = "echo"


def judge(text: str, agent_text: str) -> Overlap:
    """Judge a text that came while the agent spoke.

    Args:
        text: The caller's words.
        agent_text: What the agent has said of its reply so far.
    """
    words = words_of(text)
    joined = " ".join(words)
    if any(joined == stop or joined.startswith(stop + " ") for stop in _STOPS):
        return Overlap.STOP
    if len(words) >= ECHO_WORDS and f" {joined} " in f" {' '.join(words_of(agent_text))} ":
        return Overlap.ECHO
    if words and all(_is_sound(word) for word in words):
        return Overlap.BACKCHANNEL
    asked = "?" in agent_text
    if (
        words
        and not asked
        and len(words) <= LONGEST_NOD
        and words[0] != "not"
        and (
            all(word in _NODS or _is_sound(word) for word in words)
            or all(word in _FRAGMENTS or _is_sound(word) for word in words)
            or _is_murmur(words)
        )
    ):
        return Overlap.BACKCHANNEL
    return Overlap.SPEECH


def _is_sound(word: str) -> bool:
    return word in _SOUNDS or set(word) <= _HUMMED


def _is_murmur(words: Sequence[str]) -> bool:
    joined = "".join(words)
    return (
        len(words) > 1
        and set(joined) <= _MURMURED
        and joined.count("m") + joined.count("n") > 1
        and _MURMURED_ANSWERS.isdisjoint(words)
    )


class OverlapFilter:
    """Filters one call's recognition events.

    Args:
        agent_text: Gives what the agent has said of its present reply.
        on_backchannel: Takes the text of a sign of listening, for the transcript.
        on_stop: Called when the caller says to stop; must return at once.
    """

    def __init__(
        self,
        agent_text: Callable[[], str],
        on_backchannel: Callable[[SpeechEvent], None],
        on_stop: Callable[[], None],
    ) -> None:
        self._agent_text = agent_text
        self._on_backchannel = on_backchannel
        self._on_stop = on_stop
        self._reply_open = False

    @classmethod
    def of(cls, session: AgentSession[None], recorder: TranscriptRecorder) -> "OverlapFilter":
        """Make the filter of a session."""

        def stop() -> None:
            with contextlib.suppress(RuntimeError):  # the session is over
                session.interrupt()

        overlap = cls(lambda: recorder.agent_text, recorder.aside, stop)
        overlap.attach(session)
        return overlap

    def attach(self, session: AgentSession[None]) -> None:
        """Follow when the agent has the word: from its first sound to the end of its reply."""
        session.on("agent_state_changed", self._on_state)
        session.on("conversation_item_added", self._on_item)

    def _on_state(self, event: AgentStateChangedEvent) -> None:
        # "listening" may be a pause of it, which an interruption without words ends.
        if event.new_state == "speaking":
            self._reply_open = True

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage) and event.item.role == "assistant":
            self._reply_open = False

    async def filter(self, events: AsyncIterable[SpeechEvent]) -> AsyncIterator[SpeechEvent]:
        """Pass events on, without the texts that are no interruption."""
        async for event in events:
            yield self.check(event)

    def check(self, event: SpeechEvent) -> SpeechEvent:
        """Give the event that the framework is to see."""
        if event.type not in _TEXTS or not event.alternatives or not self._reply_open:
            return event
        data = event.alternatives[0]
        verdict = judge(data.text, self._agent_text())
        if verdict is Overlap.STOP:
            self._reply_open = False  # once; the next reply must not be stopped by it
            self._on_stop()
        if verdict in (Overlap.SPEECH, Overlap.STOP):
            return event
        if event.type is SpeechEventType.FINAL_TRANSCRIPT:
            metrics().overlaps.labels(verdict.value).inc()
            if verdict is Overlap.BACKCHANNEL:
                self._on_backchannel(event)
        silent = replace(data, text="")
        # An early text must not start a reply; as an interim without words it does nothing.
        kind = event.type
        if kind is SpeechEventType.PREFLIGHT_TRANSCRIPT:
            kind = SpeechEventType.INTERIM_TRANSCRIPT
        return replace(event, type=kind, alternatives=[silent])

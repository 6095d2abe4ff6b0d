"""Who has picked up an outbound call: a person, or a machine.

Told from the first words: people answer with a word or two and wait; machines talk on, and say
what machines say. No model is asked, as a small one would guess.
"""

import asyncio
import contextlib
import re
import time
from enum import Enum

import structlog
from livekit.agents import AgentSession, UserInputTranscribedEvent, UserStateChangedEvent

log = structlog.stdlib.get_logger(__name__)

_MACHINE = re.compile(
    r"\b(leave (me |us )?(a|your) (message|name)|after the (tone|beep)|at the (tone|beep)|"
    r"voice ?mail|mail ?box|answering machine|not available|unavailable|"
    r"can(no|')t (come to|take|answer)|can not (come to|take|answer)|"
    r"person you (have called|are calling|are trying)|press (one|two|1|2)\b|"
    r"your call (has been|is being) forwarded|record your message|nachricht nach dem|"
    r"laissez un message|deje (su|un) mensaje)\b",
    re.IGNORECASE,
)
PERSON_SECONDS = 2.5
"""A greeting that is over sooner is a person's, unless its words say otherwise."""
MACHINE_SECONDS = 5.0
"""Nobody talks so long on picking up."""
NOTHING_SECONDS = 3.0
"""Somebody who says nothing on picking up is greeted."""
QUIET_SECONDS = 1.5
"""Silence after which the words are over; longer than any wait of turn taking."""
LONGEST_SECONDS = 30.0


class Answer(Enum):
    """Who answered."""

    PERSON = "person"
    MACHINE = "machine"
    NOBODY = "nobody"


class AnsweringMachine:
    """Listens to the first words of an outbound call.

    Args:
        session: The call's session, started.
    """

    def __init__(self, session: AgentSession[None]) -> None:
        self._session = session
        self._changed = asyncio.Event()
        self._text = ""
        self._speaking_since_s: float | None = None
        self._silent_since_s: float | None = None
        self._spoken_s = 0.0
        self._turn_over = False
        session.on("user_input_transcribed", self._on_words)
        session.on("user_state_changed", self._on_state)

    def turn_over(self, text: str) -> None:
        """Take the words of a whole turn."""
        self._text = self._text or text
        self._turn_over = True
        self._changed.set()

    def close(self) -> None:
        """Stop listening."""
        self._session.off("user_input_transcribed", self._on_words)
        self._session.off("user_state_changed", self._on_state)

    async def decide(self) -> Answer:
        """Tell who answered; NOBODY where nothing was said."""
        begin_s = time.monotonic()
        while (now_s := time.monotonic()) - begin_s < LONGEST_SECONDS:
            if (answer := self.judge(now_s, now_s - begin_s)) is not None:
                log.info("An outbound call was answered", by=answer.value)
                return answer
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), 0.1)
        return Answer.MACHINE if self._spoken_s else Answer.NOBODY

    async def wait_for_end(self) -> None:
        """Wait until the machine has said all, so that a message may be left."""
        begin_s = time.monotonic()
        while time.monotonic() - begin_s < LONGEST_SECONDS:
            quiet_s = self._silent_since_s
            if quiet_s is not None and time.monotonic() - quiet_s >= QUIET_SECONDS:
                return
            await asyncio.sleep(0.1)

    def judge(self, now_s: float, waited_s: float) -> Answer | None:
        """Decide by what was heard so far; None waits on.

        Args:
            now_s: Monotonic time.
            waited_s: Time since the call was answered, in seconds.
        """
        if _MACHINE.search(self._text):
            return Answer.MACHINE
        spoken_s = self._spoken_s
        if self._speaking_since_s is not None:
            spoken_s += now_s - self._speaking_since_s
            return Answer.MACHINE if spoken_s >= MACHINE_SECONDS else None
        if self._silent_since_s is None:
            return Answer.NOBODY if waited_s >= NOTHING_SECONDS else None
        silent_s = now_s - self._silent_since_s
        if spoken_s < PERSON_SECONDS and self._turn_over:
            return Answer.PERSON
        return Answer.PERSON if silent_s >= QUIET_SECONDS else None

    def _on_words(self, event: UserInputTranscribedEvent) -> None:
        self._text = event.transcript if not self._text else f"{self._text} {event.transcript}"
        self._text = self._text[-2000:]
        self._changed.set()

    def _on_state(self, event: UserStateChangedEvent) -> None:
        now_s = time.monotonic()
        if event.new_state == "speaking":
            self._speaking_since_s, self._silent_since_s = now_s, None
        elif self._speaking_since_s is not None:
            self._spoken_s += now_s - self._speaking_since_s
            self._speaking_since_s, self._silent_since_s = None, now_s
        self._changed.set()

"""A caller who says nothing: asked once, then left with a goodbye.

A caller who asked to wait is granted more time first.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable

import structlog
from livekit.agents import (
    AgentSession,
    ConversationItemAddedEvent,
    UserStateChangedEvent,
    llm,
)

from agent.telemetry import metrics

log = structlog.stdlib.get_logger(__name__)

_HOLD = re.compile(
    r"\b(hold on|hang on|one (moment|second|minute)|just a (moment|second|minute|sec)|"
    r"give me a (moment|second|minute)|wait a (moment|second|minute)|please hold|bear with me)\b",
    re.IGNORECASE,
)
GOODBYE_SECONDS = 15.0
"""Longest wait for the goodbye to be spoken."""


class SilenceWatch:
    """Watches the silence of one call.

    Args:
        session: The call's session; its `user_away_timeout` says when a caller counts as away.
        hang_up: Ends the call.
        still_there: Asked first; empty asks nothing.
        goodbye: Said before hanging up; empty says nothing.
        hang_up_s: Further silence until then, in seconds; 0 never hangs up.
        hold_s: Silence that is granted to a caller who asked to wait, in seconds.
        applies: Tells whether the caller is one whose silence counts: in a browser one may read.
    """

    def __init__(
        self,
        session: AgentSession[None],
        hang_up: Callable[[], Awaitable[None]],
        *,
        still_there: str,
        goodbye: str,
        hang_up_s: float,
        hold_s: float,
        applies: Callable[[], bool] = lambda: True,
    ) -> None:
        self._session = session
        self._hang_up = hang_up
        self._still_there = still_there
        self._goodbye = goodbye
        self._hang_up_s = hang_up_s
        self._hold_s = hold_s
        self._applies = applies
        self._on_hold = False
        self._waiting: asyncio.Task[None] | None = None
        session.on("user_state_changed", self._on_user_state)
        session.on("conversation_item_added", self._on_item)

    async def aclose(self) -> None:
        """Stop."""
        self.heard()
        self._session.off("user_state_changed", self._on_user_state)
        self._session.off("conversation_item_added", self._on_item)

    def heard(self) -> None:
        """The caller gave a sign of life, by voice or otherwise."""
        waiting, self._waiting = self._waiting, None
        if waiting and waiting is not asyncio.current_task():
            waiting.cancel()

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role == "user":
            self._on_hold = bool(_HOLD.search(item.text_content or ""))
            self.heard()

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self.heard()
        elif event.new_state == "away" and self._waiting is None and self._applies():
            self._waiting = asyncio.create_task(self._wait(), name="silence")

    async def _wait(self) -> None:
        try:
            if self._on_hold:
                await asyncio.sleep(self._hold_s)
            if self._still_there:
                metrics().fallbacks.labels("silence").inc()
                await self._say(self._still_there)
            if not self._hang_up_s:
                return
            await asyncio.sleep(self._hang_up_s)
            log.info("The caller is silent; the call ends")
            if self._goodbye:
                await self._say(self._goodbye)
            await self._hang_up()
        except RuntimeError:
            log.info("The call is over; nothing is said")

    async def _say(self, text: str) -> None:
        speech = self._session.say(text)
        try:
            await asyncio.wait_for(speech.wait_for_playout(), GOODBYE_SECONDS)
        except TimeoutError:
            log.warning("A phrase was not spoken in time")

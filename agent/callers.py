"""Who the agent talks with, and when the call is over.

One caller is listened to at a time. When that one leaves, another caller in the room takes the
place; when none is left, the call ends: at once if the caller hung up, after a while if the
connection broke, as a browser comes back by itself.
"""

import asyncio

import structlog
from livekit import rtc
from livekit.agents import AgentSession

from agent.telephone.caller import CALLER_KINDS, callers_in

log = structlog.stdlib.get_logger(__name__)

HUNG_UP = (
    rtc.DisconnectReason.CLIENT_INITIATED,
    rtc.DisconnectReason.ROOM_DELETED,
    rtc.DisconnectReason.USER_REJECTED,
    rtc.DisconnectReason.PARTICIPANT_REMOVED,
)


class CallerWatch:
    """Watches the callers of a room.

    Args:
        room: The connected room.
        session: The call's session, started.
        rejoin_s: How long a caller whose connection broke may take to return, in seconds.
    """

    def __init__(self, room: rtc.Room, session: AgentSession[None], rejoin_s: float) -> None:
        self._room = room
        self._session = session
        self._rejoin_s = rejoin_s
        self._ending: asyncio.Task[None] | None = None
        self._last_identity = ""
        room.on("participant_disconnected", self._on_left)
        room.on("participant_connected", self._on_joined)

    @property
    def identity(self) -> str:
        """Identity of the caller that is listened to, or was last; empty before there is one."""
        if caller := self._session.room_io.linked_participant:
            self._last_identity = caller.identity
        return self._last_identity

    async def aclose(self) -> None:
        """Stop watching."""
        self._room.off("participant_disconnected", self._on_left)
        self._room.off("participant_connected", self._on_joined)
        if self._ending and self._ending is not asyncio.current_task():
            self._ending.cancel()
            await asyncio.gather(self._ending, return_exceptions=True)

    def _on_joined(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind in CALLER_KINDS:
            if self._ending:
                self._ending.cancel()
                self._ending = None
            if not self._session.room_io.linked_participant:
                self._session.room_io.set_participant(participant.identity)

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind not in CALLER_KINDS:
            return
        if others := [
            who for who in callers_in(self._room) if who.identity != participant.identity
        ]:
            linked = self._session.room_io.linked_participant
            if linked is None or linked.identity == participant.identity:
                self._session.room_io.set_participant(others[0].identity)
            return
        hung_up = participant.disconnect_reason in HUNG_UP
        log.info("The last caller left", hung_up=hung_up)
        if self._ending is None:
            delay = 0.0 if hung_up else self._rejoin_s
            self._ending = asyncio.create_task(self._end(delay), name="end of the call")

    async def _end(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        self._session.shutdown(drain=False)

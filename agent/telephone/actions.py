"""What an assistant does to its call, through LiveKit's API."""

import asyncio
import contextlib
from collections.abc import Callable

import aiohttp
import structlog
from livekit import api, rtc
from livekit.agents import AgentSession, ToolError
from livekit.agents.utils import shortuuid

from agent.settings import Settings
from agent.telephone.caller import is_phone

log = structlog.stdlib.get_logger(__name__)

CHAT_TOPIC = "lk.chat"
RING_SECONDS = 30
API_SECONDS = 5.0
LAST_WORDS_SECONDS = 0.3
"""The way of the last sound to the caller, with its buffers: the room must not close before."""
_FAILURES = (api.ServerError, aiohttp.ClientError, OSError, TimeoutError, ValueError)


async def end_room(livekit: api.LiveKitAPI, room: str, caller: str, settings: Settings) -> None:
    """Hang up: delete the room, or send the caller out where rooms are kept.

    Args:
        livekit: LiveKit's API.
        room: The room's name.
        caller: Identity of the caller; empty where there is none.
        settings: Of the call.
    """
    try:
        async with asyncio.timeout(API_SECONDS):
            if settings.delete_room_on_close:
                await livekit.room.delete_room(api.DeleteRoomRequest(room=room))
            elif caller:
                await livekit.room.remove_participant(
                    api.RoomParticipantIdentity(room=room, identity=caller)
                )
    except _FAILURES as error:
        log.warning("LiveKit did not hang up", error=type(error).__name__)


class RoomActions:
    """Acts on one call; a `agent.tools.CallActions`.

    Args:
        room: The connected room.
        livekit: LiveKit's API.
        session: The call's session.
        settings: Of the call.
        caller: Gives the identity of the caller; empty where there is none.
    """

    def __init__(
        self,
        room: rtc.Room,
        livekit: api.LiveKitAPI,
        session: AgentSession[None],
        settings: Settings,
        caller: Callable[[], str],
    ) -> None:
        self._room = room
        self._livekit = livekit
        self._session = session
        self._settings = settings
        self._caller = caller

    async def hang_up(self) -> None:
        """End the call for everybody, when the last sound and its words have arrived."""
        log.info("The agent hangs up")
        await asyncio.sleep(LAST_WORDS_SECONDS)
        await end_room(self._livekit, self._room.name, self._caller(), self._settings)
        with contextlib.suppress(RuntimeError):
            self._session.shutdown(drain=False)

    async def transfer(self, to: str) -> str:
        """Give the caller to another number: a telephone by SIP, a browser by calling in."""
        caller = self._room.remote_participants.get(self._caller())
        if caller is None:
            raise ToolError("The caller has left.")
        if not is_phone(caller):
            await self.call_in(to)
            self._step_back()
            return "The person is in the call now. Say that they are connected, and goodbye."
        target = to if to.startswith(("tel:", "sip:", "sips:")) else f"tel:{to}"
        request = api.TransferSIPParticipantRequest(
            room_name=self._room.name,
            participant_identity=caller.identity,
            transfer_to=target,
            play_dialtone=True,
        )
        request.ringing_timeout.seconds = RING_SECONDS
        await self._ask(
            lambda: self._livekit.sip.transfer_sip_participant(
                request, timeout=RING_SECONDS + API_SECONDS
            ),
            "The person does not answer. Say so and offer to take a message.",
        )
        return "The caller was put through."

    async def call_in(self, number: str) -> str:
        """Bring somebody into the call by telephone."""
        if not self._settings.sip_trunk:
            raise ToolError("Nobody can be called from here. Say so.")
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id=self._settings.sip_trunk,
            sip_call_to=number.removeprefix("tel:"),
            room_name=self._room.name,
            participant_identity=f"guest-{shortuuid()}",
            hide_phone_number=True,
            wait_until_answered=True,
        )
        request.ringing_timeout.seconds = RING_SECONDS
        await self._ask(
            lambda: self._livekit.sip.create_sip_participant(
                request, timeout=RING_SECONDS + API_SECONDS
            ),
            "The number does not answer. Say so.",
        )
        return "They have joined the call."

    async def send_text(self, text: str) -> None:
        """Write into the call's chat."""
        try:
            async with asyncio.timeout(API_SECONDS):
                await self._room.local_participant.send_text(text, topic=CHAT_TOPIC)
        except Exception as error:
            log.warning("A chat message was not sent", error=type(error).__name__)
            raise ToolError("The message could not be sent. Say so.") from error

    def _step_back(self) -> None:
        """Let the caller and the person talk; the agent says what it has to and listens no more."""
        self._session.input.set_audio_enabled(False)

    async def _ask(self, call: Callable[[], object], told: str) -> None:
        try:
            async with asyncio.timeout(RING_SECONDS + 2 * API_SECONDS):
                await call()  # type: ignore[misc]
        except _FAILURES as error:
            log.warning("A telephone was not reached", error=type(error).__name__)
            raise ToolError(told) from error

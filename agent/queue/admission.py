"""Lets a call begin, or holds it in the queue until it may."""

import asyncio
import contextlib
import time

import structlog
from livekit import rtc
from livekit.agents import JobContext

from agent.assistants import AssistantCatalogue, CallRequest, assistant_settings
from agent.callers import HUNG_UP
from agent.phrases import scratch_folder
from agent.queue.places import CallPlaces, QueueTicket
from agent.queue.voice import QueueVoice
from agent.resume import is_resumed
from agent.settings import Settings
from agent.telemetry import metrics
from agent.telephone.actions import end_room
from agent.telephone.caller import CallState, caller_state, callers_in, is_called

log = structlog.stdlib.get_logger(__name__)

POSITION_ATTRIBUTE = "trinity.queue.position"
"""Of the agent, while its caller waits: 1 is the next."""
LOOK_SECONDS = 0.2
PICK_UP_SECONDS = 10.0
"""So long is waited for somebody who can hear that there is no place."""
ATTRIBUTE_SECONDS = 2.0


async def admit(context: JobContext, settings: Settings) -> bool:
    """Give a call its place; while there is none the caller waits in the queue and is told.

    Args:
        context: LiveKit's job; the place is given back when it shuts down.
        settings: The agent's.

    Returns:
        Whether the call may begin. If not, the caller has left or was told to call again, and the
        job is being shut down.
    """
    folder = scratch_folder()
    if folder is None:
        return True  # not run by a worker
    try:
        ticket = CallPlaces(folder / "queue", settings.calls_at_once).join()
        taken = ticket.take()
    except OSError as error:
        log.error("The queue does not work; the call begins at once", error=str(error))
        return True

    async def release(_: str = "") -> None:
        ticket.release()

    context.add_shutdown_callback(release)
    if taken:
        return True
    if is_resumed(context.job):
        ticket.release()  # who has been talking already is not put on hold
        return True
    metrics().queue_calls.inc()
    try:
        outcome = await _Wait(context, settings, ticket).outcome()
    finally:
        metrics().queue_calls.dec()
    metrics().queue_waits.labels(outcome).inc()
    log.info("The caller has left the queue", outcome=outcome)
    if outcome != "served":
        context.shutdown(f"queue: {outcome}")
    return outcome == "served"


class _Wait:
    """One call's time in the queue.

    Args:
        context: LiveKit's job.
        settings: The agent's; the assistant's own words are taken where its file has them.
        ticket: Of the call.
    """

    def __init__(self, context: JobContext, settings: Settings, ticket: QueueTicket) -> None:
        self._context = context
        self._room = context.room
        request = CallRequest.parse(context.job.metadata)
        assistant = AssistantCatalogue(settings.agents_dir).choose(request, settings.assistant)
        self._settings = assistant_settings(settings, assistant, request)
        self._ticket = ticket
        self._position = self._told = 0
        self._told_s = 0.0
        self._left_s: float | None = None
        self._left_for_good = False
        self._came = False

    async def outcome(self) -> str:
        """Wait; returns served, left or turned_away."""
        settings, room = self._settings, self._room
        room.on("participant_disconnected", self._on_left)
        await self._context.connect()
        is_full = self._ticket.position() > settings.queue_calls
        give_up_s = time.monotonic() + (0 if is_full else settings.queue_seconds)
        saying: asyncio.Task[None] | None = None
        voice = QueueVoice(room, settings)
        try:
            await voice.open()
            while not self._ticket.take() and not self._is_outbound():
                if self._is_gone():
                    return "left"
                waited_too_s = time.monotonic() - give_up_s
                if waited_too_s > (0 if self._hears() else PICK_UP_SECONDS):
                    await _finish(saying)
                    await self._turn_away(voice)
                    return "turned_away"
                await self._show_position()
                if self._is_to_be_told() and (saying is None or saying.done()):
                    self._told_s, self._told = time.monotonic(), self._position
                    words = settings.spoken(settings.queue_message)
                    words = words.replace("{position}", str(self._position))
                    saying = asyncio.create_task(voice.hold(words), name="queue message")
                await asyncio.sleep(LOOK_SECONDS)
            await _finish(saying)
            if not self._ticket.take():
                self._ticket.release()  # it goes on without a place, and must hold up nobody
            return "served"
        finally:
            if saying:
                saying.cancel()
                await asyncio.gather(saying, return_exceptions=True)
            room.off("participant_disconnected", self._on_left)
            await voice.aclose()
            await self._set_position("")

    def _is_outbound(self) -> bool:
        """Who is called by us is not put on hold."""
        return any(map(is_called, callers_in(self._room)))

    def _hears(self) -> bool:
        """Somebody is there who has picked up."""
        return any(caller_state(who) is CallState.ACTIVE for who in callers_in(self._room))

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        self._left_for_good = participant.disconnect_reason in HUNG_UP

    def _is_gone(self) -> bool:
        """The caller was there, and is not any more."""
        if not self._room.isconnected():
            return True
        if callers_in(self._room):
            self._came, self._left_s = True, None
            return False
        if not self._came:
            return False
        if self._left_s is None:
            self._left_s = time.monotonic()
        away_s = time.monotonic() - self._left_s
        return self._left_for_good or away_s > self._settings.rejoin_seconds

    def _is_to_be_told(self) -> bool:
        """It has moved up since it was last told so, or that was long ago."""
        quiet_s = time.monotonic() - self._told_s
        due = self._told != self._position or quiet_s > self._settings.queue_repeat_seconds
        return due and self._hears()

    async def _show_position(self) -> None:
        """Let the page know the position."""
        position = self._ticket.position()
        if position != self._position:
            self._position = position
            await self._set_position(str(position))

    async def _set_position(self, value: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ATTRIBUTE_SECONDS):
                await self._room.local_participant.set_attributes({POSITION_ATTRIBUTE: value})

    async def _turn_away(self, voice: QueueVoice) -> None:
        if not self._hears():
            return
        await voice.part(self._settings.spoken(self._settings.queue_goodbye))
        # People who talk with one another are left alone.
        callers = callers_in(self._room)
        if len(callers) == 1:
            caller = callers[0].identity
            await end_room(self._context.api, self._room.name, caller, self._settings)


async def _finish(saying: asyncio.Task[None] | None) -> None:
    if saying:
        await asyncio.gather(saying, return_exceptions=True)

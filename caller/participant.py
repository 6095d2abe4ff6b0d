"""A participant of a LiveKit room with a scripted microphone.

The one module of this package that imports `livekit`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from livekit import rtc

from caller.errors import JoinError, WaitTimeoutError
from caller.measure import AGENT_THRESHOLD_DBFS, level_dbfs
from caller.messages import TOPIC, TranscriptMessage, parse_message
from caller.microphone import Microphone
from caller.recorder import Recorder, Samples

__all__ = ["Participant", "join"]

AGENT_STATE = "lk.agent.state"
QUEUE_POSITION = "trinity.queue.position"
CHAT_TOPIC = "lk.chat"
_KEYS = "0123456789*#ABCD"
_JOIN_TIMEOUT_S = 20.0
_LEAVE_TIMEOUT_S = 10.0


@dataclass
class Participant:
    """What one caller sends, hears and reads in a room; made by `join`."""

    identity: str
    recorder: Recorder
    microphone: Microphone
    messages: list[TranscriptMessage] = field(default_factory=list)
    message_times_s: list[float] = field(default_factory=list)
    states: list[tuple[float, str]] = field(default_factory=list)
    malformed_messages: int = 0
    agent: str | None = None
    last_voice_s: float | None = None
    queue_position: str = ""
    queue_joined_s: float | None = None
    queue_left_s: float | None = None
    closed: str | None = None
    chat: list[str] = field(default_factory=list)
    room: rtc.Room | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def queued_s(self) -> float:
        """How long it has waited in the queue of the agent, in seconds."""
        if self.queue_joined_s is None:
            return 0.0
        return (self.queue_left_s or time.monotonic()) - self.queue_joined_s

    @property
    def agent_state(self) -> str | None:
        """Newest `lk.agent.state`; None before the agent is there and after it left."""
        return self.states[-1][1] if self.agent and self.states else None

    async def type(self, text: str) -> None:
        """Writes into the room's chat."""
        assert self.room is not None
        await self.room.local_participant.send_text(text, topic=CHAT_TOPIC)

    async def press(self, keys: str) -> None:
        """Presses keys, as a telephone sends them."""
        assert self.room is not None
        for key in keys:
            code = _KEYS.index(key)
            await self.room.local_participant.publish_dtmf(code=code, digit=key)

    def silent_for(self, seconds: float) -> bool:
        """Whether the agent has not been heard for that long."""
        return self.last_voice_s is None or time.monotonic() - self.last_voice_s >= seconds

    async def wait_until(
        self, condition: Callable[[], bool], timeout_s: float, what: Callable[[], str] | str
    ) -> None:
        """Waits for something to become true of this participant.

        Raises:
            WaitTimeoutError: names `what` when it did not.
            JoinError: the room closed meanwhile.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            if self.closed:
                raise JoinError(f"the room closed during the call: {self.closed}")
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                text = what if isinstance(what, str) else what()
                raise WaitTimeoutError(f"after {timeout_s:.0f} s still waiting for {text}")
            self._changed.clear()
            try:
                # Silence is the absence of events: look again now and then.
                await asyncio.wait_for(self._changed.wait(), min(left_s, 0.05))
            except TimeoutError:
                continue

    def _heard(self, time_s: float, samples: Samples) -> None:
        self.recorder.add_received(time_s, samples)
        if level_dbfs(samples) >= AGENT_THRESHOLD_DBFS:
            self.last_voice_s = time_s
            self._changed.set()

    async def _read_chat(self, reader: rtc.TextStreamReader) -> None:
        self.chat.append(await reader.read_all())
        self._changed.set()

    def _read(self, data: bytes) -> None:
        message = parse_message(data)
        if message is None:
            self.malformed_messages += 1
            return
        self.messages.append(message)
        self.message_times_s.append(time.monotonic())
        self._changed.set()

    def _state(self, state: str | None) -> None:
        if state and (not self.states or self.states[-1][1] != state):
            self.states.append((time.monotonic(), state))
        self._changed.set()

    def _queue(self, position: str) -> None:
        if position and not self.queue_position:
            self.queue_joined_s = time.monotonic()
        if self.queue_position and not position:
            self.queue_left_s = time.monotonic()
        self.queue_position = position
        self._changed.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A listener ends with its track; the microphone never does by itself."""
        if not task.cancelled() and (error := task.exception()):
            self._close(f"{task.get_name()} failed: {error!r}")

    def _close(self, reason: str) -> None:
        self.closed = self.closed or reason
        self._changed.set()


@asynccontextmanager
async def join(
    url: str,
    token: str,
    recorder: Recorder,
    *,
    frame_ms: int = 10,
    room_noise_dbfs: float = -75.0,
) -> AsyncIterator[Participant]:
    """Joins a room, opens the microphone and listens to its agents until the block ends.

    Raises:
        JoinError: the server cannot be reached or refuses the token.
    """
    room = rtc.Room()
    # A queue of 0 ms hands each frame on at once: the pace is the microphone's alone. It takes
    # pieces of 10 ms and no others (one of 20 ms never returns).
    source = rtc.AudioSource(recorder.rate_hz, 1, queue_size_ms=0)

    piece = recorder.rate_hz // 100

    async def send(samples: Samples) -> None:
        for start in range(0, len(samples), piece):
            data = samples[start : start + piece]
            await source.capture_frame(
                rtc.AudioFrame(data.tobytes(), recorder.rate_hz, 1, len(data))
            )

    microphone = Microphone(
        send, recorder.add_sent, recorder.rate_hz, frame_ms, room_noise_dbfs=room_noise_dbfs
    )
    participant = Participant("", recorder, microphone, room=room)
    tasks: set[asyncio.Task[None]] = set()

    def start(work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        tasks.add(task)
        task.add_done_callback(participant._ended)

    room.register_text_stream_handler(
        CHAT_TOPIC,
        lambda reader, _: start(participant._read_chat(reader), "caller-chat"),
    )
    _listen(room, participant, lambda track: start(_hear(track, participant), "caller-listener"))
    try:
        try:
            await asyncio.wait_for(room.connect(url, token), _JOIN_TIMEOUT_S)
            participant.identity = room.local_participant.identity
            track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            await asyncio.wait_for(
                room.local_participant.publish_track(track, options), _JOIN_TIMEOUT_S
            )
        except (rtc.ConnectError, rtc.participant.PublishTrackError, TimeoutError) as error:
            raise JoinError(f"cannot join the room at {url}: {error or 'timed out'}") from error
        start(microphone.run(), "caller-microphone")
        yield participant
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(room.disconnect(), _LEAVE_TIMEOUT_S)
        await source.aclose()


def _listen(
    room: rtc.Room, participant: Participant, hear: Callable[[rtc.RemoteAudioTrack], None]
) -> None:
    """Turns the room's events into the participant's state."""

    def is_agent(other: rtc.Participant) -> bool:
        return other.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT

    def arrived(other: rtc.RemoteParticipant) -> None:
        if is_agent(other):
            participant.agent = other.identity
            participant._state(other.attributes.get(AGENT_STATE))
            participant._queue(other.attributes.get(QUEUE_POSITION, ""))

    def left(other: rtc.RemoteParticipant) -> None:
        if other.identity == participant.agent:
            participant.agent = None
            participant._state(None)
            participant._queue("")

    def subscribed(
        track: rtc.Track, _: rtc.RemoteTrackPublication, other: rtc.RemoteParticipant
    ) -> None:
        if isinstance(track, rtc.RemoteAudioTrack) and is_agent(other):
            arrived(other)
            hear(track)

    def attributes(changed: dict[str, str], other: rtc.Participant) -> None:
        if is_agent(other) and QUEUE_POSITION in changed:
            participant._queue(changed[QUEUE_POSITION])
        if is_agent(other) and AGENT_STATE in changed:
            participant.agent = other.identity
            participant._state(changed[AGENT_STATE])

    def data(packet: rtc.DataPacket) -> None:
        if packet.topic == TOPIC:
            participant._read(packet.data)

    room.on("participant_connected", arrived)
    room.on("participant_disconnected", left)
    room.on("track_subscribed", subscribed)
    room.on("participant_attributes_changed", attributes)
    room.on("data_received", data)
    room.on("disconnected", lambda reason: participant._close(str(reason)))


async def _hear(track: rtc.RemoteAudioTrack, participant: Participant) -> None:
    stream = rtc.AudioStream(
        track, sample_rate=participant.recorder.rate_hz, num_channels=1, frame_size_ms=10
    )
    try:
        async for event in stream:
            samples = np.frombuffer(event.frame.data, np.int16)
            participant._heard(time.monotonic(), samples)
    finally:
        await stream.aclose()

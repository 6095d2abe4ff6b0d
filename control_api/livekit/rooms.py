"""Rooms of LiveKit, and who is in them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from livekit import api
from pydantic import BaseModel, Field

from control_api.errors import ResourceNotFound
from control_api.livekit.client import LiveKitClient
from control_api.livekit.tokens import Dispatch

_KINDS = {
    api.ParticipantInfo.STANDARD: "standard",
    api.ParticipantInfo.INGRESS: "ingress",
    api.ParticipantInfo.EGRESS: "egress",
    api.ParticipantInfo.SIP: "sip",
    api.ParticipantInfo.AGENT: "agent",
}
_STATES = {
    api.ParticipantInfo.JOINING: "joining",
    api.ParticipantInfo.JOINED: "joined",
    api.ParticipantInfo.ACTIVE: "active",
    api.ParticipantInfo.DISCONNECTED: "disconnected",
}
_TRACK_KINDS = {api.TrackType.AUDIO: "audio", api.TrackType.VIDEO: "video"}


class Room(BaseModel):
    """A room that is open."""

    name: str = Field(description="Name of the room.")
    sid: str = Field(description="LiveKit's id of this opening of the room.")
    created_at: datetime = Field(description="When it was opened.")
    participants: int = Field(description="Participants, without hidden ones.")
    publishers: int = Field(description="Participants who publish.")
    max_participants: int = Field(description="The most participants; 0: no bound.")
    empty_timeout_s: int = Field(description="Seconds that it waits for the first participant.")
    departure_timeout_s: int = Field(description="Seconds that it stays after the last one left.")
    metadata: str = Field(description="Metadata of the room.")
    recording: bool = Field(description="Whether it is being recorded.")


class Track(BaseModel):
    """Something that a participant publishes."""

    sid: str = Field(description="LiveKit's id of the track.")
    kind: Literal["audio", "video", "data"] = Field(description="What it carries.")
    source: str = Field(description="Where it comes from: microphone, camera, …")
    muted: bool = Field(description="Whether it is muted.")


class Participant(BaseModel):
    """Somebody in a room."""

    identity: str = Field(description="Unique in the room.")
    sid: str = Field(description="LiveKit's id of this stay.")
    name: str = Field(description="Name that others see.")
    kind: str = Field(description="standard, agent, sip, egress, ingress or other.")
    state: str = Field(description="joining, joined, active or disconnected.")
    joined_at: datetime = Field(description="When they joined.")
    metadata: str = Field(description="Metadata of the participant.")
    attributes: dict[str, str] = Field(description="Attributes of the participant.")
    tracks: list[Track] = Field(description="What they publish.")


class Rooms:
    """What can be done with rooms."""

    def __init__(self, client: LiveKitClient) -> None:
        self._client = client
        self._service = client.api.room

    async def list(self, names: Sequence[str] = ()) -> Sequence[Room]:
        """The open rooms, or those of them that `names` has."""
        request = api.ListRoomsRequest(names=list(names))
        reply = await self._client.call(
            "room", "list_rooms", lambda: self._service.list_rooms(request)
        )
        return [_room(room) for room in reply.rooms]

    async def get(self, name: str) -> Room:
        """One room.

        Raises:
            ResourceNotFound: It is not open.
        """
        found = await self.list([name])
        if not found:
            raise ResourceNotFound("room")
        return found[0]

    async def create(
        self,
        name: str,
        *,
        empty_timeout_s: int | None = None,
        departure_timeout_s: int | None = None,
        max_participants: int | None = None,
        metadata: str = "",
        dispatches: Sequence[Dispatch] = (),
    ) -> Room:
        """Opens a room; None leaves LiveKit's own setting. A room that is open stays as it is."""
        request = api.CreateRoomRequest(
            name=name,
            empty_timeout=empty_timeout_s,
            departure_timeout=departure_timeout_s,
            max_participants=max_participants,
            metadata=metadata,
            agents=[
                api.RoomAgentDispatch(agent_name=each.agent_name, metadata=each.metadata)
                for each in dispatches
            ],
        )
        room = await self._client.call(
            "room", "create_room", lambda: self._service.create_room(request)
        )
        return _room(room)

    async def delete(self, name: str) -> None:
        """Closes a room and sends everybody out of it."""
        request = api.DeleteRoomRequest(room=name)
        await self._client.call(
            "room", "delete_room", lambda: self._service.delete_room(request), what="room"
        )

    async def participants(self, room: str) -> Sequence[Participant]:
        """Who is in a room.

        Raises:
            ResourceNotFound: The room is not open.
        """
        await self.get(room)
        request = api.ListParticipantsRequest(room=room)
        reply = await self._client.call(
            "room", "list_participants", lambda: self._service.list_participants(request)
        )
        return [participant_of(each) for each in reply.participants]

    async def participant(self, room: str, identity: str) -> Participant:
        """One participant."""
        request = api.RoomParticipantIdentity(room=room, identity=identity)
        found = await self._client.call(
            "room",
            "get_participant",
            lambda: self._service.get_participant(request),
            what="participant",
        )
        return participant_of(found)

    async def remove(self, room: str, identity: str) -> None:
        """Sends a participant out; a token that they hold lets them in again."""
        request = api.RoomParticipantIdentity(room=room, identity=identity)
        await self._client.call(
            "room",
            "remove_participant",
            lambda: self._service.remove_participant(request),
            what="participant",
        )

    async def mute(self, room: str, identity: str, *, muted: bool) -> Participant:
        """Mutes what a participant says, or lets it be heard again where LiveKit is set so.

        LiveKit waits three seconds for somebody who is not there, so we look first.
        """
        found = await self.participant(room, identity)
        for track in found.tracks:
            if track.kind != "audio" or track.muted == muted:
                continue
            request = api.MuteRoomTrackRequest(
                room=room, identity=identity, track_sid=track.sid, muted=muted
            )
            await self._mute_track(request)
        return await self.participant(room, identity)

    async def _mute_track(self, request: api.MuteRoomTrackRequest) -> None:
        await self._client.call(
            "room",
            "mute_published_track",
            lambda: self._service.mute_published_track(request),
            what="track",
        )

    async def send_data(
        self, room: str, data: bytes, *, topic: str, to: Sequence[str], reliable: bool
    ) -> None:
        """Sends a data message to the participants named in `to`, or to all of the room.

        Raises:
            ResourceNotFound: The room is not open.
        """
        await self.get(room)
        kind = api.DataPacket.RELIABLE if reliable else api.DataPacket.LOSSY
        request = api.SendDataRequest(
            room=room, data=data, kind=kind, topic=topic, destination_identities=list(to)
        )
        await self._client.call(
            "room", "send_data", lambda: self._service.send_data(request), what="room"
        )


def _room(room: api.Room) -> Room:
    return Room(
        name=room.name,
        sid=room.sid,
        created_at=datetime.fromtimestamp(room.creation_time, UTC),
        participants=room.num_participants,
        publishers=room.num_publishers,
        max_participants=room.max_participants,
        empty_timeout_s=room.empty_timeout,
        departure_timeout_s=room.departure_timeout,
        metadata=room.metadata,
        recording=room.active_recording,
    )


def participant_of(info: api.ParticipantInfo) -> Participant:
    """Our form of LiveKit's participant."""
    return Participant(
        identity=info.identity,
        sid=info.sid,
        name=info.name,
        kind=_KINDS.get(info.kind, "other"),
        state=_STATES.get(info.state, "other"),
        joined_at=datetime.fromtimestamp(info.joined_at, UTC),
        metadata=info.metadata,
        attributes=dict(info.attributes),
        tracks=[_track(track) for track in info.tracks],
    )


def _track(track: api.TrackInfo) -> Track:
    return Track.model_validate(
        {
            "sid": track.sid,
            "kind": _TRACK_KINDS.get(track.type, "data"),
            "source": api.TrackSource.Name(track.source).lower(),
            "muted": track.muted,
        }
    )

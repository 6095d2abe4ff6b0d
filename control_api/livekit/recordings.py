"""Recordings of rooms, made by livekit-egress."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from livekit import api
from pydantic import BaseModel, Field, SecretStr

from control_api.errors import NeighbourTimeout, NeighbourUnavailable, ResourceNotFound
from control_api.livekit.client import LiveKitClient
from control_api.livekit.rooms import Rooms

PART = "egress"
# With no egress service LiveKit itself looks for one for twenty seconds (seen with v1.13.5).
_TAKE_S = 6.0
Kind = Literal["audio", "composite"]
Format = Literal["ogg", "mp3", "mp4"]
State = Literal["starting", "active", "ending", "complete", "failed", "aborted", "limit_reached"]

_FILE_TYPES: dict[Format, api.EncodedFileType] = {
    "ogg": api.EncodedFileType.OGG,
    "mp3": api.EncodedFileType.MP3,
    "mp4": api.EncodedFileType.MP4,
}
_STATES: dict[int, State] = {
    api.EgressStatus.EGRESS_STARTING: "starting",
    api.EgressStatus.EGRESS_ACTIVE: "active",
    api.EgressStatus.EGRESS_ENDING: "ending",
    api.EgressStatus.EGRESS_COMPLETE: "complete",
    api.EgressStatus.EGRESS_FAILED: "failed",
    api.EgressStatus.EGRESS_ABORTED: "aborted",
    api.EgressStatus.EGRESS_LIMIT_REACHED: "limit_reached",
}


class RecordedFile(BaseModel):
    """A file that a recording has made, or is making."""

    name: str = Field(description="Its path where it is kept.")
    location: str = Field(description="Where it was put; empty until it is complete.")
    size_bytes: int = Field(description="Its size; 0 until it is complete.")
    duration_s: float = Field(description="How long it plays; 0 until it is complete.")


class Recording(BaseModel):
    """A recording of a room."""

    id: str = Field(description="LiveKit's id of the recording.")
    room: str = Field(description="Name of the room.")
    kind: Kind = Field(description="audio: all voices mixed; composite: with video, as a page.")
    state: State = Field(
        description="starting, active, ending, then complete, failed, aborted or limit_reached."
    )
    started_at: datetime | None = Field(default=None, description="When it began.")
    ended_at: datetime | None = Field(default=None, description="When it was over.")
    files: list[RecordedFile] = Field(description="What it makes.")
    error: str | None = Field(default=None, description="Why it failed.")


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket, or one of a server that speaks S3."""

    name: str
    region: str
    endpoint: str
    access_key: str
    secret: SecretStr
    force_path_style: bool


class Recordings:
    """What can be done with recordings; who is recorded sees `recording` of their room."""

    def __init__(self, client: LiveKitClient, rooms: Rooms) -> None:
        self._client = client
        self._service = client.api.egress
        self._rooms = rooms

    async def start(
        self, room: str, kind: Kind, path: str, format: Format, bucket: Bucket | None
    ) -> Recording:
        """Begins to record a room.

        Args:
            room: Its name.
            kind: `audio` needs no browser on the egress service's side.
            path: Where the file goes: below the bucket, or in egress' own file system.
            format: Of the file.
            bucket: Where it is uploaded to; None keeps it in egress' file system.

        Raises:
            ResourceNotFound: The room is not open.
            NeighbourUnavailable: No egress service took it; `part` is `egress`.
        """
        await self._rooms.get(room)
        output = api.EncodedFileOutput(file_type=_FILE_TYPES[format], filepath=path)
        if bucket is not None:
            output.s3.CopyFrom(
                api.S3Upload(
                    access_key=bucket.access_key,
                    secret=bucket.secret.get_secret_value(),
                    region=bucket.region,
                    endpoint=bucket.endpoint,
                    bucket=bucket.name,
                    force_path_style=bucket.force_path_style,
                )
            )
        request = api.RoomCompositeEgressRequest(
            room_name=room, audio_only=kind == "audio", file_outputs=[output]
        )
        # Egress draws no picture, and needs no Chrome, where no layout is asked for.
        if kind == "composite":
            request.layout = "speaker"
        info = await self._ask(
            "start_room_composite", lambda: self._service.start_room_composite_egress(request)
        )
        return _recording(info)

    async def list(
        self, *, room: str = "", active: bool = False, recording_id: str = ""
    ) -> Sequence[Recording]:
        """The recordings that LiveKit knows, the newest first."""
        request = api.ListEgressRequest(room_name=room, active=active, egress_id=recording_id)
        reply = await self._client.call(
            "egress", "list_egress", lambda: self._service.list_egress(request), what="recording"
        )
        found = sorted(reply.items, key=lambda info: -info.started_at)
        return [_recording(info) for info in found]

    async def get(self, recording_id: str) -> Recording:
        """One recording.

        Raises:
            ResourceNotFound: There is none of this id.
        """
        found = await self.list(recording_id=recording_id)
        if not found:
            raise ResourceNotFound("recording")
        return found[0]

    async def stop(self, recording_id: str) -> Recording:
        """Ends a recording; its file is complete a little later. One that is over stays so."""
        known = await self.get(recording_id)
        if known.state not in ("starting", "active"):
            return known
        request = api.StopEgressRequest(egress_id=recording_id)
        info = await self._ask("stop_egress", lambda: self._service.stop_egress(request))
        return _recording(info)

    async def _ask(
        self, method: str, make: Callable[[], Awaitable[api.EgressInfo]]
    ) -> api.EgressInfo:
        try:
            return await self._client.call(
                "egress", method, make, what="recording", timeout_s=_TAKE_S
            )
        except NeighbourTimeout as error:
            raise _no_egress() from error
        except NeighbourUnavailable as error:
            # LiveKit's word, that is; it is another thing when LiveKit itself is away.
            if isinstance(error.__cause__, api.ServerError):
                raise _no_egress() from error
            raise


def _no_egress() -> NeighbourUnavailable:
    return NeighbourUnavailable(
        PART,
        "No egress service took the request: recordings need livekit-egress beside LiveKit "
        "(profile egress of compose.yaml), with the same Redis.",
    )


def _recording(info: api.EgressInfo) -> Recording:
    return Recording(
        id=info.egress_id,
        room=info.room_name,
        kind="audio" if info.room_composite.audio_only else "composite",
        state=_STATES.get(info.status, "failed"),
        started_at=_moment(info.started_at),
        ended_at=_moment(info.ended_at),
        files=[
            RecordedFile(
                name=each.filename,
                location=each.location,
                size_bytes=each.size,
                duration_s=each.duration / 1e9,
            )
            for each in info.file_results
        ],
        error=info.error or None,
    )


def _moment(nanoseconds: int) -> datetime | None:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC) if nanoseconds else None

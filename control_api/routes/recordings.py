"""Recordings: begin, look, end."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from control_api.access import Scope, needs
from control_api.errors import FieldError, InvalidRequest
from control_api.fields import Responses
from control_api.idempotency import IdempotentRoute, accepts_key
from control_api.livekit import Bucket, Recording
from control_api.parts import Wired
from control_api.settings import Settings

router = APIRouter(tags=["recordings"], route_class=IdempotentRoute)
_read = Depends(needs(Scope.RECORDINGS_READ))
_write = Depends(needs(Scope.RECORDINGS_WRITE))
_NO_RECORDING: Responses = {404: {"description": "LiveKit knows no such recording."}}
_NO_EGRESS: Responses = {503: {"description": "No egress service is there, or LiveKit is away."}}
_RecordingId = Annotated[str, Path(max_length=64, description="LiveKit's id of the recording.")]
_FORMATS = {"audio": ("ogg", "mp3", "mp4"), "composite": ("mp4",)}


class RecordingRequest(BaseModel):
    """What to record."""

    room: str = Field(min_length=1, max_length=256, description="Name of the room.")
    kind: Literal["audio", "composite"] = Field(
        default="audio",
        description="audio: all voices mixed; composite: with video, as a page shows it (four "
        "times the work for the egress service).",
    )
    format: Literal["ogg", "mp3", "mp4"] | None = Field(
        default=None, description="None: ogg for audio, mp4 for composite."
    )
    to: Literal["file", "s3"] | None = Field(
        default=None,
        description="file: the egress service's own disk; s3: the bucket of the settings. None: "
        "the bucket where one is set.",
    )
    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,127}$",
        description="Name of the file without its ending; none: room and time.",
    )


class RecordingList(BaseModel):
    """Recordings that LiveKit knows."""

    recordings: list[Recording] = Field(description="The newest first.")


@router.post(
    "/api/recordings",
    operation_id="startRecording",
    status_code=201,
    dependencies=[_write, accepts_key],
    responses={
        404: {"description": "The room is not open."},
        422: {"description": "A field is not acceptable."},
        **_NO_EGRESS,
    },
)
async def start_recording(parts: Wired, response: Response, request: RecordingRequest) -> Recording:
    """Begins to record a room; everybody in it can see that it is recorded."""
    settings = parts.settings
    to = request.to or ("s3" if settings.s3_bucket else "file")
    format = request.format or ("ogg" if request.kind == "audio" else "mp4")
    if format not in _FORMATS[request.kind]:
        raise InvalidRequest(FieldError("/format", "With composite, only mp4 is possible."))
    if to == "s3" and not settings.s3_bucket:
        raise InvalidRequest(FieldError("/to", "No bucket is set (CONTROL_S3_BUCKET)."))
    name = request.name or f"{_safe(request.room)}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    folder = settings.recordings_s3_folder if to == "s3" else settings.recordings_folder
    made = await parts.recordings.start(
        request.room,
        request.kind,
        "/".join(part for part in (folder.rstrip("/"), f"{name}.{format}") if part),
        format,
        _bucket(settings) if to == "s3" else None,
    )
    response.headers["Location"] = f"/api/recordings/{made.id}"
    return made


@router.get("/api/recordings", operation_id="listRecordings", dependencies=[_read])
async def list_recordings(
    parts: Wired,
    room: Annotated[str, Query(max_length=256, description="Only of this room.")] = "",
    active: Annotated[bool, Query(description="Only those that run.")] = False,
) -> RecordingList:
    """The recordings that run, and those that LiveKit still remembers."""
    return RecordingList(recordings=list(await parts.recordings.list(room=room, active=active)))


@router.get(
    "/api/recordings/{recording_id}",
    operation_id="getRecording",
    dependencies=[_read],
    responses=_NO_RECORDING,
)
async def read_recording(parts: Wired, recording_id: _RecordingId) -> Recording:
    """One recording."""
    return await parts.recordings.get(recording_id)


@router.delete(
    "/api/recordings/{recording_id}",
    operation_id="stopRecording",
    dependencies=[_write],
    responses={**_NO_RECORDING, **_NO_EGRESS},
)
async def stop_recording(parts: Wired, recording_id: _RecordingId) -> Recording:
    """Ends a recording; its file stays. One that is over stays as it is."""
    return await parts.recordings.stop(recording_id)


def _bucket(settings: Settings) -> Bucket:
    return Bucket(
        name=settings.s3_bucket,
        region=settings.s3_region,
        endpoint=settings.s3_endpoint,
        access_key=settings.s3_access_key,
        secret=settings.s3_secret_key,
        force_path_style=settings.s3_path_style,
    )


def _safe(room: str) -> str:
    """A room's name as the beginning of a file's name: others may have given it any."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_=-") else "_" for c in room)[:100]

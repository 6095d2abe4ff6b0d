"""Transcripts of rooms, read back from Redis."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from control_api.access import Scope, needs
from control_api.errors import TranscriptNotFound
from control_api.fields import RoomPath
from control_api.parts import Wired
from control_api.store import TranscriptMessage

router = APIRouter(tags=["transcripts"])

# Milliseconds and a counter, as Redis numbers the entries of a stream.
After = Annotated[
    str | None,
    Query(pattern=r"^\d{1,16}-\d{1,16}$", description="`next` of the page before; none: begin."),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="The most messages to return.")]


class Transcript(BaseModel):
    """A part of a room's transcript."""

    room: str = Field(description="Name of the room.")
    messages: list[TranscriptMessage] = Field(description="Both sides, in order.")
    next: str | None = Field(description="`after` of the next page; null at the end.")


@router.get(
    "/api/transcripts/{room}",
    operation_id="getTranscript",
    dependencies=[Depends(needs(Scope.TRANSCRIPTS_READ, of_room=True))],
    response_model_exclude_unset=True,
    responses={
        404: {"description": "Nothing was said in a room of that name."},
        503: {"description": "Redis is away; try again after Retry-After."},
    },
)
async def read_transcript(
    parts: Wired, response: Response, room: RoomPath, after: After = None, limit: Limit = 500
) -> Transcript:
    """What was said in a room, oldest first, page by page."""
    page = await parts.transcripts.read(room, after=after, limit=limit)
    if page is None:
        raise TranscriptNotFound("There is no transcript of a room of this name.")
    response.headers["Cache-Control"] = "no-store"
    return Transcript(room=room, messages=list(page.messages), next=page.next)

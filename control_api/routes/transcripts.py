"""Transcripts of rooms: list, search, read, save as a file, delete."""

import unicodedata
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from control_api.access import Scope, needs
from control_api.errors import TranscriptNotFound
from control_api.export import FORMATS, Format
from control_api.fields import Responses, RoomPath
from control_api.parts import Wired
from control_api.store import TranscriptMessage

router = APIRouter(tags=["transcripts"])

# Milliseconds and a counter, as Redis numbers the entries of a stream.
After = Annotated[
    str | None,
    Query(pattern=r"^\d{1,16}-\d{1,16}$", description="`next` of the page before; none: begin."),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="The most messages to return.")]


_NONE: Responses = {404: {"description": "Nothing was said in a room of that name."}}
_AWAY: Responses = {503: {"description": "Redis is away; try again after Retry-After."}}
_read = Depends(needs(Scope.TRANSCRIPTS_READ))
_of_room = Depends(needs(Scope.TRANSCRIPTS_READ, of_room=True))
# A file is made in memory: more than a day of talk is not in one.
_EXPORT_MAX = 20_000


class TranscriptSummary(BaseModel):
    """A transcript, as the list has it."""

    room: str = Field(description="Name of the room.")
    updated_at: datetime = Field(description="When its last message came.")
    message_count: int = Field(description="How many messages it has.")
    matches: list[TranscriptMessage] | None = Field(
        default=None, description="With `q`: up to three messages that have the words."
    )


class TranscriptList(BaseModel):
    """A part of the transcripts."""

    transcripts: list[TranscriptSummary] = Field(description="Those with the newest words first.")
    next: str | None = Field(
        description="`before` of the next page; null at the end. A page of a search may be empty "
        "though the next one is not."
    )


class Transcript(BaseModel):
    """A part of a room's transcript."""

    room: str = Field(description="Name of the room.")
    messages: list[TranscriptMessage] = Field(description="Both sides, in order.")
    next: str | None = Field(description="`after` of the next page; null at the end.")


@router.get(
    "/api/transcripts",
    operation_id="listTranscripts",
    dependencies=[_read],
    response_model_exclude_unset=True,
    responses={422: {"description": "A parameter is not acceptable."}, **_AWAY},
)
async def list_transcripts(
    parts: Wired,
    response: Response,
    q: Annotated[
        str,
        Query(max_length=200, description="Only those in which a message has all these words."),
    ] = "",
    before: Annotated[
        str | None,
        Query(pattern=r"^\d{1,16}(\.\d{1,9})?$", description="`next` of the page before."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Transcripts to look at.")] = 50,
) -> TranscriptList:
    """The transcripts, or with `q` those in which the words were said; newest first."""
    begin = None if before is None else float(before)
    words = q.split()
    if words:
        index = await parts.transcripts.search(words, before=begin, limit=limit)
    else:
        index = await parts.transcripts.list(before=begin, limit=limit)
    response.headers["Cache-Control"] = "no-store"
    summaries = [
        TranscriptSummary(
            room=each.room,
            updated_at=each.updated_at,
            message_count=each.message_count,
            **({"matches": list(each.matches)} if words else {}),
        )
        for each in index.entries
    ]
    return TranscriptList(
        transcripts=summaries, next=None if index.next is None else repr(index.next)
    )


@router.get(
    "/api/transcripts/{room}",
    operation_id="getTranscript",
    dependencies=[_of_room],
    response_model_exclude_unset=True,
    responses={**_NONE, **_AWAY},
)
async def read_transcript(
    parts: Wired, response: Response, room: RoomPath, after: After = None, limit: Limit = 500
) -> Transcript:
    """What was said in a room, oldest first, page by page."""
    page = await parts.transcripts.read(room, after=after, limit=limit)
    if page is None:
        raise _not_found()
    response.headers["Cache-Control"] = "no-store"
    return Transcript(room=room, messages=list(page.messages), next=page.next)


@router.get(
    "/api/transcripts/{room}/export",
    operation_id="exportTranscript",
    dependencies=[_of_room],
    response_class=Response,
    responses={
        200: {
            "description": "The file.",
            "content": {each.media_type.split(";")[0]: {} for each in FORMATS.values()},
        },
        **_NONE,
        **_AWAY,
    },
)
async def export_transcript(
    parts: Wired,
    room: RoomPath,
    format: Annotated[Format, Query(description="How it is written.")] = "json",
) -> Response:
    """What was said in a room, as a file."""
    page = await parts.transcripts.read(room, after=None, limit=_EXPORT_MAX)
    if page is None:
        raise _not_found()
    kind = FORMATS[format]
    name = f"{room}.{kind.ending}"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in plain)
    return Response(
        kind.write(room, page.messages),
        media_type=kind.media_type,
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{safe}"; '
            f"filename*=UTF-8''{quote(name, safe='')}",
        },
    )


@router.delete(
    "/api/transcripts/{room}",
    operation_id="deleteTranscript",
    status_code=204,
    dependencies=[Depends(needs(Scope.TRANSCRIPTS_WRITE))],
    responses={**_NONE, **_AWAY},
)
async def delete_transcript(parts: Wired, room: RoomPath) -> None:
    """Deletes what was said in a room, for good; what is said afterwards is kept again."""
    if not await parts.transcripts.delete(room):
        raise _not_found()


def _not_found() -> TranscriptNotFound:
    return TranscriptNotFound("There is no transcript of a room of this name.")

"""The address that LiveKit tells its events to."""

from fastapi import APIRouter, Header, Request, Response

from control_api.errors import NeighbourError, Unauthenticated
from control_api.parts import Wired

router = APIRouter(tags=["events"])
_KINDS = {
    "room_started",
    "room_finished",
    "participant_joined",
    "participant_left",
    "participant_connection_aborted",
    "track_published",
    "track_unpublished",
    "egress_started",
    "egress_updated",
    "egress_ended",
    "ingress_started",
    "ingress_ended",
    "agent_job_started",
    "agent_job_ended",
}


@router.post(
    "/hooks/livekit",
    operation_id="receiveWebhook",
    status_code=204,
    responses={
        401: {"description": "It is not signed with LiveKit's key."},
        503: {"description": "Redis is away; LiveKit tries again."},
    },
)
async def receive_webhook(
    parts: Wired,
    request: Request,
    authorization: str = Header("", description="LiveKit's token, over the body's hash."),
) -> Response:
    """Takes a webhook of LiveKit in; a second delivery of the same one changes nothing."""
    # The raw body: its hash is signed, and its media type is none that FastAPI reads as JSON.
    count = parts.telemetry.webhooks
    try:
        webhook = parts.webhooks.read(await request.body(), authorization)
    except Unauthenticated:
        count.labels("unknown", "refused").inc()
        raise
    kind = webhook.kind if webhook.kind in _KINDS else "other"
    try:
        count.labels(kind, await parts.journal.receive(webhook)).inc()
    except NeighbourError:
        count.labels(kind, "failed").inc()
        raise
    return Response(status_code=204)

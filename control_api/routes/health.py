"""Is the process alive, is it ready, and how are the parts behind it."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from control_api import problems
from control_api.errors import NeighbourUnavailable
from control_api.health import Health
from control_api.parts import Wired

router = APIRouter(tags=["health"])
# Tokens and transcripts need these two; calls that already run do without us.
_NEEDED = ("livekit", "redis")


@router.get("/health", operation_id="getHealth")
async def read_health(parts: Wired, response: Response) -> Health:
    """The parts in detail; 200 also when one of them is away."""
    response.headers["Cache-Control"] = "no-store"
    return await parts.health.check()


@router.get("/livez", operation_id="getLive", response_class=PlainTextResponse)
async def read_live() -> str:
    """The process answers."""
    return "ok"


@router.get(
    "/readyz",
    operation_id="getReady",
    response_class=PlainTextResponse,
    responses={503: {"description": "LiveKit or Redis is away."}},
)
async def read_ready(parts: Wired) -> Response:
    """LiveKit and Redis answer too."""
    health = await parts.health.check()
    missing = [name for name in _NEEDED if health.parts[name].status != "ok"]
    if not missing:
        return PlainTextResponse("ok")
    return problems.respond(
        problems.PROBLEMS[NeighbourUnavailable],
        detail=f"Waiting for {' and '.join(missing)}.",
        instance="/readyz",
        part=missing[0],
        extra={"parts": health.model_dump(exclude_none=True)["parts"]},
    )


@router.get("/metrics", include_in_schema=False)
async def read_metrics(parts: Wired) -> Response:
    """Our metrics for Prometheus."""
    return Response(parts.telemetry.render(), media_type=CONTENT_TYPE_LATEST)

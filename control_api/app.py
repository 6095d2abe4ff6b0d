"""Puts the application together: routes, errors, layers, and the life of its clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from control_api import openapi, problems
from control_api.keep import keep, stop
from control_api.middleware import Account, Bounds, Observe, SecurityHeaders
from control_api.middleware.secure import security_headers
from control_api.parts import open_parts
from control_api.routes import (
    agents,
    audit,
    calls,
    events,
    health,
    hooks,
    ingress,
    pages,
    participants,
    recordings,
    rooms,
    rules,
    speech,
    tokens,
    transcripts,
    trunks,
    webhooks,
)
from control_api.routes.web import WebPage
from control_api.settings import Settings
from control_api.telemetry import Telemetry

# In the order of the API's documentation.
_ROUTES = (
    tokens,
    rooms,
    participants,
    agents,
    trunks,
    rules,
    calls,
    recordings,
    ingress,
    transcripts,
    speech,
    events,
    webhooks,
    hooks,
    audit,
    health,
    pages,
)


def create_app(settings: Settings) -> FastAPI:
    """The ASGI application; its clients live as long as its lifespan.

    It starts whether or not LiveKit, Redis and the speech server are there; a request that needs
    one that is away is answered with 503.
    """
    telemetry = Telemetry()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts(settings, telemetry) as parts:
            app.state.parts = parts
            tasks = [
                keep("health", lambda: parts.health.watch(settings.watch_interval_s)),
                keep("journal", lambda: parts.journal.watch(settings.reconcile_interval_s)),
                keep(
                    "attendance",
                    lambda: parts.attendance.watch(settings.attendance_interval_s),
                ),
                keep("feed", parts.feed.run),
                keep("relay", parts.relay.run),
                keep("retention", parts.retention.watch),
            ]
            try:
                yield
            finally:
                await stop(tasks)

    app = FastAPI(
        lifespan=lifespan,
        redirect_slashes=False,
        # Swagger's and Redoc's pages load their scripts from another host.
        docs_url=None,
        redoc_url=None,
        **openapi.DESCRIPTION,
    )
    problems.install(app)
    for module in _ROUTES:
        app.include_router(module.router)
    # The default, not a mount at "/": a mount would win over the 405 of a route of ours.
    app.router.default = WebPage(settings.web_dist)
    openapi.install(app)

    # From the inside out.
    app.add_middleware(
        Bounds, max_body_bytes=settings.max_body_bytes, timeout_s=settings.request_timeout_s
    )
    app.add_middleware(Account)
    app.add_middleware(Observe, telemetry=telemetry)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"],
            expose_headers=[
                "Idempotency-Replayed",
                "Location",
                "RateLimit",
                "RateLimit-Policy",
                "Retry-After",
                "X-Request-ID",
            ],
        )
    app.add_middleware(SecurityHeaders, headers=security_headers(settings))
    return app

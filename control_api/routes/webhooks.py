"""Webhooks of other applications: register, look, try, delete."""

import secrets
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field

from control_api.access import Scope, needs
from control_api.errors import Conflict, FieldError, InvalidRequest
from control_api.fields import Responses
from control_api.parts import Parts, Wired
from control_api.relay import Forbidden, new_secret
from control_api.store import Endpoint, Progress

router = APIRouter(tags=["webhooks"])
_read = Depends(needs(Scope.WEBHOOKS_READ))
_write = Depends(needs(Scope.WEBHOOKS_WRITE))
_NO_WEBHOOK: Responses = {404: {"description": "There is no such webhook."}}
_Id = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="Our id of the webhook.")]
_Type = Annotated[str, Field(pattern=r"^[a-z_]{1,40}\.(\*|[a-z_]{1,40})$")]
_MOST = 100


class WebhookRequest(BaseModel):
    """A webhook to register."""

    url: str = Field(min_length=1, max_length=2048, description="Where events are sent to: https.")
    types: list[_Type] = Field(
        default_factory=list,
        max_length=50,
        description="Kinds of events, such as `call.ended` or `call.*`; empty: all.",
    )


class Webhook(BaseModel):
    """A webhook that is registered."""

    id: str = Field(description="Our id of the webhook.")
    url: str = Field(description="Where events are sent to.")
    types: list[str] = Field(description="Kinds of events; empty: all.")
    created_at: datetime = Field(description="When it was registered.")
    state: Literal["ok", "failing", "disabled"] = Field(
        description="failing: an event waits to be sent again; disabled: nothing is sent any more."
    )
    failed_attempts: int = Field(description="Attempts at the event that waits.")
    last_status: int | None = Field(default=None, description="HTTP status of the last answer.")
    detail: str | None = Field(default=None, description="Why the last attempt failed.")


class NewWebhook(Webhook):
    """A webhook that was just registered, with its secret."""

    secret: str = Field(
        description="Messages are signed with it (Standard Webhooks); it is shown this once."
    )


class WebhookList(BaseModel):
    """The webhooks that are registered."""

    webhooks: list[Webhook] = Field(description="The oldest first; without their secrets.")


class WebhookTest(BaseModel):
    """What became of a message that was sent to try a webhook."""

    delivered: bool = Field(description="Whether it was answered with a 2xx.")
    status: int | None = Field(default=None, description="HTTP status of the answer.")
    detail: str | None = Field(default=None, description="Why it failed.")


@router.post(
    "/api/webhooks",
    operation_id="createWebhook",
    status_code=201,
    dependencies=[_write],
    responses={
        409: {"description": "There are as many as may be."},
        422: {"description": "A field is not acceptable."},
    },
)
async def create_webhook(parts: Wired, response: Response, request: WebhookRequest) -> NewWebhook:
    """Registers an address that is told, from now on, what happens in rooms and calls."""
    await _check_url(request.url, parts)
    if len(await parts.endpoints.all()) >= _MOST:
        raise Conflict(f"At most {_MOST} webhooks can be registered.")
    endpoint = Endpoint(
        id=secrets.token_hex(8),
        url=request.url,
        types=sorted(set(request.types)),
        secret=new_secret(),
        created_at=datetime.now(UTC).isoformat(),
    )
    cursor = await parts.events.last_id()
    await parts.endpoints.add(endpoint, cursor)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Location"] = f"/api/webhooks/{endpoint.id}"
    shown = _shown(endpoint, Progress(cursor))
    return NewWebhook(secret=endpoint.secret, **shown.model_dump())


@router.get("/api/webhooks", operation_id="listWebhooks", dependencies=[_read])
async def list_webhooks(parts: Wired) -> WebhookList:
    """The webhooks that are registered, and how they fare."""
    return WebhookList(webhooks=[_shown(*pair) for pair in await parts.endpoints.all()])


@router.get(
    "/api/webhooks/{webhook_id}",
    operation_id="getWebhook",
    dependencies=[_read],
    responses=_NO_WEBHOOK,
)
async def read_webhook(parts: Wired, webhook_id: _Id) -> Webhook:
    """One webhook."""
    return _shown(*await parts.endpoints.get(webhook_id))


@router.post(
    "/api/webhooks/{webhook_id}/test",
    operation_id="testWebhook",
    dependencies=[_write],
    responses=_NO_WEBHOOK,
)
async def test_webhook(parts: Wired, webhook_id: _Id) -> WebhookTest:
    """Sends one message of the kind `webhook.test` now, once."""
    endpoint, _ = await parts.endpoints.get(webhook_id)
    outcome = await parts.relay.probe(endpoint)
    return WebhookTest(
        delivered=outcome.delivered, status=outcome.status, detail=outcome.detail or None
    )


@router.delete(
    "/api/webhooks/{webhook_id}",
    operation_id="deleteWebhook",
    status_code=204,
    dependencies=[_write],
    responses=_NO_WEBHOOK,
)
async def delete_webhook(parts: Wired, webhook_id: _Id) -> None:
    """Deletes a webhook; what was not sent yet is not sent."""
    await parts.endpoints.get(webhook_id)
    await parts.endpoints.delete(webhook_id)


async def _check_url(url: str, parts: Parts) -> None:
    """Refuses an address that cannot be meant; sending checks again, every time."""

    def refuse(detail: str) -> InvalidRequest:
        return InvalidRequest(FieldError("/url", detail))

    try:
        read = urlsplit(url)
        host, port = read.hostname, read.port
    except ValueError:
        raise refuse("This is no address.") from None
    addresses = parts.addresses
    if not url.isascii() or any(c.isspace() or ord(c) < 32 for c in url) or not host:
        raise refuse("This is no address.")
    if read.scheme != "https" and not (read.scheme == "http" and addresses.has_own_networks):
        raise refuse("Only https is accepted.")
    if read.username or read.password or read.fragment:
        raise refuse("Without user, password and fragment, please.")
    try:
        addresses.check_literal(host)
        found = await addresses.resolve(host, port or 443)
    except Forbidden:
        raise refuse(
            "It leads to an address that is not public (CONTROL_WEBHOOK_NETWORKS allows more)."
        ) from None
    except (OSError, UnicodeError):
        # It may come; sending tells.
        return
    if read.scheme == "http" and not all(addresses.is_own(each["host"]) for each in found):
        raise refuse("Only https is accepted outside of CONTROL_WEBHOOK_NETWORKS.")


def _shown(endpoint: Endpoint, progress: Progress) -> Webhook:
    state: Literal["ok", "failing", "disabled"] = "failing" if progress.attempts else "ok"
    return Webhook(
        id=endpoint.id,
        url=endpoint.url,
        types=list(endpoint.types),
        created_at=datetime.fromisoformat(endpoint.created_at),
        state="disabled" if progress.disabled else state,
        failed_attempts=progress.attempts,
        last_status=progress.last_status,
        detail=progress.detail or None,
    )

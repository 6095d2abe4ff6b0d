"""The audit log: who did what."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from control_api.access import Scope, needs
from control_api.parts import Wired
from control_api.store import AuditEntry

router = APIRouter(tags=["audit"])


class AuditList(BaseModel):
    """A part of the audit log."""

    entries: list[AuditEntry] = Field(description="The newest first.")
    next: str | None = Field(description="`before` of the next page; null at the end.")


@router.get(
    "/api/audit",
    operation_id="listAudit",
    dependencies=[Depends(needs(Scope.ADMIN))],
    responses={422: {"description": "A parameter is not acceptable."}},
)
async def list_audit(
    parts: Wired,
    response: Response,
    before: Annotated[
        str | None,
        Query(pattern=r"^\d{1,16}-\d{1,16}$", description="`next` of the page before."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="The most entries to return.")] = 100,
) -> AuditList:
    """Operations that changed something, or were refused, and by which key."""
    page = await parts.audit.read(before=before, limit=limit)
    response.headers["Cache-Control"] = "no-store"
    return AuditList(entries=list(page.entries), next=page.next)

"""The page of each problem type, so that the `type` of an error leads somewhere."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from control_api import problems

router = APIRouter(include_in_schema=False)
_PAGES = {kind.slug: kind for kind in problems.all_types()}


@router.get("/problems/{slug}", response_class=PlainTextResponse)
async def read_problem(slug: str) -> str:
    """What a problem type means."""
    kind = _PAGES.get(slug)
    if kind is None:
        raise HTTPException(404)
    return f"{kind.title} ({kind.status})\n\n{kind.explanation}\n"

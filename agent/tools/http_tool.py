"""A tool that an assistant's file describes as an HTTP request."""

import json
import re
from typing import Any
from urllib.parse import quote

import httpx
import structlog
from livekit.agents import RunContext, ToolError, llm

from agent.assistants import HttpTool, HttpToolParameter
from agent.tools.plugin import ToolKit
from agent.tools.waiting import filler_while_waiting

log = structlog.stdlib.get_logger(__name__)

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def http_tool(described: HttpTool, kit: ToolKit) -> llm.Tool:
    """Make the tool."""
    filler = kit.settings.spoken(
        kit.settings.filler if described.filler is None else described.filler
    )
    schema = {
        "name": described.name,
        "description": described.description,
        "parameters": {
            "type": "object",
            "properties": {each.name: _property(each) for each in described.parameters},
            "required": [each.name for each in described.parameters if each.required],
        },
    }

    async def call(raw_arguments: dict[str, Any], context: RunContext[None]) -> str:
        values = _checked(described, raw_arguments)
        async with filler_while_waiting(context, filler):
            return await request(described, values, kit.http)

    return llm.function_tool(call, raw_schema=schema)


def _property(parameter: HttpToolParameter) -> dict[str, Any]:
    found: dict[str, Any] = {"type": parameter.type, "description": parameter.description}
    if parameter.choices:
        found["enum"] = list(parameter.choices)
    return found


def _checked(described: HttpTool, arguments: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter in described.parameters:
        value = arguments.get(parameter.name)
        if value is None:
            if parameter.required:
                raise ToolError(f"The value of {parameter.name} is missing. Ask for it.")
            continue
        if parameter.type == "string" and isinstance(value, int | float):
            value = str(value)  # models write numbers where digits are asked for
        is_bool = isinstance(value, bool) and parameter.type != "boolean"
        if is_bool or not isinstance(value, _TYPES[parameter.type]):
            raise ToolError(f"{parameter.name} must be of type {parameter.type}.")
        if parameter.choices and value not in parameter.choices:
            raise ToolError(f"{parameter.name} must be one of {', '.join(parameter.choices)}.")
        values[parameter.name] = value
    return values


async def request(described: HttpTool, values: dict[str, Any], http: httpx.AsyncClient) -> str:
    """Send the request, and give its answer as the model is told it.

    Raises:
        ToolError: It did not succeed; worded for the model.
    """
    rest = dict(values)

    def place(match: re.Match[str]) -> str:
        return quote(_text(rest.pop(match[1], "")), safe="")

    url = _PLACE.sub(place, described.url)
    in_query = described.method in ("GET", "DELETE")
    try:
        async with http.stream(
            described.method,
            url,
            params={name: _text(value) for name, value in rest.items()} if in_query else None,
            json=None if in_query else rest,
            headers=described.headers,
            timeout=described.timeout_seconds,
        ) as reply:
            body = await _read(reply, described.max_characters * 4)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.warning("A tool's server failed", tool=described.name, error=type(error).__name__)
        raise ToolError("The service cannot be reached just now. Say so.") from error
    if reply.status_code >= 400:
        log.warning("A tool's server refused", tool=described.name, status=reply.status_code)
        raise ToolError(f"The service answered with status {reply.status_code}. Say so.")
    text = " ".join(body.split())[: described.max_characters]
    return text or "Done."


async def _read(reply: httpx.Response, limit: int) -> str:
    parts: list[str] = []
    length = 0
    async for part in reply.aiter_text():
        parts.append(part)
        length += len(part)
        if length >= limit:
            break
    return "".join(parts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)

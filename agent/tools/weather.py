"""The weather, from an HTTP source that the owner names."""

import time
from urllib.parse import quote

import httpx
import structlog
from livekit.agents import RunContext, ToolError, llm

from agent.tools.plugin import ToolKit, ToolPlugin
from agent.tools.waiting import filler_while_waiting

log = structlog.stdlib.get_logger(__name__)

MAX_CHARACTERS = 1500
"""Longest report that goes to the model, which has a small window."""
MAX_PLACES = 200


class WeatherSource:
    """Asks the source, and remembers what it said for a while.

    Args:
        url: Address with ``{place}`` in it; empty when the owner has none.
        http: Client of this call.
        timeout_s: Longest wait, in seconds.
        cache_s: How long a report is used again, in seconds.
    """

    def __init__(
        self, url: str, http: httpx.AsyncClient, *, timeout_s: float, cache_s: float
    ) -> None:
        self._url = url
        self._http = http
        self._timeout_s = timeout_s
        self._cache_s = cache_s
        self._reports: dict[str, tuple[float, str]] = {}

    async def report(self, place: str) -> str:
        """Give the weather of a place, in the source's words.

        Raises:
            ToolError: There is no source, or it gives nothing; worded for the model.
        """
        if not self._url:
            raise ToolError("You do not know the weather: no source is set up. Say so.")
        key = " ".join(place.casefold().split())
        now = time.monotonic()
        if (known := self._reports.get(key)) and now - known[0] < self._cache_s:
            return known[1]
        try:
            reply = await self._http.get(
                self._url.replace("{place}", quote(place, safe="")), timeout=self._timeout_s
            )
            reply.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("The weather source failed", error=type(error).__name__)
            raise ToolError("The weather cannot be looked up just now. Say so.") from error
        report = " ".join(reply.text.split())[:MAX_CHARACTERS]
        if len(self._reports) >= MAX_PLACES:
            self._reports.pop(next(iter(self._reports)))
        self._reports[key] = (now, report)
        return report


def weather_tool(source: WeatherSource, filler: str) -> llm.Tool:
    """Make the tool.

    Args:
        source: Where the weather comes from.
        filler: Said while the source takes long; empty says nothing.
    """

    @llm.function_tool
    async def get_weather(context: RunContext[None], place: str) -> str:
        """Tell the current weather of a place.

        Args:
            context: Of the call.
            place: City, such as "Paris".
        """
        async with filler_while_waiting(context, filler):
            return await source.report(place)

    return get_weather


def _build(kit: ToolKit) -> llm.Tool:
    settings = kit.settings
    source = WeatherSource(
        settings.weather_url,
        kit.http,
        timeout_s=settings.tool_timeout_seconds,
        cache_s=settings.weather_cache_seconds,
    )
    return weather_tool(source, settings.spoken(settings.filler))


PLUGIN = ToolPlugin("get_weather", _build)

"""What the assistant can do besides talk: one module a tool."""

import httpx
from livekit.agents import llm

from agent.errors import ConfigurationError
from agent.settings import Settings
from agent.tools.clock import clock_tool, find_zone
from agent.tools.weather import WeatherSource, weather_tool

TOOLS = ("get_time", "get_weather")
"""Names that the setting `tools` may hold."""

__all__ = ["TOOLS", "build_tools", "check_tools"]


def check_tools(settings: Settings) -> None:
    """Check the settings of the tools.

    Raises:
        ConfigurationError: One of them cannot work.
    """
    for name in settings.tools:
        if name not in TOOLS:
            raise ConfigurationError(f"AGENT_TOOLS: there is no tool {name!r}")
    if find_zone(settings.timezone) is None:
        raise ConfigurationError(f"AGENT_TIMEZONE: there is no time zone {settings.timezone!r}")


def build_tools(settings: Settings, http: httpx.AsyncClient) -> list[llm.Tool]:
    """Make the assistant's tools.

    Args:
        settings: Which, and how.
        http: Client of this call; the caller closes it.
    """
    source = WeatherSource(
        settings.weather_url,
        http,
        timeout_s=settings.tool_timeout_seconds,
        cache_s=settings.weather_cache_seconds,
    )
    known: dict[str, llm.Tool] = {
        "get_time": clock_tool(settings.timezone),
        "get_weather": weather_tool(source, settings.spoken(settings.filler)),
    }
    return [known[name] for name in settings.tools]

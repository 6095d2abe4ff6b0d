"""The time of day, anywhere."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from livekit.agents import ToolError, llm

from agent.settings import Settings
from agent.tools.plugin import ToolPlugin

_ALIASES = {
    # Large cities that have no zone of their own name.
    "beijing": "Asia/Shanghai",
    "boston": "America/New_York",
    "delhi": "Asia/Kolkata",
    "new delhi": "Asia/Kolkata",
    "mumbai": "Asia/Kolkata",
    "frankfurt": "Europe/Berlin",
    "munich": "Europe/Berlin",
    "hamburg": "Europe/Berlin",
    "barcelona": "Europe/Madrid",
    "milan": "Europe/Rome",
    "geneva": "Europe/Zurich",
    "miami": "America/New_York",
    "washington": "America/New_York",
    "houston": "America/Chicago",
    "dallas": "America/Chicago",
    "las vegas": "America/Los_Angeles",
    "san francisco": "America/Los_Angeles",
    "seattle": "America/Los_Angeles",
    "rio de janeiro": "America/Sao_Paulo",
    "osaka": "Asia/Tokyo",
    "saint petersburg": "Europe/Moscow",
}


def find_zone(place: str) -> ZoneInfo | None:
    """Find the time zone of an IANA name or a city; None when there is none."""
    wanted = " ".join(place.replace("_", " ").casefold().split(",")[0].split())
    name = _ALIASES.get(wanted) or _zones().get(wanted)
    return ZoneInfo(name) if name else None


@cache
def _zones() -> dict[str, str]:
    zones: dict[str, str] = {}
    for name in sorted(available_timezones()):
        if name.startswith(("Etc/", "SystemV/", "US/", "posix/", "right/")) and name != "Etc/UTC":
            continue
        readable = name.replace("_", " ").casefold()
        zones[readable] = name
        zones.setdefault(readable.rsplit("/", 1)[-1], name)
    return zones


def tell_time(now: datetime) -> str:
    """Write a time as one says it."""
    hour = now.hour % 12 or 12
    half = "a.m." if now.hour < 12 else "p.m."
    return f"{hour}:{now.minute:02d} {half}, {now:%A} {now.day} {now:%B} {now.year}"


def clock_tool(default_zone: str) -> llm.Tool:
    """Make the tool.

    Args:
        default_zone: IANA name of the zone that is taken when none is asked for.
    """

    @llm.function_tool
    async def get_time(place: str | None = None) -> str:
        """Tell the current local time and date.

        Args:
            place: City or IANA time zone, such as "Tokyo" or "Europe/Oslo". Leave it out for
                the local time here.
        """
        zone = find_zone(place or default_zone)
        if zone is None:
            raise ToolError(f"The time zone of {place} is not known. Ask for a larger city.")
        where = f" in {place}" if place else ""
        return f"It is {tell_time(datetime.now(zone))}{where}."

    return get_time


def _problem(settings: Settings) -> str | None:
    if find_zone(settings.timezone) is None:
        return f"AGENT_TIMEZONE: there is no time zone {settings.timezone!r}"
    return None


PLUGIN = ToolPlugin("get_time", lambda kit: clock_tool(kit.settings.timezone), _problem)

"""Tools: the clock and the weather."""

from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest
from livekit.agents import ToolError

from agent.errors import ConfigurationError
from agent.settings import Settings
from agent.tools import ToolKit, build_tools, check_tools, find_plugins
from agent.tools.clock import find_zone, tell_time
from agent.tools.weather import MAX_CHARACTERS, WeatherSource
from tests.support.conversation import NotedActions


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ("Oslo", "Europe/Oslo"),
        ("new york", "America/New_York"),
        ("Los Angeles, California", "America/Los_Angeles"),
        ("San Francisco", "America/Los_Angeles"),
        ("Europe/Paris", "Europe/Paris"),
        ("UTC", "UTC"),
        ("tokyo", "Asia/Tokyo"),
    ],
)
def test_a_place_has_a_time_zone(place: str, zone: str) -> None:
    found = find_zone(place)
    assert found is not None and found.key == zone


def test_a_place_that_is_none() -> None:
    assert find_zone("Atlantis") is None


@pytest.mark.parametrize(
    ("hour", "said"), [(0, "12:05 a.m."), (9, "9:05 a.m."), (12, "12:05 p.m."), (23, "11:05 p.m.")]
)
def test_the_time_is_told_as_one_says_it(hour: int, said: str) -> None:
    assert tell_time(datetime(2026, 3, 1, hour, 5)) == f"{said}, Sunday 1 March 2026"


class Source:
    """A weather source that counts."""

    def __init__(self, text: str = '{"sky": "clear"}', status: int = 200) -> None:
        self.asked: list[str] = []
        self._text, self._status = text, status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.raw_path.decode())
        return httpx.Response(self._status, text=self._text)


@pytest.fixture
async def open_clients() -> AsyncIterator[list[httpx.AsyncClient]]:
    clients: list[httpx.AsyncClient] = []
    yield clients
    for client in clients:
        await client.aclose()


def weather(
    source: Source, clients: list[httpx.AsyncClient], url: str = "http://w.test/{place}?f=j"
) -> WeatherSource:
    clients.append(httpx.AsyncClient(transport=httpx.MockTransport(source)))
    return WeatherSource(url, clients[-1], timeout_s=1, cache_s=60)


async def test_the_weather_is_asked_once(open_clients: list[httpx.AsyncClient]) -> None:
    source = Source()
    report = weather(source, open_clients)
    assert await report.report("New York") == '{"sky": "clear"}'
    assert await report.report(" new  york") == '{"sky": "clear"}'
    assert source.asked == ["/New%20York?f=j"]


async def test_without_a_source_the_weather_is_not_known(
    open_clients: list[httpx.AsyncClient],
) -> None:
    with pytest.raises(ToolError, match="do not know"):
        await weather(Source(), open_clients, url="").report("Oslo")


async def test_a_source_that_fails_is_told(open_clients: list[httpx.AsyncClient]) -> None:
    with pytest.raises(ToolError, match="cannot be looked up"):
        await weather(Source(status=503), open_clients).report("Oslo")


async def test_a_long_report_is_cut(open_clients: list[httpx.AsyncClient]) -> None:
    report = await weather(Source("x" * 9000), open_clients).report("Oslo")
    assert len(report) == MAX_CHARACTERS


async def test_a_place_cannot_leave_its_part_of_the_address(
    open_clients: list[httpx.AsyncClient],
) -> None:
    source = Source()
    await weather(source, open_clients).report("../secret?x=1")
    assert source.asked == ["/..%2Fsecret%3Fx%3D1?f=j"]


async def test_the_tools_asked_for_are_built(open_clients: list[httpx.AsyncClient]) -> None:
    open_clients.append(httpx.AsyncClient())
    kit = ToolKit(Settings(tools=("get_weather",)), open_clients[-1], NotedActions())
    tools = build_tools(kit)
    assert [tool.info.name for tool in tools] == ["get_weather"]  # type: ignore[attr-defined]
    every = Settings(tools=tuple(find_plugins()))
    assert len(build_tools(ToolKit(every, open_clients[-1], NotedActions()))) == 6


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (Settings(tools=("fly",)), "AGENT_TOOLS"),
        (Settings(timezone="Mars/Base"), "AGENT_TIMEZONE"),
    ],
)
def test_a_setting_that_cannot_work_is_named(settings: Settings, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        check_tools(settings)

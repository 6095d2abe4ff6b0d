"""Tools of an assistant's file against a real HTTP server, those of MCP against a real one."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from aiohttp import web
from livekit.agents import ToolError, llm
from mcp.server.mcpserver import MCPServer

from agent.assistants import HttpTool, HttpToolParameter, McpServer
from agent.errors import ConfigurationError
from agent.settings import Settings
from agent.tools import ToolKit, build_tools, check_tools, find_plugins
from agent.tools.http_tool import _checked, request
from agent.tools.mcp import McpTools
from tests.support.conversation import NotedActions, until


class Shop:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.status = 200

    async def handle(self, incoming: web.Request) -> web.Response:
        body = await incoming.json() if incoming.can_read_body else None
        self.asked.append((incoming.method, incoming.raw_path, body))
        if incoming.headers.get("x-key") != "k":
            return web.Response(status=401)
        return web.json_response({"status": "sent"}, status=self.status)


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Shop, str]]:
    shop = Shop()
    app = web.Application()
    app.add_routes([web.route("*", "/{rest:.*}", shop.handle)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield shop, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


def tool(url: str, **more: Any) -> HttpTool:
    values: dict[str, Any] = {
        "name": "order",
        "description": "Looks up.",
        "url": url,
        "headers": {"x-key": "k"},
        "parameters": (
            HttpToolParameter(name="number"),
            HttpToolParameter(name="count", type="integer", required=False),
        ),
    }
    return HttpTool(**{**values, **more})


async def test_values_go_into_address_and_query(
    shop: tuple[Shop, str], client: httpx.AsyncClient
) -> None:
    asked = tool(shop[1] + "/orders/{number}")
    assert await request(asked, {"number": "../a b", "count": 2}, client) == '{"status": "sent"}'
    assert shop[0].asked == [("GET", "/orders/..%2Fa%20b?count=2", None)]


async def test_values_go_into_a_body(shop: tuple[Shop, str], client: httpx.AsyncClient) -> None:
    asked = tool(shop[1] + "/orders", method="POST")
    await request(asked, {"number": "1", "count": 2}, client)
    assert shop[0].asked == [("POST", "/orders", {"number": "1", "count": 2})]


async def test_a_failure_is_told_the_model(
    shop: tuple[Shop, str], client: httpx.AsyncClient
) -> None:
    shop[0].status = 500
    with pytest.raises(ToolError, match="status 500"):
        await request(tool(shop[1] + "/{number}"), {"number": "1"}, client)
    with pytest.raises(ToolError, match="cannot be reached"):
        await request(tool("http://127.0.0.1:1/{number}"), {"number": "1"}, client)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({}, "number is missing"), ({"number": "1", "count": "two"}, "count must be")],
)
def test_a_value_that_cannot_be_is_told_the_model(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ToolError, match=named):
        _checked(tool("http://h/{number}"), arguments)


def test_digits_that_come_as_a_number_are_text() -> None:
    assert _checked(tool("http://h/{number}"), {"number": 12345}) == {"number": "12345"}


async def test_the_schema_is_what_the_file_says(client: httpx.AsyncClient) -> None:
    kit = ToolKit(Settings(tools=()), client, NotedActions())
    built = build_tools(kit, (tool("http://h/{number}"),))
    described = llm.ToolContext(built).parse_function_tools("openai", strict=False)
    parameters = described[0]["function"]["parameters"]
    assert parameters["required"] == ["number"]
    assert parameters["properties"]["count"]["type"] == "integer"


OWN = '''
from livekit.agents import llm
from agent.tools import ToolKit, ToolPlugin

def build(kit: ToolKit) -> llm.Tool:
    @llm.function_tool
    async def roll() -> str:
        """Roll a die."""
        return "four"
    return roll

PLUGIN = ToolPlugin("roll", build)
'''


def test_an_owners_folder_is_searched(tmp_path: Path) -> None:
    (tmp_path / "dice.py").write_text(OWN)
    assert "roll" in find_plugins(tmp_path)
    check_tools(Settings(tools=("roll", "get_time"), tools_dir=tmp_path))


@pytest.mark.parametrize("text", ["x = 1", "raise RuntimeError('no')", "def"])
def test_a_broken_plugin_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises(ConfigurationError, match=r"broken\.py"):
        find_plugins(tmp_path)


@pytest.fixture
async def mcp_url() -> AsyncIterator[str]:
    served = MCPServer("stock")

    @served.tool()
    def in_stock(item: str) -> str:
        """Count an item."""
        return f"7 of {item}"

    @served.tool()
    def forget() -> str:
        """Not offered."""
        raise RuntimeError

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(served.streamable_http_app(), log_level="error", lifespan="on")
        )
        running = asyncio.create_task(server.serve([listening]))
        await until(lambda: server.started, 5)
        yield f"http://127.0.0.1:{port}/mcp"
        server.should_exit = True
        await running


async def test_an_mcp_servers_tools_are_offered(mcp_url: str) -> None:
    tools = McpTools()
    found = await tools.open(
        [
            McpServer(url="http://127.0.0.1:1/mcp"),  # not there: done without
            McpServer(url=mcp_url, tools=("in_stock",)),
        ]
    )
    assert [each.info.name for each in found] == ["in_stock"]  # type: ignore[attr-defined]
    answer = await found[0](raw_arguments={"item": "bolts"})  # type: ignore[operator]
    assert "7 of bolts" in str(answer)
    await tools.aclose()

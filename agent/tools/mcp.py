"""The tools of MCP servers (Model Context Protocol, streamable HTTP)."""

import asyncio
from typing import TYPE_CHECKING

import structlog
from livekit.agents import llm

from agent.assistants import McpServer

if TYPE_CHECKING:
    from livekit.agents.llm.mcp import MCPServerHTTP

log = structlog.stdlib.get_logger(__name__)

OPEN_SECONDS = 3.0
"""A server that is not there by then is done without; the caller is not kept waiting."""
CALL_SECONDS = 15.0


class McpTools:
    """The connections of one call to its MCP servers."""

    def __init__(self) -> None:
        self._servers: list[MCPServerHTTP] = []

    async def open(self, servers: list[McpServer]) -> list[llm.Tool]:
        """Connect, and give the tools in the order of the servers; those that fail give none."""
        found = await asyncio.gather(*(self._open(server) for server in servers))
        return [tool for tools in found for tool in tools]

    async def _open(self, described: McpServer) -> list[llm.Tool]:
        from livekit.agents.llm.mcp import MCPServerHTTP  # takes 0.5 s, which few calls need

        server = MCPServerHTTP(
            described.url,
            transport_type="streamable_http",
            allowed_tools=list(described.tools) or None,
            headers=dict(described.headers),
            timeout=OPEN_SECONDS,
            client_session_timeout_seconds=CALL_SECONDS,
        )
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await server.initialize()
                tools = await server.list_tools()
        except Exception as error:
            log.warning("An MCP server is done without", error=type(error).__name__)
            await _close(server)
            return []
        self._servers.append(server)
        log.info("MCP server connected", tools=len(tools))
        return list(tools)

    async def aclose(self) -> None:
        """Disconnect."""
        await asyncio.gather(*(_close(server) for server in self._servers))
        self._servers.clear()


async def _close(server: "MCPServerHTTP") -> None:
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            await server.aclose()
    except Exception as error:
        log.info("An MCP server did not close", error=type(error).__name__)

"""What the assistant can do besides talk: one module a tool, found by its `PLUGIN`.

A module that is put into this folder, or into the owner's (`AGENT_TOOLS_DIR`), is a tool that an
assistant's file can name; docs/tools.md has an example.
"""

from livekit.agents import llm

from agent.assistants import HttpTool
from agent.errors import ConfigurationError
from agent.settings import Settings
from agent.tools.http_tool import http_tool
from agent.tools.plugin import CallActions, ToolKit, ToolPlugin
from agent.tools.registry import find_plugins

__all__ = ["CallActions", "ToolKit", "ToolPlugin", "build_tools", "check_tools", "find_plugins"]


def check_tools(settings: Settings) -> None:
    """Check the tools that the settings name.

    Raises:
        ConfigurationError: One of them cannot work.
    """
    plugins = find_plugins(settings.tools_dir)
    for name in settings.tools:
        if name not in plugins:
            known = ", ".join(sorted(plugins))
            raise ConfigurationError(f"AGENT_TOOLS: there is no tool {name!r}; there are {known}")
        if problem := plugins[name].problem(settings):
            raise ConfigurationError(problem)


def build_tools(kit: ToolKit, http_tools: tuple[HttpTool, ...] = ()) -> list[llm.Tool]:
    """Make the tools of a call, always in the same order, as the model's prompt begins with them.

    Args:
        kit: What they are built from; its settings name them.
        http_tools: Those that the assistant's file describes.
    """
    plugins = find_plugins(kit.settings.tools_dir)
    built = [plugins[name].build(kit) for name in kit.settings.tools if name in plugins]
    return [*built, *(http_tool(described, kit) for described in http_tools)]

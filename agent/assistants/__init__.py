"""The assistants of a deployment: a file each, read anew for each call."""

from agent.assistants.catalogue import AssistantCatalogue, assistant_settings
from agent.assistants.definition import (
    AssistantDefinition,
    HttpTool,
    HttpToolParameter,
    McpServer,
)
from agent.assistants.request import CallRequest

__all__ = [
    "AssistantCatalogue",
    "AssistantDefinition",
    "CallRequest",
    "HttpTool",
    "HttpToolParameter",
    "McpServer",
    "assistant_settings",
]

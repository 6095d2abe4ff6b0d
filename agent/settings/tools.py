"""Settings of the tools, and of what is kept."""

from pathlib import Path

from pydantic import Field

from agent.settings.group import Phrases, Seconds, SettingsGroup


class ToolSettings(SettingsGroup):
    """Tools, transcripts and traces."""

    tools: Phrases = Field(
        default=("get_time", "get_weather"),
        description="Tools of the assistant, or none. A model that cannot use tools is offered "
        "none.",
    )
    timezone: str = Field(default="UTC", description="Time zone of the assistant (IANA name).")
    weather_url: str = Field(
        default="",
        description="HTTP source of the weather, {place} being replaced; its JSON or text goes to "
        "the model. Empty: the assistant does not know the weather.",
    )
    tool_timeout_seconds: Seconds = Field(
        default=5, gt=0, description="Longest wait for a tool's source, in seconds."
    )
    weather_cache_seconds: Seconds = Field(
        default=600, description="How long a weather report is used again, in seconds."
    )
    tools_dir: Path | None = Field(
        default=None, description="Folder with further tools, a Python file each (docs/tools.md)."
    )
    mcp_servers: Phrases = Field(
        default=(),
        description="Addresses of MCP servers (streamable HTTP) whose tools are offered.",
    )

    traces_url: str = Field(
        default="",
        description="Address of an OpenTelemetry collector (OTLP over HTTP), such as "
        "http://127.0.0.1:4318/v1/traces, that gets a trace of each turn; empty sends none.",
    )
    transcripts: bool = Field(default=True, description="Keep the transcripts in Redis.")
    transcript_queue: int = Field(
        default=2000, ge=10, description="Messages that are kept while Redis is away."
    )
    transcript_seconds: int = Field(
        default=0, ge=0, description="How long Redis keeps a transcript, in seconds; 0: for ever."
    )

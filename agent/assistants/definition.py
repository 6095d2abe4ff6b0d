"""What an assistant's file may hold; docs/assistants.md explains it to its owner.

Everything but the name is optional: what a file leaves out is taken from the agent's settings.
"""

import os
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from agent.settings.group import Seconds

NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
TOOL_NAME = r"^[a-z][a-z0-9_]{0,62}$"
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")

Milliseconds = Annotated[int, Field(ge=0, le=10_000)]


class _Table(BaseModel):
    """A table of the file; an unknown key in it is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelTable(_Table):
    """`[model]`: the language model of this assistant."""

    provider: Literal["ollama", "openai"] | None = None
    name: str | None = Field(default=None, min_length=1)
    url: str | None = None
    api_key: str | None = Field(default=None, description="`${VARIABLE}` of the environment.")
    num_ctx: int | None = Field(default=None, ge=256)
    num_predict: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)


class PatienceTable(_Table):
    """`[patience]`: how long the assistant waits for the caller."""

    adaptive: bool | None = None
    stop_silence_ms: Milliseconds | None = None
    max_stop_silence_ms: Milliseconds | None = None
    still_there_seconds: Seconds | None = None
    hang_up_seconds: Seconds | None = None
    hold_seconds: Seconds | None = None


class PhrasesTable(_Table):
    """`[phrases]`: what is said where the model does not speak."""

    filler: str | None = None
    apology: str | None = None
    not_heard: str | None = None
    speech_lost: str | None = None
    still_there: str | None = None
    goodbye: str | None = None
    voicemail: str | None = None
    resumed: str | None = None
    queue_message: str | None = None
    queue_goodbye: str | None = None


class HandoverTable(_Table):
    """`[handover]`: to whom calls are given."""

    number: str | None = Field(
        default=None, pattern=r"^(\+?[0-9*#-]{2,32}|tel:\+?[0-9*#-]+|sips?:[^\s@<>]+@[^\s@<>]+)$"
    )
    trunk: str | None = None


class HttpToolParameter(_Table):
    """A value that the model gives to an HTTP tool."""

    name: str = Field(pattern=TOOL_NAME)
    type: Literal["string", "integer", "number", "boolean"] = "string"
    description: str = ""
    required: bool = True
    choices: tuple[str, ...] = ()


class HttpTool(_Table):
    """`[[http_tools]]`: a tool that is an HTTP request.

    ``{parameter}`` in the address is replaced by its value, escaped. What is not in the address
    goes into the query (GET, DELETE) or a JSON body. ``${VARIABLE}`` in a header is taken from the
    environment.
    """

    name: str = Field(pattern=TOOL_NAME)
    description: str = Field(min_length=1)
    url: str = Field(pattern=r"^https?://")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[str, str] = {}
    parameters: tuple[HttpToolParameter, ...] = ()
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    max_characters: int = Field(default=1500, ge=1, le=20_000)
    filler: str | None = Field(default=None, description="Said while it takes long.")

    @field_validator("headers")
    @classmethod
    def _from_environment(cls, value: dict[str, str]) -> dict[str, str]:
        return {name: from_environment(text) for name, text in value.items()}


class McpServer(_Table):
    """`[[mcp_servers]]`: a server of the Model Context Protocol over streamable HTTP."""

    url: str = Field(pattern=r"^https?://")
    headers: dict[str, str] = {}
    tools: tuple[str, ...] = Field(default=(), description="Those that are offered; none: all.")

    @field_validator("headers")
    @classmethod
    def _from_environment(cls, value: dict[str, str]) -> dict[str, str]:
        return {name: from_environment(text) for name, text in value.items()}


class AssistantDefinition(_Table):
    """One assistant."""

    name: str = Field(pattern=NAME)
    display_name: str = ""
    description: str = ""
    prompt: str | None = None
    greeting: str | None = None
    language: str | None = Field(default=None, pattern=r"^(auto|[a-z]{2,3})$")
    keyterms: tuple[str, ...] | None = None
    voice: str | None = None
    voices: dict[str, str] | None = None
    speaking_rate: float | None = Field(default=None, ge=0.25, le=4)
    timezone: str | None = None
    tools: tuple[str, ...] | None = None
    text_replies: Literal["text", "voice"] | None = None
    vision: bool | None = None
    model: ModelTable = ModelTable()
    patience: PatienceTable = PatienceTable()
    phrases: PhrasesTable = PhrasesTable()
    handover: HandoverTable = HandoverTable()
    http_tools: tuple[HttpTool, ...] = ()
    mcp_servers: tuple[McpServer, ...] = ()

    @model_validator(mode="after")
    def _tools_have_one_name(self) -> Self:
        names = [tool.name for tool in self.http_tools] + list(self.tools or ())
        if len(names) != len(set(names)):
            raise ValueError("two tools have the same name")
        return self

    def settings(self) -> dict[str, Any]:
        """What the file says, under the names of the agent's settings."""
        model, patience, phrases = self.model, self.patience, self.phrases
        values: dict[str, Any] = {
            "assistant": self.name,
            "assistant_name": self.display_name or None,
            "instructions": self.prompt,
            "greeting": self.greeting,
            "language": self.language,
            "stt_phrases": self.keyterms,
            "voice": self.voice,
            "voices": self.voices,
            "speaking_rate": self.speaking_rate,
            "timezone": self.timezone,
            "tools": self.tools,
            "text_replies": self.text_replies,
            "vision": self.vision,
            "llm_provider": model.provider,
            "llm_model": model.name,
            "llm_url": model.url,
            "llm_api_key": from_environment(model.api_key) if model.api_key else None,
            "llm_num_ctx": model.num_ctx,
            "llm_num_predict": model.num_predict,
            "llm_temperature": model.temperature,
            "patience": patience.adaptive,
            "stt_stop_silence_ms": patience.stop_silence_ms,
            "stt_max_stop_silence_ms": patience.max_stop_silence_ms,
            "user_away_seconds": patience.still_there_seconds,
            "hang_up_seconds": patience.hang_up_seconds,
            "hold_seconds": patience.hold_seconds,
            **phrases.model_dump(),
            "handover_number": self.handover.number,
            "sip_trunk": self.handover.trunk,
        }
        return {name: value for name, value in values.items() if value is not None}


def from_environment(text: str) -> str:
    """Replace each ``${VARIABLE}`` by its value.

    Raises:
        ValueError: One is not set; the message names it.
    """

    def value(match: re.Match[str]) -> str:
        try:
            return os.environ[match[1]]
        except KeyError:
            raise ValueError(f"the environment has no {match[1]}") from None

    return _VARIABLE.sub(value, text)

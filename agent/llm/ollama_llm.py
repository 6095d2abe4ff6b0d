"""A model of Ollama, for livekit-agents.

The native `/api/chat` is used through the `ollama` client's connections, with bodies as plain
JSON: the client's own classes drop parts of a tool's schema and the ids of tool calls.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import ollama
import structlog
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    NotGivenOr,
    llm,
    utils,
)

from agent.llm.errors import ModelResponseError, error_text
from agent.llm.messages import fit_window, to_ollama_messages
from agent.llm.model import LanguageModel
from agent.llm.reply import Piece, ReplyStream
from agent.llm.schema import to_ollama_tools
from agent.telemetry.tracing import trace_headers

log = structlog.stdlib.get_logger(__name__)

LOAD_SECONDS = 120.0
"""Longest wait for Ollama to load a model."""


@dataclass(frozen=True)
class OllamaOptions:
    """How a model is run.

    Attributes:
        model: Ollama's name of it.
        num_ctx: Context window in tokens; a fixed one, as another value reloads the model.
        num_predict: Longest reply in tokens.
        temperature: Randomness.
        num_thread: Threads; None leaves it to Ollama.
        keep_alive: How long Ollama keeps it loaded: seconds, a duration, or -1 for ever.
        stall_s: Longest wait for the next piece of a reply, in seconds.
    """

    model: str
    num_ctx: int = 2048
    num_predict: int = 120
    temperature: float = 0.3
    num_thread: int | None = None
    keep_alive: str = "-1"
    stall_s: float = 20.0

    def body(self) -> dict[str, Any]:
        """The part of a request that is the same each time."""
        options: dict[str, Any] = {
            "num_ctx": self.num_ctx,
            "num_predict": self.num_predict,
            "temperature": self.temperature,
        }
        if self.num_thread is not None:
            options["num_thread"] = self.num_thread
        is_number = self.keep_alive.lstrip("-").isdigit()
        keep_alive = int(self.keep_alive) if is_number else self.keep_alive
        return {"model": self.model, "keep_alive": keep_alive, "options": options}


class OllamaLLM(LanguageModel):
    """A model of Ollama.

    Args:
        host: Ollama's address.
        options: How the model is run.
        connect_s: Longest wait for a connection, in seconds.
        tls: Certificates for https; making them takes 0.1 s, so it is done before a call comes.
    """

    def __init__(
        self,
        host: str,
        options: OllamaOptions,
        *,
        connect_s: float = 3.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        self.options = options
        self._client = ollama.AsyncClient(
            host=host,
            timeout=httpx.Timeout(options.stall_s, connect=connect_s),
            trust_env=False,  # a proxy of the environment is not for a neighbour
            verify=tls or True,
        )
        self._capabilities: frozenset[str] | None = None
        self._capabilities_lock = asyncio.Lock()

    @property
    def model(self) -> str:
        """Ollama's name of the model."""
        return self.options.model

    @property
    def provider(self) -> str:
        """Ollama."""
        return "ollama"

    @property
    def http(self) -> httpx.AsyncClient:
        """The client's connections."""
        http: httpx.AsyncClient = self._client._client
        return http

    @property
    def window_tokens(self) -> int:
        """Tokens that a conversation may take."""
        return self.options.num_ctx - self.options.num_predict

    async def sees(self) -> bool:
        """The model takes images."""
        return "vision" in await self.capabilities()

    async def capabilities(self) -> frozenset[str]:
        """What the model can do: "completion", "tools", "thinking", "vision".

        Asked once; empty, and asked again next time, when Ollama does not answer.
        """
        async with self._capabilities_lock:
            if self._capabilities is None:
                try:
                    reply = await self.http.post("/api/show", json={"model": self.model})
                    reply.raise_for_status()
                    self._capabilities = frozenset(reply.json().get("capabilities", []))
                except (httpx.HTTPError, ValueError):
                    return frozenset()
                log.info("Model found", model=self.model, capabilities=sorted(self._capabilities))
            return self._capabilities

    async def _prewarm_impl(self) -> None:
        """Load the model; called by the framework when a session is built."""
        await self.capabilities()
        body = {**self.options.body(), "messages": [], "stream": False}
        await self.http.post("/api/chat", json=body, timeout=LOAD_SECONDS)

    async def warm(self, chat_ctx: llm.ChatContext, tools: list[llm.Tool]) -> None:
        """Let Ollama read the beginning of a conversation, which it keeps for the first reply."""
        body, _ = await request_body(self, chat_ctx, tools, may_call_tools=True)
        body = {**body, "stream": False, "options": {**body["options"], "num_predict": 1}}
        try:
            await self.http.post("/api/chat", json=body, timeout=LOAD_SECONDS)
        except httpx.HTTPError as error:
            log.info("The model is not warm yet", error=type(error).__name__)

    async def aclose(self) -> None:
        """Close the connections."""
        await super().aclose()
        await self.http.aclose()

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> "OllamaStream":
        """Ask for a reply."""
        return OllamaStream(
            self,
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=conn_options,
            may_call_tools=tool_choice != "none",
            longest_tokens=self.options.num_predict,
        )


class OllamaStream(ReplyStream):
    """One reply; Ollama sends tool calls whole."""

    async def _pieces(self) -> AsyncIterator[Piece]:
        owner = self._llm
        assert isinstance(owner, OllamaLLM)
        body, self._offered = await request_body(
            owner, self._chat_ctx, self._tools, may_call_tools=self._may_call_tools
        )
        async with owner.http.stream(
            "POST", "/api/chat", json=body, headers=trace_headers()
        ) as reply:
            if reply.status_code >= 400:
                text = (await reply.aread()).decode(errors="replace")
                raise ModelResponseError(error_text(text), reply.status_code)
            async for line in reply.aiter_lines():
                if not line:
                    continue
                part = json.loads(line)
                if "error" in part:
                    raise ModelResponseError(str(part["error"]), 500)
                message = part.get("message") or {}
                done = bool(part.get("done"))
                yield Piece(
                    text=message.get("content") or "",
                    calls=_tool_calls(message),
                    done=done,
                    cut=part.get("done_reason") == "length",
                    usage=_usage(part) if done else None,
                )


async def request_body(
    owner: OllamaLLM, chat_ctx: llm.ChatContext, tools: list[llm.Tool], *, may_call_tools: bool
) -> tuple[dict[str, Any], set[str]]:
    """Build the body of `/api/chat`, and give the names of the tools that it offers."""
    options = owner.options
    capabilities = await owner.capabilities()
    messages = to_ollama_messages(chat_ctx)
    body: dict[str, Any] = {**options.body(), "stream": True}
    offered: set[str] = set()
    tokens = options.num_ctx - options.num_predict
    if tools and "tools" in capabilities:
        # Offered in each request of a call, so that the prompt's beginning, which Ollama keeps,
        # stays the same.
        body["tools"] = to_ollama_tools(tools)
        offered = {tool["function"]["name"] for tool in body["tools"]}
        tokens -= len(json.dumps(body["tools"])) // 3
        if not may_call_tools:
            note = "Answer in words now. Do not call a tool."
            messages.append({"role": "system", "content": note})
    if "thinking" in capabilities:
        body["think"] = False
    body["messages"] = fit_window(messages, max(tokens, options.num_ctx // 4))
    return body, offered


def _tool_calls(message: dict[str, Any]) -> list[llm.FunctionToolCall]:
    return [
        llm.FunctionToolCall(
            name=call["function"]["name"],
            arguments=json.dumps(call["function"].get("arguments") or {}),
            call_id=call.get("id") or utils.shortuuid("call_"),
        )
        for call in message.get("tool_calls") or []
    ]


def _usage(part: dict[str, Any]) -> llm.CompletionUsage:
    prompt, completion = part.get("prompt_eval_count") or 0, part.get("eval_count") or 0
    return llm.CompletionUsage(
        prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion
    )

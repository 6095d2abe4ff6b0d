"""A model behind an OpenAI-compatible server: vLLM, llama.cpp, LM Studio and others.

`/chat/completions` is spoken directly, as the servers differ in what a client library would ask
beyond it.
"""

import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
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
from agent.llm.messages import fit_window, to_plain_messages
from agent.llm.model import LanguageModel
from agent.llm.reply import Piece, ReplyStream
from agent.llm.schema import to_ollama_tools
from agent.telemetry.tracing import trace_headers

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class OpenAIOptions:
    """How a model is asked.

    Attributes:
        model: The server's name of it.
        num_ctx: Its context window, in tokens; what does not fit is left out.
        num_predict: Longest reply, in tokens.
        temperature: Randomness.
        stall_s: Longest wait for the next piece of a reply, in seconds.
        vision: The model takes images.
    """

    model: str
    num_ctx: int = 2048
    num_predict: int = 120
    temperature: float = 0.3
    stall_s: float = 20.0
    vision: bool = False


class OpenAILLM(LanguageModel):
    """A model of an OpenAI-compatible server.

    Args:
        url: Address up to and with its ``/v1``.
        options: How the model is asked.
        api_key: Sent as a bearer token; empty sends none.
        connect_s: Longest wait for a connection, in seconds.
        tls: Certificates for https.
    """

    def __init__(
        self,
        url: str,
        options: OpenAIOptions,
        *,
        api_key: str = "",
        connect_s: float = 3.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        self.options = options
        self.http = httpx.AsyncClient(
            base_url=url.rstrip("/") + "/",
            headers={"authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(options.stall_s, connect=connect_s),
            trust_env=False,
            verify=tls or True,
        )

    @property
    def model(self) -> str:
        """The server's name of the model."""
        return self.options.model

    @property
    def provider(self) -> str:
        """The protocol."""
        return "openai-compatible"

    @property
    def window_tokens(self) -> int:
        """Tokens that a conversation may take."""
        return self.options.num_ctx - self.options.num_predict

    async def sees(self) -> bool:
        """The model takes images, as the settings say; no server tells."""
        return self.options.vision

    async def warm(self, chat_ctx: llm.ChatContext, tools: list[llm.Tool]) -> None:
        """Ask for one token; servers with a prefix cache keep what they read for it."""
        body, _ = request_body(self.options, chat_ctx, tools, may_call_tools=True)
        body = {**body, "stream": False, "max_tokens": 1}
        body.pop("stream_options")
        try:
            await self.http.post("chat/completions", json=body)
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
    ) -> "OpenAIStream":
        """Ask for a reply."""
        return OpenAIStream(
            self,
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=conn_options,
            may_call_tools=tool_choice != "none",
            longest_tokens=self.options.num_predict,
        )


class OpenAIStream(ReplyStream):
    """One reply."""

    async def _pieces(self) -> AsyncIterator[Piece]:
        owner = self._llm
        assert isinstance(owner, OpenAILLM)
        body, self._offered = request_body(
            owner.options, self._chat_ctx, self._tools, may_call_tools=self._may_call_tools
        )
        calls = _Calls()
        finish: str = ""
        usage: llm.CompletionUsage | None = None
        async with owner.http.stream(
            "POST", "chat/completions", json=body, headers=trace_headers()
        ) as reply:
            if reply.status_code >= 400:
                text = (await reply.aread()).decode(errors="replace")
                raise ModelResponseError(error_text(text), reply.status_code)
            async for line in reply.aiter_lines():
                if not line.startswith("data:"):
                    continue
                data = line.removeprefix("data:").strip()
                if data == "[DONE]":
                    break
                part = json.loads(data)
                if "error" in part:
                    raise ModelResponseError(error_text(data), 500)
                usage = _usage(part) or usage
                for choice in part.get("choices") or []:
                    delta = choice.get("delta") or {}
                    calls.add(delta.get("tool_calls") or [])
                    finish = str(choice.get("finish_reason") or finish)
                    if words := delta.get("content"):
                        yield Piece(str(words))
        if not finish:
            raise ModelResponseError("the reply ended early", 500)
        yield Piece(calls=calls.whole(), done=True, cut=finish == "length", usage=usage)


class _Calls:
    """Tool calls, which come in pieces of their JSON text."""

    def __init__(self) -> None:
        self._parts: dict[int, dict[str, str]] = {}

    def add(self, deltas: list[dict[str, Any]]) -> None:
        for position, delta in enumerate(deltas):
            call = self._parts.setdefault(
                delta.get("index", position), {"id": "", "name": "", "arguments": ""}
            )
            function = delta.get("function") or {}
            call["id"] = delta.get("id") or call["id"]
            call["name"] += function.get("name") or ""
            call["arguments"] += function.get("arguments") or ""

    def whole(self) -> list[llm.FunctionToolCall]:
        return [
            llm.FunctionToolCall(
                name=call["name"],
                arguments=call["arguments"] or "{}",
                call_id=call["id"] or utils.shortuuid("call_"),
            )
            for _, call in sorted(self._parts.items())
        ]


def request_body(
    options: OpenAIOptions,
    chat_ctx: llm.ChatContext,
    tools: list[llm.Tool],
    *,
    may_call_tools: bool,
) -> tuple[dict[str, Any], set[str]]:
    """Build the body of `/chat/completions`, and give the names of the tools that it offers."""
    tokens = options.num_ctx - options.num_predict
    body: dict[str, Any] = {
        "model": options.model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": options.num_predict,
        "temperature": options.temperature,
    }
    offered: set[str] = set()
    if tools:
        body["tools"] = to_ollama_tools(tools)
        offered = {tool["function"]["name"] for tool in body["tools"]}
        tokens -= len(json.dumps(body["tools"])) // 3
        if not may_call_tools:
            body["tool_choice"] = "none"
    messages = fit_window(to_plain_messages(chat_ctx), max(tokens, options.num_ctx // 4))
    body["messages"] = messages
    return body, offered


def _usage(part: dict[str, Any]) -> llm.CompletionUsage | None:
    if not (usage := part.get("usage")):
        return None
    prompt, completion = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return llm.CompletionUsage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        prompt_cached_tokens=cached,
    )

"""The conversation as Ollama takes it.

livekit-agents keeps a tool call's arguments as JSON text; Ollama wants an object. What does not
fit the window is left out from the oldest on, never the instructions and never half of a tool
call, because Ollama itself would cut anywhere.
"""

import json
from typing import Any

from livekit.agents import llm

CHARACTERS_PER_TOKEN = 3.0
"""Fewer than English has (about four), so that the estimate errs on the safe side."""
TOKENS_PER_MESSAGE = 8
TOKENS_PER_IMAGE = 600


def to_ollama_messages(chat_ctx: llm.ChatContext) -> list[dict[str, Any]]:
    """Convert the whole conversation."""
    messages, _ = chat_ctx.to_provider_format("openai")
    names: dict[str, str] = {}
    converted: list[dict[str, Any]] = []
    for message in messages:
        role = message["role"]
        result: dict[str, Any] = {"role": "system" if role == "developer" else role}
        result.update(_content(message.get("content")))
        if calls := message.get("tool_calls"):
            result["tool_calls"] = [_tool_call(call) for call in calls]
            names.update({call["id"]: call["function"]["name"] for call in calls})
        if role == "tool":
            result["tool_call_id"] = message["tool_call_id"]
            result["tool_name"] = names.get(message["tool_call_id"], "")
        converted.append(result)
    return converted


def to_plain_messages(chat_ctx: llm.ChatContext) -> list[dict[str, Any]]:
    """Convert the whole conversation for an OpenAI-compatible server; most know no developer."""
    messages, _ = chat_ctx.to_provider_format("openai")
    converted: list[dict[str, Any]] = []
    for message in messages:
        role = "system" if message["role"] == "developer" else message["role"]
        converted.append({**message, "role": role})
    return converted


def fit_window(messages: list[dict[str, Any]], tokens: int) -> list[dict[str, Any]]:
    """Leave out the oldest messages so that the rest fits.

    Args:
        messages: Converted messages.
        tokens: Tokens that they may take.

    Returns:
        The system messages and the latest of the others, which begin with the caller's.
    """
    kept = sum(_tokens(message) for message in messages if message["role"] == "system")
    latest: list[dict[str, Any]] = []
    for message in reversed(messages):
        if message["role"] == "system":
            latest.append(message)
            continue
        kept += _tokens(message)
        if kept > tokens and any(other["role"] != "system" for other in latest):
            break
        latest.append(message)
    system = [message for message in messages if message["role"] == "system"]
    turns = [message for message in reversed(latest) if message["role"] != "system"]
    if len(turns) + len(system) == len(messages):
        return messages
    while len(turns) > 1 and turns[0]["role"] != "user":
        turns.pop(0)
    return system + turns


def estimate_tokens(chat_ctx: llm.ChatContext) -> int:
    """Estimate, on the safe side, what a conversation takes of the window."""
    return sum(_tokens(message) for message in to_plain_messages(chat_ctx))


def _tokens(message: dict[str, Any]) -> int:
    content = message.get("content") or ""
    images = len(message.get("images", ()))
    if isinstance(content, list):
        images += sum(part["type"] == "image_url" for part in content)
        content = "".join(part.get("text", "") for part in content)
    characters = len(content) + len(json.dumps(message.get("tool_calls", "")))
    return TOKENS_PER_MESSAGE + TOKENS_PER_IMAGE * images + int(characters / CHARACTERS_PER_TOKEN)


def _content(content: Any) -> dict[str, Any]:
    if not isinstance(content, list):
        return {"content": content or ""}
    texts = [part["text"] for part in content if part["type"] == "text"]
    urls = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    images = [url.split(",", 1)[1] for url in urls if url.startswith("data:")]
    result: dict[str, Any] = {"content": "\n".join(texts)}
    if images:
        result["images"] = images
    return result


def _tool_call(call: dict[str, Any]) -> dict[str, Any]:
    try:
        arguments = json.loads(call["function"]["arguments"] or "{}")
    except ValueError:
        arguments = {}
    if not isinstance(arguments, dict):
        arguments = {}
    return {
        "id": call["id"],
        "function": {"name": call["function"]["name"], "arguments": arguments},
    }

"""Tool calls that a model writes as text, caught before they are spoken.

Small models, and templates that Ollama has no parser for, write a call into the reply:
``{"name": "get_time", "arguments": {...}}``, ``<tool_call>…``, or the same in a code fence. From
the first sign of one, the reply is held back; at its end it is read as a call, or thrown away when
it is none of ours. What a caller should hear never looks like that.
"""

import json
import re
from typing import Any

from livekit.agents import llm, utils

_SIGN = re.compile(
    r"""<\|?/?(tool|function)|\[TOOL_CALLS\]|```|[{]\s*["'}]|\[\s*[{]""", re.IGNORECASE
)
_BEGINNINGS = (
    "<tool",
    "<|tool",
    "</tool",
    "<function",
    "<|function",
    "[tool_calls]",
    "```",
    "{",
    "[{",
)


class LeakFilter:
    """Splits a streamed reply into what may be spoken and the calls in it.

    Args:
        tools: Names of the tools that the model was offered.
    """

    def __init__(self, tools: set[str]) -> None:
        self._tools = tools
        self._held = ""
        self._holding = False

    def feed(self, text: str) -> str:
        """Take the next piece; returns what may be spoken now."""
        self._held += text
        if self._holding:
            return ""
        if sign := _SIGN.search(self._held):
            self._holding = True
            spoken, self._held = self._held[: sign.start()], self._held[sign.start() :]
            return spoken
        keep = _possible_beginning(self._held)
        spoken, self._held = (
            self._held[: len(self._held) - keep],
            self._held[len(self._held) - keep :],
        )
        return spoken

    def finish(self) -> tuple[str, list[llm.FunctionToolCall]]:
        """End the reply; returns what may still be spoken, and the calls."""
        held, self._held = self._held, ""
        if not self._holding:
            return held, []
        return "", [
            llm.FunctionToolCall(
                name=name, arguments=json.dumps(arguments), call_id=utils.shortuuid("call_")
            )
            for name, arguments in _calls(held)
            if name in self._tools
        ]


def _possible_beginning(text: str) -> int:
    """Length of the end of a text that a sign may begin with."""
    stripped = text.rstrip()
    for beginning in _BEGINNINGS:
        for length in range(min(len(beginning), len(stripped)), 0, -1):
            if stripped.lower().endswith(beginning[:length]):
                return len(text) - len(stripped) + length
    return 0


def _calls(text: str) -> list[tuple[str, dict[str, Any]]]:
    decoder = json.JSONDecoder()
    found: list[tuple[str, dict[str, Any]]] = []
    position = 0
    while (position := text.find("{", position)) >= 0:
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError:
            position += 1
            continue
        call = value.get("function", value) if isinstance(value, dict) else None
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            arguments = call.get("arguments", call.get("parameters", {}))
            found.append((call["name"], arguments if isinstance(arguments, dict) else {}))
    return found

"""Takes Markdown and emoji out of a reply before it is spoken, without holding plain words back.

livekit-agents' own filter holds each word until the one after the next has come, in case it were
markup; the speech server then learns of a sentence's end one word late. Here plain words go on at
once, and only from the first sign of markup on its filter takes over.
"""

import re
from collections.abc import AsyncIterable, AsyncIterator

from livekit.agents.voice.transcription.filters import filter_emoji, filter_markdown

_SIGNS = re.compile(r"[*_`~\[!#>|\n]")
_LIST = re.compile(r"^\s*[-+]")
_PREFIX = "x"
"""Stands for the words before, so that the filter does not take a middle for a line's beginning."""


async def spoken_text(text: AsyncIterable[str]) -> AsyncIterator[str]:
    """Filter the pieces of a reply; a text transform of livekit-agents."""
    async for piece in filter_emoji(_without_markup(text)):
        yield piece


async def _without_markup(text: AsyncIterable[str]) -> AsyncIterator[str]:
    pieces = text.__aiter__()
    last = ""
    begun = False
    async for piece in pieces:
        if not _SIGNS.search(piece) and (begun or not _LIST.match(piece)):
            begun = begun or bool(piece.strip())
            last = piece[-1:] or last
            yield piece
            continue
        before = _PREFIX + last if begun else ""
        skip = len(before)
        async for filtered in filter_markdown(_chain(before + piece, pieces)):
            yield filtered[skip:]
            skip = max(0, skip - len(filtered))


async def _chain(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for piece in rest:
        yield piece

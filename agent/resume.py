"""Going on with a call whose process died: with what was said, and a word to the caller."""

from collections.abc import Sequence

from livekit.agents import Agent
from livekit.protocol import agent

from agent.transcripts import TranscriptMessage

RESUMED = "trinity.resumed"
"""Attribute of a dispatch in the place of one whose process died (`agent.restarts`)."""
REMEMBERED = 40
"""Latest messages that the model is given; a smaller window takes what fits."""


def is_resumed(job: agent.Job) -> bool:
    """The job goes on with the call of another."""
    return RESUMED in job.attributes


async def remember(assistant: Agent, said: Sequence[TranscriptMessage]) -> None:
    """Give the assistant what was said.

    Args:
        assistant: Not in a session yet.
        said: Final messages, the oldest first.
    """
    chat_ctx = assistant.chat_ctx.copy()
    for message in said[:-1] if cut_off(said) else said:  # what was cut off is said anew
        chat_ctx.add_message(
            role="user" if message.speaker == "user" else "assistant",
            content=message.text,
            interrupted=message.interrupted,
        )
    await assistant.update_chat_ctx(chat_ctx)


def cut_off(said: Sequence[TranscriptMessage]) -> TranscriptMessage | None:
    """Give the agent's last words, if it was interrupted in them."""
    is_so = bool(said) and said[-1].speaker == "agent" and said[-1].interrupted
    return said[-1] if is_so else None


def has_begun(said: Sequence[TranscriptMessage]) -> bool:
    """The caller has said something."""
    return any(message.speaker == "user" for message in said)


def is_unanswered(said: Sequence[TranscriptMessage]) -> bool:
    """The caller spoke last, or the answer was cut off."""
    return has_begun(said) and (said[-1].speaker == "user" or cut_off(said) is not None)

"""What has to hold for a conversation to count as held."""

from collections.abc import Sequence
from itertools import pairwise

from pydantic import BaseModel, ConfigDict

from caller.conversation import AgentTurn, Turn
from caller.messages import TranscriptMessage
from caller.score import score
from caller.speech_server import SpeechServer

__all__ = ["Check", "agent_check", "order_check", "storage_checks", "turn_checks", "user_check"]


class Check(BaseModel):
    """One named requirement and whether it was met."""

    model_config = ConfigDict(frozen=True)

    name: str
    ok: bool
    detail: str


def user_check(turns: Sequence[Turn], limit: float) -> Check:
    """The caller's words arrive: word error rate pooled over the clips with a reference."""
    pairs = [(t.clip.reference, t.heard) for t in turns if t.clip.reference]
    if not pairs:
        heard = all(turn.heard for turn in turns)
        return Check(
            name="caller's words", ok=heard, detail="no reference to score; words in every turn"
        )
    result = score(pairs)
    return Check(
        name="caller's words",
        ok=result.wer <= limit,
        detail=f"WER {result.wer:.2f} over {result.words} words (at most {limit:.2f})",
    )


async def agent_check(
    said: Sequence[AgentTurn], rate_hz: int, server: SpeechServer, limit: float
) -> Check:
    """The agent's recorded voice, transcribed back, is what it says that it said."""
    pairs = [(turn.text, await server.transcribe(turn.audio, rate_hz)) for turn in said]
    result = score(pairs)
    return Check(
        name="agent's voice",
        ok=result.words > 0 and result.wer <= limit,
        detail=f"WER {result.wer:.2f} over {result.words} words (at most {limit:.2f})",
    )


def order_check(messages: Sequence[TranscriptMessage], turns: int, malformed: int = 0) -> Check:
    """The finals on the data topic: the agent first, both sides in turn, numbers that grow."""
    finals = [m for m in messages if m.final]
    numbers = [m.sequence for m in messages]
    speakers = [m.speaker for m in finals]
    answered = speakers.count("user") >= turns and speakers.count("agent") >= turns + 1
    ok = (
        malformed == 0
        and bool(speakers)
        and speakers[0] == "agent"
        and answered
        and all(a < b for a, b in pairwise(numbers))
    )
    return Check(
        name="messages in order",
        ok=ok,
        detail=f"{speakers.count('user')} finals of the caller, {speakers.count('agent')} of the "
        f"agent, {len(messages) - len(finals)} interims, {malformed} malformed",
    )


def storage_checks(
    published: Sequence[TranscriptMessage],
    stored: Sequence[TranscriptMessage],
    returned: Sequence[TranscriptMessage],
) -> list[Check]:
    """Every final that was published is in Redis and comes back from the API, in order."""
    wanted = [_key(m) for m in published if m.final]
    return [
        Check(
            name=name,
            ok=bool(wanted) and [_key(m) for m in there if m.final] == wanted,
            detail=f"{len(there)} messages of {len(wanted)} finals",
        )
        for name, there in (("Redis", stored), ("API", returned))
    ]


def turn_checks(turns: Sequence[Turn], recording_truncated: bool) -> list[Check]:
    """Each turn was answered after the caller had ended, and the recording is whole."""
    early = [t.clip.name for t in turns if t.measured_ms < 0]
    return [
        Check(
            name="no false start",
            ok=not early,
            detail="began before the caller had ended: " + ", ".join(early) if early else "none",
        ),
        Check(
            name="whole recording",
            ok=not recording_truncated,
            detail="cut at the limit" if recording_truncated else "nothing cut",
        ),
    ]


def _key(message: TranscriptMessage) -> tuple[int, str, str, str]:
    return message.sequence, message.speaker, message.turn_id, message.text

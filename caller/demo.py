"""`python -m caller demo`: one whole conversation with the running stack, and its checks."""

import time

from rich.console import Console
from rich.markup import escape

from caller.checks import Check, agent_check, order_check, storage_checks, turn_checks, user_check
from caller.conversation import AgentTurn, Conversation, Tell, Turn, call
from caller.errors import CallerError
from caller.messages import TranscriptMessage
from caller.report import Report, print_report, turn_report
from caller.settings import CallerSettings
from caller.speech import load_clips
from caller.speech_server import SpeechServer
from caller.token import ControlApi
from caller.transcripts import stored_transcript

__all__ = ["converse", "demo"]


async def demo(settings: CallerSettings, console: Console) -> Report:
    """Talks, prints, checks and writes what the settings ask for."""
    start_s = time.monotonic()

    def tell(text: str) -> None:
        console.print(
            f"[dim]{time.monotonic() - start_s:7.2f} s[/dim]  {escape(text)}", highlight=False
        )

    report = await converse(settings, tell)
    print_report(console, report)
    if report.recording:
        console.print(f"Recording (caller left, agent right): {report.recording}", highlight=False)
    console.print(f"Talk with it yourself: {settings.api_url}", highlight=False)
    if settings.report:
        report.write(settings.report)
    return report


async def converse(settings: CallerSettings, tell: Tell) -> Report:
    """Holds the conversation and checks it; a failure on the way ends up in the report."""
    greeting: AgentTurn | None = None
    turns: list[Turn] = []
    talk: Conversation | None = None
    checks: list[Check] = []
    error: str | None = None
    try:
        async with ControlApi(settings.api_url) as api:
            await api.wait_ready(settings.ready_timeout_s, tell)
            clips = await load_clips(settings)
            tell(f"{len(clips)} utterances to speak ({clips[0].origin})")
            if clips[0].origin == "synthesised":
                tell(
                    f"no recordings in {settings.speech_data}: the caller speaks in the server's "
                    "own voice, shifted so that it sounds like another person"
                )
            async with call(settings, api, tell) as talk:
                greeting = await talk.hear_greeting()
                tell(f"the agent greeted: {greeting.text}")
                for clip in clips:
                    turn = await talk.speak(clip)
                    turns.append(turn)
                    tell(f"caller, as heard: {turn.heard}")
                    tell(f"agent: {turn.agent.text}")
            tell("left the room; checking")
            checks = await _check(settings, api, talk, greeting, turns)
    except CallerError as failure:
        error = f"{type(failure).__name__}: {failure}"
    if talk is not None and settings.recording:
        talk.recorder.write(settings.recording)
    return Report(
        room=talk.room if talk else "",
        ok=error is None and all(check.ok for check in checks),
        error=error,
        greeting=greeting.text if greeting else None,
        turns=[turn_report(turn) for turn in turns],
        messages=list(talk.messages) if talk else [],
        send_lag_p99_ms=talk.send_lag_p99_ms if talk else None,
        checks=checks,
        recording=settings.recording if talk else None,
    )


async def _check(
    settings: CallerSettings,
    api: ControlApi,
    talk: Conversation,
    greeting: AgentTurn,
    turns: list[Turn],
) -> list[Check]:
    messages: list[TranscriptMessage] = list(talk.messages)
    async with SpeechServer(settings.speech_target) as server:
        voice = await agent_check(
            [greeting, *(turn.agent for turn in turns)],
            talk.recorder.rate_hz,
            server,
            settings.agent_wer_max,
        )
    return [
        user_check(turns, settings.user_wer_max),
        voice,
        order_check(messages, len(turns), talk.participant.malformed_messages),
        *storage_checks(
            messages,
            await stored_transcript(settings.redis_url, talk.room),
            await api.transcript(talk.room),
        ),
        *turn_checks(turns, talk.recorder.truncated),
    ]

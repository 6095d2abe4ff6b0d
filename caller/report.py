"""The report of a conversation: tables for people, JSON for programs."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from caller.checks import Check
from caller.conversation import Turn
from caller.measure import percentile
from caller.messages import TranscriptMessage
from caller.score import score

__all__ = ["Report", "TurnReport", "latency_table", "print_report", "turn_report"]


class TurnReport(BaseModel):
    """One turn in numbers (milliseconds) and words."""

    model_config = ConfigDict(frozen=True)

    clip: str
    origin: str
    reference: str | None
    heard: str
    wer: float | None
    answer: str
    interrupted: bool
    turn_latency_ms: float
    end_of_turn_ms: float | None
    transcription_ms: float | None
    llm_first_token_ms: float | None
    tts_first_audio_ms: float | None
    agent_end_to_end_ms: float | None
    residual_ms: float | None
    send_lag_p99_ms: float


class Report(BaseModel):
    """A whole conversation."""

    model_config = ConfigDict(frozen=True)

    room: str
    ok: bool
    error: str | None
    greeting: str | None
    turns: list[TurnReport]
    messages: list[TranscriptMessage]
    send_lag_p99_ms: float | None
    checks: list[Check]
    recording: Path | None

    def write(self, path: Path) -> None:
        """Writes the report as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def turn_report(turn: Turn) -> TurnReport:
    """One turn as it is reported."""
    reference = turn.clip.reference
    return TurnReport(
        clip=turn.clip.name,
        origin=turn.clip.origin,
        reference=reference,
        heard=turn.heard,
        wer=score([(reference, turn.heard)]).wer if reference else None,
        answer=turn.agent.text,
        interrupted=turn.agent.interrupted,
        turn_latency_ms=turn.measured_ms,
        end_of_turn_ms=turn.stages.end_of_turn_ms,
        transcription_ms=turn.stages.transcription_ms,
        llm_first_token_ms=turn.stages.llm_first_token_ms,
        tts_first_audio_ms=turn.stages.tts_first_audio_ms,
        agent_end_to_end_ms=turn.stages.agent_end_to_end_ms,
        residual_ms=turn.stages.residual_ms,
        send_lag_p99_ms=turn.send_lag_p99_ms,
    )


def latency_table(turns: Sequence[TurnReport]) -> Table:
    """Latency of each turn with its stages, and the median."""
    table = Table(title="Turn latency: last voiced sample sent to first voiced sample received, ms")
    for name in (
        "turn",
        "measured",
        "end of turn",
        "(transcription)",
        "LLM first token",
        "TTS first audio",
        "residual",
        "end to end, agent",
        "send lag p99",
    ):
        table.add_column(name, justify="left" if name == "turn" else "right")
    rows = [
        (
            turn.turn_latency_ms,
            turn.end_of_turn_ms,
            turn.transcription_ms,
            turn.llm_first_token_ms,
            turn.tts_first_audio_ms,
            turn.residual_ms,
            turn.agent_end_to_end_ms,
            turn.send_lag_p99_ms,
        )
        for turn in turns
    ]
    for turn, row in zip(turns, rows, strict=True):
        table.add_row(turn.clip, *map(_ms, row))
    if len(rows) > 1:
        medians = [
            percentile([v for v in column if v is not None], 50)
            for column in zip(*rows, strict=True)
        ]
        table.add_section()
        table.add_row("p50", *map(_ms, medians))
    return table


def print_report(console: Console, report: Report) -> None:
    """Prints transcript, latency and checks."""
    talk = Table(title=f"Transcript of {report.room}", show_lines=False)
    talk.add_column("who")
    talk.add_column("words", overflow="fold")
    for message in report.messages:
        if message.final:
            note = " [interrupted]" if message.interrupted else ""
            talk.add_row("caller" if message.speaker == "user" else "Trinity", message.text + note)
    console.print(talk)
    if report.turns:
        words = Table(title="What the caller said and what was heard")
        for name in ("turn", "said", "heard", "WER"):
            words.add_column(name, overflow="fold")
        for turn in report.turns:
            wer = "-" if turn.wer is None else f"{turn.wer:.2f}"
            words.add_row(turn.clip, turn.reference or "(unknown)", turn.heard, wer)
        console.print(words)
        console.print(latency_table(report.turns))
    for check in report.checks:
        mark = "[green]ok[/green]    " if check.ok else "[red]FAILED[/red]"
        console.print(f"{mark} {check.name}: {check.detail}", highlight=False)
    if report.error:
        console.print(f"[red]FAILED[/red] {report.error}", highlight=False)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"

"""``trinity doctor``: what is wrong, and how to mend it."""

import typer

from trinity_cli.doctor import Finding, State, examine
from trinity_cli.session import JsonOption, session_of

_MARKS = {
    State.OK: "ok",
    State.WARNING: "!!",
    State.FAULT: "XX",
    State.OFF: "--",
    State.SKIPPED: "??",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def doctor(context: typer.Context, json: JsonOption = False) -> None:
        """Check every part, and say how to mend what is wrong; status 1 when something is."""
        session = session_of(context)
        console = session.console
        findings = []
        with session.api() as api, session.speech() as server:
            for finding in examine(api, server, session.settings):
                findings.append(finding)
                if not console.json:
                    console.result(None, _shown(finding))
        faults = [each for each in findings if each.state is State.FAULT]
        told = {"ok": not faults, "findings": [each.as_json() for each in findings]}
        well = "Everything is well." if not faults else f"Parts to mend: {len(faults)}."
        console.result(told, f"\n{well}")
        if faults:
            raise typer.Exit(1)


def _shown(finding: Finding) -> str:
    line = f"{_MARKS[finding.state]}  {finding.part:<15} {finding.seen}"
    return f"{line}\n{'':20}→ {finding.remedy}" if finding.remedy else line

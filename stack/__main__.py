"""``python -m stack up | down | status | demo``."""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

from pydantic import ValidationError

from stack import elsewhere
from stack.errors import NotRunning, StackError
from stack.lifecycle import Stack
from stack.progress import Progress
from stack.settings import ROOT, StackSettings

_CALLER_STOP_S = 5.0


class Interrupted(KeyboardInterrupt):
    """A person, a terminal that closed, or another process asked for the end."""


def main() -> int:
    """Run one command; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start everything; Ctrl-C stops it")
    commands.add_parser("down", help="stop a stack that runs in another shell")
    commands.add_parser("status", help="show the services of a stack that runs")
    commands.add_parser("demo", help="start everything and hold a spoken conversation")
    arguments = parser.parse_args()

    progress = Progress()
    try:
        settings = StackSettings()
        match arguments.command:
            case "up":
                return _up(settings, progress)
            case "demo":
                return _demo(settings, progress)
            case "down":
                elsewhere.down(settings, progress)
                return 0
            case _:
                return 0 if elsewhere.status(settings, progress) else 1
    except ValidationError as error:
        print(_explain(error), file=sys.stderr)
        return 2
    except NotRunning as error:
        print(error, file=sys.stderr)
        return 3
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _up(settings: StackSettings, progress: Progress) -> int:
    _on_signals()
    with Stack(settings, progress) as stack:
        _show(stack, progress)
        try:
            stack.watch()
        except Interrupted:
            progress.say()
    return 0


def _demo(settings: StackSettings, progress: Progress) -> int:
    _on_signals()
    with Stack(settings, progress) as stack:
        try:
            status = _call(stack)
            if not os.environ.get("DEMO_ONCE", "").strip("0"):
                _show(stack, progress)
                stack.watch()
        except Interrupted:
            status = 130
            progress.say()
    return status


def _call(stack: Stack) -> int:
    """Hold the caller's conversation in a process of its own, as a caller would be."""
    process = subprocess.Popen(
        [sys.executable, "-m", "caller", "demo"],
        cwd=ROOT,
        env={**os.environ, **stack.environment},
    )
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_CALLER_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _show(stack: Stack, progress: Progress) -> None:
    progress.say()
    for line in stack.addresses.lines():
        progress.say(line)
    progress.say(f"  {'logs':<22} {stack.log_path('*')}")
    progress.say()
    progress.say("Ctrl-C stops everything.")


def _on_signals() -> None:
    """Turn the first signal into an orderly end, and a second one during it into a quick one."""
    last = 0.0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        # A terminal and its `make` may both pass on the same Ctrl-C.
        if now - last > 1.0:
            last = now
            raise Interrupted

    assert threading.current_thread() is threading.main_thread()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def _explain(error: ValidationError) -> str:
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        name = str(item["loc"][0]) if item["loc"] else ""
        variable = f"STACK_{name.upper()}" if name in StackSettings.model_fields else name
        lines.append(f"error: {variable}: {item['msg']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

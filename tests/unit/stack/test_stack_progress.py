import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stack import InstallFailed, Progress
from stack.commands import last_line, run_logged, tail
from stack.keeper import started_at
from stack.progress import Step, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.84, "0.8 s"), (42.2, "42 s"), (185, "3 min 05 s"), (3600, "60 min 00 s")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_log_gets_a_line_now_and_then() -> None:
    stream = io.StringIO()
    with Progress(stream, quiet_s=0.05).step("building it") as step:
        step.note = "half of it"
        time.sleep(0.2)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "  building it …"
    assert lines[1].endswith("s, half of it")
    assert 4 <= len(lines) <= 8
    assert "done in" in lines[-1]


def test_a_terminal_gets_one_line_that_is_replaced() -> None:
    stream = Terminal()
    progress = Progress(stream)
    with pytest.raises(ValueError, match="x"), progress.step("building it"):
        time.sleep(1.1)
        progress.say("a line that stays")
        raise ValueError("x")
    assert stream.getvalue().count("\n") == 2
    assert "building it … 1.0 s\r\x1b[Ka line that stays\n" in stream.getvalue()
    assert "failed after" in stream.getvalue()


def test_nobody_watching_is_no_error() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with Progress(Closed(), quiet_s=0.01).step("stopping"):
        time.sleep(0.05)


def run(code: str, log: Path, *, timeout_s: float = 20.0, step: Step | None = None) -> None:
    run_logged([sys.executable, "-c", code], step=step or Step("x"), log=log, timeout_s=timeout_s)


def test_a_command_leaves_its_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "it.log"
    step = Step("x")
    run("import time; print('one\\rtwo', flush=True); time.sleep(0.8)", log, step=step)
    assert step.note == "two"
    assert last_line(log) == "two"


def test_a_failure_shows_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "it.log"
    code = "import sys; [print(f'line {n}') for n in range(99)]; sys.exit('no compiler')"
    with pytest.raises(InstallFailed, match="status 1") as failure:
        run(code, log)
    assert failure.value.log == log
    assert str(log) in str(failure.value)
    assert "no compiler" in str(failure.value)
    assert "line 98" in tail(log)
    assert "line 50" not in tail(log)


def test_a_command_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstallFailed, match="cannot run no-such-program"):
        run_logged(["no-such-program"], step=Step("x"), log=tmp_path / "log", timeout_s=1)


def test_a_command_that_takes_too_long_leaves_nothing_behind(tmp_path: Path) -> None:
    log = tmp_path / "it.log"
    code = (
        "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True);"
        "sys.stdin.read() or __import__('time').sleep(60)"
    )
    with pytest.raises(InstallFailed, match="took longer than 1 s"):
        run(code, log, timeout_s=0.8)
    pid = int(last_line(log))
    deadline = time.monotonic() + 5
    while started_at(pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_interrupted_set_up_stops_its_command(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "from stack.commands import run_logged; from stack.progress import Step;"
        "from pathlib import Path;"
        f"run_logged(['sh', '-c', 'echo $$; sleep 60; true'], step=Step('x'),"
        f" log=Path({str(log)!r}), timeout_s=60)"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 30
        while not last_line(log).isdigit():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert b"KeyboardInterrupt" in errors
    assert started_at(int(last_line(log))) is None

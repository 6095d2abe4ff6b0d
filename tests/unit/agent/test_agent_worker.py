"""The worker's process."""

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from agent.errors import EXIT_CODE
from agent.settings import Settings
from agent.worker import build_server


def test_the_load_is_the_share_of_calls() -> None:
    load: Any = build_server(Settings(max_calls=4)).load_fnc
    assert load(SimpleNamespace(active_jobs=[])) == 0
    assert load(SimpleNamespace(active_jobs=[1])) == 0.25
    assert load(SimpleNamespace(active_jobs=[1] * 9)) == 1.0


def test_a_worker_takes_two_calls_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    load: Any = build_server(Settings(max_calls=0)).load_fnc
    assert load(SimpleNamespace(active_jobs=[1] * 3)) == 0.75
    assert load(SimpleNamespace(active_jobs=[1] * 4)) == 1.0


def test_callers_who_come_at_once_are_all_taken_up_to_the_most() -> None:
    server: Any = build_server(Settings(max_calls=2))
    # What it sets when it runs.
    vars(server).update(_devmode=False, _draining=False, _simulation=False)
    server._proc_pool = SimpleNamespace(processes=[])
    for about_to_begin, available in ((0, True), (1, True), (2, False)):
        # As livekit-agents counts them, and decides.
        server._reserved_slots = about_to_begin
        assert server._is_available() is available


def test_the_worker_waits_for_livekit_as_long_as_it_takes() -> None:
    server: Any = build_server(Settings(name="trinity", drain_seconds=7))
    assert server._agent_name == "trinity"
    assert server._max_retry > 100_000
    assert server._drain_timeout == 7
    assert server._host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AGENT_LLM_NUM_CTX", "few"),
        ("TRINITY_ENVIRONMENT", "production"),
    ],
)
def test_a_setting_that_cannot_work_is_named_and_ends_the_process(name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent"],
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == EXIT_CODE
    wanted = "LIVEKIT_API_SECRET" if name == "TRINITY_ENVIRONMENT" else name
    assert wanted.lower().removeprefix("agent_") in done.stderr.lower()
    assert "Traceback" not in done.stderr

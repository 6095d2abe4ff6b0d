"""The worker's process."""

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from agent.errors import EXIT_CODE
from agent.settings import Settings
from agent.worker import TURNED_AWAY, build_server


@pytest.mark.parametrize("target", [0.7, 1.0])
@pytest.mark.parametrize("queue", [0, 3])
def test_livekit_gives_calls_until_places_and_queue_are_full(queue: int, target: float) -> None:
    settings = Settings(max_calls=4, queue_calls=queue, livekit_target_load=target)
    load: Any = build_server(settings).load_fnc
    most = 4 + (queue + TURNED_AWAY if queue else 0)
    loads = [load(SimpleNamespace(active_jobs=[1] * calls)) for calls in range(most + 2)]
    assert loads[0] == 0
    assert loads[:5] == sorted(set(loads[:5]))  # the emptiest worker is favoured
    # LiveKit gives no call to workers that are all at or above its target.
    assert all(value < target for value in loads[:most])
    assert loads[most:] == [1.0, 1.0]


@pytest.mark.parametrize(("cores", "places"), [(1, 1), (2, 3), (8, 12)])
def test_a_worker_takes_three_calls_for_two_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int, places: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    assert Settings().calls_at_once == places
    assert Settings(max_calls=2).calls_at_once == 2


def test_callers_who_come_at_once_are_all_taken_up_to_the_most() -> None:
    server: Any = build_server(Settings(max_calls=2, queue_calls=0))
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

"""A second stack beside the first one, and nothing left of it when it has stopped."""

import socket
import time
from pathlib import Path

import httpx

from stack import Stack, StackSettings, free_base
from tests.support.processes import marked_processes


def test_a_second_stack_runs_beside_the_first_and_leaves_nothing(
    stack: Stack, tmp_path: Path
) -> None:
    settings = StackSettings(
        name="second", run_dir=tmp_path, port_base=free_base(), prometheus=False
    )
    mine, others = (set(vars(s.settings.ports).values()) for s in (Stack(settings), stack))
    assert not mine & others
    begun_s = time.monotonic()
    with Stack(settings) as second:
        assert time.monotonic() - begun_s < 60
        assert marked_processes(settings.state_dir)
        for running in (stack, second):
            assert httpx.get(f"{running.addresses.api_url}/readyz", timeout=10).status_code == 200
    assert marked_processes(settings.state_dir) == []
    for port in mine:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert httpx.get(f"{stack.addresses.api_url}/readyz", timeout=10).status_code == 200
    assert all(state.pid for state in stack.states().values())

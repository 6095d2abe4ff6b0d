"""A small process tree under a real supervisord: nothing of it is ever left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import StackError, keeper
from stack.services import Service, Stage
from stack.supervisor import Supervisor

ROOT = Path(__file__).parents[3]
# A service whose child has a session of its own and outlives SIGTERM to the service.
TREE = 'trap \'\' HUP; setsid sleep 300 & echo "child $!"; echo "odd $ODD"; exec sleep 300'
ODD = 'it\'s 100% "odd"; $HOME #1'


def tree(name: str = "tree", stage: Stage = Stage.CALLS) -> Service:
    return Service(
        name=name,
        command=("sh", "-c", TREE),
        stage=stage,
        ports=(),
        probe=lambda: None,
        environment={"ODD": ODD},
    )


def eventually(condition: Callable[[], object], timeout_s: float = 15.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "stack")
    yield supervisor
    supervisor.kill()


def start(supervisor: Supervisor, *services: Service) -> list[int]:
    """Starts the services; gives the process of each, and its child."""
    supervisor.start(services, 1)
    pids = []
    for service in services:
        supervisor.start_service(service.name)
        log = supervisor.log_path(service.name)
        eventually(lambda log=log: "odd" in read(log))
        pids += [supervisor.states()[service.name].pid, int(read(log).split()[1])]
    assert all(keeper.started_at(pid) for pid in pids)
    return pids


def gone(pids: list[int]) -> bool:
    return not any(keeper.started_at(pid) for pid in pids)


def test_services_get_their_environment_and_log_and_leave_nothing(
    supervisor: Supervisor,
) -> None:
    pids = start(supervisor, tree("one", Stage.GROUND), tree("two"))
    assert f"odd {ODD}\n" in read(supervisor.log_path("one"))
    states = supervisor.states()
    assert {state.status for state in states.values()} <= {"STARTING", "RUNNING"}
    assert states["one"].pid in pids
    assert sorted(keeper.members(supervisor.mark)) == sorted(pids)

    left = supervisor.shutdown(10)
    assert gone(pids)
    assert supervisor.pid is None
    # The keeper has swept the children before supervisord's process ended.
    assert left == []
    log = read(supervisor.log)
    assert log.index("stopped: two") < log.index("stopped: one")
    with pytest.raises(StackError, match="does not answer"):
        supervisor.states()


def test_what_crashes_is_started_again(supervisor: Supervisor) -> None:
    start(supervisor, tree())
    first = supervisor.states()["tree"].pid
    eventually(lambda: supervisor.states()["tree"].status == "RUNNING")
    supervisor.signal_service("tree", signal.SIGKILL)
    eventually(lambda: supervisor.states()["tree"].pid not in (0, first))
    supervisor.stop_service("tree")
    assert supervisor.states()["tree"].status == "STOPPED"
    supervisor.start_service("tree")
    eventually(lambda: supervisor.states()["tree"].pid)
    with pytest.raises(StackError, match="no service other"):
        supervisor.stop_service("other")


def test_a_killed_supervisord_takes_its_services_along(supervisor: Supervisor) -> None:
    service, child = start(supervisor, tree())
    assert supervisor.pid is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    eventually(lambda: gone([service]))
    assert keeper.started_at(child)
    supervisor.kill()
    assert gone([child])


def test_a_killed_launcher_leaves_nothing(tmp_path: Path) -> None:
    # The thread that starts the stack ends at once, as an executor's may.
    code = f"""
import threading, time
from pathlib import Path
from stack.services import Service, Stage
from stack.supervisor import Supervisor
supervisor = Supervisor(Path({str(tmp_path / "stack")!r}))
def start():
    service = Service("tree", ("sh", "-c", {TREE!r}), Stage.CALLS, (), lambda: None, {{"ODD": ""}})
    supervisor.start([service], 1)
    supervisor.start_service("tree")
thread = threading.Thread(target=start)
thread.start()
thread.join()
print(supervisor.pid, flush=True)
time.sleep(60)
"""
    log = tmp_path / "stack" / "logs" / "tree.log"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as launcher:
        assert launcher.stdout is not None
        supervisord = int(launcher.stdout.readline())
        eventually(lambda: "odd" in read(log))
        pids = [supervisord, *keeper.members(str(tmp_path / "stack"))]
        assert len(pids) == 3
        time.sleep(0.3)
        assert not gone([supervisord])
        launcher.kill()
        launcher.wait(10)
        eventually(lambda: gone(pids))


def test_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / ("deep" * 30) / "stack")
    try:
        start(supervisor, tree())
        supervisor.shutdown(10)
    finally:
        supervisor.kill()


def test_a_mark_finds_only_its_own(tmp_path: Path) -> None:
    mark = str(tmp_path)
    with subprocess.Popen(["sleep", "60"], env={**os.environ, keeper.MARK: mark}) as process:
        eventually(lambda: keeper.members(mark) == [process.pid])
        assert keeper.members(f"{mark}/other") == []
        assert keeper.sweep(mark) == [process.pid]
        assert process.wait(5) == -signal.SIGKILL
    assert keeper.sweep(mark) == []

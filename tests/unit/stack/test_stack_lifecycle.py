"""A stack of small services: order, readiness, failures, and what other shells see of it."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import (
    AlreadyRunning,
    NeighbourSilent,
    NotReady,
    NotRunning,
    PortTaken,
    Progress,
    ServiceDied,
    Stack,
    StackSettings,
    elsewhere,
    free_base,
    keeper,
    lifecycle,
    llm,
)
from stack.neighbours import Neighbours, find_ollama, find_redis
from stack.readiness import Waiting
from stack.record import Process, Record
from stack.services import Service, Stage, services

ROOT = Path(__file__).parents[3]


@pytest.fixture
def shown() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackSettings:
    for variable in ("OLLAMA_HOST", "REDIS_URL", "LIVEKIT_URL"):
        monkeypatch.delenv(variable, raising=False)
    return StackSettings(
        name="tiny",
        run_dir=tmp_path / "run",
        cache_dir=tmp_path / "cache",
        port_base=free_base(),
        ready_timeout_s=8.0,
        stop_grace_s=1,
        prometheus=False,
    )


@pytest.fixture
def runs(
    settings: StackSettings, shown: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Stack]]:
    """Makes a stack of the services that a test gives, without a language model."""
    monkeypatch.setattr(llm, "ensure", lambda *_: None)
    monkeypatch.setattr(llm, "load", lambda *_: None)
    stacks: list[Stack] = []

    def make(*table: Service) -> Stack:
        monkeypatch.setattr(lifecycle, "services", lambda *_: list(table))
        stacks.append(Stack(settings, Progress(shown)))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.stop()


def ready_when(path: Path) -> Callable[[], None]:
    def probe() -> None:
        if not path.exists():
            raise Waiting(f"{path.name} is not there")

    return probe


def service(name: str, command: str, folder: Path, *, needs: tuple[str, ...] = ()) -> Service:
    """A shell command; ready when it has made a file of its name."""
    return Service(
        name=name,
        command=("sh", "-c", command),
        stage=Stage.CALLS,
        ports=("redis",) if name == "first" else (),
        probe=ready_when(folder / name),
        needs=needs,
    )


def test_from_start_to_stop(
    runs: Callable[..., Stack], settings: StackSettings, tmp_path: Path, shown: io.StringIO
) -> None:
    stack = runs(
        service(
            "second",
            f"test -e {tmp_path}/first && touch {tmp_path}/second; exec sleep 99",
            tmp_path,
            needs=("first",),
        ),
        service("first", f"sleep 0.3; touch {tmp_path}/first; exec sleep 99", tmp_path),
    )
    with stack:
        text = shown.getvalue()
        assert text.index("first is ready") < text.index("second is ready")
        assert stack.service_names == ("second", "first")
        record = Record.read(settings.state_dir)
        assert record.launcher == Process.of(os.getpid())
        assert record.supervisor.alive
        assert record.addresses == stack.addresses
        assert elsewhere.status(settings, Progress(shown)) in (True, False)
        assert stack.addresses.speech_target in shown.getvalue()
        with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}.*make down"):
            Stack(settings, Progress(shown)).start()

        first = stack.pid("first")
        (tmp_path / "first").unlink()
        stack.kill("first")
        stack.wait_ready("first")
        assert stack.pid("first") not in (0, first)
        assert keeper.started_at(first) is None
        pids = [stack.pid(name) for name in stack.service_names]
    assert not any(keeper.started_at(pid) for pid in pids)
    with pytest.raises(NotRunning, match="no stack tiny runs"):
        elsewhere.status(settings, Progress(shown))
    with pytest.raises(NotRunning):
        elsewhere.down(settings, Progress(shown))


def test_a_service_may_need_one_that_needs_another(
    runs: Callable[..., Stack], tmp_path: Path
) -> None:
    """As the telephone's bridge needs LiveKit, which needs Redis."""
    last = "test -e {0}/first && test -e {0}/second && touch {0}/third && sleep 60"
    stack = runs(
        service("third", last.format(tmp_path), tmp_path, needs=("first", "second")),
        service(
            "second",
            f"test -e {tmp_path}/first && touch {tmp_path}/second && sleep 60",
            tmp_path,
            needs=("first",),
        ),
        service("first", f"touch {tmp_path}/first && sleep 60", tmp_path),
    )
    stack.start()
    assert all(stack.pid(name) for name in stack.service_names)


def test_a_service_that_ends_shows_its_log_and_stops_the_rest(
    runs: Callable[..., Stack], settings: StackSettings, tmp_path: Path
) -> None:
    stack = runs(
        service("good", f"touch {tmp_path}/good; exec sleep 99", tmp_path),
        service("bad", "echo 'no model at /nowhere'; exit 4", tmp_path),
    )
    with pytest.raises(ServiceDied, match="bad ended while it started") as failure:
        stack.start()
    assert "no model at /nowhere" in str(failure.value)
    assert str(stack.log_path("bad")) in str(failure.value)
    assert keeper.members(str(settings.state_dir)) == []


def test_a_service_that_never_gets_ready_says_what_it_waits_for(
    runs: Callable[..., Stack], settings: StackSettings, tmp_path: Path
) -> None:
    stack = runs(service("slow", "echo 'waiting for Redis'; exec sleep 99", tmp_path))
    stack.settings = settings.model_copy(update={"ready_timeout_s": 0.5})
    with pytest.raises(NotReady) as failure:
        stack.start()
    text = str(failure.value)
    assert text.startswith("slow is not ready after 0 s: slow is not there")
    assert "waiting for Redis" in text
    assert keeper.members(str(settings.state_dir)) == []


def test_a_taken_port_starts_nothing(
    runs: Callable[..., Stack], settings: StackSettings, tmp_path: Path
) -> None:
    stack = runs(service("first", "exec sleep 99", tmp_path))
    with (
        socket.create_server(("127.0.0.1", settings.ports.redis)),
        pytest.raises(PortTaken, match=str(settings.ports.redis)),
    ):
        stack.start()
    assert not stack.log_path("first").exists()


def test_what_an_earlier_launcher_left_is_ended_first(
    runs: Callable[..., Stack], settings: StackSettings, tmp_path: Path
) -> None:
    left = subprocess.Popen(
        ["sleep", "99"], env={**os.environ, keeper.MARK: str(settings.state_dir)}
    )
    try:
        with runs(service("first", f"touch {tmp_path}/first; exec sleep 99", tmp_path)):
            assert left.wait(5) == -signal.SIGKILL
    finally:
        left.kill()
        left.wait()


def test_down_ends_what_is_left_without_a_launcher(
    settings: StackSettings, shown: io.StringIO
) -> None:
    mark = str(settings.state_dir)
    with subprocess.Popen(["sleep", "99"], env={**os.environ, keeper.MARK: mark}) as left:
        deadline = time.monotonic() + 5
        while not keeper.members(mark):
            assert time.monotonic() < deadline
        elsewhere.down(settings, Progress(shown))
        assert left.wait(5) == -signal.SIGKILL
    assert "earlier stack" in shown.getvalue()


def test_an_ollama_that_a_setting_names_must_answer(settings: StackSettings) -> None:
    far = settings.model_copy(update={"ollama_host": "ollama.invalid:11434"})
    with pytest.raises(NeighbourSilent, match=r"OLLAMA_HOST is ollama.invalid"):
        find_ollama(far)
    near = settings.model_copy(update={"ollama_host": f"127.0.0.1:{settings.ports.ollama}"})
    assert find_ollama(near) is None
    assert find_ollama(settings) is None


def test_what_runs_already_gets_no_service(settings: StackSettings, shown: io.StringIO) -> None:
    settings = settings.model_copy(
        update={"redis_url": "redis://:geheim@10.0.0.5:6380/3", "livekit_url": "wss://lk.example"}
    )
    stack = Stack(settings, Progress(shown))
    neighbours = Neighbours(
        redis_url=find_redis(settings),
        livekit_url=settings.livekit_url,
        ollama_host="http://10.0.0.6:11434",
    )
    addresses = stack._find_addresses(neighbours)
    table = {item.name: item for item in services(settings, addresses, neighbours, Progress(shown))}
    assert set(table) == {"speech_server", "agent", "control_api"}
    told = table["agent"].environment
    assert told["REDIS_URL"] == "redis://:geheim@10.0.0.5:6380/3"
    assert told["LIVEKIT_URL"] == "wss://lk.example"
    assert told["OLLAMA_HOST"] == "http://10.0.0.6:11434"
    assert "geheim" not in "\n".join(addresses.lines())


@pytest.mark.parametrize(
    ("environment", "arguments", "status", "text"),
    [
        ({"STACK_NAME": "nobody"}, ["status"], 3, "no stack nobody runs"),
        ({"STACK_NAME": "No Body"}, ["status"], 2, "STACK_NAME: String should match pattern"),
    ],
)
def test_the_command_line_says_what_is_wrong(
    environment: dict[str, str], arguments: list[str], status: int, text: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stack", *arguments],
        cwd=ROOT,
        env={**os.environ, "STACK_RUN_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_what_runs_at_the_usual_ports_gets_no_service(
    settings: StackSettings, shown: io.StringIO
) -> None:
    """A neighbour that runs already may have the very address that the stack's own would have."""
    neighbours = Neighbours(
        redis_url=f"redis://127.0.0.1:{settings.ports.redis}/0",
        ollama_host=f"http://127.0.0.1:{settings.ports.ollama}",
    )
    addresses = Stack(settings, Progress(shown))._find_addresses(neighbours)
    names = {item.name for item in services(settings, addresses, neighbours, Progress(shown))}
    assert names.isdisjoint({"redis", "ollama"})

"""One real stack for all end-to-end tests: LiveKit, Redis, Ollama, speech server, agent, API."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from caller import CallerSettings, Report, converse
from stack import Stack, StackSettings, free_base
from stack.programs import chromium
from stack.progress import Progress
from tests.support.browser import find_chromium
from tests.support.processes import marked_processes

AGENTS_DIR = Path(__file__).resolve().parents[2] / "configs" / "agents"

# What is under way is bounded by the settings of the stack and of the caller; this is the last
# resort, and does not count the set-up of the stack, which may build programs once.
TEST_TIMEOUT_S = 180

# livekit 1.x: its native side now and then drops the handle of a track or participant of a closed
# room by itself, and the Python object's destructor then asserts. Seen about once in 20 rooms.
FFI_RACE = (
    "ignore:Exception ignored in. <function FfiHandle:pytest.PytestUnraisableExceptionWarning"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_S, func_only=True))
            item.add_marker(pytest.mark.filterwarnings(FFI_RACE))


@pytest.fixture(scope="session", autouse=True)
def browser_program(request: pytest.FixtureRequest) -> None:
    """Chromium, installed where it is missing and a test of the page is among those to run."""
    wanted = any(item.get_closest_marker("web") for item in request.session.items)
    if wanted and find_chromium() is None:
        chromium.find_or_install(StackSettings(), Progress())


@pytest.fixture(scope="session")
def stack_settings(tmp_path_factory: pytest.TempPathFactory) -> StackSettings:
    return StackSettings(
        name="e2e",
        run_dir=tmp_path_factory.mktemp("stack"),
        port_base=int(os.environ.get("STACK_PORT_BASE", "0")) or free_base(),
        prometheus=False,
    )


@pytest.fixture(scope="session")
def agents_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assistants' files of the stack; what a test writes there counts at its next call."""
    folder = tmp_path_factory.mktemp("agents")
    for path in AGENTS_DIR.glob("*.toml"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def stack(stack_settings: StackSettings, agents_dir: Path) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as environment:
        # The small model talks on and on: short answers keep the suite short.
        environment.setenv("AGENT_LLM_NUM_PREDICT", "40")
        # The benches' worker answers beside the agent's own.
        environment.setenv("CONTROL_AGENTS", "trinity,bench-ours")
        environment.setenv("TRINITY_AGENTS_DIR", str(agents_dir))
        environment.setenv("AGENT_DRAIN_SECONDS", "60")
        with Stack(stack_settings) as running:
            yield running
    assert marked_processes(stack_settings.state_dir) == []


@pytest.fixture(scope="session")
def caller_settings(stack: Stack) -> CallerSettings:
    return CallerSettings(
        api_url=stack.addresses.api_url,
        speech_target=stack.addresses.speech_target,
        redis_url=stack.addresses.redis_url,
        room_prefix="e2e",
        ready_timeout_s=30,
    )


@pytest.fixture(scope="session")
def report(caller_settings: CallerSettings, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One whole conversation, as the demo holds it."""
    recording = tmp_path_factory.mktemp("call") / "call.wav"
    settings = caller_settings.model_copy(update={"recording": recording})
    return asyncio.run(converse(settings, print))

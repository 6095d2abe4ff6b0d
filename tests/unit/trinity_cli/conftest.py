"""Fixtures of the command line's tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli, ListedSpeech, SmallHttp, small_http


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests."""
    for name in (
        "TRINITY_API_URL",
        "TRINITY_API_KEY",
        "TRINITY_SPEECH_TARGET",
        "TRINITY_SIP_ADDRESS",
        "TRINITY_SIP_PASSWORD",
        "OLLAMA_HOST",
        "AGENT_LLM_MODEL",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(capsys, monkeypatch)


@pytest.fixture
async def speech(cli: Cli) -> AsyncIterator[ListedSpeech]:
    server = ListedSpeech()
    cli.set(TRINITY_SPEECH_TARGET=f"127.0.0.1:{await server.start()}")
    yield server
    await server.stop()


@pytest.fixture
async def http(cli: Cli) -> AsyncIterator[SmallHttp]:
    """A control API that answers what the test says."""
    async with small_http() as server:
        cli.set(TRINITY_API_URL=server.url)
        yield server


@pytest.fixture
def path_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A PATH with nothing on it but what a test puts there."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from model_store import ModelLock, ModelStoreSettings
from tests.support.file_server import FileServer, file_server


@pytest.fixture(scope="session")
def _server() -> Iterator[FileServer]:
    with file_server() as server:
        yield server


@pytest.fixture
def server(_server: FileServer) -> FileServer:
    _server.files.clear()
    _server.requests.clear()
    return _server


@pytest.fixture
def settings(tmp_path: Path) -> ModelStoreSettings:
    return ModelStoreSettings(
        cache_dir=tmp_path / "cache", attempts=3, backoff_s=0.0, busy_timeout_s=20.0
    )


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def lock_of(*models: dict[str, Any], wheels: dict[str, Any] | None = None) -> ModelLock:
    return ModelLock.model_validate({"version": 1, "model": list(models), "wheel": wheels or {}})


def model_of(name: str, *files: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "vad",
        "licence": "MIT",
        "description": "For tests.",
        "file": list(files),
    }


def file_of(path: str, content: bytes, *sources: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "path": path,
        "size": len(content),
        "sha256": sha256(content),
        "source": list(sources),
        **changed,
    }


def toml_of(lock: ModelLock) -> str:
    """The lock as TOML: JSON's strings, numbers, lists and inline tables are nearly TOML's."""

    def value(item: object) -> str:
        if isinstance(item, dict):
            return "{" + ", ".join(f"{k} = {value(v)}" for k, v in item.items()) + "}"
        if isinstance(item, list):
            return "[" + ", ".join(value(v) for v in item) + "]"
        return json.dumps(item)

    content = lock.model_dump(mode="json", exclude_none=True)
    return "\n".join(f"{key} = {value(item)}" for key, item in content.items())


class Listener:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.done = 0

    def say(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def begin(self, what: str, total: int | None, done: int = 0) -> None:
        self.done = done

    def advance(self, count: int) -> None:
        self.done += count

    def end(self) -> None:
        pass


@pytest.fixture
def listener() -> Listener:
    return Listener()


class Builders:
    """What the tests build locks with."""

    lock: Callable[..., ModelLock] = staticmethod(lock_of)
    model: Callable[..., dict[str, Any]] = staticmethod(model_of)
    file: Callable[..., dict[str, Any]] = staticmethod(file_of)
    toml: Callable[[ModelLock], str] = staticmethod(toml_of)
    sha256: Callable[[bytes], str] = staticmethod(sha256)


@pytest.fixture
def build() -> Builders:
    return Builders()

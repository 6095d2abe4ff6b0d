import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from model_store import (
    DigestError,
    DiskSpaceError,
    FetchError,
    ModelStoreSettings,
    SourceError,
    StoreBusyError,
    UnknownModelError,
    UnverifiedError,
    fetch,
    resolve,
)
from tests.support.file_server import FileServer

ROOT = Path(__file__).resolve().parents[3]
CONTENT = bytes(range(256)) * 2000  # 512,000 bytes


@pytest.fixture
def lock(server: FileServer, build: Any) -> Any:
    return build.lock(
        build.model(
            "m", build.file("a.bin", CONTENT, {"kind": "url", "url": f"{server.url}/a.bin"})
        )
    )


def parts(settings: ModelStoreSettings) -> list[Path]:
    return [
        path for path in settings.models_dir.rglob("*") if path.suffix in (".part", ".building")
    ]


def test_a_file_comes_whole_and_resolves(
    server: FileServer, settings: ModelStoreSettings, lock: Any, listener: Any
) -> None:
    server.add("/a.bin", CONTENT)
    (folder,) = fetch(["m"], settings=settings, lock=lock, reporter=listener)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert resolve("m", settings, lock) == folder
    assert listener.done == len(CONTENT)
    assert not parts(settings)
    fetch(["m"], settings=settings, lock=lock)
    assert len(server.requests) == 1, "what is there is not fetched again"


def test_a_cut_connection_continues_where_it_broke(
    server: FileServer, settings: ModelStoreSettings, lock: Any, listener: Any
) -> None:
    server.add("/a.bin", CONTENT).cuts = [200_000, 100_000]
    (folder,) = fetch(["m"], settings=settings, lock=lock, reporter=listener)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert [request.range for request in server.requests] == [
        "",
        "bytes=200000-",
        "bytes=300000-",
    ]
    assert listener.done == len(CONTENT)


def test_the_next_run_continues_a_download_that_was_given_up(
    server: FileServer, settings: ModelStoreSettings, lock: Any
) -> None:
    served = server.add("/a.bin", CONTENT)
    served.cuts = [200_000, 0, 0, 0]
    with pytest.raises(SourceError, match="the next fetch continues"):
        fetch(["m"], settings=settings, lock=lock)
    served.cuts = []
    (folder,) = fetch(["m"], settings=settings, lock=lock)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert server.requests[-1].range == "bytes=200000-"


def test_a_server_without_ranges_starts_over(
    server: FileServer, settings: ModelStoreSettings, lock: Any, listener: Any
) -> None:
    served = server.add("/a.bin", CONTENT)
    served.ranges = False
    served.cuts = [200_000]
    (folder,) = fetch(["m"], settings=settings, lock=lock, reporter=listener)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert listener.done == len(CONTENT)


def test_a_server_that_always_cuts_at_the_same_place_is_given_up(
    server: FileServer, settings: ModelStoreSettings, lock: Any
) -> None:
    served = server.add("/a.bin", CONTENT)
    served.ranges = False
    served.cuts = [200_000] * 50
    with pytest.raises(SourceError, match="attempts without a byte"):
        fetch(["m"], settings=settings, lock=lock)
    assert len(server.requests) < 10


def test_a_wrong_hash_is_refused_and_removed(
    server: FileServer, settings: ModelStoreSettings, lock: Any
) -> None:
    server.add("/a.bin", b"X" + CONTENT[1:])
    with pytest.raises(DigestError) as caught:
        fetch(["m"], settings=settings, lock=lock)
    assert caught.value.wanted == f"sha256 {lock.get('m').file[0].sha256}"
    assert "it has been removed" in str(caught.value)
    assert not parts(settings)
    assert not (settings.models_dir / "m" / "a.bin").exists()


@pytest.mark.parametrize("change", [CONTENT[:-1], CONTENT + b"more"])
def test_a_wrong_length_is_refused_and_removed(
    server: FileServer, settings: ModelStoreSettings, lock: Any, change: bytes
) -> None:
    server.add("/a.bin", change)
    with pytest.raises((DigestError, SourceError)):
        fetch(["m"], settings=settings, lock=lock)
    assert not (settings.models_dir / "m" / "a.bin").exists()


def test_a_part_of_another_file_is_thrown_away(
    server: FileServer, settings: ModelStoreSettings, lock: Any, build: Any
) -> None:
    server.add("/a.bin", CONTENT)
    downloads = settings.models_dir / ".downloads"
    downloads.mkdir(parents=True)
    stale = downloads / f"{build.sha256(CONTENT)[:16]}-a.bin.part"
    stale.write_bytes(b"other" * 1000)
    (folder,) = fetch(["m"], settings=settings, lock=lock)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert [request.range for request in server.requests] == ["bytes=5000-", ""]


def test_a_busy_server_is_asked_again(
    server: FileServer, settings: ModelStoreSettings, lock: Any, listener: Any
) -> None:
    server.add("/a.bin", CONTENT).statuses = [503, 500]
    fetch(["m"], settings=settings, lock=lock, reporter=listener)
    assert len(server.requests) == 3
    assert any("the server says 503" in line for line in listener.lines)


def test_a_file_that_the_server_does_not_have(
    server: FileServer, settings: ModelStoreSettings, lock: Any
) -> None:
    with pytest.raises(SourceError, match=r"a\.bin: the server says 404"):
        fetch(["m"], settings=settings, lock=lock)
    assert len(server.requests) == 1


def test_a_server_that_is_not_there(settings: ModelStoreSettings, build: Any) -> None:
    lock = build.lock(
        build.model("m", build.file("a", b"x", {"kind": "url", "url": "http://127.0.0.1:9/a"}))
    )
    with pytest.raises(SourceError, match="3 attempts"):
        fetch(["m"], settings=settings, lock=lock)


def test_parts_are_joined_in_their_order(
    server: FileServer, settings: ModelStoreSettings, build: Any, tmp_path: Path
) -> None:
    server.add("/one", CONTENT[:300_000])
    (tmp_path / "two").write_bytes(CONTENT[300_000:])
    lock = build.lock(
        build.model(
            "m",
            build.file(
                "a.bin",
                CONTENT,
                {"kind": "url", "url": f"{server.url}/one"},
                {"kind": "path", "path": str(tmp_path / "two")},
            ),
        )
    )
    (folder,) = fetch(["m"], settings=settings, lock=lock)
    assert (folder / "a.bin").read_bytes() == CONTENT


def test_a_file_of_the_hugging_face_hub(
    server: FileServer, settings: ModelStoreSettings, build: Any
) -> None:
    server.add("/o/r/resolve/v1/sub/a.bin", CONTENT)
    source = {"kind": "hugging-face", "repository": "o/r", "revision": "v1", "file": "sub/a.bin"}
    lock = build.lock(build.model("m", build.file("a.bin", CONTENT, source)))
    mirrored = settings.model_copy(update={"hugging_face_url": server.url})
    (folder,) = fetch(["m"], settings=mirrored, lock=lock)
    assert (folder / "a.bin").read_bytes() == CONTENT


def test_a_file_of_an_installed_package(settings: ModelStoreSettings, build: Any) -> None:
    import httpx

    content = Path(httpx.__file__).read_bytes()
    source = {"kind": "installed", "package": "httpx", "member": "httpx/__init__.py"}
    lock = build.lock(build.model("m", build.file("a", content, source)))
    (folder,) = fetch(["m"], settings=settings, lock=lock)
    assert (folder / "a").read_bytes() == content
    absent = {**source, "member": "httpx/none.py"}
    with pytest.raises(SourceError, match="is not installed"):
        fetch(
            ["n"],
            settings=settings,
            lock=build.lock(build.model("n", build.file("a", content, absent))),
        )


def test_an_unknown_name_fetches_nothing(
    server: FileServer, settings: ModelStoreSettings, lock: Any
) -> None:
    with pytest.raises(UnknownModelError, match="'n'"):
        fetch(["m", "n"], settings=settings, lock=lock)
    assert not server.requests


def test_a_damaged_file_is_fetched_again(
    server: FileServer, settings: ModelStoreSettings, lock: Any
) -> None:
    server.add("/a.bin", CONTENT)
    (folder,) = fetch(["m"], settings=settings, lock=lock)
    (folder / "a.bin").write_bytes(b"X" + CONTENT[1:])
    fetch(["m"], settings=settings, lock=lock)
    assert (folder / "a.bin").read_bytes() == CONTENT


def test_unverified_needs_the_setting_and_warns(
    server: FileServer, settings: ModelStoreSettings, build: Any, listener: Any
) -> None:
    server.add("/a.bin", CONTENT)
    source = {"kind": "url", "url": f"{server.url}/a.bin"}
    file = build.file("a.bin", CONTENT, source, size=None, sha256=None, unverified=True)
    lock = build.lock(build.model("m", file))
    with pytest.raises(UnverifiedError, match="MODELS_ALLOW_UNVERIFIED"):
        fetch(["m"], settings=settings, lock=lock)
    allowed = settings.model_copy(update={"allow_unverified": True})
    (folder,) = fetch(["m"], settings=allowed, lock=lock, reporter=listener)
    assert (folder / "a.bin").read_bytes() == CONTENT
    (warning,) = listener.warnings
    assert "UNVERIFIED" in warning and build.sha256(CONTENT) in warning
    assert resolve("m", settings, lock) == folder


def test_too_little_room_is_said_before_anything_comes(
    server: FileServer, settings: ModelStoreSettings, lock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(DiskSpaceError, match="m needs 68 MB"):
        fetch(["m"], settings=settings, lock=lock)
    assert not server.requests


def test_two_processes_fetch_once(
    server: FileServer, settings: ModelStoreSettings, lock: Any, build: Any, tmp_path: Path
) -> None:
    server.add("/a.bin", CONTENT).chunk_pause_s = 0.02
    (tmp_path / "models.toml").write_text(build.toml(lock))
    environment = {
        **os.environ,
        "TRINITY_CACHE_DIR": str(settings.cache_dir),
        "MODELS_LOCK_FILE": str(tmp_path / "models.toml"),
    }
    command = [sys.executable, "-m", "model_store", "fetch", "m"]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=30)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs
    assert len(server.requests) == 1
    assert (settings.models_dir / "m" / "a.bin").read_bytes() == CONTENT


def test_a_store_that_stays_busy_is_an_error(
    server: FileServer, settings: ModelStoreSettings, lock: Any
) -> None:
    import fcntl

    settings.models_dir.mkdir(parents=True)
    with (settings.models_dir / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        impatient = settings.model_copy(update={"busy_timeout_s": 0.1})
        with pytest.raises(StoreBusyError):
            fetch(["m"], settings=impatient, lock=lock)


def test_a_place_that_cannot_be_written_is_named(
    server: FileServer, settings: ModelStoreSettings, lock: Any
) -> None:
    server.add("/a.bin", CONTENT)
    (settings.models_dir / "m" / "a.bin").mkdir(parents=True)
    with pytest.raises(FetchError, match=r"a\.bin.*directory"):
        fetch(["m"], settings=settings, lock=lock)

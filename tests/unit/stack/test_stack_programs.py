import io
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from stack import InstallFailed, ProgramMissing, Progress, StackSettings
from stack.programs import apt, chromium, livekit, ollama, prometheus, redis
from stack.programs.lookup import only_one
from stack.progress import Step


def program(folder: Path, name: str, text: str = "exit 0") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def path_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it but what a test puts there (and the shell's own tools)."""
    folder = tmp_path / "path"
    folder.mkdir()
    for tool in ("sh", "cp", "chmod", "cat", "sleep"):
        (folder / tool).symlink_to(f"/bin/{tool}")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("stack.programs.go._USUAL", tmp_path / "no-go")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> StackSettings:
    return StackSettings(cache_dir=tmp_path / "cache", run_dir=tmp_path / "run")


@pytest.fixture
def shown() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(shown: io.StringIO) -> Progress:
    return Progress(shown)


GO = """
echo "go: downloading github.com/livekit/livekit-server v1.13.5"
echo net
echo github.com/livekit/livekit-server/cmd/server
echo "$@" > $GOBIN/../arguments
env_file=$GOBIN/../environment
echo "$CGO_CPPFLAGS|$CGO_CFLAGS" > $env_file
printf '#!/bin/sh\\necho built' > $GOBIN/server
chmod +x $GOBIN/server
"""


def test_what_is_on_path_comes_before_the_cache(
    path_dir: Path, settings: StackSettings, progress: Progress
) -> None:
    cached = program(settings.bin_dir, "livekit-server")
    assert livekit.find_or_install(settings, progress) == cached
    mine = program(path_dir, "livekit-server")
    assert livekit.find_or_install(settings, progress) == mine


def test_a_program_is_built_once_into_the_cache(
    path_dir: Path,
    settings: StackSettings,
    progress: Progress,
    shown: io.StringIO,
) -> None:
    go = program(path_dir, "go", GO)
    built = livekit.find_or_install(settings, progress)
    assert built == settings.cache_dir / "bin" / "livekit-server"
    assert built.read_text().endswith("echo built")
    arguments = (settings.cache_dir / "arguments").read_text().split()
    assert arguments == [
        "install",
        "-v",
        "github.com/livekit/livekit-server/cmd/server@v1.13.5",
    ]
    assert "building LiveKit server v1.13.5" in shown.getvalue()
    assert [entry.name for entry in settings.cache_dir.glob("build-*")] == []
    go.unlink()
    assert livekit.find_or_install(settings, progress) == built


def test_a_failed_build_shows_its_log_and_leaves_no_program(
    path_dir: Path, settings: StackSettings, progress: Progress
) -> None:
    program(path_dir, "go", "echo 'no required module'; exit 1")
    with pytest.raises(InstallFailed, match="no required module") as failure:
        livekit.find_or_install(settings, progress)
    assert failure.value.log == settings.cache_dir / "logs" / "livekit-server.log"
    assert not (settings.bin_dir / "livekit-server").exists()


def test_without_go_the_way_out_is_named(
    path_dir: Path, settings: StackSettings, progress: Progress
) -> None:
    with pytest.raises(ProgramMissing, match=r"livekit-server is not on PATH and Go is needed"):
        livekit.find_or_install(settings, progress)


def test_without_a_compiler_the_way_out_is_named(
    path_dir: Path,
    settings: StackSettings,
    progress: Progress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("CXX", "clang++ -stdlib=libc++")
    program(path_dir, "go", GO)
    program(path_dir, "gcc")
    with pytest.raises(ProgramMissing, match=r"needs clang\+\+ .*OLLAMA_HOST"):
        ollama.find_or_install(settings, progress)


def test_debian_packages_need_root_else_the_command_is_named(
    path_dir: Path, settings: StackSettings, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProgramMissing, match="no apt-get here"):
        redis.find_or_install(settings, progress)
    program(path_dir, "apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(
        ProgramMissing, match="Run: sudo apt-get install --no-install-recommends redis-server"
    ):
        redis.find_or_install(settings, progress)
    with pytest.raises(ProgramMissing, match=r"sudo apt-get install .* chromium"):
        chromium.find_or_install(settings, progress)


def test_root_installs_debian_packages_and_tries_again(
    path_dir: Path, settings: StackSettings, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(apt.time, "sleep", lambda _: None)
    calls = path_dir.parent / "calls"
    program(
        path_dir,
        "apt-get",
        f'echo "$@" "$DEBIAN_FRONTEND" >> {calls}\n'
        f'case "$(cat {calls})" in *update*update*) ;; *) exit 100;; esac\n'
        f'case "$*" in *install*) cp {path_dir}/apt-get {path_dir}/redis-server;; esac',
    )
    assert redis.find_or_install(settings, progress) == path_dir / "redis-server"
    lines = calls.read_text().splitlines()
    assert [line.split("--yes ")[1] for line in lines] == [
        "update noninteractive",
        "update noninteractive",
        "install --no-install-recommends redis-server noninteractive",
    ]


def test_apt_that_keeps_failing_is_an_error(
    path_dir: Path, settings: StackSettings, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(apt.time, "sleep", lambda _: None)
    program(path_dir, "apt-get", "echo 'E: no network'; exit 100")
    with pytest.raises(InstallFailed, match="E: no network"):
        redis.find_or_install(settings, progress)


def test_prometheus_is_optional(path_dir: Path, settings: StackSettings) -> None:
    assert prometheus.find(settings) is None
    with pytest.raises(ProgramMissing, match="STACK_PROMETHEUS is true"):
        prometheus.find(settings.model_copy(update={"prometheus": True}))
    found = program(path_dir, "prometheus")
    assert prometheus.find(settings) == found
    assert prometheus.find(settings.model_copy(update={"prometheus": False})) is None


def test_ollama_is_compiled_for_what_the_cpu_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ollama.platform, "machine", lambda: "x86_64")
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor: 0\nflags\t\t: fpu avx fma avx2\nbugs: f16c\n")
    assert ollama.cpu_flags(cpuinfo) == ["-mavx2", "-mfma"]
    cpuinfo.write_text("flags : fpu sse2\n")
    assert ollama.cpu_flags(cpuinfo) == []
    assert ollama.cpu_flags(tmp_path / "missing") == []
    monkeypatch.setattr(ollama.platform, "machine", lambda: "aarch64")
    assert ollama.cpu_flags() == []


def test_an_ollama_for_another_cpu_is_built_again(
    path_dir: Path, settings: StackSettings, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ollama, "cpu_flags", lambda: ["-mavx2"])
    monkeypatch.setattr(ollama, "_debian_headers", lambda *_: None)
    program(path_dir, "go", GO)
    program(path_dir, "gcc")
    program(path_dir, "g++")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.delenv("CXX", raising=False)
    header = settings.cache_dir / "include" / "miniaudio" / "miniaudio.h"
    header.parent.mkdir(parents=True)
    header.touch()

    built = ollama.find_or_install(settings, progress)
    told = (settings.cache_dir / "environment").read_text().strip()
    assert told == f"-I{settings.cache_dir / 'include'}|-O3 -mavx2"
    arguments = settings.cache_dir / "arguments"
    assert "version.Version=0.17.4" in arguments.read_text()

    arguments.unlink()
    assert ollama.find_or_install(settings, progress) == built
    assert not arguments.exists()
    monkeypatch.setattr(ollama, "cpu_flags", list)
    assert ollama.find_or_install(settings, progress) == built
    assert arguments.exists()


def test_two_set_ups_at_once_install_once(tmp_path: Path) -> None:
    order: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with only_one(tmp_path, "it", Step("first"), 5):
            inside.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(5)
    step = Step("second")
    with only_one(tmp_path, "it", step, 5):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert "another set-up" in step.note


def test_the_wait_for_another_set_up_has_an_end(tmp_path: Path) -> None:
    with (
        only_one(tmp_path, "it", Step("x"), 5),
        pytest.raises(InstallFailed, match="holds"),
        only_one(tmp_path, "it", Step("y"), 0),
    ):
        pass

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import numpy as np
import psutil
import pytest
from aiohttp import web

from bench.peers.environment import Recipe, make
from bench.peers.errors import PeerRefusedError, PeerUnavailableError
from bench.peers.settings import PeerSettings
from bench.peers.whisper_live import END, Update, WhisperLive, recipe
from bench.process import Program, engine_environment
from stack.progress import Progress

SEGMENTS = [
    {"start": "0.000", "end": "1.200", "text": " Red blue.", "completed": True},
    {"start": "1.200", "end": "2.000", "text": " Green", "completed": False},
]


class Server:
    """Speaks WhisperLive's protocol: an answer for each piece of audio, as its own server."""

    def __init__(self, answer: dict[str, object]) -> None:
        self.answer = answer
        self.config: dict[str, object] = {}
        self.heard = np.zeros(0, np.float32)
        self.ended = False

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.config = await ws.receive_json()
        await ws.send_json({"uid": self.config["uid"], **self.answer})
        async for message in ws:
            if message.data == END:
                self.ended = True
                break
            self.heard = np.concatenate([self.heard, np.frombuffer(message.data, np.float32)])
            await ws.send_json({"uid": "x", "language": "en", "language_prob": 1.0})
            await ws.send_json({"uid": "x", "segments": SEGMENTS})
        await ws.close()
        return ws


async def connected(answer, tmp_path):
    server = Server(answer)
    app = web.Application()
    app.router.add_get("/", server.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    peer = WhisperLive(PeerSettings(cache_dir=tmp_path), model=tmp_path)
    peer.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    peer._session = aiohttp.ClientSession()
    return server, runner, peer


async def test_a_stream_sends_floats_and_gives_what_is_shown(tmp_path):
    server, runner, peer = await connected(
        {"message": "SERVER_READY", "backend": "faster_whisper"}, tmp_path
    )
    stream = await peer.connect("de")
    await stream.send(np.array([0.5, -1.0], np.float32))
    shown: list[Update] = []
    async with asyncio.timeout(10):
        async for update in stream:
            shown.append(update)
            await stream.close()
    assert [update.text for update in shown] == ["Red blue. Green"]
    assert [s.completed for s in shown[0].segments] == [True, False]
    assert shown[0].segments[1].start_s == 1.2
    assert server.heard.tolist() == [0.5, -1.0]
    assert server.ended
    assert server.config["language"] == "de"
    await peer.close()
    await runner.cleanup()


@pytest.mark.parametrize("status", ["WAIT", "ERROR"])
async def test_a_refused_stream_says_why(tmp_path, status):
    _, runner, peer = await connected({"status": status, "message": 0.2}, tmp_path)
    with pytest.raises(PeerRefusedError, match=status):
        await peer.connect()
    await peer.close()
    await runner.cleanup()


def fake_uv(folder: Path) -> Path:
    """Makes the folders that uv would, and notes how it was called."""
    folder.mkdir(parents=True)
    script = folder / "uv"
    script.write_text(
        f"""#!{sys.executable}
import pathlib, sys
calls = pathlib.Path(__file__).with_name("calls")
calls.open("a").write(" ".join(sys.argv[1:]) + "\\n")
if "broken" in sys.argv:
    sys.exit("no such package: broken")
if sys.argv[1] == "venv":
    place = pathlib.Path(sys.argv[-1])
    (place / "lib" / "python3.11" / "site-packages").mkdir(parents=True, exist_ok=True)
"""
    )
    script.chmod(0o755)
    return folder / "calls"


def test_an_environment_is_made_once_and_anew_for_another_recipe(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.defpath)
    calls = fake_uv(tmp_path / "uv" / "bin")
    (tmp_path / "debian" / "torch").mkdir(parents=True)
    settings = PeerSettings(cache_dir=tmp_path, system_packages=tmp_path / "debian")
    plan = Recipe(
        "peer",
        Path(sys.executable),
        ("one==1",),
        alone=("two==2",),
        debian=(("python3-torch", "torch"),),
    )
    python = make(plan, settings, Progress())
    made = calls.read_text().splitlines()
    assert [line.split()[0] for line in made] == ["venv", "pip", "pip"]
    assert "--no-deps two==2" in made[2]
    site = python.parents[1] / "lib" / "python3.11" / "site-packages"
    assert (site / "debian.pth").read_text().strip() == str(tmp_path / "debian")
    assert make(plan, settings, Progress()) == python
    assert len(calls.read_text().splitlines()) == 3
    make(Recipe("peer", Path(sys.executable), ("one==2",)), settings, Progress())
    assert len(calls.read_text().splitlines()) == 5


def test_an_environment_that_fails_is_not_taken_for_made(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.defpath)
    fake_uv(tmp_path / "uv" / "bin")
    settings = PeerSettings(cache_dir=tmp_path)
    for _ in range(2):
        with pytest.raises(PeerUnavailableError, match="no such package: broken"):
            make(Recipe("peer", Path(sys.executable), ("broken",)), settings, Progress())


def test_without_uv_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PeerUnavailableError, match="make setup"):
        make(Recipe("peer", Path(sys.executable), ()), PeerSettings(cache_dir=tmp_path), Progress())


def test_whisper_live_is_locked_to_the_engine_that_ours_has():
    import ctranslate2

    found = recipe(PeerSettings())
    assert f"ctranslate2=={ctranslate2.__version__}" in found.packages
    assert found.alone == (f"whisper-live=={PeerSettings().whisper_live_version}",)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv (util-linux)")
def test_a_bench_that_is_killed_leaves_no_program_behind():
    program = "print('runs', flush=True); import time; time.sleep(60)"
    script = (
        "import sys; from bench.process import Program;"
        f"program = Program([sys.executable, '-c', {program!r}], {{}}, tells=True, cores=1);"
        "print(program.line(), program.pid, flush=True); sys.stdin.read()"
    )
    bench = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with bench:
        says, pid = bench.stdout.readline().split()
        assert says == "runs"
        left = psutil.Process(int(pid))
        bench.kill()
    left.wait(10)


def test_a_program_is_asked_and_stopped(monkeypatch):
    program = Program(
        [
            sys.executable,
            "-c",
            "import sys; [print(line * 2, end='', flush=True) for line in sys.stdin]",
        ],
        {},
        tells=True,
        asked=True,
    )
    program.ask("red")
    assert program.line() == "red"
    assert program.usage().memory_mb > 1
    program.stop()
    assert program.ended is not None
    broken = Program([sys.executable, "-c", "raise SystemExit(3)"], {}, tells=True)
    with pytest.raises(RuntimeError, match="ended with 3"):
        broken.line()
    broken.stop()
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert engine_environment(2)["OMP_NUM_THREADS"] == "7"

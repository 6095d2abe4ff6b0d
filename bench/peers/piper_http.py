"""Piper's own HTTP server, in an environment of its own: `python -m bench.peers.piper_http`.

It is started as its documentation says, with the versions of Piper and ONNX Runtime that this
project has locked, so that a bench compares ways of serving and nothing else. ONNX Runtime takes
as many threads as there are cores: fewer threads are had by giving the process fewer cores.
"""

import asyncio
import fcntl
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

import model_store
from bench.process import Program

START_S = 90.0
REQUEST_S = 120.0
PACKAGES = ("piper-tts", "onnxruntime", "onnx", "numpy")
"""Taken in the versions that this project has."""


def default_folder() -> Path:
    """Folder of the server's environment, in the project's cache."""
    return model_store.ModelStoreSettings().cache_dir / "bench" / "piper-http"


class PiperHttpServer:
    """The server as a process, and a client of it; an async context manager.

    Args:
        voice: A name of models.toml or a path.
        threads: Cores, hence threads, that it may use.
        folder: Its Python environment; made when it is missing.
    """

    def __init__(self, voice: str, *, threads: int, folder: Path | None = None) -> None:
        self._voice = voice
        self._threads = threads
        self._folder = folder or default_folder()
        self.url = ""

    async def open(self) -> None:
        """Start it and wait until it answers.

        Raises:
            TimeoutError: It does not answer in time.
            RuntimeError: It ended.
        """
        python = await asyncio.to_thread(make_environment, self._folder)
        place = model_store.resolve(self._voice)
        graph = place if place.is_file() else next(place.glob("*.onnx"))
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = [str(python), "-m", "piper.http_server", "-m", str(graph)]
        self.process = Program(
            [*program, "--host", "127.0.0.1", "--port", str(port)],
            {},
            cores=self._threads,
        )
        self._client = httpx.AsyncClient(base_url=self.url, timeout=REQUEST_S, trust_env=False)
        async with asyncio.timeout(START_S):
            while True:
                if self.process.ended is not None:
                    raise RuntimeError("Piper's HTTP server did not start")
                try:
                    await self._client.get("/info")
                    return
                except httpx.TransportError:
                    await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Disconnect and stop it."""
        await self._client.aclose()
        await asyncio.to_thread(self.process.stop)

    async def synthesize(self, text: str) -> bytes:
        """Speak a text; gives the WAV file, which comes when all of it is made."""
        response = await self._client.post("/synthesize", json={"text": text})
        response.raise_for_status()
        return response.content

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def make_environment(folder: Path) -> Path:
    """Make the server's environment when it is missing or of other versions; gives its Python.

    Blocks for seconds. Several benches may ask at once.
    """
    python = folder / "bin" / "python"
    wanted = [f"{name}=={version(name)}" for name in PACKAGES]
    note = folder / "packages.txt"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if python.exists() and note.is_file() and note.read_text().split() == wanted:
            return python
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, *wanted, "flask"], check=True)
        note.write_text("\n".join(wanted))
    return python


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _serve() -> None:
    async with PiperHttpServer("en_US-joe-medium", threads=64) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())

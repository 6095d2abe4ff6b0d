"""WhisperLive's own server as a process, and a client of its WebSocket protocol.

The package names several gigabytes of CUDA, OpenVINO and the like that its faster-whisper way does
not use, so it is installed without what it requires, and that is named here. The model is a local
folder and the hub is switched off, so that nothing is fetched. Its text is not final before it has
been repeated several times; a client takes what it shows as `Update.text`.
"""

import asyncio
import json
import socket
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import aiohttp
import numpy as np
import numpy.typing as npt

from bench.peers.environment import Recipe, make
from bench.peers.errors import PeerRefusedError, PeerUnavailableError
from bench.peers.settings import PeerSettings
from bench.process import Program, Usage, engine_environment
from stack.progress import Progress

__all__ = ["RATE_HZ", "Segment", "Stream", "Update", "WhisperLive", "recipe"]

RATE_HZ: Final = 16_000
CONNECTION_S: Final = 3600
END: Final = b"END_OF_AUDIO"

# Its command line lives in its repository and not in its package; this is what it would call.
_SERVE: Final = """
import sys
from whisper_live.server import TranscriptionServer
port, model, clients, seconds, batch = sys.argv[1:]
TranscriptionServer().run(
    "127.0.0.1", port=int(port), backend="faster_whisper", single_model=True,
    faster_whisper_custom_model_path=model, max_clients=int(clients),
    max_connection_time=int(seconds), batch_enabled=batch == "batch",
)
"""


@dataclass(frozen=True)
class Segment:
    """A piece of its transcript; times in seconds of the stream's audio."""

    text: str
    start_s: float
    end_s: float
    completed: bool


@dataclass(frozen=True)
class Update:
    """What it shows at one moment: its last segments, the newest of which still changes."""

    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """All of it as one text."""
        return " ".join(segment.text.strip() for segment in self.segments)


class Stream:
    """One caller's stream; made by `WhisperLive.connect`."""

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket_

    async def send(self, samples: npt.NDArray[np.float32]) -> None:
        """Send samples at `RATE_HZ`, full scale at -1 and 1."""
        await self._socket.send_bytes(samples.astype("<f4").tobytes())

    async def __aiter__(self) -> AsyncIterator[Update]:
        """Give what it shows, each time it sends it, until the stream is closed."""
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            found = json.loads(message.data)
            if found.get("message") == "DISCONNECT":
                return
            if "segments" in found:
                yield Update(tuple(_segment(one) for one in found["segments"]))

    async def close(self) -> None:
        """Say that no audio comes any more, and disconnect; it drops what it has not decoded."""
        if not self._socket.closed:
            await self._socket.send_bytes(END)
        await self._socket.close()


class WhisperLive:
    """Its server; ``open`` starts it and waits until its model is loaded.

    Args:
        settings: Where it is kept.
        model: Folder of the model, in CTranslate2's form and with its tokenizer.
        threads: Threads of its engine, unless OMP_NUM_THREADS is set.
        max_clients: Streams that it takes at once.
        batch: Use its batches across callers.
        log: Where its output goes.
    """

    name = "WhisperLive"

    def __init__(
        self,
        settings: PeerSettings,
        *,
        model: Path,
        threads: int = 2,
        max_clients: int = 64,
        batch: bool = False,
        log: Path | None = None,
    ) -> None:
        self._settings = settings
        self._model = model
        self._threads = threads
        self._arguments = (str(max_clients), str(CONNECTION_S), "batch" if batch else "single")
        self._log = log
        self._program: Program | None = None
        self._session: aiohttp.ClientSession | None = None
        self.url = ""

    async def open(self, progress: Progress) -> None:
        """Install it when it is missing, start it, and load its model.

        Raises:
            PeerUnavailableError: It cannot be installed, or does not start.
        """
        python = await asyncio.to_thread(make, recipe(self._settings), self._settings, progress)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        self.url = f"ws://127.0.0.1:{port}"
        self._program = Program(
            [str(python), "-c", _SERVE, str(port), str(self._model.resolve()), *self._arguments],
            {
                **engine_environment(self._threads),
                "HF_HUB_OFFLINE": "1",
                "HF_HUB_DISABLE_TELEMETRY": "1",
            },
            log=self._log,
        )
        self._session = aiohttp.ClientSession(trust_env=False)
        try:
            async with asyncio.timeout(self._settings.start_s):
                await self._load()
        except BaseException:
            await self.close()
            raise

    async def connect(self, language: str = "en") -> Stream:
        """Open a stream, with the settings that its own client sends.

        Raises:
            PeerRefusedError: It is full, or failed.
        """
        assert self._session is not None
        found = await self._session.ws_connect(self.url, max_msg_size=0, heartbeat=None)
        await found.send_json(
            {
                "uid": str(uuid.uuid4()),
                "language": language,
                "task": "transcribe",
                "model": str(self._model),
                "use_vad": True,
                "send_last_n_segments": 10,
                "no_speech_thresh": 0.45,
                "clip_audio": False,
                "same_output_threshold": 10,
            }
        )
        async for message in found:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            answer = json.loads(message.data)
            if answer.get("message") == "SERVER_READY":
                return Stream(found)
            if "status" in answer:
                await found.close()
                raise PeerRefusedError(f"{answer['status']}: {answer.get('message')}")
        await found.close()
        raise PeerRefusedError("it closed the stream before it was ready")

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._program is not None
        return self._program.pid

    def usage(self) -> Usage:
        """Read what its process has used."""
        assert self._program is not None
        return self._program.usage()

    async def close(self) -> None:
        """Disconnect and stop it."""
        if self._session is not None:
            await self._session.close()
        if self._program is not None:
            await asyncio.to_thread(self._program.stop)

    async def _load(self) -> None:
        """Wait until it listens, and let it load its model for a first caller."""
        assert self._program is not None
        while True:
            if self._program.ended is not None:
                raise PeerUnavailableError(
                    f"WhisperLive ended with {self._program.ended}; its log: {self._log}"
                )
            try:
                stream = await self.connect()
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.2)
                continue
            except PeerRefusedError as error:
                raise PeerUnavailableError(f"WhisperLive cannot serve: {error}") from error
            await stream.close()
            return


def recipe(settings: PeerSettings) -> Recipe:
    """Give what its environment is made of."""
    return Recipe(
        name="whisper-live",
        python=settings.system_python,
        packages=(
            "faster-whisper==1.2.0",
            f"ctranslate2=={version('ctranslate2')}",
            "tokenizers==0.20.3",
            "huggingface-hub>=0.36,<0.37",
            # Debian's torch is built against the first major version.
            "numpy>=1.26.4,<2",
            "fastapi",
            "uvicorn",
            "python-multipart",
            "websockets",
            "websocket-client",
            "kaldialign",
            "scipy",
            "soundfile",
            "prometheus-client",
        ),
        alone=(f"whisper-live=={settings.whisper_live_version}",),
        debian=(("python3-torch", "torch"),),
    )


def _segment(found: dict[str, object]) -> Segment:
    return Segment(
        text=str(found["text"]),
        start_s=float(str(found["start"])),
        end_s=float(str(found["end"])),
        completed=bool(found.get("completed")),
    )

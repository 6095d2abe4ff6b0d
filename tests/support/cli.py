"""The command line in this process, on a thread, and the neighbours that its tests need."""

import asyncio
import json
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from aiohttp import web
from trinity.speech.v1 import server_service_pb2 as info
from trinity.speech.v1 import server_service_pb2_grpc as info_grpc
from trinity.speech.v1 import text_to_speech_service_pb2 as tts
from trinity.speech.v1.speech_to_text_service_pb2_grpc import (
    add_SpeechToTextServiceServicer_to_server,
)
from trinity.speech.v1.text_to_speech_service_pb2_grpc import (
    add_TextToSpeechServiceServicer_to_server,
)

from tests.support.fake_speech import FakeSpeech, Script
from trinity_cli import main


@dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        return json.loads(self.err.splitlines()[-1])["error"]


class Cli:
    """Runs commands as the shell would, with their own environment."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    async def __call__(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        status = await asyncio.to_thread(main, arguments)
        shown = self._capsys.readouterr()
        return Result(status, shown.out, shown.err)


class ListedSpeech(FakeSpeech, info_grpc.ServerServiceServicer):
    """The fake speech server with voices, models and figures; it has the voice `fake` only."""

    def __init__(self, script: Script | None = None) -> None:
        super().__init__(script)
        self.stats = info.GetStatsResponse(
            speech_to_text=info.ServiceStats(streams_capacity=4),
            text_to_speech=info.ServiceStats(streams_capacity=4),
        )

    async def start(self, port: int = 0) -> int:
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        add_SpeechToTextServiceServicer_to_server(self, self._server)
        add_TextToSpeechServiceServicer_to_server(self, self._server)
        info_grpc.add_ServerServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        await self._server.start()
        return self.port

    async def ListVoices(self, request: tts.ListVoicesRequest, context: Any) -> Any:
        voice = tts.VoiceInfo(
            name="fake", language_code="en-US", sample_rate_hertz=24_000, is_default=True
        )
        wanted = voice.language_code.startswith(request.language_code)
        return tts.ListVoicesResponse(voices=[voice] if wanted else [])

    async def ListModels(self, request: info.ListModelsRequest, context: Any) -> Any:
        model = info.ModelInfo(
            name="ear", language_codes=["en", "de"], device="cpu", is_default=True
        )
        return info.ListModelsResponse(models=[model])

    async def GetStats(self, request: info.GetStatsRequest, context: Any) -> Any:
        return self.stats

    async def Synthesize(self, request_iterator: Any, context: Any) -> Any:  # type: ignore[override]
        async def checked() -> AsyncIterator[tts.SynthesizeRequest]:
            async for request in request_iterator:
                if request.config.voice not in ("", "fake"):
                    await context.abort(
                        grpc.StatusCode.NOT_FOUND, f"voice {request.config.voice} is not here"
                    )
                yield request

        async for reply in super().Synthesize(checked(), context):
            yield reply


def program(folder: Path, name: str, text: str) -> Path:
    """A program of a test's own, in Python, to be found on PATH."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@dataclass
class SmallHttp:
    """An HTTP server that answers what a test says, path by path; 404 to everything else."""

    url: str = ""
    answers: dict[str, list[web.Response]] = field(default_factory=dict)
    """By method and path; the last answer is given again and again."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def on(self, path: str, *bodies: object, status: int = 200, **headers: str) -> None:
        """Answer ``METHOD /path`` with these bodies in turn."""
        made = [
            web.Response(body=json.dumps(each), status=status, headers=headers,
                         content_type="application/json")
            for each in bodies
        ]  # fmt: skip
        self.answers.setdefault(path, []).extend(made)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append((request.method, request.path_qs, json.loads(body) if body else None))
        answers = self.answers.get(f"{request.method} {request.path}", [])
        if not answers:
            return web.Response(status=404, text="nothing here")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return web.Response(
            body=answer.body,
            status=answer.status,
            headers={**answer.headers},
        )


@asynccontextmanager
async def small_http() -> AsyncIterator[SmallHttp]:
    small = SmallHttp()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", small.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    small.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield small
    finally:
        await runner.cleanup()

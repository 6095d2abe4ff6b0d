"""The health check of our images, against real servers."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tests.support.file_server import file_server

SCRIPT = Path(__file__).resolve().parents[2] / "docker" / "healthcheck.py"
STT, TTS = "trinity.speech.v1.SpeechToTextService", "trinity.speech.v1.TextToSpeechService"


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture
def speech() -> Iterator[str]:
    """A gRPC server that serves recognition, and not yet synthesis."""
    with ThreadPoolExecutor(2) as executor:
        servicer = health.HealthServicer()
        servicer.set(STT, health_pb2.HealthCheckResponse.SERVING)
        servicer.set(TTS, health_pb2.HealthCheckResponse.NOT_SERVING)
        server = grpc.server(executor)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(0).wait()


def test_grpc(speech: str) -> None:
    assert check("grpc", speech, STT).returncode == 0
    not_yet = check("grpc", speech, STT, TTS)
    assert not_yet.returncode == 1
    assert "NOT_SERVING" in not_yet.stderr
    assert "NOT_FOUND" in check("grpc", speech, "trinity.speech.v1.None").stderr


def test_http() -> None:
    with file_server() as files:
        files.add("/livez", b"ok")
        assert check("http", f"{files.url}/livez").returncode == 0
        assert "404" in check("http", f"{files.url}/none").stderr
        closed = files.url
    assert check("http", f"{closed}/livez").returncode == 1


def test_wrong_use_is_not_healthy() -> None:
    assert check().returncode == 1
    assert check("grpc", "127.0.0.1:1").returncode == 1

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from stack import StackSettings, readiness
from stack.neighbours import find_redis
from stack.ports import free_base
from stack.readiness import Waiting


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = {
            "/": (200, b"OK"),
            "/api/version": (200, json.dumps({"version": "0.17.4"}).encode()),
            "/readyz": (503, b"not yet"),
        }.get(self.path, (404, b""))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def http_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_http(http_port: int) -> None:
    readiness.http(f"http://127.0.0.1:{http_port}/")()
    readiness.livekit(f"ws://127.0.0.1:{http_port}")()
    with pytest.raises(Waiting, match="HTTP 503"):
        readiness.http(f"http://127.0.0.1:{http_port}/readyz")()
    with pytest.raises(Waiting, match="Connection refused"):
        readiness.http(f"http://127.0.0.1:{free_base()}/")()


def test_ollama(http_port: int) -> None:
    assert readiness.ollama_version(f"127.0.0.1:{http_port}") == "0.17.4"
    readiness.ollama(f"http://127.0.0.1:{http_port}")()
    with pytest.raises(Waiting, match="no Ollama"):
        readiness.ollama(f"http://127.0.0.1:{free_base()}")()
    # Something else that listens there is no Ollama.
    assert readiness.ollama_version(f"http://127.0.0.1:{http_port}/other") is None
    assert readiness.ollama_version("http://[broken") is None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("gpu.local:11500", "http://gpu.local:11500"),
        ("http://gpu.local", "http://gpu.local:11434"),
        ("https://llm.example/", "https://llm.example"),
        ("0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:9", "http://[::1]:9"),
    ],
)
def test_an_ollama_host_may_leave_things_out(host: str, address: str) -> None:
    assert readiness.http_address(host) == address


def test_redis(tmp_path: Path) -> None:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not on PATH")
    port = free_base()
    url = f"redis://127.0.0.1:{port}/0"
    with pytest.raises(Waiting, match="Redis"):
        readiness.redis_ping(url)()
    command = [program, "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ready to accept connections" in line:
                break
        readiness.redis_ping(url)()
        # Not named, but at the port where the stack would start one.
        assert find_redis(StackSettings(redis_port=port)) == url
        assert find_redis(StackSettings(redis_port=port, port_base=free_base())) is None
        process.terminate()
    assert find_redis(StackSettings(redis_port=port)) is None


def test_grpc_health_waits_for_every_service() -> None:
    servicer = health.HealthServicer()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    probe = readiness.grpc_health(f"127.0.0.1:{port}", readiness.SPEECH_SERVICES)
    with pytest.raises(Waiting, match=r"UNAVAILABLE|DEADLINE"):
        readiness.grpc_health(f"127.0.0.1:{free_base()}", readiness.SPEECH_SERVICES)()
    server.start()
    try:
        with pytest.raises(Waiting, match="NOT_FOUND"):
            probe()
        for service in readiness.SPEECH_SERVICES:
            servicer.set(service, health_pb2.HealthCheckResponse.SERVING)
        probe()
        servicer.set(
            "trinity.speech.v1.TextToSpeechService", health_pb2.HealthCheckResponse.NOT_SERVING
        )
        with pytest.raises(Waiting, match="TextToSpeechService is NOT_SERVING"):
            probe()
    finally:
        server.stop(None).wait()


def test_every_speech_service_is_asked() -> None:
    assert set(readiness.SPEECH_SERVICES) == {
        "trinity.speech.v1.ServerService",
        "trinity.speech.v1.SpeechToTextService",
        "trinity.speech.v1.TextToSpeechService",
    }

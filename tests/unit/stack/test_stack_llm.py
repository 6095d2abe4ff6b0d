"""The language model, against a small server that speaks Ollama's API."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import model_store
from stack import ModelFailed, Progress, StackSettings, free_base, llm
from stack.neighbours import find_ollama


class FakeOllama(ThreadingHTTPServer):
    """Keeps models as Ollama shows them, and refuses what Ollama refuses."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models: dict[str, dict[str, str]] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.registry = {"llama3.1"}

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeOllama

    def do_GET(self) -> None:
        self.answer(200, {"version": "0.17.4"})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(length)
        if self.path.startswith("/api/blobs/"):
            self.server.blobs[self.path.rpartition("/")[2]] = body
            return self.answer(201)
        request = json.loads(body)
        name = request.get("model")
        self.server.requests.append((self.path, request))
        models = self.server.models
        match self.path:
            case "/api/show" if name in models:
                return self.answer(200, {**models[name], "model_info": {}})
            case "/api/create":
                lines = []
                for key, value in request["parameters"].items():
                    for item in value if isinstance(value, list) else [value]:
                        lines.append(f"{key:<30} {json.dumps(item)}")
                assert set(request["files"].values()) <= set(self.server.blobs)
                models[name] = {"template": request["template"], "parameters": "\n".join(lines)}
                return self.answer(200, {"status": "success"})
            case "/api/pull" if name in self.server.registry:
                models[name] = {"template": "", "parameters": ""}
                half = {"status": "pulling", "total": 4_000_000, "completed": 2_000_000}
                return self.answer(200, half, {"status": "success"})
            case "/api/pull":
                return self.answer(500, {"error": "pull model manifest: file does not exist"})
            case "/api/generate" if name in models:
                return self.answer(200, {"model": name, "response": "", "done": True})
        return self.answer(404, {"error": f"model '{name}' not found"})

    def answer(self, status: int, *bodies: dict[str, Any]) -> None:
        data = b"".join(json.dumps(body).encode() + b"\n" for body in bodies)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def ollama() -> Iterator[FakeOllama]:
    with FakeOllama() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a model as the model store gives it."""
    file = tmp_path / "smollm2-135m" / "SmolLM2.gguf"
    file.parent.mkdir()
    file.write_bytes(b"GGUF" * 20000)
    monkeypatch.setattr(model_store, "resolve", lambda name: tmp_path / name)
    return file


SETTINGS = StackSettings(llm_model="smollm2-135m", llm_num_thread=3, llm_num_ctx=1024)


def test_the_embedded_model_is_made_once(ollama: FakeOllama, gguf: Path) -> None:
    shown = io.StringIO()
    llm.ensure(SETTINGS, ollama.host, Progress(shown))
    assert list(ollama.blobs.values()) == [gguf.read_bytes()]
    made = ollama.models["smollm2-135m"]
    assert made["template"] == llm.CHATML
    assert '"<|im_end|>"' in made["parameters"]
    assert "making smollm2-135m" in shown.getvalue()

    ollama.requests.clear()
    llm.ensure(SETTINGS, ollama.host, Progress(shown))
    assert [path for path, _ in ollama.requests] == ["/api/show"]


@pytest.mark.parametrize("changed", [{"template": "{{ .Prompt }}"}, {"parameters": "num_ctx 1"}])
def test_a_model_of_an_earlier_version_is_made_again(
    ollama: FakeOllama, gguf: Path, changed: dict[str, str]
) -> None:
    llm.ensure(SETTINGS, ollama.host, Progress(io.StringIO()))
    ollama.models["smollm2-135m"].update(changed)
    llm.ensure(SETTINGS, ollama.host, Progress(io.StringIO()))
    assert ollama.models["smollm2-135m"]["template"] == llm.CHATML
    assert "num_ctx 1\n" not in ollama.models["smollm2-135m"]["parameters"]


def test_the_owners_model_is_pulled_when_it_is_missing(ollama: FakeOllama) -> None:
    settings = SETTINGS.model_copy(update={"llm_model": "llama3.1"})
    for _ in range(2):
        llm.ensure(settings, ollama.host, Progress(io.StringIO()))
    paths = [path for path, _ in ollama.requests]
    assert paths == ["/api/show", "/api/pull", "/api/show"]


def test_a_model_that_nobody_has_is_an_error(ollama: FakeOllama) -> None:
    settings = SETTINGS.model_copy(update={"llm_model": "no-such-model"})
    with pytest.raises(ModelFailed, match=r"no-such-model.*file does not exist"):
        llm.ensure(settings, ollama.host, Progress(io.StringIO()))
    with pytest.raises(ModelFailed, match="cannot run"):
        llm.load(settings, ollama.host, Progress(io.StringIO()))


def test_an_ollama_that_runs_is_used(ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    port = int(ollama.host.rpartition(":")[2])
    assert find_ollama(StackSettings(ollama_host=f"127.0.0.1:{port}")) == ollama.host
    # Not named, but at the port where the stack would start one.
    assert find_ollama(StackSettings(ollama_port=port)) == ollama.host
    # A stack with ports of its own stays by itself.
    assert find_ollama(StackSettings(ollama_port=port, port_base=free_base())) is None


def test_an_ollama_that_is_away_is_an_error() -> None:
    with pytest.raises(ModelFailed, match="could not provide the model"):
        llm.ensure(SETTINGS, f"http://127.0.0.1:{free_base()}", Progress(io.StringIO()))


def test_a_model_that_was_not_fetched_names_the_command(
    ollama: FakeOllama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRINITY_CACHE_DIR", str(tmp_path))
    with pytest.raises(ModelFailed, match="model_store fetch"):
        llm.ensure(SETTINGS, ollama.host, Progress(io.StringIO()))


def test_it_is_loaded_as_the_agent_will_ask_for_it(ollama: FakeOllama, gguf: Path) -> None:
    llm.ensure(SETTINGS, ollama.host, Progress(io.StringIO()))
    llm.load(SETTINGS, ollama.host, Progress(io.StringIO()))
    _, request = ollama.requests[-1]
    assert request["options"] == {"num_ctx": 1024, "num_thread": 3}
    assert request["keep_alive"] == -1
    hours = SETTINGS.model_copy(update={"llm_keep_alive": "2h"})
    llm.load(hours, ollama.host, Progress(io.StringIO()))
    assert ollama.requests[-1][1]["keep_alive"] == "2h"


def test_the_model_gets_half_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGENT_LLM_NUM_THREAD", raising=False)
    for cores, threads in [(1, 1), (2, 1), (8, 4)]:
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert llm.llm_threads(StackSettings()) == threads
    assert llm.llm_threads(SETTINGS) == 3

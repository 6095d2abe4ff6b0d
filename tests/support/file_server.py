"""A web server of files on loopback that can misbehave: cut, refuse, ignore ranges."""

import hashlib
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO


@dataclass
class Served:
    """One file, and what goes wrong with the next requests for it."""

    content: bytes
    cuts: list[int] = field(default_factory=list)
    """Of each of the next answers: bytes that are sent before the connection breaks."""
    statuses: list[int] = field(default_factory=list)
    """Of each of the next answers: a status instead of the file."""
    ranges: bool = True
    only_user_agent: str = ""
    """Others than clients whose user agent begins so get 403."""
    chunk_pause_s: float = 0.0


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    range: str


class FileServer:
    def __init__(self, url: str) -> None:
        self.url = url
        self.files: dict[str, Served] = {}
        self.requests: list[Request] = []

    def add(self, path: str, content: bytes) -> Served:
        self.files[path] = Served(content)
        return self.files[path]

    def gets(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def add_package(self, name: str, version: str, members: Mapping[str, bytes]) -> bytes:
        """Puts a package with one wheel into the simple index at /simple/; returns the wheel."""
        stem = f"{name.replace('-', '_')}-{version}"
        wheel = make_wheel(name, version, members)
        filename = f"{stem}-py3-none-any.whl"
        digest = hashlib.sha256(wheel).hexdigest()
        self.add(f"/files/{filename}", wheel)
        page = f'<!DOCTYPE html><a href="/files/{filename}#sha256={digest}">{filename}</a>'
        self.add(f"/simple/{name}/", page.encode())
        return wheel


def make_wheel(name: str, version: str, members: Mapping[str, bytes]) -> bytes:
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            archive.writestr(path, content)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return buffer.getvalue()


def _handler(server: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            wanted = self.headers.get("Range", "")
            server.requests.append(Request(self.command, self.path, wanted))
            served = server.files.get(self.path)
            if served is None:
                return self._plain(404)
            if not self.headers.get("User-Agent", "").startswith(served.only_user_agent):
                return self._plain(403)
            if body and served.statuses:
                return self._plain(served.statuses.pop(0))
            start, end = self._range(wanted, len(served.content)) if served.ranges else (None, None)
            content = served.content
            if start is not None and end is not None:
                if start >= len(content):
                    return self._plain(416)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{end}/{len(content)}")
                content = content[start : end + 1]
            else:
                self.send_response(200)
            if served.ranges:
                self.send_header("Accept-Ranges", "bytes")
            kind = "text/html" if self.path.endswith("/") else "application/octet-stream"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if not body:
                return None
            cut = served.cuts.pop(0) if served.cuts else None
            for chunk in _chunks(content if cut is None else content[:cut]):
                if served.chunk_pause_s:
                    threading.Event().wait(served.chunk_pause_s)
                self.wfile.write(chunk)
            if cut is not None:
                self.close_connection = True
            return None

        def _plain(self, status: int) -> None:
            self.send_response(status)
            if status == 503:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()

        @staticmethod
        def _range(header: str, size: int) -> tuple[int | None, int | None]:
            if not header.startswith("bytes="):
                return None, None
            first, _, last = header.removeprefix("bytes=").partition("-")
            if not first:
                return max(size - int(last), 0), size - 1
            return int(first), min(int(last), size - 1) if last else size - 1

    return Handler


def _chunks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 16384):
        yield content[start : start + 16384]


@contextmanager
def file_server() -> Iterator[FileServer]:
    """Serves on a free port of loopback until the block ends."""
    files = FileServer("")
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(files))
    http.daemon_threads = True
    files.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), name="file-server")
    thread.start()
    try:
        yield files
    finally:
        http.shutdown()
        thread.join()
        http.server_close()

"""A SIP server that knows one answer, over real UDP."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class SipServer:
    port: int
    asked: list[bytes] = field(default_factory=list)


@contextmanager
def sip_server(answer: bytes) -> Iterator[SipServer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        server = SipServer(sock.getsockname()[1])

        def serve() -> None:
            while True:
                asked, address = sock.recvfrom(4096)
                if not asked:
                    return
                server.asked.append(asked)
                sock.sendto(answer, address)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", server.port))
            thread.join(5)

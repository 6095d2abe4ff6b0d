"""``/metrics`` over HTTP, on a thread of its own so that a scrape never waits for a stream."""

import threading
from typing import Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

POLL_S: Final = 0.05
"""How soon the thread sees that it is to end."""


class MetricsEndpoint:
    """Serves a registry until it is closed.

    Raises:
        OSError: The port cannot be had.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        self._server = make_server(
            host, port, make_wsgi_app(registry), ThreadingWSGIServer, handler_class=_Silent
        )
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="speech-metrics", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Silent(WSGIRequestHandler):
    """A scrape is no event."""

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""

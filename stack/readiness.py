"""Whether a part of the stack is ready, asked by its real protocol.

A probe is called again and again until it returns. It raises `Waiting` with the reason, in words
for people, as long as the part is not ready; each probe answers within ``PROBE_TIMEOUT_S``.
"""

import secrets
import socket
from collections.abc import Callable

import grpc
import httpx
import redis
from grpc_health.v1 import health_pb2, health_pb2_grpc
from trinity.speech.v1 import (
    server_service_pb2,
    speech_to_text_service_pb2,
    text_to_speech_service_pb2,
)

PROBE_TIMEOUT_S = 2.0

Probe = Callable[[], None]

SPEECH_SERVICES = tuple(
    service.full_name
    for module in (
        server_service_pb2,
        speech_to_text_service_pb2,
        text_to_speech_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
)


class Waiting(Exception):
    """A part is not ready yet; the text says what it waits for."""


def http(url: str) -> Probe:
    """Ready when ``GET url`` answers 200."""

    def probe() -> None:
        _get(url)

    return probe


def redis_ping(url: str) -> Probe:
    """Ready when Redis answers PING, which it refuses while it loads its data."""

    def probe() -> None:
        try:
            with redis.Redis.from_url(
                url,
                socket_timeout=PROBE_TIMEOUT_S,
                socket_connect_timeout=PROBE_TIMEOUT_S,
                retry=None,
            ) as client:
                client.ping()
        except redis.RedisError as error:
            raise Waiting(f"Redis: {error}") from None

    return probe


def livekit(url: str) -> Probe:
    """Ready when LiveKit answers on its signal port (it does so once its node is registered)."""
    scheme, _, rest = url.partition("://")
    return http(f"{'https' if scheme in ('wss', 'https') else 'http'}://{rest}")


def ollama(host: str) -> Probe:
    """Ready when Ollama tells its version."""

    def probe() -> None:
        if not ollama_version(host):
            raise Waiting(f"no Ollama at {host}")

    return probe


def ollama_version(host: str) -> str | None:
    """Give the version of the Ollama at an address, or None when none answers."""
    try:
        answer = httpx.get(
            f"{http_address(host)}/api/version", timeout=PROBE_TIMEOUT_S, trust_env=False
        )
        return str(answer.json()["version"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return None


def http_address(host: str) -> str:
    """Write an ``OLLAMA_HOST`` in full: a scheme and a port may be left out of it."""
    address = host if "://" in host else f"http://{host}"
    scheme, _, rest = address.rstrip("/").partition("://")
    bare = rest.rpartition("]")[2] if rest.startswith("[") else rest
    if scheme == "http" and ":" not in bare and "/" not in bare:
        rest += ":11434"
    # 0.0.0.0 is where a server listens, not where a client goes.
    return f"{scheme}://{rest.replace('0.0.0.0', '127.0.0.1')}"


def grpc_health(target: str, services: tuple[str, ...]) -> Probe:
    """Ready when each service of a gRPC server is SERVING, which it is after its warm-up."""

    def probe() -> None:
        with grpc.insecure_channel(target) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            for service in services:
                request = health_pb2.HealthCheckRequest(service=service)
                try:
                    status = stub.Check(request, timeout=PROBE_TIMEOUT_S).status
                except grpc.RpcError as error:
                    code = error.code() if isinstance(error, grpc.Call) else error
                    raise Waiting(f"{service}: {code}") from None
                if status != health_pb2.HealthCheckResponse.SERVING:
                    name = health_pb2.HealthCheckResponse.ServingStatus.Name(status)
                    raise Waiting(f"{service} is {name}")

    return probe


def sip(host: str, port: int) -> Probe:
    """Ready when a SIP server answers OPTIONS over UDP."""

    def probe() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PROBE_TIMEOUT_S)
            try:
                sock.connect((host, port))
                own, mark = sock.getsockname(), secrets.token_hex(8)
                sock.send(
                    (
                        f"OPTIONS sip:{host}:{port} SIP/2.0\r\n"
                        f"Via: SIP/2.0/UDP {own[0]}:{own[1]};branch=z9hG4bK{mark};rport\r\n"
                        f"From: <sip:ready@{own[0]}>;tag={mark}\r\nTo: <sip:{host}:{port}>\r\n"
                        f"Call-ID: {mark}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\n"
                        "Content-Length: 0\r\n\r\n"
                    ).encode()
                )
                answer = sock.recv(4096)
            except OSError as error:
                raise Waiting(f"SIP at {host}:{port}: {error}") from None
        if not answer.startswith(b"SIP/2.0 200"):
            raise Waiting(f"SIP at {host}:{port}: {answer[:40].decode(errors='replace')}")

    return probe


def _get(url: str) -> None:
    try:
        status = httpx.get(url, timeout=PROBE_TIMEOUT_S, trust_env=False).status_code
    except httpx.HTTPError as error:
        raise Waiting(f"{url}: {error}") from None
    if status != httpx.codes.OK:
        raise Waiting(f"{url}: HTTP {status}")

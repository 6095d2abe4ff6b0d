"""Generated requests, valid and not, to every operation: none may end in a 5xx (schemathesis)."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import redis as redis_sync
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies
from schemathesis.checks import CHECKS, load_all_checks
from trinity.speech.v1 import (
    server_service_pb2,
    server_service_pb2_grpc,
    text_to_speech_service_pb2,
    text_to_speech_service_pb2_grpc,
)

from tests.support.control_api import KEY, SECRET, free_port
from tests.support.livekit_server import LiveKitServer

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[3]
# All 2,000 with `make test-api`; some with every `make test`.
REQUESTS = int(os.environ.get("API_GENERATED_REQUESTS", "300"))
ROOM = "generated"
# Its answer does not end.
ENDLESS = "/api/events"


class Speech(
    text_to_speech_service_pb2_grpc.TextToSpeechServiceServicer,
    server_service_pb2_grpc.ServerServiceServicer,
):
    def ListVoices(self, request, context):
        return text_to_speech_service_pb2.ListVoicesResponse()

    def ListModels(self, request, context):
        return server_service_pb2.ListModelsResponse()


@pytest.fixture(scope="module")
def speech() -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    text_to_speech_service_pb2_grpc.add_TextToSpeechServiceServicer_to_server(Speech(), server)
    server_service_pb2_grpc.add_ServerServiceServicer_to_server(Speech(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


@pytest.fixture(scope="module")
def api(livekit: LiveKitServer, redis_url: str, speech: str) -> Iterator[str]:
    """The API as a process of its own: what is measured is all of it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": KEY,
        "LIVEKIT_API_SECRET": SECRET,
        "REDIS_URL": redis_url,
        "CONTROL_PORT": str(port),
        "CONTROL_SPEECH_ADDRESS": speech,
        "CONTROL_LOG_LEVEL": "error",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "control_api"], cwd=ROOT, env={**os.environ, **environment}
    )
    try:
        give_up = time.monotonic() + 90
        while True:
            try:
                if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            assert time.monotonic() < give_up and process.poll() is None
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture(scope="module")
def document(api: str, redis_url: str) -> dict[str, Any]:
    """The API's own document; in the room of `ROOM` something was said."""
    httpx.post(f"{api}/api/rooms", json={"name": ROOM, "empty_timeout_s": 3600}, trust_env=False)
    with redis_sync.Redis.from_url(redis_url) as redis:
        message = {"type": "transcript", "speaker": "user", "text": "hello", "timestamp": "x"}
        redis.xadd(f"trinity:transcript:{ROOM}", {"message": json.dumps(message)})
        redis.zadd("trinity:transcripts", {ROOM: 1})
    return dict(httpx.get(f"{api}/api/openapi.json", trust_env=False).json())


# On the function: a mark of the module is overruled by the one that every end-to-end test gets.
@pytest.mark.timeout(900, func_only=True)
def test_no_generated_request_ends_in_a_5xx(api: str, document: dict[str, Any]) -> None:
    load_all_checks()
    names = ("not_a_server_error", "content_type_conformance", "response_schema_conformance")
    checks = CHECKS.get_by_names(names)
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations() if found.ok().path != ENDLESS]
    assert len(operations) >= 45
    # A fifth more: operations without parameters have few different requests.
    each = -(-REQUESTS * 6 // (5 * len(operations)))
    sent = 0
    statuses: dict[int, int] = {}
    lock = threading.Lock()

    for operation in operations:
        positive, negative = (
            schemathesis.GenerationMode.POSITIVE,
            schemathesis.GenerationMode.NEGATIVE,
        )
        cases = operation.as_strategy(generation_mode=positive)
        if "{room}" in operation.path and operation.method.upper() != "DELETE":
            # Beyond "not found": a room that is open.
            cases = strategies.one_of(cases, cases.map(_in_the_room))
        if operation.definition.raw.get("parameters") or operation.body:
            cases = strategies.one_of(cases, operation.as_strategy(generation_mode=negative))

        @seed(20260101)
        @settings(
            max_examples=each,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def send(case: schemathesis.Case) -> None:
            nonlocal sent
            response = case.call(base_url=api, timeout=30)
            with lock:
                sent += 1
                statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
            case.validate_response(response, checks=checks)

        send()

    print(f"{sent} requests to {len(operations)} operations: {dict(sorted(statuses.items()))}")
    assert sent >= REQUESTS
    assert not [status for status in statuses if status >= 500]


def _in_the_room(case: schemathesis.Case) -> schemathesis.Case:
    case.path_parameters = {**(case.path_parameters or {}), "room": ROOM}
    return case

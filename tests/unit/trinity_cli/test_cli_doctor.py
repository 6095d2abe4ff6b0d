"""The doctor: what it finds where all is well, and what it says about each fault."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.support.cli import Cli, ListedSpeech, SmallHttp
from tests.support.control_api import free_port
from tests.support.sip_options import sip_server

HEALTHY = {
    "status": "ok",
    "parts": {
        name: {"status": "ok", "latency_ms": 1.0} for name in ("livekit", "redis", "speech_server")
    },
}
TRUNK = {"id": "ST_1", "name": "softphone", "kind": "inbound"}
RULE = {"id": "SDR_1", "name": "softphone", "trunk_ids": ["ST_1"], "agents": ["trinity"]}


def answer(http: SmallHttp, path: str, body: object, status: int = 200) -> None:
    http.answers.pop(path, None)
    http.on(path, body, status=status)


@pytest.fixture
async def well(cli: Cli, http: SmallHttp, speech: ListedSpeech) -> AsyncIterator[SmallHttp]:
    """A Trinity in which everything is well; one server stands for all that speak HTTP."""
    speech.script.heard = ["Good morning."] * 9
    http.on("GET /health", HEALTHY)
    http.on("GET /api/rooms", {"rooms": []})
    http.on("POST /api/token", {"server_url": http.url.replace("http", "ws")})
    http.answers["GET /"] = [web.Response(body=b"<html>", content_type="text/html")]
    http.on("GET /api/sip/trunk", {"trunks": []})
    http.on("GET /api/sip/dispatch", {"rules": []})
    http.on("GET /readyz", {})
    http.on("GET /api/tags", {"models": [{"name": "smollm2-135m:latest"}]})
    cli.set(
        TRINITY_AGENT_URL=http.url,
        OLLAMA_HOST=http.url,
        TRINITY_SIP_ADDRESS=f"127.0.0.1:{free_port()}",
    )
    yield http


async def parts(cli: Cli, status: int = 1) -> dict[str, Any]:
    result = await cli("doctor", "--json")
    assert result.status == status, result.out
    told = json.loads(result.out)
    assert told["ok"] == (status == 0)
    return {each["part"]: each for each in told["findings"]}


async def test_where_all_is_well_it_says_so(cli: Cli, well: SmallHttp) -> None:
    found = await parts(cli, status=0)
    assert {part: each["state"] for part, each in found.items()} == {
        "control_api": "ok", "livekit": "ok", "redis": "ok", "speech_server": "ok",
        "web_page": "ok", "join": "ok", "speech": "ok", "speaking": "ok", "hearing": "ok",
        "language_model": "ok", "agent": "ok", "telephone": "off",
    }  # fmt: skip
    assert "Good morning." in found["hearing"]["seen"]
    text = await cli("doctor")
    assert text.out.endswith("Everything is well.\n")


async def test_each_fault_comes_with_what_to_do(
    cli: Cli, well: SmallHttp, speech: ListedSpeech
) -> None:
    sick = {"status": "unavailable", "latency_ms": 9.0, "detail": "Redis cannot be reached."}
    answer(well, "GET /health", {**HEALTHY, "parts": {**HEALTHY["parts"], "redis": sick}})  # type: ignore[dict-item]
    nowhere = f"ws://127.0.0.1:{free_port()}"
    answer(well, "POST /api/token", {"server_url": nowhere})
    answer(well, "GET /", {}, status=404)
    answer(well, "GET /readyz", {"waits": "for LiveKit"}, status=503)
    answer(well, "GET /api/tags", {"models": []})
    speech.script.heard = []
    found = await parts(cli)
    for part, state, word in (
        ("redis", "fault", "REDIS_URL"),
        ("join", "fault", "CONTROL_LIVEKIT_PUBLIC_URL"),
        ("web_page", "warning", "make web"),
        ("agent", "fault", "log"),
        ("language_model", "fault", "ollama pull smollm2-135m"),
        ("hearing", "fault", "trinity models"),
    ):
        assert (part, found[part]["state"]) == (part, state)
        assert word in found[part]["remedy"], found[part]
    assert "for LiveKit" in found["agent"]["seen"]
    assert nowhere in found["join"]["seen"]
    shown = (await cli("doctor")).out
    assert "→ Fetch it: ollama pull smollm2-135m" in shown
    assert "Parts to mend: 5." in shown


async def test_what_cannot_be_checked_yet_is_no_fault_of_its_own(cli: Cli) -> None:
    address = f"127.0.0.1:{free_port()}"
    cli.set(TRINITY_API_URL=f"http://{address}", TRINITY_SPEECH_TARGET=address)
    cli.set(TRINITY_AGENT_URL="", OLLAMA_HOST="")
    found = await parts(cli)
    states = {part: each["state"] for part, each in found.items()}
    assert {part for part, state in states.items() if state == "fault"} == {"control_api", "speech"}
    assert states["redis"] == states["hearing"] == states["telephone"] == "skipped"
    assert "trinity up" in found["control_api"]["remedy"]


async def test_a_full_speech_server_is_told(
    cli: Cli, well: SmallHttp, speech: ListedSpeech
) -> None:
    speech.stats.speech_to_text.streams_active = 4
    assert (await parts(cli, status=0))["speech"]["state"] == "warning"
    speech.stats.draining = True
    assert "stop" in (await parts(cli, status=0))["speech"]["seen"]


async def test_the_telephone_is_looked_at_from_trunk_to_rule(cli: Cli, well: SmallHttp) -> None:
    with sip_server(b"SIP/2.0 200 OK\r\n\r\n") as server:
        cli.set(TRINITY_SIP_ADDRESS=f"127.0.0.1:{server.port}")
        found = (await parts(cli, status=0))["telephone"]
        assert (found["state"], "sip setup softphone" in found["remedy"]) == ("warning", True)
        answer(well, "GET /api/sip/trunk", {"trunks": [TRUNK]})
        found = (await parts(cli))["telephone"]
        assert (found["state"], "no rule" in found["seen"]) == ("fault", True)
        answer(well, "GET /api/sip/dispatch", {"rules": [RULE]})
        assert (await parts(cli, status=0))["telephone"]["state"] == "ok"
    cli.set(TRINITY_SIP_ADDRESS=f"127.0.0.1:{server.port}")
    found = (await parts(cli))["telephone"]
    assert (found["state"], "livekit-sip" in found["seen"]) == ("fault", True)


async def test_an_api_key_that_is_missing_is_told(cli: Cli, well: SmallHttp) -> None:
    answer(well, "GET /api/rooms", {"title": "An API key is needed", "status": 401}, status=401)
    found = await parts(cli)
    assert "TRINITY_API_KEY" in found["control_api"]["remedy"]

import asyncio
import time

import pytest
import structlog

from control_api import Settings
from control_api.errors import NeighbourUnavailable
from control_api.health import HealthMonitor
from control_api.telemetry import Telemetry
from tests.support.control_api import SmallLiveKit, SmallSpeechServer, changed, free_port, running


@pytest.fixture
def whole(settings: Settings, livekit: SmallLiveKit, speech: SmallSpeechServer) -> Settings:
    return changed(settings, livekit_url=livekit.url, speech_address=speech.address)


async def test_every_part_is_asked(whole: Settings) -> None:
    async with running(whole) as client:
        reply = await client.get("/health")
        assert reply.status_code == 200
        assert reply.json()["status"] == "ok", reply.text
        parts = reply.json()["parts"]
        assert set(parts) == {"livekit", "redis", "speech_server"}
        assert all(0 <= part["latency_ms"] < 1000 for part in parts.values())
        assert (await client.get("/readyz")).text == "ok"
        assert 'control_part_up{part="redis"} 1.0' in (await client.get("/metrics")).text


async def test_away_parts_are_named_and_the_process_is_alive(settings: Settings) -> None:
    away = changed(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    async with running(away) as client:
        reply = await client.get("/health")
        assert (reply.status_code, reply.json()["status"]) == (200, "degraded")
        assert {part["status"] for part in reply.json()["parts"].values()} == {"unavailable"}
        assert all(part["detail"] for part in reply.json()["parts"].values())
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.headers["retry-after"]
        assert ready.json()["detail"] == "Waiting for livekit and redis."
        assert (await client.get("/livez")).text == "ok"


async def test_without_the_speech_server_the_api_is_ready(
    whole: Settings, speech: SmallSpeechServer
) -> None:
    await speech.set_serving(False)
    async with running(whole) as client:
        parts = (await client.get("/health")).json()["parts"]
        assert parts["speech_server"]["detail"] == "The speech server is not ready yet."
        assert (await client.get("/readyz")).status_code == 200


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        ((401, "unauthenticated"), "LiveKit refused our request (unauthenticated)."),
        ((503, "unavailable"), "LiveKit could not serve the request (unavailable)."),
    ],
)
async def test_livekit_that_answers_with_an_error_is_not_ok(
    whole: Settings, livekit: SmallLiveKit, error: tuple[int, str], detail: str
) -> None:
    livekit.error = error
    async with running(whole) as client:
        parts = (await client.get("/health")).json()["parts"]
        assert parts["livekit"]["detail"] == detail


async def test_wrong_keys_are_found(whole: Settings) -> None:
    wrong = changed(whole, livekit_api_secret="another-secret-of-more-than-32-bytes")
    async with running(wrong) as client:
        parts = (await client.get("/health")).json()["parts"]
        assert parts["livekit"]["status"] == "unavailable"


async def test_a_slow_part_does_not_hold_health_up(whole: Settings, livekit: SmallLiveKit) -> None:
    livekit.delay_s = 5
    async with running(changed(whole, health_timeout_s=0.2)) as client:
        begun = time.monotonic()
        parts = (await client.get("/health")).json()["parts"]
        assert time.monotonic() - begun < 1
        assert parts["livekit"]["detail"] == "No answer within 0.2 s."
        assert parts["redis"]["status"] == "ok"


async def test_the_watch_says_what_it_waits_for_and_when_it_came() -> None:
    there = False

    async def check() -> None:
        if not there:
            raise NeighbourUnavailable("redis", "Redis cannot be reached.")

    monitor = HealthMonitor({"redis": check}, timeout_s=1, telemetry=Telemetry())
    with structlog.testing.capture_logs() as lines:
        watch = asyncio.create_task(monitor.watch(0.05))
        await asyncio.sleep(0.2)
        there = True
        await asyncio.sleep(1.3)  # a result is kept for a second
        watch.cancel()
    events = [(line["event"], line["part"], line["log_level"]) for line in lines]
    assert events == [("waiting for part", "redis", "warning"), ("part is there", "redis", "info")]


async def test_health_is_asked_once_for_many(whole: Settings, livekit: SmallLiveKit) -> None:
    livekit.delay_s = 0.05
    async with running(whole) as client:
        replies = await asyncio.gather(*(client.get("/health") for _ in range(10)))
        assert len({reply.text for reply in replies}) == 1
        metrics = (await client.get("/metrics")).text
        line = next(x for x in metrics.splitlines() if x.startswith("control_part_check_seconds_c"))
        assert float(line.rsplit(" ", 1)[1]) <= 2

import json

import httpx
import pytest

from control_api import Settings
from tests.support.control_api import changed, free_port, running

KEY = "trinity:transcript:lobby"


def message(sequence: int, **more: object) -> dict:
    return {
        "type": "transcript",
        "speaker": "user" if sequence % 2 else "agent",
        "text": f"words {sequence}",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "room": "lobby",
        "participant": "caller-1",
        "turn_id": f"t{sequence}",
        "sequence": sequence,
        "final": True,
        "language": "en",
        "interrupted": False,
        "latency": None,
        **more,
    }


async def test_messages_come_back_as_they_were_written_in_order(client, redis) -> None:
    written = [message(n) for n in range(1, 6)]
    written[1]["latency"] = {"end_to_end_ms": 812, "llm_first_token_ms": 90.5}
    written[2]["a_field_of_tomorrow"] = {"x": [1]}
    for item in written:
        redis.xadd(KEY, {"message": json.dumps(item)})
    reply = await client.get("/api/transcripts/lobby")
    assert reply.status_code == 200
    assert reply.json() == {"room": "lobby", "messages": written, "next": None}
    assert reply.headers["cache-control"] == "no-store"


async def test_pages_join_to_the_whole(client, redis) -> None:
    for n in range(7):
        redis.xadd(KEY, {"message": json.dumps(message(n))})
    seen, after, pages = [], None, 0
    while True:
        params = {"limit": 3} | ({"after": after} if after else {})
        page = (await client.get("/api/transcripts/lobby", params=params)).json()
        seen += [item["sequence"] for item in page["messages"]]
        pages += 1
        after = page["next"]
        if after is None:
            break
    assert seen == list(range(7))
    assert pages == 3


async def test_a_page_behind_the_end_is_empty(client, redis) -> None:
    last = redis.xadd(KEY, {"message": json.dumps(message(1))})
    reply = await client.get("/api/transcripts/lobby", params={"after": last})
    assert (reply.status_code, reply.json()["messages"]) == (200, [])


async def test_a_room_without_transcript_is_not_found(client, redis) -> None:
    reply = await client.get("/api/transcripts/nobody")
    assert reply.status_code == 404
    assert reply.json()["type"] == "/problems/transcript-not-found"


async def test_an_entry_that_is_no_message_is_left_out_and_counted(client, redis) -> None:
    redis.xadd(KEY, {"message": json.dumps(message(1))})
    redis.xadd(KEY, {"message": "not json"})
    redis.xadd(KEY, {"other": "field"})
    redis.xadd(KEY, {"message": json.dumps(message(2))})
    reply = await client.get("/api/transcripts/lobby")
    assert [item["sequence"] for item in reply.json()["messages"]] == [1, 2]
    metrics = (await client.get("/metrics")).text
    assert "control_transcript_messages_unreadable_total 2.0" in metrics


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"limit": 0}, "#limit"),
        ({"limit": 1001}, "#limit"),
        ({"limit": "x"}, "#limit"),
        ({"after": "x"}, "#after"),
        ({"after": "99999999999999999999999-1"}, "#after"),
    ],
)
async def test_a_bad_parameter_is_named(client, redis, params: dict, pointer: str) -> None:
    reply = await client.get("/api/transcripts/lobby", params=params)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == pointer


async def test_a_key_that_is_no_stream_is_our_error(client, redis) -> None:
    redis.set(KEY, "not a stream")
    reply = await client.get("/api/transcripts/lobby")
    assert (reply.status_code, reply.json()["part"]) == (500, "redis")


async def test_without_redis_the_caller_is_told_when_to_come_back(settings: Settings) -> None:
    away = changed(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    async with running(away) as client:
        reply = await client.get("/api/transcripts/lobby")
        assert reply.status_code == 503
        assert reply.headers["retry-after"] == "2"
        assert reply.json()["part"] == "redis"
        assert (await client.post("/api/token")).status_code == 201


async def test_names_of_sip_rooms_work(client: httpx.AsyncClient, redis) -> None:
    redis.xadd("trinity:transcript:call-_+15550100_x Y/z", {"message": json.dumps(message(1))})
    reply = await client.get("/api/transcripts/call-_%2B15550100_x%20Y%2Fz")
    assert reply.status_code == 404  # a slash ends a name; LiveKit's own rooms have none
    redis.xadd("trinity:transcript:call-_+15550100_x Y", {"message": json.dumps(message(1))})
    reply = await client.get("/api/transcripts/call-_%2B15550100_x%20Y")
    assert reply.status_code == 200

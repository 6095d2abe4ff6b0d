"""The list of transcripts: pages, search, files, deletion."""

import json

import httpx
import pytest


def say(redis, room: str, at: float, *texts: str) -> None:
    for index, text in enumerate(texts):
        message = {
            "type": "transcript",
            "speaker": "user" if index % 2 == 0 else "agent",
            "text": text,
            "timestamp": f"2026-01-01T10:00:{index * 3:02}.500Z",
            "sequence": index + 1,
        }
        redis.xadd(f"trinity:transcript:{room}", {"message": json.dumps(message)})
    redis.zadd("trinity:transcripts", {room: at})


async def test_the_newest_come_first_in_pages(client: httpx.AsyncClient, redis) -> None:
    for number in range(5):
        say(redis, f"room-{number}", 1_700_000_000.1234567 + number, "hello", "good day")
    redis.zadd("trinity:transcripts", {"expired": 1_700_000_009})
    seen: list[str] = []
    before = None
    while True:
        params = {"limit": "2"} | ({"before": before} if before else {})
        page = (await client.get("/api/transcripts", params=params)).json()
        seen += [each["room"] for each in page["transcripts"]]
        before = page["next"]
        if before is None:
            break
    assert seen == [f"room-{number}" for number in (4, 3, 2, 1, 0)]
    assert redis.zscore("trinity:transcripts", "expired") is None
    (first,) = (await client.get("/api/transcripts?limit=1")).json()["transcripts"]
    assert first == {
        "room": "room-4",
        "updated_at": "2023-11-14T22:13:24.123457Z",
        "message_count": 2,
    }


async def test_words_are_found_wherever_they_were_said(client: httpx.AsyncClient, redis) -> None:
    say(redis, "bakery", 3, "Where is my BREAD order?", "Your order is on its way.")
    say(redis, "garage", 2, "My car is broken.", "Bring it in.")
    say(redis, "office", 1, "An order of paper.", "Yes.")
    found = (await client.get("/api/transcripts", params={"q": "bread ORDER"})).json()
    (only,) = found["transcripts"]
    assert only["room"] == "bakery"
    assert [each["text"] for each in only["matches"]] == ["Where is my BREAD order?"]
    both = (await client.get("/api/transcripts", params={"q": "order"})).json()["transcripts"]
    assert [each["room"] for each in both] == ["bakery", "office"]
    none = (await client.get("/api/transcripts", params={"q": "zebra", "limit": 2})).json()
    assert none["transcripts"] == []
    assert none["next"] is not None


@pytest.mark.parametrize("params", [{"before": "x"}, {"limit": "0"}, {"q": "x" * 201}])
async def test_a_bad_parameter_is_named(client: httpx.AsyncClient, params: dict) -> None:
    reply = await client.get("/api/transcripts", params=params)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == f"#{next(iter(params))}"


async def test_a_transcript_is_saved_as_a_file(client: httpx.AsyncClient, redis) -> None:
    say(redis, "größe", 1, "one\n\ntwo <b>", "three words here", "end")
    files = {}
    for kind in ("json", "text", "srt", "vtt"):
        reply = await client.get("/api/transcripts/größe/export", params={"format": kind})
        assert reply.status_code == 200
        assert reply.headers["content-disposition"].startswith('attachment; filename="gro')
        assert reply.headers["cache-control"] == "no-store"
        files[kind] = reply
    assert files["json"].json()["messages"][1]["text"] == "three words here"
    assert files["json"].headers["content-type"] == "application/json"
    assert files["text"].text.splitlines() == [
        "größe",
        "",
        "2026-01-01 10:00:00 Caller: one two <b>",
        "2026-01-01 10:00:03 Assistant: three words here",
        "2026-01-01 10:00:06 Caller: end",
    ]
    assert files["srt"].text == (
        "1\n00:00:00,000 --> 00:00:01,500\nCaller: one two <b>\n\n"
        "2\n00:00:03,000 --> 00:00:04,500\nAssistant: three words here\n\n"
        "3\n00:00:06,000 --> 00:00:07,500\nCaller: end\n"
    )
    assert files["vtt"].headers["content-type"].startswith("text/vtt")
    assert files["vtt"].text.startswith(
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n<v Caller>one two &lt;b&gt;\n\n"
    )


async def test_subtitles_do_not_overlap_and_never_run_backwards(client, redis) -> None:
    for second, text in ((10, "word " * 20), (12, "late"), (11, "earlier")):
        message = {
            "type": "transcript",
            "speaker": "user",
            "text": text,
            "timestamp": f"2026-01-01T10:00:{second}.000Z",
        }
        redis.xadd("trinity:transcript:mixed", {"message": json.dumps(message)})
    srt = (await client.get("/api/transcripts/mixed/export?format=srt")).text
    assert [line for line in srt.splitlines() if "-->" in line] == [
        "00:00:00,000 --> 00:00:02,000",
        "00:00:02,000 --> 00:00:03,500",
        "00:00:02,000 --> 00:00:03,500",
    ]


async def test_a_deleted_transcript_is_gone(client: httpx.AsyncClient, redis) -> None:
    say(redis, "secret", 1, "my number is 42")
    assert (await client.delete("/api/transcripts/secret")).status_code == 204
    assert redis.keys("trinity:transcript*") == []
    for method, path in (
        ("GET", "/api/transcripts/secret"),
        ("GET", "/api/transcripts/secret/export"),
        ("DELETE", "/api/transcripts/secret"),
    ):
        reply = await client.request(method, path)
        assert (reply.status_code, reply.json()["type"]) == (404, "/problems/transcript-not-found")

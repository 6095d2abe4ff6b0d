"""Commands over HTTP: what they ask, what they show, and what becomes of errors."""

import json
import os
import sys
from pathlib import Path

import pytest
import redis as redis_sync
from structlog.testing import capture_logs

from control_api import Settings
from tests.support.cli import Cli, SmallHttp, program
from tests.support.control_api import KEY, SECRET, free_port, redis_server, serving

PROBLEM = {"title": "The request is not acceptable", "detail": "See errors.", "status": 422}
CALL = {
    "id": "0123456789abcdef", "state": "dialing", "to": "+15550123", "room": "call-1",
    "created_at": "2026-01-01T00:00:00Z", "trunk_id": "ST_1",
}  # fmt: skip


async def test_the_real_api_gives_tokens_and_transcripts(cli: Cli, tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis_url, redis_sync.Redis.from_url(redis_url) as redis:
        for number in range(3):
            message = {
                "type": "transcript",
                "speaker": ("user", "agent")[number % 2],
                "text": f"words {number}",
                "timestamp": f"2026-01-01T00:00:0{number}.000Z",
                "room": "lobby ü1",
                "sequence": number,
                "final": True,
            }
            redis.xadd("trinity:transcript:lobby ü1", {"message": json.dumps(message)})
        redis.zadd("trinity:transcripts", {"lobby ü1": 1_767_225_602})
        settings = Settings(
            livekit_url=f"ws://127.0.0.1:{free_port()}",
            livekit_api_key=KEY,
            livekit_api_secret=SECRET,
            redis_url=redis_url,
            speech_address=f"127.0.0.1:{free_port()}",
        )
        # The API's log would come between the commands' output.
        with capture_logs():
            async with serving(settings) as client:
                cli.set(TRINITY_API_URL=str(client.base_url))
                token = await cli("token", "--room", "lobby", "--name", "Ann", "--json")
                assert token.status == 0, token.err
                assert token.json["room_name"] == "lobby"
                assert len(token.json["participant_token"]) > 100
                text = (await cli("token")).out
                assert [line.split()[0] for line in text.splitlines()] == [
                    "room", "identity", "server", "token",
                ]  # fmt: skip
                refused = await cli("token", "--agent", "nobody")
                assert refused.status == 2
                assert "/room_config/agents/0/agent_name" in refused.err

                listed = await cli("transcripts", "list")
                assert listed.out.splitlines()[1].split()[:3] == ["lobby", "ü1", "3"]
                shown = await cli("transcripts", "show", "lobby ü1", "--json")
                assert [each["text"] for each in shown.json["messages"]] == [
                    "words 0", "words 1", "words 2",
                ]  # fmt: skip
                found = await cli("transcripts", "search", "words", "1")
                assert "words 1" in found.out and "words 2" not in found.out
                file = tmp_path / "talk.vtt"
                saved = await cli(
                    "transcripts", "save", "lobby ü1", "--format", "vtt", "-o", str(file)
                )
                assert (saved.status, file.read_text()[:6]) == (0, "WEBVTT")
                assert (await cli("transcripts", "delete", "lobby ü1", "--yes")).status == 0
                gone = await cli("transcripts", "show", "lobby ü1")
                assert gone.status == 5
                # LiveKit is away: the API asks to try again, and then we say who knows more.
                rooms = await cli("rooms", "list", "--json")
                assert (rooms.status, rooms.error["kind"]) == (3, "Unreachable")
                assert "trinity doctor" in rooms.error["remedy"]
                assert "Trying again" in rooms.err


async def test_a_key_goes_along_and_its_absence_is_explained(cli: Cli, http: SmallHttp) -> None:
    problem = {"title": "An API key is needed", "status": 401}
    http.on("GET /api/rooms", problem, status=401)
    result = await cli("rooms", "list")
    assert result.status == 4
    assert "TRINITY_API_KEY" in result.err and "control_api keys create" in result.err


async def test_wrong_fields_are_named(cli: Cli, http: SmallHttp) -> None:
    error = {"pointer": "/name", "detail": "No white space."}
    http.on("POST /api/rooms", {**PROBLEM, "errors": [error]}, status=422)
    result = await cli("rooms", "open", "a b", "--json")
    assert (result.status, result.out) == (2, "")
    assert result.error["fields"] == [{"name": "/name", "message": "No white space."}]
    assert "  /name: No white space." in (await cli("rooms", "open", "a b")).err


async def test_a_read_is_tried_again_where_the_api_asks_for_it(cli: Cli, http: SmallHttp) -> None:
    away = {"title": "A part of the system is not available", "status": 503}
    http.on("GET /api/rooms", away, status=503, **{"Retry-After": "0"})
    http.on("GET /api/rooms", {"rooms": []})
    result = await cli("rooms", "list")
    assert (result.status, result.out) == (0, "No room is open.\n")
    assert "Trying again" in result.err
    assert len(http.asked) == 2


async def test_what_could_happen_twice_is_not_tried_again(cli: Cli, http: SmallHttp) -> None:
    away = {"title": "Away", "status": 503}
    http.on("POST /api/rooms", away, status=503, **{"Retry-After": "0"})
    assert (await cli("rooms", "open", "lobby")).status == 3
    assert len(http.asked) == 1


async def test_another_server_is_no_control_api(cli: Cli, http: SmallHttp) -> None:
    http.on("GET /api/rooms", ["not an object"])
    result = await cli("rooms", "list")
    assert (result.status, "no control API" in result.err) == (3, True)


async def test_a_call_is_placed_once_and_followed_until_it_is_answered(
    cli: Cli, http: SmallHttp
) -> None:
    http.on("GET /api/sip/trunk", {"trunks": [{"id": "ST_1", "name": "provider"}]})
    http.on("POST /api/calls", CALL)
    http.on(f"GET /api/calls/{CALL['id']}", CALL, {**CALL, "state": "active"})
    result = await cli("call", "+15550123", "--dtmf", "ww1", "--json")
    assert result.status == 0, result.err
    assert result.json["state"] == "active"
    (body,) = [body for method, _, body in http.asked if method == "POST"]
    assert body == {
        "trunk_id": "ST_1", "to": "+15550123", "dtmf": "ww1", "ringing_timeout_s": 30
    }  # fmt: skip
    assert "It rings" in result.err and "Answered" in result.err


async def test_a_call_that_does_not_come_about_says_why(cli: Cli, http: SmallHttp) -> None:
    http.on("GET /api/sip/trunk", {"trunks": [{"id": "ST_1", "name": "provider"}]})
    http.on("POST /api/calls", CALL)
    failure = {"reason": "busy", "sip_status_code": 486, "detail": None}
    http.on(f"GET /api/calls/{CALL['id']}", {**CALL, "state": "failed", "failure": failure})
    result = await cli("call", "+15550123")
    assert result.status == 1
    assert "busy (SIP 486)" in result.err


async def test_keys_are_pressed_and_calls_handed_on_and_hung_up(cli: Cli, http: SmallHttp) -> None:
    path = f"/api/calls/{CALL['id']}"
    http.on("GET /api/calls", {"calls": [{**CALL, "failure": {"reason": "busy"}}]})
    http.on(f"POST {path}/dtmf", {})
    http.on(f"POST {path}/transfer", CALL, status=202)
    http.on(f"DELETE {path}", {})
    assert "busy" in (await cli("calls", "list")).out
    assert (await cli("calls", "dtmf", CALL["id"], "1w2")).status == 0
    assert (await cli("calls", "transfer", CALL["id"], "tel:+15550199")).status == 0
    assert (await cli("calls", "hangup", CALL["id"])).status == 0
    assert http.asked[1:] == [
        ("POST", f"{path}/dtmf", {"digits": "1w2"}),
        ("POST", f"{path}/transfer", {"to": "tel:+15550199"}),
        ("DELETE", path, None),
    ]
    assert (await cli("calls", "show", "../rooms")).status == 5


@pytest.mark.parametrize(
    ("trunks", "named", "status", "words"),
    [
        ([], (), 5, "trinity sip setup"),
        ([{"id": "A", "name": "one"}, {"id": "B", "name": "two"}], (), 2, "one, two"),
        ([{"id": "A", "name": "one"}], ("--trunk", "three"), 5, "There are: one"),
    ],
)
async def test_the_trunk_of_a_call_must_be_clear(
    cli: Cli, http: SmallHttp, trunks: list, named: tuple, status: int, words: str
) -> None:
    http.on("GET /api/sip/trunk", {"trunks": trunks})
    result = await cli("call", "+15550123", *named)
    assert (result.status, words in result.err) == (status, True), result.err


async def test_a_half_made_telephone_is_taken_away_again(cli: Cli, http: SmallHttp) -> None:
    http.on("GET /api/sip/trunk", {"trunks": []})
    http.on("GET /api/sip/dispatch", {"rules": []})
    http.on("POST /api/sip/trunk", {"id": "ST_1", "name": "softphone"}, status=201)
    error = {"pointer": "/agents/0", "detail": "No agent of this name is served here."}
    http.on("POST /api/sip/dispatch", {**PROBLEM, "errors": [error]}, status=422)
    http.on("DELETE /api/sip/trunk/ST_1", {})
    result = await cli("sip", "setup", "softphone", "--agent", "nobody")
    assert result.status == 2
    assert "--agent: No agent" in result.err
    assert ("DELETE", "/api/sip/trunk/ST_1", None) in http.asked


async def test_a_password_is_asked_for_never_taken_from_the_command_line(
    cli: Cli, http: SmallHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    result = await cli("sip", "setup", "softphone", "--username", "ann")
    assert (result.status, "TRINITY_SIP_PASSWORD" in result.err) == (2, True)
    assert http.asked == []


@pytest.mark.parametrize("value", ["ftp://x", "here"])
async def test_a_bad_setting_is_named(cli: Cli, value: str) -> None:
    cli.set(TRINITY_API_URL=value)
    result = await cli("rooms", "list")
    assert (result.status, "TRINITY_API_URL" in result.err) == (2, True)


@pytest.mark.parametrize("arguments", [("nonsense",), ("rooms", "show"), ("say", "--nonsense")])
async def test_wrong_usage_is_status_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    result = await cli(*arguments, "--json")
    assert (result.status, result.out, result.error["kind"]) == (2, "", "BadRequest")


async def test_every_command_has_help_and_json(cli: Cli) -> None:
    async def walk(*path: str) -> None:
        result = await cli(*path, "--help")
        assert result.status == 0, path
        lines = result.out.splitlines()
        if "Commands:" not in lines:
            assert "--json" in result.out or path[0] in ("up", "down"), path
            return
        names = [
            line.split()[0]
            for line in lines[lines.index("Commands:") + 1 :]
            if line.startswith("  ") and not line.startswith("   ")
        ]
        assert names
        for name in names:
            await walk(*path, name)

    await walk()


@pytest.mark.parametrize("target", ["up", "down"])
async def test_up_and_down_are_those_of_make(
    cli: Cli, path_dir: Path, tmp_path: Path, target: str
) -> None:
    import asyncio

    seen = tmp_path / "seen"
    program(path_dir, "make", f"import sys\nopen({str(seen)!r}, 'w').write(' '.join(sys.argv[1:]))")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "trinity_cli", target)
    assert await asyncio.wait_for(process.wait(), 60) == 0
    *_, last = seen.read_text().split()
    assert last == target
    assert os.fspath(Path(__file__).parents[3]) in seen.read_text()

import json
import re
import time

import httpx
import jwt
import pytest
from livekit import api

from control_api import Settings
from tests.support.control_api import KEY, SECRET, changed, running

SOURCES = ["microphone", "camera", "screen_share", "screen_share_audio"]


def verified(reply: httpx.Response) -> api.access_token.Claims:
    assert reply.status_code == 201, reply.text
    return api.TokenVerifier(KEY, SECRET).verify(reply.json()["participant_token"])


def raw_claims(reply: httpx.Response) -> dict:
    return jwt.decode(reply.json()["participant_token"], SECRET, algorithms=["HS256"], issuer=KEY)


@pytest.mark.parametrize("body", [None, b"{}", b"null"])
async def test_everything_may_be_left_out(client: httpx.AsyncClient, body: bytes | None) -> None:
    headers = {"Content-Type": "application/json"} if body else {}
    reply = await client.post("/api/token", content=body, headers=headers)
    claims = verified(reply)
    answer = reply.json()
    assert re.fullmatch(r"room-[0-9a-f]{20}", answer["room_name"])
    assert claims.video.room == answer["room_name"]
    assert claims.identity == answer["participant_identity"]
    assert [agent.agent_name for agent in claims.room_config.agents] == ["trinity"]


async def test_each_request_gets_a_fresh_room_and_identity(client: httpx.AsyncClient) -> None:
    replies = [(await client.post("/api/token", json={})).json() for _ in range(3)]
    assert len({reply["room_name"] for reply in replies}) == 3
    assert len({reply["participant_identity"] for reply in replies}) == 3


async def test_the_rights_are_narrow_and_the_life_is_short(client: httpx.AsyncClient) -> None:
    claims = raw_claims(await client.post("/api/token", json={"room_name": "here"}))
    assert claims["video"] == {
        "roomJoin": True,
        "room": "here",
        "canPublish": True,
        "canSubscribe": True,
        "canPublishData": True,
        "canPublishSources": SOURCES,
        "canUpdateOwnMetadata": False,
    }
    assert claims["exp"] - claims["nbf"] == 900
    assert abs(claims["nbf"] - time.time()) < 10
    assert set(claims) == {"video", "roomConfig", "sub", "iss", "nbf", "exp"}


async def test_what_livekit_client_sends_is_accepted(client: httpx.AsyncClient) -> None:
    # The body of livekit-client's TokenSource.endpoint: protobuf field names.
    reply = await client.post(
        "/api/token",
        json={
            "room_name": "kitchen",
            "participant_name": "Ada L.",
            "participant_identity": "ada",
            "participant_metadata": "m",
            "participant_attributes": {"colour": "blue"},
            "room_config": {"agents": [{"agent_name": "trinity", "metadata": "hello"}]},
        },
    )
    claims = verified(reply)
    assert claims.video.room == reply.json()["room_name"] == "kitchen"
    assert claims.name == "Ada L."
    assert claims.metadata == "m"
    assert claims.attributes == {"colour": "blue"}
    assert re.fullmatch(r"ada-[0-9a-f]{10}", claims.identity)
    agents = claims.room_config.agents
    assert [(agent.agent_name, agent.metadata) for agent in agents] == [("trinity", "hello")]


async def test_the_whole_message_with_empty_fields_is_accepted(client: httpx.AsyncClient) -> None:
    # Clients of other platforms send every field of the message, in either spelling.
    reply = await client.post(
        "/api/token",
        json={
            "roomName": "",
            "participantName": None,
            "participantAttributes": {},
            "roomConfig": {
                "name": "",
                "emptyTimeout": 0,
                "egress": None,
                "syncStreams": False,
                "tags": {},
                "agents": [{"agentName": "", "metadata": "", "deployment": "", "attributes": {}}],
            },
            "aFieldOfTomorrow": 1,
        },
    )
    claims = verified(reply)
    assert [agent.agent_name for agent in claims.room_config.agents] == ["trinity"]


async def test_people_may_talk_alone(client: httpx.AsyncClient) -> None:
    reply = await client.post("/api/token", json={"room_config": {"agents": []}})
    assert "roomConfig" not in raw_claims(reply)
    reply = await client.post("/api/token", json={"room_config": {}})
    assert [agent.agent_name for agent in verified(reply).room_config.agents] == ["trinity"]


async def test_no_caller_chooses_its_rights(client: httpx.AsyncClient) -> None:
    reply = await client.post(
        "/api/token",
        json={
            "video": {"roomAdmin": True, "roomRecord": True},
            "grants": {"room_create": True},
            "can_publish_sources": ["camera"],
            "kind": "agent",
            "ttl": 999999,
        },
    )
    claims = raw_claims(reply)
    assert "roomAdmin" not in claims["video"] and "roomRecord" not in claims["video"]
    assert claims["video"]["canPublishSources"] == SOURCES
    assert "kind" not in claims
    assert claims["exp"] - claims["nbf"] == 900


REFUSED = [
    ({"room_config": {"agents": [{"agent_name": "other"}]}}, "/room_config/agents/0/agent_name"),
    (
        {"room_config": {"agents": [{"agent_name": "trinity"}, {"agent_name": "trinity"}]}},
        "/room_config/agents/1/agent_name",
    ),
    ({"room_config": {"agents": [{"deployment": "x"}]}}, "/room_config/agents/0/deployment"),
    ({"room_config": {"agents": [{}] * 5}}, "/room_config/agents"),
    ({"room_config": {"egress": {"room": {"audio_only": True}}}}, "/room_config/egress"),
    ({"roomConfig": {"emptyTimeout": 9}}, "/room_config/emptyTimeout"),
    ({"room_config": {"metadata": "x"}}, "/room_config/metadata"),
    ({"room_name": "a/b"}, "/room_name"),
    ({"room_name": "x" * 129}, "/room_name"),
    ({"room_name": 5}, "/room_name"),
    ({"participant_identity": "a b"}, "/participant_identity"),
    ({"participant_name": "a\u0007b"}, "/participant_name"),
    ({"participant_metadata": "é" * 1025}, "/participant_metadata"),
    ({"participant_attributes": {"sip.callID": "1"}}, "/participant_attributes/sip.callID"),
    ({"participant_attributes": {"k": "v" * 2048}}, "/participant_attributes"),
    ({"participant_attributes": {"k": 1}}, "/participant_attributes/k"),
    ({"participant_attributes": {str(i): "" for i in range(17)}}, "/participant_attributes"),
    ([], ""),
]


@pytest.mark.parametrize(("body", "pointer"), REFUSED)
async def test_a_bad_field_is_named(client: httpx.AsyncClient, body: object, pointer: str) -> None:
    reply = await client.post("/api/token", json=body)
    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]
    again = await client.post("/api/token", json={})
    assert again.status_code == 201


async def test_a_refusal_does_not_repeat_the_value(client: httpx.AsyncClient) -> None:
    reply = await client.post("/api/token", json={"participant_name": "secret\u0000name"})
    assert reply.status_code == 422
    assert "secret" not in reply.text


@pytest.mark.parametrize("body", [b"{", b'{"room_name": "\\ud800"}', b"[" * 30000, b"\xff", b"NaN"])
async def test_json_that_is_none_is_the_callers_error(
    client: httpx.AsyncClient, body: bytes
) -> None:
    reply = await client.post(
        "/api/token", content=body, headers={"Content-Type": "application/json"}
    )
    assert reply.status_code in (400, 422)
    assert reply.headers["content-type"] == "application/problem+json"


async def test_what_may_be_chosen_is_set_by_the_operator(settings: Settings) -> None:
    mine = changed(
        settings,
        agents="sales, support",
        token_ttl_s=60,
        publish_sources="microphone,camera",
        livekit_public_url="wss://voice.example.org",
    )
    async with running(mine) as client:
        reply = await client.post(
            "/api/token", json={"room_config": {"agents": [{"agent_name": "support"}]}}
        )
        claims = raw_claims(reply)
        assert claims["roomConfig"]["agents"] == [{"agentName": "support"}]
        assert claims["video"]["canPublishSources"] == ["microphone", "camera"]
        assert claims["exp"] - claims["nbf"] == 60
        assert reply.json()["server_url"] == "wss://voice.example.org"
        first = raw_claims(await client.post("/api/token"))
        assert first["roomConfig"]["agents"] == [{"agentName": "sales"}]


async def test_a_token_is_not_kept_by_anyone(client: httpx.AsyncClient) -> None:
    reply = await client.post("/api/token")
    assert reply.headers["cache-control"] == "no-store"
    assert json.loads(reply.content).keys() == {
        "server_url",
        "participant_token",
        "room_name",
        "participant_identity",
    }

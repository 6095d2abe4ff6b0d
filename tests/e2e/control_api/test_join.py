"""A token of the API lets its holder join a real LiveKit server, and nothing more."""

import asyncio
import json
import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from livekit import api, rtc

from tests.support.livekit_server import LiveKitServer

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[3]


@asynccontextmanager
async def joined(reply: dict):
    room = rtc.Room()
    await asyncio.wait_for(room.connect(reply["server_url"], reply["participant_token"]), 15)
    try:
        yield room
    finally:
        await room.disconnect()


async def test_the_holder_joins_with_narrow_rights(
    client: httpx.AsyncClient, livekit_api: api.LiveKitAPI
) -> None:
    reply = (
        await client.post(
            "/api/token",
            json={
                "participant_name": "Ada",
                "participant_metadata": "m",
                "participant_attributes": {"k": "v"},
                "room_config": {"agents": [{"metadata": "for the agent"}]},
            },
        )
    ).json()
    async with joined(reply) as room:
        assert room.name == reply["room_name"]
        assert room.local_participant.identity == reply["participant_identity"]
        listed = await livekit_api.room.list_participants(
            api.ListParticipantsRequest(room=room.name)
        )
        (participant,) = listed.participants
        assert (participant.name, participant.metadata) == ("Ada", "m")
        assert dict(participant.attributes) == {"k": "v"}
        allowed = participant.permission
        assert allowed.can_publish and allowed.can_subscribe and allowed.can_publish_data
        assert list(allowed.can_publish_sources) == [
            api.TrackSource.MICROPHONE,
            api.TrackSource.CAMERA,
            api.TrackSource.SCREEN_SHARE,
            api.TrackSource.SCREEN_SHARE_AUDIO,
        ]
        assert not (allowed.can_update_metadata or allowed.hidden or allowed.agent)


async def test_the_agent_is_dispatched_by_the_token(
    client: httpx.AsyncClient, livekit_api: api.LiveKitAPI
) -> None:
    body = {"room_config": {"agents": [{"agent_name": "trinity", "metadata": "hello"}]}}
    reply = (await client.post("/api/token", json=body)).json()
    async with joined(reply) as room:
        dispatches = await livekit_api.agent_dispatch.list_dispatch(room.name)
        assert [(d.agent_name, d.metadata) for d in dispatches] == [("trinity", "hello")]


async def test_nobody_throws_another_out(
    client: httpx.AsyncClient, livekit_api: api.LiveKitAPI
) -> None:
    body = {"room_name": "shared", "participant_identity": "ada"}
    first = (await client.post("/api/token", json=body)).json()
    second = (await client.post("/api/token", json=body)).json()
    async with joined(first) as one, joined(second) as other:
        await asyncio.sleep(0.5)
        assert one.isconnected() and other.isconnected()
        listed = await livekit_api.room.list_participants(
            api.ListParticipantsRequest(room="shared")
        )
        assert {participant.identity for participant in listed.participants} == {
            first["participant_identity"],
            second["participant_identity"],
        }


async def test_a_token_opens_no_other_room_and_no_api(
    client: httpx.AsyncClient, livekit: LiveKitServer
) -> None:
    reply = (await client.post("/api/token")).json()
    async with api.LiveKitAPI.with_token(reply["participant_token"], livekit.url) as intruder:
        for call in (
            intruder.room.list_rooms(api.ListRoomsRequest()),
            intruder.room.delete_room(api.DeleteRoomRequest(room=reply["room_name"])),
            intruder.room.list_participants(api.ListParticipantsRequest(room=reply["room_name"])),
        ):
            with pytest.raises(api.ServerError) as refused:
                await call
            assert refused.value.status in (401, 403)


async def test_livekits_own_token_source_works_unchanged(client: httpx.AsyncClient) -> None:
    node = shutil.which("node")
    package = ROOT / "web" / "node_modules" / "livekit-client"
    if node is None or not package.is_dir():
        pytest.skip("needs node and web/node_modules (`make web`)")
    script = f"""
        import {{ TokenSource }} from 'livekit-client';
        const source = TokenSource.endpoint('{client.base_url}/api/token');
        const options = {{ agentName: 'trinity', agentMetadata: 'x', participantName: 'Ada',
                           participantAttributes: {{ k: 'v' }} }};
        const first = await source.fetch(options);
        const again = await source.fetch(options, true);
        const plain = await source.fetch({{}}, true);
        console.log(JSON.stringify([first, again, plain]));
    """
    process = await asyncio.create_subprocess_exec(
        *(node, "--input-type=module", "-e", script),
        cwd=ROOT / "web",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    replies = json.loads(out)
    tokens = [reply.get("participantToken") or reply["participant_token"] for reply in replies]
    rooms = [api.TokenVerifier("test-key", "x").verify(t, verify_signature=False) for t in tokens]
    assert len({claims.video.room for claims in rooms}) == 3
    for claims in rooms:
        assert [agent.agent_name for agent in claims.room_config.agents] == ["trinity"]

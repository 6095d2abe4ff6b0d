"""Events of real rooms: told by LiveKit's webhooks, repaired by looking, streamed with resume."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit import api, rtc

from control_api import Settings
from tests.support.control_api import KEY, SECRET, changed, free_port, redis_server, serving
from tests.support.livekit_server import LiveKitServer, livekit_server
from tests.support.sse import events

pytestmark = pytest.mark.e2e


def token(room: str, identity: str) -> str:
    grants = api.VideoGrants(room_join=True, room=room)
    return api.AccessToken(KEY, SECRET).with_identity(identity).with_grants(grants).to_jwt()


async def join(url: str, room: str, identity: str) -> rtc.Room:
    there = rtc.Room()
    await asyncio.wait_for(there.connect(url, token(room, identity)), 15)
    return there


@pytest.fixture
def api_port() -> int:
    return free_port()


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of each test's own: LiveKit servers on one Redis are one cluster."""
    with redis_server(tmp_path) as url:
        yield url


@pytest.fixture
def told(redis_url: str, api_port: int, tmp_path: Path) -> Iterator[LiveKitServer]:
    """A LiveKit server that tells the control API what happens."""
    url = f"http://127.0.0.1:{api_port}/hooks/livekit"
    with livekit_server(redis_url, tmp_path / "livekit.log", url) as server:
        yield server


@pytest.fixture
def hooked(redis_url: str, told: LiveKitServer) -> Settings:
    return Settings(
        livekit_url=told.url,
        livekit_api_key=KEY,
        livekit_api_secret=SECRET,
        redis_url=redis_url,
        speech_address=f"127.0.0.1:{free_port()}",
    )


async def test_a_call_is_streamed_as_it_happens(hooked: Settings, api_port: int, told) -> None:
    # Only the webhooks: no look within the test.
    quiet = changed(hooked, reconcile_interval_s=300)
    async with serving(quiet, api_port) as client, events(client) as stream:
        there = await join(told.url, "talk", "ada")
        opened = await stream.until("room.opened")
        joined = await stream.until("participant.joined")
        await there.disconnect()
        left = await stream.until("participant.left")
        async with api.LiveKitAPI(told.url, KEY, SECRET) as livekit:
            await livekit.room.delete_room(api.DeleteRoomRequest(room="talk"))
        closed = await stream.until("room.closed")
        for event in (opened, joined, left, closed):
            assert event.data["room"] == "talk"
            assert event.data["room_sid"] == opened.data["room_sid"]
            assert not event.data["repaired"]
        assert joined.data["participant"]["identity"] == "ada"
        assert left.data["participant"] == joined.data["participant"]
        kinds = [event.type for event in stream.seen]
        assert len(kinds) == len(set(kinds))
        async with events(client, after=opened.id) as resumed:
            again = [await resumed.next() for _ in stream.seen[stream.seen.index(opened) + 1 :]]
        assert again == stream.seen[stream.seen.index(opened) + 1 :]


async def test_an_outage_loses_no_change_that_lasts(hooked: Settings, api_port: int, told) -> None:
    """The API is away for so long that LiveKit gives its webhooks up; then it finds out itself."""
    quick = changed(hooked, reconcile_interval_s=0.5)
    async with serving(quick, api_port) as client, events(client) as stream:
        ada = await join(told.url, "long", "ada")
        last = await stream.until("participant.joined")
    bob = await join(told.url, "long", "bob")
    await ada.disconnect()
    cyd = await join(told.url, "new", "cyd")
    async with api.LiveKitAPI(told.url, KEY, SECRET) as livekit:
        # Nobody listens on the API's port: LiveKit tries each webhook for about 15 s.
        await asyncio.sleep(1)
        assert {r.name for r in (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms} >= {
            "long",
            "new",
        }
    # Another port: whatever LiveKit still tries to tell does not arrive.
    async with serving(quick) as client, events(client, after=last.id) as stream:
        wanted = {
            ("participant.left", "ada"),
            ("participant.joined", "bob"),
            ("room.opened", "new"),
            ("participant.joined", "cyd"),
        }
        seen = set()
        give_up = time.monotonic() + 20
        while not wanted <= seen and time.monotonic() < give_up:
            event = await stream.next()
            if event.data["repaired"]:
                who = event.data.get("participant", {}).get("identity", event.data["room"])
                seen.add((event.type, who))
        assert wanted <= seen
        await bob.disconnect()
        await cyd.disconnect()
        metrics = (await client.get("/metrics")).text
        assert 'control_reconcile_repairs_total{kind="participant.left"}' in metrics


async def talk(url: str, room: str, *people: str) -> None:
    """A short call: people come, publish, and go."""
    there = [await join(url, room, who) for who in people]
    for each in there:
        track = rtc.LocalAudioTrack.create_audio_track("voice", rtc.AudioSource(48000, 1))
        await each.local_participant.publish_track(track)
    await asyncio.sleep(0.5)
    for each in there:
        await each.disconnect()
    async with api.LiveKitAPI(url, KEY, SECRET) as livekit:
        await livekit.room.delete_room(api.DeleteRoomRequest(room=room))


OUTAGE_S = 60


async def test_no_event_of_a_call_is_lost_in_a_minutes_outage(
    hooked: Settings, api_port: int, told
) -> None:
    """Not even of a call that begins and ends while the API is away."""
    quick = changed(hooked, reconcile_interval_s=1)
    async with serving(quick, api_port) as client, events(client) as stream:
        ada = await join(told.url, "long", "ada")
        last = await stream.until("participant.joined")
    gone_at = time.monotonic()
    await talk(told.url, "short", "bob", "cyd")
    await ada.disconnect()
    dan = await join(told.url, "long", "dan")
    await asyncio.sleep(OUTAGE_S - (time.monotonic() - gone_at))
    wanted = {
        ("room.opened", "short"),
        ("participant.joined", "bob"),
        ("participant.joined", "cyd"),
        ("participant.left", "bob"),
        ("participant.left", "cyd"),
        ("room.closed", "short"),
        ("participant.left", "ada"),
        ("participant.joined", "dan"),
    }
    seen: list[tuple[str, str]] = []
    async with serving(quick, api_port) as client, events(client, after=last.id) as stream:
        # LiveKit tries the webhooks that wait one after the other, for up to 15 s each.
        give_up = time.monotonic() + 90
        while not wanted <= set(seen) and time.monotonic() < give_up:
            event = await stream.next(60)
            who = event.data.get("participant", {}).get("identity", event.data["room"])
            seen.append((event.type, who))
        await dan.disconnect()
    assert wanted <= set(seen)
    changes = [each for each in seen if each in wanted]
    assert len(changes) == len(set(changes))


async def test_two_servers_tell_each_change_once(hooked: Settings, api_port: int, told) -> None:
    quick = changed(hooked, reconcile_interval_s=0.2)
    async with (
        serving(quick, api_port) as client,
        serving(quick) as other,
        events(client) as stream,
        events(other) as same,
    ):
        there = await join(told.url, "pair", "ada")
        await stream.until("participant.joined")
        await asyncio.sleep(1)
        await there.disconnect()
        await stream.until("participant.left")
        await same.until("participant.left")
        changes = [e.type for e in stream.seen if e.data.get("room") == "pair"]
        for kind in ("room.opened", "participant.joined", "participant.left"):
            assert changes.count(kind) == 1
        mine = [e.id for e in stream.seen]
        assert [e.id for e in same.seen][-len(mine) :] == mine or set(mine) <= {
            e.id for e in same.seen
        }


async def test_the_stream_ends_when_its_listener_goes(hooked: Settings) -> None:
    async with serving(hooked) as client:
        async with events(client):
            pass
        await asyncio.sleep(1)
        metrics = (await client.get("/metrics")).text
    name = "control_http_requests_active "
    line = next(each for each in metrics.splitlines() if each.startswith(name))
    assert float(line.split()[1]) == 1  # the request for the metrics

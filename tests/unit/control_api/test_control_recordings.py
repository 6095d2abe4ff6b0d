"""What is asked of LiveKit for a recording, over its real wire; egress itself is not everywhere."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from aiohttp import web
from livekit import api

from control_api import Settings
from tests.support.control_api import changed, running


class SmallEgress:
    """Rooms with one room, and the egress service behind LiveKit."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[api.RoomCompositeEgressRequest] = []
        self.known: dict[str, api.EgressInfo] = {}
        self.delay_s = 0.0

    async def rooms(self, _: web.Request) -> web.Response:
        await asyncio.sleep(self.delay_s)
        reply = api.ListRoomsResponse(rooms=[api.Room(name="board", sid="RM_1")])
        return web.Response(body=reply.SerializeToString())

    async def start(self, request: web.Request) -> web.Response:
        wanted = api.RoomCompositeEgressRequest.FromString(await request.read())
        self.asked.append(wanted)
        info = api.EgressInfo(
            egress_id=f"EG_{len(self.asked)}",
            room_name=wanted.room_name,
            status=api.EgressStatus.EGRESS_STARTING,
            started_at=1_700_000_000_000_000_000 + len(self.asked),
            room_composite=wanted,
            file_results=[api.FileInfo(filename=wanted.file_outputs[0].filepath)],
        )
        self.known[info.egress_id] = info
        return web.Response(body=info.SerializeToString())

    async def list(self, request: web.Request) -> web.Response:
        wanted = api.ListEgressRequest.FromString(await request.read())
        found = [
            info
            for info in self.known.values()
            if wanted.egress_id in ("", info.egress_id) and wanted.room_name in ("", info.room_name)
        ]
        return web.Response(body=api.ListEgressResponse(items=found).SerializeToString())

    async def stop(self, request: web.Request) -> web.Response:
        wanted = api.StopEgressRequest.FromString(await request.read())
        info = self.known[wanted.egress_id]
        info.status = api.EgressStatus.EGRESS_COMPLETE
        info.ended_at = info.started_at + 2_000_000_000
        info.file_results[0].size = 4096
        info.file_results[0].duration = 2_000_000_000
        return web.Response(body=info.SerializeToString())


@pytest.fixture
async def egress() -> AsyncIterator[SmallEgress]:
    small = SmallEgress()
    app = web.Application()
    app.router.add_post("/twirp/livekit.RoomService/ListRooms", small.rooms)
    app.router.add_post("/twirp/livekit.Egress/StartRoomCompositeEgress", small.start)
    app.router.add_post("/twirp/livekit.Egress/ListEgress", small.list)
    app.router.add_post("/twirp/livekit.Egress/StopEgress", small.stop)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    small.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
    yield small
    await runner.cleanup()


@pytest.fixture
async def client(settings: Settings, egress: SmallEgress) -> AsyncIterator[httpx.AsyncClient]:
    quiet = changed(settings, livekit_url=egress.url, reconcile_interval_s=300)
    async with running(quiet) as client:
        yield client


async def test_a_room_is_recorded_from_begin_to_end(client, egress: SmallEgress) -> None:
    reply = await client.post("/api/recordings", json={"room": "board"})
    assert reply.status_code == 201, reply.text
    begun = reply.json()
    assert reply.headers["location"] == f"/api/recordings/{begun['id']}"
    (wanted,) = egress.asked
    # No layout: with one, egress would start a browser for sound alone.
    assert (wanted.audio_only, wanted.layout) == (True, "")
    (output,) = wanted.file_outputs
    assert output.file_type == api.EncodedFileType.OGG
    assert output.filepath.startswith("/out/board-") and output.filepath.endswith(".ogg")
    assert not output.HasField("s3")
    assert (begun["kind"], begun["state"]) == ("audio", "starting")
    over = (await client.delete(f"/api/recordings/{begun['id']}")).json()
    assert (over["state"], over["files"][0]["duration_s"]) == ("complete", 2.0)
    again = await client.delete(f"/api/recordings/{begun['id']}")
    assert (again.status_code, again.json()) == (200, over)
    assert (await client.get(f"/api/recordings/{begun['id']}")).json() == over
    other = (await client.post("/api/recordings", json={"room": "board", "format": "mp3"})).json()
    listed = (await client.get("/api/recordings", params={"room": "board"})).json()["recordings"]
    assert [each["id"] for each in listed] == [other["id"], over["id"]]


async def test_the_bucket_of_the_settings_is_used(settings: Settings, egress: SmallEgress) -> None:
    bucket = changed(
        settings,
        livekit_url=egress.url,
        reconcile_interval_s=300,
        s3_bucket="talks",
        s3_region="eu",
        s3_endpoint="https://s3.example.org",
        s3_access_key="id",
        s3_secret_key="not-to-be-seen",
        s3_path_style=True,
        recordings_s3_folder="2026/",
    )
    async with running(bucket) as client:
        body = {"room": "board", "kind": "composite", "name": "talk-1"}
        reply = await client.post("/api/recordings", json=body)
        assert reply.status_code == 201
        assert "not-to-be-seen" not in reply.text
        on_disk = await client.post("/api/recordings", json={"room": "board", "to": "file"})
        assert on_disk.status_code == 201
    uploaded, kept = (wanted.file_outputs[0] for wanted in egress.asked)
    assert egress.asked[0].layout == "speaker"
    assert (uploaded.filepath, uploaded.s3.bucket) == ("2026/talk-1.mp4", "talks")
    assert (uploaded.s3.secret, uploaded.s3.force_path_style) == ("not-to-be-seen", True)
    assert not kept.HasField("s3")


async def test_a_livekit_that_hangs_is_not_waited_for(
    settings: Settings, egress: SmallEgress
) -> None:
    egress.delay_s = 30
    hung = changed(settings, livekit_url=egress.url, livekit_timeout_s=0.2)
    async with running(hung) as client:
        reply = await client.get("/api/rooms")
    assert (reply.status_code, reply.json()["type"]) == (503, "/problems/part-timeout")
    assert int(reply.headers["retry-after"]) > 0

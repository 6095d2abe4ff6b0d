"""As much of LiveKit's rooms and SIP as placing a call needs, over LiveKit's real wire.

livekit-server itself places no calls without livekit-sip, which is not everywhere.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from aiohttp import web
from google.protobuf.message import Message
from livekit import api

_M = TypeVar("_M", bound=Message)


class Refusal(Exception):
    def __init__(self, status: int, code: str, **meta: str) -> None:
        self.body = {"code": code, "msg": "no", "meta": meta}
        self.status = status


class SmallTelephony:
    """The other side answers when `answer` is set, or refuses with `refusal`."""

    def __init__(self) -> None:
        self.url = ""
        self.dialled: list[api.CreateSIPParticipantRequest] = []
        self.transfers: list[api.TransferSIPParticipantRequest] = []
        self.rooms: dict[str, list[str]] = {}
        self.people: dict[tuple[str, str], api.ParticipantInfo] = {}
        self.answer = asyncio.Event()
        self.refusal: Refusal | None = None

    def routes(self) -> list[web.RouteDef]:
        handlers = {
            "RoomService/CreateRoom": (api.CreateRoomRequest, self.create_room),
            "RoomService/DeleteRoom": (api.DeleteRoomRequest, self.delete_room),
            "RoomService/ListRooms": (api.ListRoomsRequest, self.list_rooms),
            "RoomService/ListParticipants": (api.ListParticipantsRequest, self.list_people),
            "RoomService/GetParticipant": (api.RoomParticipantIdentity, self.get),
            "RoomService/RemoveParticipant": (api.RoomParticipantIdentity, self.remove),
            "SIP/ListSIPOutboundTrunk": (api.ListSIPOutboundTrunkRequest, self.trunks),
            "SIP/CreateSIPParticipant": (api.CreateSIPParticipantRequest, self.dial),
            "SIP/TransferSIPParticipant": (api.TransferSIPParticipantRequest, self.transfer),
        }
        return [
            web.post(f"/twirp/livekit.{name}", self._handler(kind, work))
            for name, (kind, work) in handlers.items()
        ]

    def _handler(self, kind, work):
        async def handle(request: web.Request) -> web.Response:
            try:
                reply = await work(kind.FromString(await request.read()))
            except Refusal as refusal:
                return web.json_response(refusal.body, status=refusal.status)
            return web.Response(body=reply.SerializeToString())

        return handle

    async def create_room(self, wanted: api.CreateRoomRequest) -> api.Room:
        self.rooms.setdefault(wanted.name, [each.agent_name for each in wanted.agents])
        return api.Room(name=wanted.name, sid=f"RM_{wanted.name}")

    async def delete_room(self, wanted: api.DeleteRoomRequest) -> api.DeleteRoomResponse:
        if self.rooms.pop(wanted.room, None) is None:
            raise Refusal(404, "not_found")
        return api.DeleteRoomResponse()

    async def list_rooms(self, wanted: api.ListRoomsRequest) -> api.ListRoomsResponse:
        names = [name for name in self.rooms if not wanted.names or name in wanted.names]
        return api.ListRoomsResponse(rooms=[api.Room(name=n, sid=f"RM_{n}") for n in names])

    async def list_people(
        self, wanted: api.ListParticipantsRequest
    ) -> api.ListParticipantsResponse:
        found = [who for (room, _), who in self.people.items() if room == wanted.room]
        return api.ListParticipantsResponse(participants=found)

    async def get(self, wanted: api.RoomParticipantIdentity) -> api.ParticipantInfo:
        try:
            return self.people[wanted.room, wanted.identity]
        except KeyError:
            raise Refusal(404, "not_found") from None

    async def remove(self, wanted: api.RoomParticipantIdentity) -> api.RemoveParticipantResponse:
        await self.get(wanted)
        del self.people[wanted.room, wanted.identity]
        return api.RemoveParticipantResponse()

    async def trunks(self, _: api.ListSIPOutboundTrunkRequest) -> api.ListSIPOutboundTrunkResponse:
        trunk = api.SIPOutboundTrunkInfo(
            sip_trunk_id="ST_1", address="sip.test", numbers=["+15550100"]
        )
        return api.ListSIPOutboundTrunkResponse(items=[trunk])

    async def dial(self, wanted: api.CreateSIPParticipantRequest) -> api.SIPParticipantInfo:
        self.dialled.append(wanted)
        who = api.ParticipantInfo(
            sid=f"PA_{wanted.participant_identity}",
            identity=wanted.participant_identity,
            kind=api.ParticipantInfo.SIP,
            state=api.ParticipantInfo.ACTIVE,
            attributes={"sip.callStatus": "ringing"},
        )
        self.rooms.setdefault(wanted.room_name, [])
        self.people[wanted.room_name, wanted.participant_identity] = who
        if self.refusal is None:
            await self.answer.wait()
        if self.refusal is not None:
            self.people.pop((wanted.room_name, wanted.participant_identity), None)
            raise self.refusal
        who.attributes["sip.callStatus"] = "active"
        return api.SIPParticipantInfo(participant_identity=wanted.participant_identity)

    async def transfer(
        self, wanted: api.TransferSIPParticipantRequest
    ) -> api.TransferSIPParticipantResponse:
        self.transfers.append(wanted)
        if self.refusal is not None:
            raise self.refusal
        return api.TransferSIPParticipantResponse()


@asynccontextmanager
async def small_telephony() -> AsyncIterator[SmallTelephony]:
    small = SmallTelephony()
    app = web.Application()
    app.add_routes(small.routes())
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    small.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield small
    finally:
        await runner.cleanup()

"""What an assistant does to its call, over LiveKit's real wire."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import api, rtc
from livekit.agents import ToolError

from agent.settings import Settings
from agent.telephone import RoomActions
from tests.support.small_telephony import Refusal, SmallTelephony, small_telephony

SIP = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
BROWSER = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD


class Session:
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.closed = False
        self.listening = True
        self.input = SimpleNamespace(set_audio_enabled=self._listen)

    def _listen(self, enabled: bool) -> None:
        self.listening = enabled

    def shutdown(self, *, drain: bool) -> None:
        self.closed = True


@pytest.fixture
async def telephony() -> AsyncIterator[SmallTelephony]:
    async with small_telephony() as small:
        small.rooms["room"] = []
        small.answer.set()
        yield small


@pytest.fixture
async def livekit(telephony: SmallTelephony) -> AsyncIterator[api.LiveKitAPI]:
    client = api.LiveKitAPI(telephony.url, "key", "secret-that-is-long-enough-for-hs256")
    yield client
    await client.aclose()  # type: ignore[no-untyped-call]


def actions(
    livekit: api.LiveKitAPI, kind: Any = SIP, session: Any = None, **settings: Any
) -> RoomActions:
    caller = SimpleNamespace(identity="sip_1", kind=kind)
    room: Any = SimpleNamespace(name="room", remote_participants={"sip_1": caller})
    return RoomActions(room, livekit, session or Session(), Settings(**settings), lambda: "sip_1")


async def test_a_telephone_is_transferred(
    telephony: SmallTelephony, livekit: api.LiveKitAPI
) -> None:
    assert "put through" in await actions(livekit).transfer("+15550100")
    (request,) = telephony.transfers
    assert (request.participant_identity, request.transfer_to) == ("sip_1", "tel:+15550100")
    await actions(livekit).transfer("sip:desk@example.test")
    assert telephony.transfers[1].transfer_to == "sip:desk@example.test"


async def test_to_a_browser_the_person_is_called_in(
    telephony: SmallTelephony, livekit: api.LiveKitAPI
) -> None:
    session = Session()
    done = actions(livekit, BROWSER, session, sip_trunk="ST_1")
    assert "in the call" in await done.transfer("+15550100")
    (request,) = telephony.dialled
    assert (request.sip_call_to, request.room_name) == ("+15550100", "room")
    assert request.hide_phone_number
    assert not session.listening  # the agent steps back
    assert telephony.transfers == []


async def test_what_does_not_come_about_is_told_the_model(
    telephony: SmallTelephony, livekit: api.LiveKitAPI
) -> None:
    with pytest.raises(ToolError, match="Nobody can be called"):
        await actions(livekit).call_in("+15550100")
    telephony.refusal = Refusal(503, "unavailable")
    with pytest.raises(ToolError, match="does not answer"):
        await actions(livekit).transfer("+15550100")
    with pytest.raises(ToolError, match="does not answer"):
        await actions(livekit, sip_trunk="ST_1").call_in("+15550100")


async def test_hanging_up_closes_the_room_even_when_livekit_does_not_answer(
    telephony: SmallTelephony, livekit: api.LiveKitAPI
) -> None:
    session = Session()
    await actions(livekit, session=session).hang_up()
    assert "room" not in telephony.rooms
    assert session.closed
    session = Session()
    await actions(livekit, session=session).hang_up()  # it is gone already
    assert session.closed


async def test_without_deleting_rooms_the_caller_is_removed(
    telephony: SmallTelephony, livekit: api.LiveKitAPI
) -> None:
    telephony.people["room", "sip_1"] = api.ParticipantInfo(identity="sip_1")
    await actions(livekit, delete_room_on_close=False).hang_up()
    assert "room" in telephony.rooms
    assert telephony.people == {}

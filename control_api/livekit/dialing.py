"""Telephones that are called, transferred and hung up."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from livekit import api

from control_api.errors import ControlError
from control_api.livekit.client import LiveKitClient

if TYPE_CHECKING:
    from collections.abc import Awaitable

# LiveKit's own answer comes with the end of ringing; this is for the way there and back.
_MARGIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Dial:
    """Whom to call, and how."""

    trunk_id: str
    to: str
    room: str
    identity: str
    from_number: str = ""
    display_name: str = ""
    dtmf: str = ""
    ringing_timeout_s: int = 30
    max_call_duration_s: int = 3600
    hide_phone_number: bool = True


class DialFailed(Exception):
    """A call or a transfer did not come about.

    Attributes:
        sip_status_code: The other side's SIP status, where it gave one.
        code: LiveKit's code, such as `unavailable`.
    """

    def __init__(self, code: str, sip_status_code: int | None, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.sip_status_code = sip_status_code


class Dialer:
    """What can be done with telephones."""

    def __init__(self, client: LiveKitClient) -> None:
        self._client = client
        self._service = client.api.sip

    async def dial(self, dial: Dial) -> None:
        """Calls somebody, and returns when they have answered.

        Raises:
            DialFailed: They did not.
        """
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id=dial.trunk_id,
            sip_call_to=dial.to,
            sip_number=dial.from_number,
            room_name=dial.room,
            participant_identity=dial.identity,
            display_name=dial.display_name or None,
            dtmf=dial.dtmf,
            hide_phone_number=dial.hide_phone_number,
            wait_until_answered=True,
        )
        request.ringing_timeout.seconds = dial.ringing_timeout_s
        request.max_call_duration.seconds = dial.max_call_duration_s
        wait_s = dial.ringing_timeout_s + _MARGIN_S
        await self._run(self._service.create_sip_participant(request, timeout=wait_s), wait_s)

    async def transfer(self, room: str, identity: str, to: str) -> None:
        """Hands a call on, and returns when the other number has taken it.

        Raises:
            DialFailed: It did not.
        """
        request = api.TransferSIPParticipantRequest(
            room_name=room, participant_identity=identity, transfer_to=to
        )
        request.ringing_timeout.seconds = 30
        wait_s = 30 + _MARGIN_S
        await self._run(self._service.transfer_sip_participant(request, timeout=wait_s), wait_s)

    async def _run(self, call: "Awaitable[object]", wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s + _MARGIN_S):
                await call
        except api.SipCallError as error:
            detail = error.sip_status or error.message
            raise DialFailed(error.code, error.sip_status_code, detail) from error
        except api.ServerError as error:
            raise DialFailed(error.code, None, error.message) from error
        except TimeoutError as error:
            raise DialFailed("deadline_exceeded", None, "No answer came.") from error
        except (aiohttp.ClientError, OSError, ControlError) as error:
            raise DialFailed("transport", None, "LiveKit cannot be reached.") from error

"""Tones on a telephone call that runs.

LiveKit's server API has no operation for it: tones are data of a participant, which livekit-sip
plays to its side of the call. So somebody whom nobody sees joins for as long as they take.
"""

import asyncio
from datetime import timedelta

import structlog
from livekit import api, rtc

from control_api.errors import NeighbourUnavailable
from control_api.livekit.client import PART
from control_api.settings import Settings

_log = structlog.stdlib.get_logger("control_api.tones")
_KEYS = "0123456789*#ABCD"
# livekit-sip plays a tone for 250 ms; the next one comes after it.
_TONE_S = 0.3
_PAUSE_S = 0.5
_JOIN_S = 5.0


class Tones:
    """Sends DTMF.

    Args:
        settings: Where LiveKit is.
        hidden: Nobody sees who sends. LiveKit then leaves the sender's name out, which livekit-sip
            takes as well; LiveKit's Rust and Python clients drop such tones.
    """

    def __init__(self, settings: Settings, *, hidden: bool = True) -> None:
        self._settings = settings
        self._hidden = hidden

    async def send(self, room: str, sender: str, digits: str) -> None:
        """Plays digits to the telephones of a room, one after the other.

        Args:
            room: Its name; it is open.
            sender: Identity of who joins for it.
            digits: `0`-`9`, `A`-`D`, `*`, `#`, and `w` for half a second of silence.

        Raises:
            NeighbourUnavailable: LiveKit let nobody join.
        """
        there = rtc.Room()
        try:
            async with asyncio.timeout(_JOIN_S):
                await there.connect(
                    self._settings.livekit_url,
                    self._token(room, sender),
                    rtc.RoomOptions(auto_subscribe=False),
                )
            for digit in digits.upper():
                if digit == "W":
                    await asyncio.sleep(_PAUSE_S)
                    continue
                await there.local_participant.publish_dtmf(code=_KEYS.index(digit), digit=digit)
                await asyncio.sleep(_TONE_S)
        except (TimeoutError, rtc.ConnectError, rtc.participant.PublishDTMFError) as error:
            _log.warning("tones were not sent", reason=type(error).__name__)
            raise NeighbourUnavailable(PART, "LiveKit did not take the tones.") from error
        finally:
            await there.disconnect()

    def _token(self, room: str, identity: str) -> str:
        grants = api.VideoGrants(
            room_join=True,
            room=room,
            hidden=self._hidden,
            can_publish=False,
            can_subscribe=False,
            can_publish_data=True,
        )
        secret = self._settings.livekit_api_secret.get_secret_value()
        token = api.AccessToken(self._settings.livekit_api_key, secret)
        return (
            token.with_identity(identity)
            .with_ttl(timedelta(seconds=60))
            .with_grants(grants)
            .to_jwt()
        )

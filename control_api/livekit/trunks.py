"""SIP trunks: how calls come in from a provider or a telephone, and how they go out."""

from collections.abc import Sequence
from typing import Annotated, Literal

from livekit import api
from pydantic import BaseModel, Field, SecretStr

from control_api.errors import ResourceNotFound
from control_api.livekit.client import LiveKitClient

Encryption = Literal["disable", "allow", "require"]
Transport = Literal["auto", "udp", "tcp", "tls"]

_ENCRYPTIONS: dict[Encryption, api.SIPMediaEncryption] = {
    "disable": api.SIPMediaEncryption.SIP_MEDIA_ENCRYPT_DISABLE,
    "allow": api.SIPMediaEncryption.SIP_MEDIA_ENCRYPT_ALLOW,
    "require": api.SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE,
}
_TRANSPORTS: dict[Transport, api.SIPTransport] = {
    "auto": api.SIPTransport.SIP_TRANSPORT_AUTO,
    "udp": api.SIPTransport.SIP_TRANSPORT_UDP,
    "tcp": api.SIPTransport.SIP_TRANSPORT_TCP,
    "tls": api.SIPTransport.SIP_TRANSPORT_TLS,
}
_ENCRYPTION_NAMES = {value: name for name, value in _ENCRYPTIONS.items()}
_TRANSPORT_NAMES = {value: name for name, value in _TRANSPORTS.items()}

# A telephone number, or the user part of a SIP address.
Number = Annotated[str, Field(pattern=r"^[A-Za-z0-9+*#._-]{1,64}$")]


class InboundTrunk(BaseModel):
    """From where calls are taken, and for which numbers."""

    kind: Literal["inbound"] = Field(default="inbound", description="Calls come in.")
    name: str = Field(default="", max_length=128, description="A name for people.")
    numbers: list[Number] = Field(
        default_factory=list, max_length=1000, description="Our numbers; empty: any."
    )
    allowed_addresses: list[str] = Field(
        default_factory=list, max_length=100, description="IP addresses or networks (CIDR)."
    )
    allowed_numbers: list[Number] = Field(
        default_factory=list, max_length=1000, description="Numbers that may call; empty: any."
    )
    auth_username: str = Field(default="", max_length=128, description="Who calls signs in so.")
    ringing_timeout_s: int | None = Field(
        default=None, ge=1, le=600, description="Seconds that it rings at most."
    )
    max_call_duration_s: int | None = Field(
        default=None, ge=1, le=86_400, description="Seconds after which a call is ended."
    )
    media_encryption: Encryption = Field(default="allow", description="Whether SRTP is used.")


class OutboundTrunk(BaseModel):
    """Where calls are sent, and with which of our numbers."""

    kind: Literal["outbound"] = Field(description="Calls go out.")
    name: str = Field(default="", max_length=128, description="A name for people.")
    address: str = Field(
        max_length=253,
        pattern=r"^[A-Za-z0-9.\[\]:_-]+$",
        description="Host and, if need be, port of the provider; without `sip:`.",
    )
    transport: Transport = Field(default="auto", description="How SIP is carried.")
    numbers: list[Number] = Field(
        min_length=1, max_length=1000, description="Our numbers; a call uses one of them."
    )
    auth_username: str = Field(default="", max_length=128, description="We sign in so.")
    from_host: str = Field(default="", max_length=253, description="Host of the From address.")
    media_encryption: Encryption = Field(default="allow", description="Whether SRTP is used.")


class _Known(BaseModel):
    id: str = Field(description="LiveKit's id of the trunk.")
    has_password: bool = Field(description="Whether there is a password; it is never shown.")


class KnownInboundTrunk(InboundTrunk, _Known):
    """An inbound trunk that LiveKit has."""


class KnownOutboundTrunk(OutboundTrunk, _Known):
    """An outbound trunk that LiveKit has."""


class Trunks:
    """What can be done with trunks."""

    def __init__(self, client: LiveKitClient) -> None:
        self._client = client
        self._service = client.api.sip

    async def inbound(self) -> Sequence[KnownInboundTrunk]:
        """All inbound trunks."""
        request = api.ListSIPInboundTrunkRequest()
        reply = await self._client.call(
            "sip", "list_inbound_trunk", lambda: self._service.list_inbound_trunk(request)
        )
        return [_inbound(each) for each in reply.items]

    async def outbound(self) -> Sequence[KnownOutboundTrunk]:
        """All outbound trunks."""
        request = api.ListSIPOutboundTrunkRequest()
        reply = await self._client.call(
            "sip", "list_outbound_trunk", lambda: self._service.list_outbound_trunk(request)
        )
        return [_outbound(each) for each in reply.items]

    async def get(self, trunk_id: str) -> KnownInboundTrunk | KnownOutboundTrunk:
        """One trunk of either kind.

        Raises:
            ResourceNotFound: There is none of this id.
        """
        trunks: list[KnownInboundTrunk | KnownOutboundTrunk] = []
        trunks += await self.inbound()
        trunks += await self.outbound()
        for trunk in trunks:
            if trunk.id == trunk_id:
                return trunk
        raise ResourceNotFound("trunk")

    async def create_inbound(self, trunk: InboundTrunk, password: SecretStr) -> KnownInboundTrunk:
        """Makes an inbound trunk.

        Raises:
            Rejected: Another trunk has one of the numbers.
        """
        info = api.SIPInboundTrunkInfo(
            name=trunk.name,
            numbers=trunk.numbers,
            allowed_addresses=trunk.allowed_addresses,
            allowed_numbers=trunk.allowed_numbers,
            auth_username=trunk.auth_username,
            auth_password=password.get_secret_value(),
            media=api.SIPMediaConfig(encryption=_ENCRYPTIONS[trunk.media_encryption]),
        )
        if trunk.ringing_timeout_s is not None:
            info.ringing_timeout.seconds = trunk.ringing_timeout_s
        if trunk.max_call_duration_s is not None:
            info.max_call_duration.seconds = trunk.max_call_duration_s
        request = api.CreateSIPInboundTrunkRequest(trunk=info)
        made = await self._client.call(
            "sip", "create_inbound_trunk", lambda: self._service.create_inbound_trunk(request)
        )
        return _inbound(made)

    async def create_outbound(
        self, trunk: OutboundTrunk, password: SecretStr
    ) -> KnownOutboundTrunk:
        """Makes an outbound trunk."""
        info = api.SIPOutboundTrunkInfo(
            name=trunk.name,
            address=trunk.address,
            transport=_TRANSPORTS[trunk.transport],
            numbers=trunk.numbers,
            auth_username=trunk.auth_username,
            auth_password=password.get_secret_value(),
            from_host=trunk.from_host,
            media=api.SIPMediaConfig(encryption=_ENCRYPTIONS[trunk.media_encryption]),
        )
        request = api.CreateSIPOutboundTrunkRequest(trunk=info)
        made = await self._client.call(
            "sip", "create_outbound_trunk", lambda: self._service.create_outbound_trunk(request)
        )
        return _outbound(made)

    async def delete(self, trunk_id: str) -> None:
        """Deletes a trunk of either kind; LiveKit itself is content with an unknown id.

        Raises:
            ResourceNotFound: There is none of this id.
        """
        await self.get(trunk_id)
        request = api.DeleteSIPTrunkRequest(sip_trunk_id=trunk_id)
        await self._client.call(
            "sip", "delete_trunk", lambda: self._service.delete_trunk(request), what="trunk"
        )


def _inbound(info: api.SIPInboundTrunkInfo) -> KnownInboundTrunk:
    # model_construct: what others have made need not keep our bounds.
    return KnownInboundTrunk.model_construct(
        kind="inbound",
        id=info.sip_trunk_id,
        name=info.name,
        numbers=list(info.numbers),
        allowed_addresses=list(info.allowed_addresses),
        allowed_numbers=list(info.allowed_numbers),
        auth_username=info.auth_username,
        has_password=bool(info.auth_password),
        ringing_timeout_s=info.ringing_timeout.seconds or None,
        max_call_duration_s=info.max_call_duration.seconds or None,
        media_encryption=_ENCRYPTION_NAMES.get(info.media.encryption, "disable"),
    )


def _outbound(info: api.SIPOutboundTrunkInfo) -> KnownOutboundTrunk:
    return KnownOutboundTrunk.model_construct(
        kind="outbound",
        id=info.sip_trunk_id,
        name=info.name,
        address=info.address,
        transport=_TRANSPORT_NAMES.get(info.transport, "auto"),
        numbers=list(info.numbers),
        auth_username=info.auth_username,
        has_password=bool(info.auth_password),
        from_host=info.from_host,
        media_encryption=_ENCRYPTION_NAMES.get(info.media.encryption, "disable"),
    )

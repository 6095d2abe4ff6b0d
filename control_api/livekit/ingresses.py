"""Streams that are brought into a room by livekit-ingress: RTMP and WHIP."""

from collections.abc import Sequence
from typing import Literal

from livekit import api
from pydantic import BaseModel, Field

from control_api.errors import ResourceNotFound
from control_api.livekit.client import LiveKitClient

Kind = Literal["rtmp", "whip"]
State = Literal["inactive", "buffering", "publishing", "error", "complete"]
_KINDS: dict[Kind, api.IngressInput] = {
    "rtmp": api.IngressInput.RTMP_INPUT,
    "whip": api.IngressInput.WHIP_INPUT,
}
_STATES: dict[int, State] = {
    api.IngressState.ENDPOINT_INACTIVE: "inactive",
    api.IngressState.ENDPOINT_BUFFERING: "buffering",
    api.IngressState.ENDPOINT_PUBLISHING: "publishing",
    api.IngressState.ENDPOINT_ERROR: "error",
    api.IngressState.ENDPOINT_COMPLETE: "complete",
}


class Ingress(BaseModel):
    """An address to which a stream is sent, and the participant that it becomes."""

    id: str = Field(description="LiveKit's id of it.")
    name: str = Field(description="A name for people.")
    kind: Literal["rtmp", "whip", "url"] = Field(description="How the stream is sent.")
    url: str = Field(
        description="Where it is sent to; empty where LiveKit is not told its address."
    )
    room: str = Field(description="The room that it is heard in.")
    identity: str = Field(description="Identity of the participant that it becomes.")
    participant_name: str = Field(description="Name that others see.")
    state: State = Field(description="inactive: nobody sends.")
    error: str | None = Field(default=None, description="Why it failed.")


class NewIngress(Ingress):
    """An ingress that was just made, with its key."""

    stream_key: str = Field(
        description="Who has it can send; RTMP: the last part of the address, WHIP: the bearer "
        "token. It is shown this once."
    )


class Ingresses:
    """What can be done with ingresses."""

    def __init__(self, client: LiveKitClient) -> None:
        self._client = client
        self._service = client.api.ingress

    async def create(
        self,
        kind: Kind,
        *,
        name: str,
        room: str,
        identity: str,
        participant_name: str,
        metadata: str,
    ) -> NewIngress:
        """Makes an ingress; it can be sent to again and again until it is deleted."""
        request = api.CreateIngressRequest(
            input_type=_KINDS[kind],
            name=name,
            room_name=room,
            participant_identity=identity,
            participant_name=participant_name,
            participant_metadata=metadata,
        )
        info = await self._client.call(
            "ingress", "create_ingress", lambda: self._service.create_ingress(request)
        )
        return NewIngress(stream_key=info.stream_key, **_ingress(info).model_dump())

    async def list(self, *, room: str = "", ingress_id: str = "") -> Sequence[Ingress]:
        """The ingresses of a room, or all."""
        request = api.ListIngressRequest(room_name=room, ingress_id=ingress_id)
        reply = await self._client.call(
            "ingress", "list_ingress", lambda: self._service.list_ingress(request), what="ingress"
        )
        return [_ingress(info) for info in reply.items]

    async def get(self, ingress_id: str) -> Ingress:
        """One ingress.

        Raises:
            ResourceNotFound: There is none of this id.
        """
        found = await self.list(ingress_id=ingress_id)
        if not found:
            raise ResourceNotFound("ingress")
        return found[0]

    async def delete(self, ingress_id: str) -> None:
        """Deletes an ingress; who sends is cut off."""
        await self.get(ingress_id)
        request = api.DeleteIngressRequest(ingress_id=ingress_id)
        await self._client.call(
            "ingress",
            "delete_ingress",
            lambda: self._service.delete_ingress(request),
            what="ingress",
        )


def _ingress(info: api.IngressInfo) -> Ingress:
    kinds: dict[int, Literal["rtmp", "whip", "url"]] = {
        api.IngressInput.RTMP_INPUT: "rtmp",
        api.IngressInput.WHIP_INPUT: "whip",
    }
    return Ingress(
        id=info.ingress_id,
        name=info.name,
        kind=kinds.get(info.input_type, "url"),
        url=info.url,
        room=info.room_name,
        identity=info.participant_identity,
        participant_name=info.participant_name,
        state=_STATES.get(info.state.status, "error"),
        error=info.state.error or None,
    )

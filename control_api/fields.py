"""Fields that several requests have, with their bounds."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field

from control_api.errors import FieldError

# How a route describes its failures for OpenAPI.
Responses = dict[int | str, dict[str, Any]]

# No white space, no control characters, no slash: fit for an address, a log field and a key.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:@+=~-]*$", max_length=128)]
Printable = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=128)]
Attributes = Annotated[dict[str, str], Field(max_length=16)]

# Rooms that others opened may have any name.
RoomPath = Annotated[str, Path(min_length=1, max_length=256, description="Name of the room.")]
IdentityPath = Annotated[
    str, Path(min_length=1, max_length=256, description="Identity of the participant.")
]

# Attributes that LiveKit and its agents give a meaning to.
_RESERVED_ATTRIBUTES = ("lk.", "sip.")


def too_long(pointer: str, text: str | None, bound: int) -> Iterator[FieldError]:
    """The error of a text with more than `bound` bytes."""
    if len((text or "").encode()) > bound:
        yield FieldError(pointer, f"At most {bound} bytes of UTF-8 are accepted.")


def attribute_errors(pointer: str, attributes: dict[str, str], bound: int) -> Iterator[FieldError]:
    """The errors of a participant's attributes."""
    for key in attributes:
        if key.startswith(_RESERVED_ATTRIBUTES):
            yield FieldError(
                f"{pointer}/{key}", "Attributes that begin with lk. or sip. are LiveKit's own."
            )
    yield from too_long(pointer, "".join((*attributes.keys(), *attributes.values())), bound)


def agent_errors(pointer: str, name: str, served: tuple[str, ...]) -> Iterator[FieldError]:
    """The error of an agent that is not served here."""
    if name not in served:
        yield FieldError(pointer, "No agent of this name is served here.")

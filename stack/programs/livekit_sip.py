"""livekit-sip, the bridge to the telephone: optional, never installed by the stack."""

from pathlib import Path

from stack.errors import ProgramMissing
from stack.programs.lookup import in_cache, on_path
from stack.settings import StackSettings

NAME = "livekit-sip"


def find(settings: StackSettings) -> Path | None:
    """Give ``livekit-sip``, or None when the stack is to run without a telephone.

    It has to share Redis with LiveKit: unasked, the stack starts it beside its own LiveKit only.

    Raises:
        ProgramMissing: ``STACK_SIP`` asks for it and it is not there.
    """
    if settings.sip is False or (settings.sip is None and settings.livekit_url):
        return None
    found = on_path(NAME) or in_cache(settings.bin_dir, NAME)
    if found is None and settings.sip:
        raise ProgramMissing(
            "STACK_SIP is true, but livekit-sip is not on PATH: docs/telephony.md says where it "
            "comes from"
        )
    return found

"""The telephone: livekit-sip, trunks and rules."""

import secrets
import socket

from trinity_cli import telephone
from trinity_cli.control_api import ControlApi
from trinity_cli.doctor.finding import Finding, fault, off, ok, skipped, warning
from trinity_cli.errors import CliError

_PART = "telephone"
_TIMEOUT_S = 2.0
_START = "Put livekit-sip on PATH and start the stack again: docs/telephony.md"


def telephone_line(api: ControlApi, address: str) -> Finding:
    """Whether livekit-sip answers, and somebody could call."""
    try:
        trunks, rules = telephone.everything(api)
    except CliError as error:
        return skipped(_PART, f"the control API does not tell: {error.message}")
    if not address:
        if trunks:
            return fault(_PART, "there are trunks, and TRINITY_SIP_ADDRESS is empty", _START)
        return off(_PART, "no livekit-sip, no trunk")
    answer = _options(address)
    if answer is None:
        if trunks:
            return fault(_PART, f"there are trunks, and no livekit-sip at {address}", _START)
        return off(_PART, f"no livekit-sip at {address}, no trunk")
    if not answer.startswith("SIP/2.0 200"):
        return fault(_PART, f"what is at {address} answers {answer}", "Is it livekit-sip?")
    inbound = [each for each in trunks if each["kind"] == "inbound"]
    if not inbound:
        return warning(
            _PART,
            f"livekit-sip answers at {address}; no trunk lets anybody call",
            "Let a softphone call: trinity sip setup softphone",
        )
    deaf = [each["name"] or each["id"] for each in inbound if not _answered(each, rules)]
    if deaf:
        return fault(
            _PART,
            f"no rule with an agent answers calls of: {', '.join(deaf)}",
            f"trinity sip remove {deaf[0]}, and set it up again",
        )
    return ok(
        _PART, f"livekit-sip answers at {address}; trunks that calls come in by: {len(inbound)}"
    )


def _answered(trunk: dict[str, object], rules: list[dict[str, object]]) -> bool:
    for rule in rules:
        ids = rule["trunk_ids"]
        assert isinstance(ids, list)
        if rule["agents"] and (not ids or trunk["id"] in ids):
            return True
    return False


def _options(address: str) -> str | None:
    """Ask a SIP server what it can; gives the first line of its answer, None without one."""
    host, _, port = address.partition(":")
    mark = secrets.token_hex(8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(_TIMEOUT_S)
        try:
            sock.connect((host, int(port or 5060)))
            own = sock.getsockname()
            lines = (
                f"OPTIONS sip:{address} SIP/2.0",
                f"Via: SIP/2.0/UDP {own[0]}:{own[1]};branch=z9hG4bK{mark};rport",
                f"From: <sip:doctor@{own[0]}>;tag={mark}",
                f"To: <sip:{address}>",
                f"Call-ID: {mark}",
                "CSeq: 1 OPTIONS",
                "Max-Forwards: 1",
                "Content-Length: 0",
                "\r\n",
            )
            sock.send("\r\n".join(lines).encode())
            return sock.recv(4096).decode(errors="replace").splitlines()[0]
        except (OSError, IndexError, OverflowError):
            return None

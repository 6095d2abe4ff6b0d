"""The ports of a stack: derived from one base, and found free before anything starts."""

import contextlib
import dataclasses
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from stack.errors import PortTaken

HOST = "127.0.0.1"
SPAN = 48
"""Ports that one stack may take from its base on."""
_RTP_FROM = 16
"""Where in the block the ports of telephone calls' sound begin; they go on to its end."""


@dataclasses.dataclass(frozen=True)
class Ports:
    """Every port that a stack listens on, all on loopback. TCP unless the name says otherwise."""

    control: int = 8000
    livekit: int = 7880
    livekit_tcp: int = 7881
    livekit_udp: int = 7882
    livekit_metrics: int = 6789
    redis: int = 6379
    ollama: int = 11434
    speech: int = 50051
    speech_metrics: int = 9101
    agent_metrics: int = 9102
    agent_health: int = 8081
    prometheus: int = 9090
    sip: int = 5060
    """TCP and UDP."""
    sip_rtp: int = 10000
    """First of the ports for the sound of telephone calls, UDP."""
    sip_rtp_last: int = 10300

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        """Give the block of ports that starts at ``base``, in the order of the fields."""
        names = [field.name for field in dataclasses.fields(cls)]
        ports = {name: base + offset for offset, name in enumerate(names)}
        return cls(**{**ports, "sip_rtp": base + _RTP_FROM, "sip_rtp_last": base + SPAN - 1})


SETTING_OF = {
    "control": "CONTROL_PORT",
    "livekit": "STACK_LIVEKIT_PORT",
    "livekit_tcp": "STACK_LIVEKIT_TCP_PORT",
    "livekit_udp": "STACK_LIVEKIT_UDP_PORT",
    "livekit_metrics": "STACK_LIVEKIT_METRICS_PORT",
    "redis": "STACK_REDIS_PORT",
    "ollama": "STACK_OLLAMA_PORT",
    "speech": "SPEECH_PORT",
    "speech_metrics": "SPEECH_METRICS_PORT",
    "agent_metrics": "AGENT_METRICS_PORT",
    "agent_health": "AGENT_HEALTH_PORT",
    "prometheus": "STACK_PROMETHEUS_PORT",
    "sip": "STACK_SIP_PORT",
    "sip_rtp": "STACK_SIP_RTP_PORT",
    "sip_rtp_last": "STACK_SIP_RTP_LAST_PORT",
}
"""Environment variable of each port, for messages to people."""

ALTERNATIVE = {
    "redis": "or set REDIS_URL to use the Redis that runs there",
    "ollama": "or set OLLAMA_HOST to use the Ollama that runs there",
    "livekit": "or set LIVEKIT_URL to use the LiveKit server that runs there",
    "sip": "often by a softphone: give one of the two another port",
}
"""What else a person can do about a port that is taken."""

_TCP_AND_UDP = frozenset({"sip"})


def is_free(port: int, *, udp: bool = False) -> bool:
    """Tell whether a port of loopback can be listened on."""
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as sock:
        if not udp:
            # As the servers do: a port in TIME_WAIT counts as free.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
        return True


def require_free(ports: Ports, names: list[str]) -> None:
    """Check that each named port is free.

    Raises:
        PortTaken: names every port that is not, its setting and, where visible, who has it.
    """
    taken = []
    kinds = [(name, name.endswith("_udp")) for name in names]
    kinds += [(name, True) for name in names if name in _TCP_AND_UDP]
    for name, udp in kinds:
        port = getattr(ports, name)
        if is_free(port, udp=udp):
            continue
        owner = owner_of(port, udp=udp)
        line = f"port {port}/{'udp' if udp else 'tcp'} ({SETTING_OF[name]}) is taken"
        line += f" by {owner}" if owner else " by a process that is not visible from here"
        if name in ALTERNATIVE:
            line += f"; {ALTERNATIVE[name]}"
        taken.append(line)
    if taken:
        advice = "Stop what holds it, set another port, or move the whole stack by STACK_PORT_BASE."
        raise PortTaken("\n".join([*taken, advice]))


def free_base(first: int = 20000, last: int = 31000) -> int:
    """Find a base whose whole block of ports is free, for a stack beside others.

    The search starts at a place that depends on the process, so that two test runs at once do
    not choose the same block. Below 32768, where Linux gives out ports to clients.
    """
    blocks = (last - first) // SPAN
    for step in range(blocks):
        base = first + (os.getpid() * 7 + step) % blocks * SPAN
        if all(is_free(port) and is_free(port, udp=True) for port in range(base, base + SPAN)):
            return base
    raise PortTaken(f"no block of {SPAN} free ports between {first} and {last}")


def owner_of(port: int, *, udp: bool = False) -> str | None:
    """Name the process that holds a port, as ``name (pid N)``, when /proc shows it."""
    inodes = set(_socket_inodes(port, udp=udp))
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or another user's
            if not inodes.isdisjoint(_links(process / "fd")):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return None


def _links(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            yield str(entry.readlink())


def _socket_inodes(port: int, *, udp: bool) -> Iterator[str]:
    """Give the sockets that listen on a port, as links in /proc/*/fd read."""
    listening = "07" if udp else "0A"
    for table in ("udp", "udp6") if udp else ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if int(fields[1].rsplit(":", 1)[1], 16) == port and fields[3] == listening:
                yield f"socket:[{fields[9]}]"

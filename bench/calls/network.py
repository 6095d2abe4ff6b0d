"""A network of its own for the caller, as bad as one likes: a namespace, and a link to it.

The link is a pair of TUN devices between which this process carries packets, and delays, jitters
and drops them by a seed. The kernel's netem would do the same, where the kernel has it; here every
Linux does, and the same packets are lost again in the next run. It takes root.
"""

import asyncio
import fcntl
import os
import random
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["CALLER", "HERE", "Conditions", "Link", "NetworkError", "open_link"]

HERE, CALLER = "10.203.77.1", "10.203.77.2"
"""Addresses of the machine and of the caller on the link."""
NAMESPACE = "trinity-bench"
_DEVICES = ("trinity-here", "trinity-call")
_TUNSETIFF = 0x400454CA
_TUN, _NO_PACKET_INFORMATION = 0x0001, 0x1000
_MTU = 1500
_RUN_S = 10.0


class NetworkError(Exception):
    """The network cannot be made; the text says why."""


@dataclass(frozen=True)
class Conditions:
    """What a packet meets on its way, in either direction.

    Attributes:
        name: For people.
        delay_ms: Time on the way.
        jitter_ms: Standard deviation of it; packets keep their order, as they mostly do.
        loss: Part of the packets that are lost, 0 to 1.
    """

    name: str
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0


@dataclass
class Link:
    """The link while it is open; `conditions` may be changed at any time."""

    seed: int
    conditions: Conditions = field(default_factory=lambda: Conditions("as it is"))
    packets: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._latest_s = {0: 0.0, 1: 0.0}

    def fate(self, direction: int, now_s: float) -> float | None:
        """Decide when a packet arrives; None when it never does."""
        now = self.conditions
        self.packets += 1
        if self._random.random() < now.loss:
            self.lost += 1
            return None
        delay_ms = max(0.0, self._random.gauss(now.delay_ms, now.jitter_ms))
        # A wire does not overtake itself.
        self._latest_s[direction] = max(self._latest_s[direction], now_s + delay_ms / 1000)
        return self._latest_s[direction]


@asynccontextmanager
async def open_link(seed: int) -> AsyncIterator[Link]:
    """Make the namespace and the link, and carry packets until the block ends.

    Raises:
        NetworkError: Not root, or the system has no namespaces or TUN devices.
    """
    if os.geteuid() != 0:
        raise NetworkError("make bench-net makes a network namespace, which takes root")
    if shutil.which("ip") is None:
        raise NetworkError("`ip` is missing: install iproute2")
    _remove()
    link = Link(seed)
    descriptors: list[int] = []
    try:
        _ip("netns", "add", NAMESPACE)
        descriptors += [_open_device(name) for name in _DEVICES]
        here, there = _DEVICES
        _ip("addr", "add", HERE, "peer", CALLER, "dev", here)
        _ip("link", "set", here, "up")
        _ip("link", "set", there, "netns", NAMESPACE)
        for command in (
            ("addr", "add", CALLER, "peer", HERE, "dev", there),
            ("link", "set", there, "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", NAMESPACE, *command)
        _carry(link, descriptors)
        yield link
    finally:
        loop = asyncio.get_running_loop()
        for descriptor in descriptors:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        _remove()


def _carry(link: Link, descriptors: list[int]) -> None:
    loop = asyncio.get_running_loop()

    def deliver(descriptor: int, packet: bytes) -> None:
        with suppress(OSError):  # the link is being closed
            os.write(descriptor, packet)

    def read(direction: int) -> None:
        for _ in range(32):
            try:
                packet = os.read(descriptors[direction], _MTU + 64)
            except BlockingIOError:
                return
            due_s = link.fate(direction, loop.time())
            if due_s is not None:
                loop.call_at(due_s, deliver, descriptors[1 - direction], packet)

    for direction in (0, 1):
        loop.add_reader(descriptors[direction], read, direction)


def _open_device(name: str) -> int:
    try:
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        wanted = struct.pack("16sH22x", name.encode(), _TUN | _NO_PACKET_INFORMATION)
        fcntl.ioctl(descriptor, _TUNSETIFF, wanted)
    except OSError as error:
        raise NetworkError(f"no TUN device can be made: {error}") from error
    return descriptor


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=_RUN_S)
    if done.returncode:
        raise NetworkError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _remove() -> None:
    """Remove what is there of it; the devices go with their descriptors."""
    subprocess.run(["ip", "netns", "del", NAMESPACE], capture_output=True, timeout=_RUN_S)

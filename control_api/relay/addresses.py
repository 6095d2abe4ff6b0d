"""Which addresses webhooks may be sent to: public ones, and networks that an operator names.

Who may register a webhook must not reach what only this machine can: cloud metadata, Redis, a
router. Names are looked up when a connection is made, and the connection goes to the address that
was looked at, so that a name which changes its address in between (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
from collections.abc import Sequence

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# IPv6 addresses that carry an IPv4 address in their last four bytes (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(OSError):
    """The address is none that webhooks may be sent to."""


class Addresses(AbstractResolver):
    """Says what is allowed, and looks names up for a connection.

    Args:
        networks: Networks (CIDR) that are allowed though they are not public.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks: list[_Network] = [ipaddress.ip_network(each) for each in networks]
        self._resolver: ThreadedResolver | None = None

    @property
    def has_own_networks(self) -> bool:
        """Whether an operator has named networks."""
        return bool(self._networks)

    def is_own(self, address: str) -> bool:
        """Whether an address is in a network that an operator has named."""
        read = _read(address)
        return any(read in network for network in self._networks)

    def allows(self, address: str) -> bool:
        """Whether webhooks may be sent to an address."""
        read = _read(address)
        return self.is_own(address) or (read.is_global and not read.is_multicast)

    def check_literal(self, host: str) -> None:
        """Refuses a host that is an address by itself; aiohttp looks up names only.

        Raises:
            Forbidden: It is an address, and not allowed.
        """
        try:
            allowed = self.allows(host)
        except ValueError:
            return
        if not allowed:
            raise Forbidden("the address is not public")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name.

        Raises:
            Forbidden: One of them is not allowed.
            OSError: The name is not known.
        """
        if self._resolver is None:
            self._resolver = ThreadedResolver()
        found = await self._resolver.resolve(host, port, family)
        if not all(self.allows(each["host"]) for each in found):
            raise Forbidden("the name leads to an address that is not public")
        return found

    async def close(self) -> None:
        """Closes the resolver."""
        if self._resolver is not None:
            await self._resolver.close()


def _read(address: str) -> _Address:
    read = ipaddress.ip_address(address.split("%")[0])
    if isinstance(read, ipaddress.IPv6Address):
        if read.ipv4_mapped is not None:
            return read.ipv4_mapped
        if read.sixtofour is not None:
            return read.sixtofour
        if read in _NAT64:
            return ipaddress.IPv4Address(int(read) & 0xFFFFFFFF)
    return read

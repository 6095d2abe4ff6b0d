"""The neighbours that run already: they are used, and never stopped."""

import dataclasses

from stack import readiness
from stack.errors import NeighbourSilent
from stack.ports import HOST
from stack.readiness import Waiting
from stack.settings import StackSettings


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """Where a neighbour runs already; None: the stack runs its own."""

    redis_url: str | None = None
    livekit_url: str | None = None
    ollama_host: str | None = None


def find_neighbours(settings: StackSettings) -> Neighbours:
    """Find what runs already and is to be used.

    Raises:
        NeighbourSilent: a setting names one on another machine that does not answer.
    """
    return Neighbours(
        redis_url=find_redis(settings),
        livekit_url=settings.livekit_url,
        ollama_host=find_ollama(settings),
    )


def find_redis(settings: StackSettings) -> str | None:
    """Give the address of a Redis that runs already and is to be used, or None.

    One that ``REDIS_URL`` names is used; without that setting the one at the default port is,
    unless the stack has ports of its own. Debian starts the Redis that it installs.
    """
    if settings.redis_url:
        return settings.redis_url
    if settings.port_base:
        return None
    usual = f"redis://{HOST}:{settings.ports.redis}/0"
    try:
        readiness.redis_ping(usual)()
    except Waiting:
        return None
    return usual


def find_ollama(settings: StackSettings) -> str | None:
    """Give the address of an Ollama that runs already and is to be used, or None.

    One that ``OLLAMA_HOST`` names is used; without that setting the one at the default port is,
    unless the stack has ports of its own.

    Raises:
        NeighbourSilent: ``OLLAMA_HOST`` names one on another machine that does not answer.
    """
    named = settings.ollama_host
    if named:
        host = readiness.http_address(named)
        if readiness.ollama_version(host):
            return host
        if not any(local in host for local in ("//127.", "//localhost", "//[::1]")):
            raise NeighbourSilent(
                f"OLLAMA_HOST is {named}, but no Ollama answers there: start it, or unset "
                "OLLAMA_HOST to let the stack start its own"
            )
        return None
    if settings.port_base:
        return None
    usual = f"http://{HOST}:{settings.ports.ollama}"
    return usual if readiness.ollama_version(usual) else None

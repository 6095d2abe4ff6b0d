"""Where the parts of one stack are, for people, tests and benches."""

import dataclasses

from stack.neighbours import Neighbours
from stack.ports import HOST, Ports
from stack.settings import StackSettings


@dataclasses.dataclass(frozen=True)
class Addresses:
    """Addresses of a stack; a neighbour that runs already is named where it is."""

    api_url: str
    """Control API; the web page is at its root."""
    livekit_url: str
    redis_url: str
    ollama_host: str
    speech_target: str
    """Speech server, gRPC, as ``host:port``."""
    speech_metrics_url: str
    agent_metrics_url: str
    agent_ready_url: str
    livekit_metrics_url: str
    prometheus_url: str | None = None
    sip_address: str | None = None
    """Where telephones call, as ``host:port``; None: the stack runs no livekit-sip."""

    @classmethod
    def of(
        cls, ports: Ports, neighbours: Neighbours, *, prometheus: bool, sip: str | None = None
    ) -> "Addresses":
        """Put together the addresses of a stack.

        Args:
            ports: of the stack.
            neighbours: that run already, elsewhere or here.
            prometheus: whether the stack runs one.
            sip: this machine's address for telephones, when the stack runs livekit-sip.
        """
        return cls(
            api_url=f"http://{HOST}:{ports.control}",
            livekit_url=neighbours.livekit_url or f"ws://{HOST}:{ports.livekit}",
            redis_url=neighbours.redis_url or f"redis://{HOST}:{ports.redis}/0",
            ollama_host=neighbours.ollama_host or f"http://{HOST}:{ports.ollama}",
            speech_target=f"{HOST}:{ports.speech}",
            speech_metrics_url=f"http://{HOST}:{ports.speech_metrics}/metrics",
            agent_metrics_url=f"http://{HOST}:{ports.agent_metrics}/metrics",
            agent_ready_url=f"http://{HOST}:{ports.agent_metrics}/readyz",
            livekit_metrics_url=f"http://{HOST}:{ports.livekit_metrics}/metrics",
            prometheus_url=f"http://{HOST}:{ports.prometheus}" if prometheus else None,
            sip_address=f"{sip}:{ports.sip}" if sip else None,
        )

    def environment(self, settings: StackSettings) -> dict[str, str]:
        """Give the variables by which clients and our services find everything."""
        return {
            "TRINITY_CACHE_DIR": str(settings.cache_dir),
            "TRINITY_ENVIRONMENT": settings.environment,
            "LIVEKIT_URL": self.livekit_url,
            "LIVEKIT_API_KEY": settings.livekit_api_key,
            "LIVEKIT_API_SECRET": settings.livekit_api_secret.get_secret_value(),
            "REDIS_URL": self.redis_url,
            "OLLAMA_HOST": self.ollama_host,
            "CALLER_API_URL": self.api_url,
            "CALLER_SPEECH_TARGET": self.speech_target,
            "TRINITY_API_URL": self.api_url,
            "TRINITY_SPEECH_TARGET": self.speech_target,
            "TRINITY_AGENT_URL": self.agent_ready_url.removesuffix("/readyz"),
            "TRINITY_SIP_ADDRESS": self.sip_address or "",
        }

    def lines(self) -> list[str]:
        """Give the addresses as a person reads them."""
        shown = [
            ("talk in a browser", self.api_url),
            ("control API", f"{self.api_url}/health"),
            ("LiveKit", self.livekit_url),
            ("speech server (gRPC)", self.speech_target),
            ("Ollama", self.ollama_host),
            ("Redis", _without_password(self.redis_url)),
            ("metrics", f"{self.speech_metrics_url}  {self.agent_metrics_url}"),
            ("", f"{self.api_url}/metrics  {self.livekit_metrics_url}"),
        ]
        shown.append(
            ("telephone (SIP)", self.sip_address or "off: no livekit-sip (docs/telephony.md)")
        )
        if self.prometheus_url:
            shown.append(("Prometheus", self.prometheus_url))
        return [f"  {name:<22} {address}" for name, address in shown]


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"

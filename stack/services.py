"""The table of services: how each is run, what it is told, and when it is ready.

Ours start without their neighbours, so nearly all start at once. The stages say in which order
they are stopped: those that hold calls first, what they stand on last.
"""

import dataclasses
import enum
import os
import sys
import urllib.parse
from pathlib import Path

from stack import readiness
from stack.addresses import Addresses
from stack.livekit_config import write_livekit_config
from stack.llm import llm_threads
from stack.neighbours import Neighbours
from stack.ports import HOST
from stack.programs import livekit, livekit_sip, ollama, prometheus, redis
from stack.progress import Progress
from stack.prometheus_config import write_prometheus_config
from stack.settings import ROOT, StackSettings
from stack.sip_config import write_sip_config

_KEEP_MEMORY = (
    "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=8589934592"
    ":glibc.malloc.top_pad=134217728:glibc.malloc.arena_max=1"
)
"""Without them glibc maps and unmaps Whisper's working memory anew each time, which nearly doubles
the time of a recognition; they cost about 110 MB. Read when a process starts."""


class Stage(enum.IntEnum):
    """Services of one stage stop together; the highest stage stops first."""

    GROUND = 1
    ENGINES = 2
    CALLS = 3


@dataclasses.dataclass(frozen=True)
class Service:
    """One process that the supervisor keeps."""

    name: str
    command: tuple[str, ...]
    stage: Stage
    ports: tuple[str, ...]
    """Fields of `stack.ports.Ports` that it listens on."""
    probe: readiness.Probe
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    needs: tuple[str, ...] = ()
    """Services of this stack that must be ready before it is started: it ends without them."""
    death_signal: str = "TERM"
    """What it gets when the supervisor is killed: TERM where it would end at once and tidily."""


def services(
    settings: StackSettings, addresses: Addresses, neighbours: Neighbours, progress: Progress
) -> list[Service]:
    """Give the services of a stack; finds or installs the programs that they need.

    Args:
        settings: of the stack.
        addresses: of the stack.
        neighbours: that run already; they get no service.
        progress: shows what is being installed.
    """
    table: list[Service] = []
    if neighbours.redis_url is None:
        table.append(_redis(settings, addresses, redis.find_or_install(settings, progress)))
    if neighbours.livekit_url is None:
        table.append(_livekit(settings, addresses, livekit.find_or_install(settings, progress)))
    if neighbours.ollama_host is None:
        table.append(_ollama(settings, addresses, ollama.find_or_install(settings, progress)))
    table.append(_speech_server(settings, addresses))
    table.append(_agent(settings, addresses))
    table.append(_control_api(settings, addresses))
    if addresses.prometheus_url and (program := prometheus.find(settings)):
        table.append(_prometheus(settings, addresses, program))
    if addresses.sip_address and (program := livekit_sip.find(settings)):
        table.append(_livekit_sip(settings, addresses, program))
    return table


def _redis(settings: StackSettings, addresses: Addresses, program: Path) -> Service:
    data = settings.state_dir / "redis"
    data.mkdir(parents=True, exist_ok=True)
    return Service(
        name="redis",
        command=(
            str(program),
            str(ROOT / "configs" / "redis.conf"),
            *("--bind", HOST, "--port", str(settings.ports.redis)),
            *("--dir", str(data), "--daemonize", "no", "--logfile", ""),
        ),
        stage=Stage.GROUND,
        ports=("redis",),
        probe=readiness.redis_ping(addresses.redis_url),
    )


def _livekit(settings: StackSettings, addresses: Addresses, program: Path) -> Service:
    ports = settings.ports
    secret = settings.livekit_api_secret.get_secret_value()
    config = write_livekit_config(settings.state_dir / "livekit.yaml", addresses.api_url)
    return Service(
        name="livekit",
        command=(
            str(program),
            *("--config", str(config)),
            *("--bind", HOST, "--node-ip", HOST, "--port", str(ports.livekit)),
            *("--rtc.tcp_port", str(ports.livekit_tcp), "--udp-port", str(ports.livekit_udp)),
            *("--prometheus.port", str(ports.livekit_metrics)),
        ),
        stage=Stage.GROUND,
        ports=("livekit", "livekit_tcp", "livekit_udp", "livekit_metrics"),
        probe=readiness.livekit(addresses.livekit_url),
        environment={
            "LIVEKIT_KEYS": f"{settings.livekit_api_key}: {secret}",
            "LIVEKIT_WEBHOOK_API_KEY": settings.livekit_api_key,
            **_livekit_redis(addresses.redis_url),
        },
        # It ends when it cannot reach Redis at its start.
        needs=("redis",),
    )


def _livekit_redis(url: str) -> dict[str, str]:
    """Tell LiveKit where Redis is; in the environment, since the address may hold a password."""
    parts = urllib.parse.urlsplit(url)
    told = {
        "LIVEKIT_REDIS_ADDRESS": f"{parts.hostname or HOST}:{parts.port or 6379}",
        "LIVEKIT_REDIS_DB": parts.path.strip("/") or "0",
    }
    if parts.username:
        told["LIVEKIT_REDIS_USERNAME"] = urllib.parse.unquote(parts.username)
    if parts.password:
        told["LIVEKIT_REDIS_PASSWORD"] = urllib.parse.unquote(parts.password)
    return told


def _ollama(settings: StackSettings, addresses: Addresses, program: Path) -> Service:
    settings.models_dir.mkdir(parents=True, exist_ok=True)
    return Service(
        name="ollama",
        command=(str(program), "serve"),
        stage=Stage.ENGINES,
        ports=("ollama",),
        probe=readiness.ollama(addresses.ollama_host),
        environment={
            "OLLAMA_HOST": addresses.ollama_host,
            "OLLAMA_MODELS": str(settings.models_dir),
            # Two stacks share the models: one must not tidy away what the other is fetching.
            "OLLAMA_NOPRUNE": "1",
            "OLLAMA_NO_CLOUD": "1",
            "OLLAMA_KEEP_ALIVE": os.environ.get("OLLAMA_KEEP_ALIVE", "-1"),
            "OLLAMA_NUM_PARALLEL": os.environ.get("OLLAMA_NUM_PARALLEL", "2"),
        },
    )


def _python(package: str) -> tuple[str, ...]:
    return (sys.executable, "-m", package)


def _speech_server(settings: StackSettings, addresses: Addresses) -> Service:
    grace = settings.stop_grace_s
    return Service(
        name="speech_server",
        command=_python("speech_server"),
        stage=Stage.ENGINES,
        ports=("speech", "speech_metrics"),
        probe=readiness.grpc_health(addresses.speech_target, readiness.SPEECH_SERVICES),
        environment={
            **addresses.environment(settings),
            "SPEECH_HOST": HOST,
            "SPEECH_PORT": str(settings.ports.speech),
            "SPEECH_METRICS_PORT": str(settings.ports.speech_metrics),
            # No balancer watches this one, and its callers have been stopped before it.
            **_unless_set("SPEECH_DRAIN_PROBE_SECONDS", "0"),
            **_unless_set("GLIBC_TUNABLES", _KEEP_MEMORY),
            **_unless_set("SPEECH_DRAIN_SECONDS", str(max(1, grace - 1))),
        },
        death_signal="KILL",
    )


def _agent(settings: StackSettings, addresses: Addresses) -> Service:
    return Service(
        name="agent",
        command=_python("agent"),
        stage=Stage.CALLS,
        ports=("agent_metrics", "agent_health"),
        probe=readiness.http(addresses.agent_ready_url),
        environment={
            **addresses.environment(settings),
            "AGENT_HOST": HOST,
            "AGENT_HEALTH_PORT": str(settings.ports.agent_health),
            "AGENT_METRICS_PORT": str(settings.ports.agent_metrics),
            "AGENT_SPEECH_TARGET": addresses.speech_target,
            "AGENT_LIVEKIT_TARGET_LOAD": "1",  # as in configs/livekit.yaml
            "AGENT_LLM_MODEL": settings.llm_model,
            "AGENT_LLM_NUM_CTX": str(settings.llm_num_ctx),
            "AGENT_LLM_NUM_THREAD": str(llm_threads(settings)),
            **_unless_set("AGENT_DRAIN_SECONDS", str(max(1, settings.stop_grace_s - 1))),
        },
        death_signal="KILL",
    )


def _control_api(settings: StackSettings, addresses: Addresses) -> Service:
    return Service(
        name="control_api",
        command=_python("control_api"),
        stage=Stage.CALLS,
        ports=("control",),
        probe=readiness.http(f"{addresses.api_url}/readyz"),
        environment={
            **addresses.environment(settings),
            "CONTROL_HOST": HOST,
            "CONTROL_PORT": str(settings.ports.control),
            "CONTROL_SPEECH_ADDRESS": addresses.speech_target,
            **_unless_set("CONTROL_SHUTDOWN_TIMEOUT_S", str(max(1, settings.stop_grace_s - 1))),
        },
        death_signal="KILL",
    )


def _prometheus(settings: StackSettings, addresses: Addresses, program: Path) -> Service:
    data = settings.state_dir / "prometheus"
    data.mkdir(parents=True, exist_ok=True)
    config = write_prometheus_config(
        data / "prometheus.yml", settings.ports, own_livekit=settings.livekit_url is None
    )
    return Service(
        name="prometheus",
        command=(
            str(program),
            f"--config.file={config}",
            f"--storage.tsdb.path={data / 'tsdb'}",
            "--storage.tsdb.retention.size=512MB",
            f"--web.listen-address={HOST}:{settings.ports.prometheus}",
        ),
        stage=Stage.GROUND,
        ports=("prometheus",),
        probe=readiness.http(f"{addresses.prometheus_url}/-/ready"),
    )


def _livekit_sip(settings: StackSettings, addresses: Addresses, program: Path) -> Service:
    config = write_sip_config(settings.state_dir / "sip.yaml", settings, addresses)
    own = settings.livekit_url is None
    return Service(
        name="livekit_sip",
        command=(str(program), "--config", str(config)),
        stage=Stage.CALLS,
        ports=("sip",),
        probe=readiness.sip(HOST, settings.ports.sip),
        environment={
            "LIVEKIT_API_KEY": settings.livekit_api_key,
            "LIVEKIT_API_SECRET": settings.livekit_api_secret.get_secret_value(),
        },
        # It ends when it cannot reach Redis at its start.
        needs=("redis", "livekit") if own else ("redis",),
        # On a TERM it waits for its calls to end.
        death_signal="INT",
    )


def _unless_set(variable: str, value: str) -> dict[str, str]:
    """Give a default of the stack for a service's setting that the owner may have set."""
    return {} if os.environ.get(variable) else {variable: value}

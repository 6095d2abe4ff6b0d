"""The same turns under delay, jitter and loss between the caller and LiveKit.

LiveKit listens on the link's address; the agent reaches it without the link. The caller is a
process of its own in the namespace, whose turns come back a line each.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bench.calls.network import HERE, NAMESPACE, Conditions, open_link
from bench.calls.records import RawFile
from bench.calls.rig import FOLDER, Rig, RigError, agent_name, free_ports, open_rig, wait_ready
from bench.calls.settings import CallBenchSettings
from bench.process import Program
from caller.token import ControlApi
from stack import StackSettings, readiness
from stack.programs import livekit
from stack.progress import Progress
from stack.settings import ROOT

__all__ = ["CONDITIONS", "measure"]

Tell = Callable[[str], None]
Lines = list[dict[str, Any]]

CONDITIONS = (
    Conditions("as it is"),
    Conditions("far", delay_ms=40),
    Conditions("jitter", delay_ms=40, jitter_ms=20),
    Conditions("loss", delay_ms=40, loss=0.03),
    Conditions("bad", delay_ms=60, jitter_ms=30, loss=0.08),
)
CALL_S = 240.0


async def measure(settings: CallBenchSettings, raw: RawFile, tell: Tell) -> Lines:
    """Hold one call under each of the conditions."""
    lines: Lines = []
    async with AsyncExitStack() as open_:
        link = await open_.enter_async_context(open_link(settings.seed))
        url = await open_.enter_async_context(_livekit(settings, tell))
        rig = await open_.enter_async_context(open_rig(settings, tell, livekit_url=url))
        async with ControlApi(rig.caller.api_url) as api:
            await api.wait_ready(rig.caller.ready_timeout_s, tell)
            for now in CONDITIONS:
                link.conditions = now
                tell(f"{now.name}: {now.delay_ms} ms, jitter {now.jitter_ms}, loss {now.loss:.0%}")
                token = await api.token(f"bench-net-{time.time_ns()}", "Caller", agent_name("ours"))
                packets, lost = link.packets, link.lost
                async for line in _caller(rig, token.model_dump(), tell):
                    kind = line.pop("kind")
                    answer = line.get("answer")
                    if rig.script and answer is not None and not rig.script.is_mine(answer):
                        line["missed"] = "the agent said something else than an answer"
                    raw.write(kind, network=now.name, **line)
                    lines.append({"kind": kind, "network": now.name, **line})
                carried = {
                    "network": now.name,
                    "delay_ms": now.delay_ms,
                    "jitter_ms": now.jitter_ms,
                    "loss": now.loss,
                    "packets": link.packets - packets,
                    "lost": link.lost - lost,
                }
                raw.write("network", **carried)
                lines.append({"kind": "network", **carried})
    return lines


@asynccontextmanager
async def _livekit(settings: CallBenchSettings, tell: Tell) -> AsyncIterator[str]:
    stack = StackSettings(name="bench-net")
    program = await asyncio.to_thread(livekit.find_or_install, stack, Progress(sys.stderr))
    port, tcp, udp = free_ports(3)
    secret = stack.livekit_api_secret.get_secret_value()
    server = Program(
        [
            str(program),
            *("--config", str(ROOT / "configs" / "livekit.yaml")),
            *("--bind", HERE, "--node-ip", HERE, "--port", str(port)),
            *("--rtc.tcp_port", str(tcp), "--udp-port", str(udp)),
        ],
        {
            "LIVEKIT_KEYS": f"{stack.livekit_api_key}: {secret}",
            "LIVEKIT_WEBHOOK_API_KEY": stack.livekit_api_key,
        },
        log=FOLDER.parent / "livekit.log",
    )
    try:
        url = f"ws://{HERE}:{port}"
        await wait_ready(server, readiness.livekit(url))
        tell(f"LiveKit listens at {url}")
        yield url
    finally:
        await asyncio.to_thread(server.stop)


async def _caller(rig: Rig, token: dict[str, Any], tell: Tell) -> AsyncIterator[dict[str, Any]]:
    """Run a caller in the namespace; gives its lines as they come."""
    job = {
        "token": token,
        "trace": str(rig.trace("ours")),
        "settings": rig.settings.model_dump(mode="json"),
        "caller": rig.caller.model_dump(mode="json"),
    }
    process = await asyncio.create_subprocess_exec(
        *("ip", "netns", "exec", NAMESPACE, sys.executable, "-m", "bench.calls.net_caller"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=dict(os.environ),
        limit=1 << 22,
    )
    assert process.stdin and process.stdout
    try:
        async with asyncio.timeout(CALL_S):
            process.stdin.write(json.dumps(job).encode() + b"\n")
            await process.stdin.drain()
            process.stdin.close()
            async for text in process.stdout:
                line = json.loads(text)
                tell(f"  {line.get('latency_ms') or line.get('missed') or line.get('failed')}")
                yield line
            if await process.wait():
                raise RigError(f"the caller in the namespace ended with {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

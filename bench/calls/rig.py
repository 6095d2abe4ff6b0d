"""A stack of its own with the sides that are compared, and a model of fixed pace."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import model_store
from bench.calls.replies import Script
from bench.calls.settings import CallBenchSettings
from bench.calls.sides import SIDES
from bench.peers import PeerSettings, PiperHttpServer, WhisperLive
from bench.process import KEEP_MEMORY, Program, tree_cpu_s
from bench.scripted_ollama import ScriptedOllama
from caller.settings import CallerSettings
from stack import Stack, StackSettings, free_base, readiness
from stack.progress import Progress
from stack.settings import ROOT

__all__ = ["FOLDER", "Rig", "RigError", "agent_name", "free_ports", "open_rig", "wait_ready"]

Tell = Callable[[str], None]

READY_S = 120.0
FOLDER = ROOT / ".run" / "bench" / "rig"
OURS = ("speech_server", "livekit")


class RigError(Exception):
    """A side does not come up; the text says why."""


@dataclass
class Rig:
    """What a bench calls: addresses, the script, and the processes that count for a side."""

    stack: Stack
    settings: CallBenchSettings
    caller: CallerSettings
    script: Script | None
    folder: Path
    open_: AsyncExitStack
    programs: dict[str, list[int]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def trace(self, side: str) -> Path:
        """Folder of the moments of a side's calls."""
        return self.folder / "trace" / side

    async def start_side(self, name: str, agent: Mapping[str, str] | None = None) -> None:
        """Start a side; it ends with the rig.

        Args:
            name: Of the side.
            agent: Settings of its agent besides the side's own.

        Raises:
            RigError: It does not come up.
        """
        await _start_side(self, name, agent or {})

    def cpu_s(self, side: str) -> float:
        """Processor time of a side so far: its agent, its speech, and LiveKit."""
        media = [self.stack.pid("livekit")] if "livekit" in self.stack.service_names else []
        return tree_cpu_s([*self.programs[side], *media])


def agent_name(side: str) -> str:
    """Name under which a side's agent is called."""
    return f"bench-{side}"


@asynccontextmanager
async def open_rig(
    settings: CallBenchSettings,
    tell: Tell,
    *,
    livekit_url: str | None = None,
    stack: Stack | None = None,
) -> AsyncIterator[Rig]:
    """Bring everything up, and take it down in the end.

    Args:
        settings: Which sides, and with what model.
        tell: Takes what is going on.
        livekit_url: A LiveKit server that runs already; None starts one.
        stack: One that runs already, with its own model, whose API dispatches the sides' agents
            (`CONTROL_AGENTS`); None starts one.

    Raises:
        StackError: The stack does not start.
        RigError: A side does not.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    async with AsyncExitStack() as open_:
        script: Script | None = None
        if stack is None:
            stack, script = await _start_stack(settings, tell, open_, livekit_url)
        rig = Rig(
            stack,
            settings,
            CallerSettings(
                api_url=stack.addresses.api_url,
                speech_target=stack.addresses.speech_target,
                redis_url=stack.addresses.redis_url,
                room_prefix="bench",
                speech_data=settings.speech_data,
                turn_timeout_s=settings.answer_timeout_s,
                greeting_timeout_s=45.0,
            ),
            script,
            FOLDER,
            open_,
        )
        for side in settings.sides:
            tell(f"starting side {side}: {SIDES[side].title}")
            await rig.start_side(side, {"AGENT_MAX_CALLS": str(max(settings.calls))})
        yield rig


async def _start_stack(
    settings: CallBenchSettings, tell: Tell, open_: AsyncExitStack, livekit_url: str | None
) -> tuple[Stack, Script | None]:
    # Read by services of the stack.
    os.environ["CONTROL_AGENTS"] = ",".join(["trinity", *map(agent_name, SIDES)])
    os.environ["SPEECH_THREADS"] = os.environ["SPEECH_TTS_THREADS"] = str(settings.threads)
    script: Script | None = None
    update: dict[str, object] = {"livekit_url": livekit_url}
    if settings.llm == "scripted":
        script = Script(settings.seed, settings.llm_first_token_s, settings.llm_rate)
        model = ScriptedOllama(script.answer, ("completion",))
        update |= {"ollama_host": await model.start(), "llm_model": "scripted"}
        open_.push_async_callback(model.stop)
    wanted = StackSettings(name="bench", port_base=free_base(), prometheus=False)
    stack = Stack(wanted.model_copy(update=update), Progress(sys.stderr))
    tell("starting the stack")
    await asyncio.to_thread(stack.start)
    open_.push_async_callback(asyncio.to_thread, stack.stop)
    return stack, script


async def _start_side(rig: Rig, name: str, agent: Mapping[str, str]) -> None:
    side, open_ = SIDES[name], rig.open_
    ports = free_ports(4)
    environment = {
        **rig.stack.environment,
        "AGENT_NAME": agent_name(name),
        "AGENT_HEALTH_PORT": str(ports[0]),
        "AGENT_METRICS_PORT": str(ports[1]),
        "AGENT_SPEECH_TARGET": rig.stack.addresses.speech_target,
        "AGENT_LLM_MODEL": rig.stack.settings.llm_model,
        "AGENT_LLM_NUM_THREAD": "1",
        "AGENT_DRAIN_SECONDS": "1",
        "AGENT_LIVEKIT_TARGET_LOAD": "1",
        "BENCH_SIDE_KIND": side.kind,
        "BENCH_SIDE_TRACE": str(rig.trace(name)),
        **agent,
        **side.agent,
    }
    pids: list[int] = []
    tree, module = ROOT, "bench.sides"
    if side.kind == "earlier":
        tree = await asyncio.to_thread(_earlier, rig.settings.earlier)
        environment |= {"BENCH_SIDE_KIND": "ours", "PYTHONPATH": f"{tree}:{tree / 'proto'}"}
        if not (tree / "bench" / "sides").is_dir():
            module = "agent"  # from before there were measuring points
    if side.kind == "peers":
        pids += await _start_peers(rig, open_, environment)
    elif side.speech or side.apart or side.kind == "earlier":
        target = f"127.0.0.1:{ports[2]}"
        environment["AGENT_SPEECH_TARGET"] = target
        speech = {
            **rig.stack.environment,
            "SPEECH_PORT": str(ports[2]),
            "SPEECH_METRICS_PORT": str(ports[3]),
            "GLIBC_TUNABLES": os.environ.get("GLIBC_TUNABLES", KEEP_MEMORY),
            **side.speech,
            **({"PYTHONPATH": environment["PYTHONPATH"]} if tree != ROOT else {}),
        }
        program = _run(rig, open_, f"{name}-speech", "speech_server", speech, tree)
        pids.append(program.pid)
        await wait_ready(program, readiness.grpc_health(target, readiness.SPEECH_SERVICES))
    else:
        pids.append(rig.stack.pid("speech_server"))
    worker = _run(rig, open_, f"{name}-agent", module, environment, tree)
    pids.append(worker.pid)
    await wait_ready(worker, readiness.http(f"http://127.0.0.1:{ports[1]}/readyz"))
    rig.programs[name] = pids


async def _start_peers(rig: Rig, open_: AsyncExitStack, environment: dict[str, str]) -> list[int]:
    """Start WhisperLive and Piper's HTTP server with our weights, voice, threads and tuning."""
    peer = WhisperLive(
        PeerSettings(),
        model=model_store.resolve("whisper-base"),
        threads=rig.settings.threads,
        log=rig.folder / "whisper-live.log",
    )
    await peer.open(Progress(sys.stderr))
    open_.push_async_callback(peer.close)
    voice = PiperHttpServer("en_US-joe-medium", threads=rig.settings.threads)
    await voice.open()
    open_.push_async_callback(voice.close)
    environment["BENCH_SIDE_WHISPER_LIVE_URL"] = peer.url
    environment["BENCH_SIDE_PIPER_URL"] = voice.url
    return [peer.pid, voice.process.pid]


def _earlier(commit: str) -> Path:
    """Lay out the files of a commit beside the rig; blocks.

    Raises:
        RigError: There is no such commit.
    """
    folder = FOLDER.parent / "earlier"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    git = ["git", "-C", str(ROOT), "archive", commit]
    packed = subprocess.run(git, capture_output=True, timeout=60)
    if packed.returncode:
        raise RigError(f"BENCH_EARLIER: {packed.stderr.decode().strip()}")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True, timeout=60)
    return folder


def _run(
    rig: Rig,
    open_: AsyncExitStack,
    name: str,
    module: str,
    environment: dict[str, str],
    tree: Path,
) -> Program:
    log = rig.folder / "logs" / f"{name}.log"
    program = Program([sys.executable, "-m", module], environment, log=log, folder=tree)
    open_.push_async_callback(asyncio.to_thread, program.stop)
    return program


async def wait_ready(program: Program, probe: readiness.Probe) -> None:
    """Wait until a program serves.

    Raises:
        RigError: It ended, or takes too long.
    """
    deadline = time.monotonic() + READY_S
    while True:
        try:
            return await asyncio.to_thread(probe)
        except readiness.Waiting as reason:
            if program.ended is not None or time.monotonic() > deadline:
                log = program.log
                assert log is not None
                end = log.read_text(errors="replace")[-2000:]
                raise RigError(f"{log.stem} is not ready ({reason}); {end}") from None
        await asyncio.sleep(0.2)


def free_ports(count: int) -> Sequence[int]:
    """Give ports that are free now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()

"""Supervisord: its configuration, its start, and its XML-RPC over a socket in the file system.

Each service gets a script in ``services/``, which a person can run by hand just as well, and its
own log. Supervisord restarts what crashes; it gets a SIGTERM from the kernel when the process that
started it dies, and the services get one when supervisord dies.
"""

import contextlib
import dataclasses
import hashlib
import http.client
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import xmlrpc.client
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from stack import keeper
from stack.commands import tail
from stack.errors import NotReady, StackError
from stack.services import Service, Stage

_SOCKET_PATH_MAX = 80
"""Bytes; Linux takes 107, and supervisord adds its pid to the path while it binds."""
_RPC_TIMEOUT_S = 10.0
_START_TIMEOUT_S = 20.0


@dataclasses.dataclass(frozen=True)
class State:
    """What supervisord says of one service."""

    name: str
    status: str
    """RUNNING, STARTING, BACKOFF, STOPPING, STOPPED, EXITED or FATAL."""
    pid: int
    """0 when it does not run."""
    up_s: float
    exit_status: int


class Supervisor:
    """The supervisord of one stack."""

    def __init__(self, state_dir: Path) -> None:
        self._dir = state_dir
        self._socket = _socket_path(state_dir)
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()

    @property
    def mark(self) -> str:
        """The value that marks the processes of this stack."""
        return str(self._dir)

    @property
    def pid(self) -> int | None:
        """Process of supervisord, when this object started it and it runs."""
        return self._process.pid if self._process and not self._ended.is_set() else None

    @property
    def log(self) -> Path:
        """Supervisord's own log: starts, exits, restarts."""
        return self.log_path("supervisord")

    def log_path(self, name: str) -> Path:
        """Give the log of a service."""
        return self._dir / "logs" / f"{name}.log"

    def start(self, services: Sequence[Service], stop_grace_s: int) -> None:
        """Write everything down and start supervisord; services start by `start_service`.

        Raises:
            StackError: it ended at once.
            NotReady: it did not answer in time.
        """
        self._fresh_logs()
        config = self._write(services, stop_grace_s)
        started = threading.Event()
        # The kernel's death signal follows the *thread* that started the child: this one lives
        # exactly as long as the child.
        threading.Thread(
            target=self._run, args=(config, started), name="stack-supervisord", daemon=True
        ).start()
        started.wait(_START_TIMEOUT_S)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            if self._ended.is_set():
                raise StackError(f"supervisord ended at once:\n{tail(self.log)}")
            with contextlib.suppress(OSError, http.client.HTTPException), self._rpc() as rpc:
                rpc.supervisor.getState()
                return
            if time.monotonic() > deadline:
                raise NotReady(f"supervisord does not answer:\n{tail(self.log)}")
            time.sleep(0.05)

    def states(self) -> dict[str, State]:
        """Give the state of each service by its name.

        Raises:
            StackError: supervisord does not answer.
        """
        now = time.time()
        with self._answering() as rpc:
            entries = cast("list[dict[str, Any]]", rpc.supervisor.getAllProcessInfo())
        return {
            entry["name"]: State(
                name=entry["name"],
                status=entry["statename"],
                pid=entry["pid"],
                up_s=now - entry["start"] if entry["pid"] else 0.0,
                exit_status=entry["exitstatus"],
            )
            for entry in entries
        }

    def stop_service(self, name: str) -> None:
        """Stop one service and wait until it is gone."""
        with self._answering(timeout_s=None) as rpc:
            rpc.supervisor.stopProcess(self._full_name(name), True)

    def start_service(self, name: str) -> None:
        """Start one service; it may end again at once, which its state tells."""
        with self._answering() as rpc:
            rpc.supervisor.startProcess(self._full_name(name), False)

    def signal_service(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the process of a service."""
        with self._answering() as rpc:
            rpc.supervisor.signalProcess(self._full_name(name), str(int(number)))

    def shutdown(self, timeout_s: float) -> list[int]:
        """Stop all services, stage by stage, then supervisord; kill what is left after that.

        Returns:
            The processes that had to be killed by the final sweep.
        """
        with contextlib.suppress(StackError), self._answering() as rpc:
            rpc.supervisor.shutdown()
        if not self._ended.wait(timeout_s) and self._process:
            self._process.kill()
            self._ended.wait(5)
        left = keeper.sweep(self.mark)
        self._socket.unlink(missing_ok=True)
        return left

    def kill(self) -> None:
        """End everything now."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self._ended.wait(5)
        keeper.sweep(self.mark)

    def _run(self, config: Path, started: threading.Event) -> None:
        program = str(Path(keeper.__file__).resolve())
        command = [sys.executable, "-P", program, self.mark, "-n", "-c", str(config)]
        try:
            with self.log_path("supervisord.out").open("wb") as output:
                self._process = subprocess.Popen(
                    [*with_parent("TERM"), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C at the terminal is for the launcher, which stops things in order.
                    start_new_session=True,
                )
            started.set()
            self._process.wait()
        finally:
            self._ended.set()
            started.set()

    def _fresh_logs(self) -> None:
        """Begin new logs; the ones before stay in ``logs.previous`` until the next start."""
        logs = self._dir / "logs"
        previous = self._dir / "logs.previous"
        if logs.exists():
            shutil.rmtree(previous, ignore_errors=True)
            logs.replace(previous)
        logs.mkdir(parents=True)

    def _write(self, services: Sequence[Service], stop_grace_s: int) -> Path:
        scripts = self._dir / "services"
        shutil.rmtree(scripts, ignore_errors=True)
        scripts.mkdir(parents=True, mode=0o700)
        sections = [self._general()]
        for service in services:
            script = scripts / f"{service.name}.sh"
            script.write_text(_script(service, self.mark))
            script.chmod(0o700)
            sections.append(self._program(service, script, stop_grace_s))
        for stage in Stage:
            if names := [service.name for service in services if service.stage is stage]:
                # Supervisord stops groups one after the other, from the highest priority down,
                # and the programs of a group together.
                sections.append(
                    f"[group:{stage.name.lower()}]\n"
                    f"programs={','.join(names)}\npriority={stage.value}\n"
                )
        config = self._dir / "supervisord.conf"
        config.write_text("\n".join(sections))
        return config

    def _general(self) -> str:
        # Supervisord wants to be told that it is meant to run as root where it does.
        user = f"user={pwd.getpwuid(0).pw_name}\n" if os.geteuid() == 0 else ""
        return (
            f"[unix_http_server]\nfile={_escaped(self._socket)}\nchmod=0700\n\n"
            f"[supervisord]\nlogfile={_escaped(self.log)}\n"
            f"pidfile={_escaped(self._dir / 'supervisord.pid')}\n"
            f"logfile_maxbytes=10MB\nsilent=true\n{user}\n"
            "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = "
            "supervisor.rpcinterface:make_main_rpcinterface\n\n"
            f"[supervisorctl]\nserverurl=unix://{_escaped(self._socket)}\n"
        )

    def _program(self, service: Service, script: Path, stop_grace_s: int) -> str:
        return (
            f"[program:{service.name}]\n"
            f"command={_escaped(shlex.quote(str(script)))}\n"
            "autostart=false\nautorestart=true\nstartsecs=1\nstartretries=10\n"
            f"stopsignal=TERM\nstopwaitsecs={stop_grace_s}\nkillasgroup=true\n"
            f"stdout_logfile={_escaped(self.log_path(service.name))}\nredirect_stderr=true\n"
            "stdout_logfile_maxbytes=50MB\nstdout_logfile_backups=2\n"
        )

    def _full_name(self, name: str) -> str:
        with self._answering() as rpc:
            entries = cast("list[dict[str, Any]]", rpc.supervisor.getAllProcessInfo())
        for entry in entries:
            if entry["name"] == name:
                return f"{entry['group']}:{name}"
        raise StackError(f"the stack has no service {name}")

    @contextlib.contextmanager
    def _answering(
        self, *, timeout_s: float | None = _RPC_TIMEOUT_S
    ) -> Iterator[xmlrpc.client.ServerProxy]:
        try:
            with self._rpc(timeout_s) as rpc:
                yield rpc
        except (OSError, http.client.HTTPException) as error:
            raise StackError(f"supervisord does not answer: {error}") from error
        except xmlrpc.client.Fault as error:
            raise StackError(f"supervisord: {error.faultString}") from error

    def _rpc(self, timeout_s: float | None = _RPC_TIMEOUT_S) -> xmlrpc.client.ServerProxy:
        transport = _UnixTransport(self._socket, timeout_s or 3600.0)
        return xmlrpc.client.ServerProxy("http://localhost", transport=transport)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__()
        self._path = path
        self._timeout_s = timeout_s
        self._connection_in_use: _UnixConnection | None = None

    def make_connection(self, host: object) -> http.client.HTTPConnection:
        if self._connection_in_use is None:
            self._connection_in_use = _UnixConnection(self._path, self._timeout_s)
        return self._connection_in_use

    def close(self) -> None:
        if self._connection_in_use is not None:
            self._connection_in_use.close()
            self._connection_in_use = None


def _script(service: Service, mark: str) -> str:
    lines = ["#!/bin/sh", f"# Runs {service.name} as the stack does; made anew at each start."]
    environment = {keeper.MARK: mark, "PYTHONUNBUFFERED": "1", **service.environment}
    lines += [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    command = [*with_parent(service.death_signal), *service.command]
    lines.append(f"exec {shlex.join(command)}")
    return "\n".join(lines) + "\n"


def with_parent(death_signal: str) -> list[str]:
    """Begin a command that gets a signal when its parent dies, where util-linux is there."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", death_signal, "--"] if setpriv else []


def _escaped(value: Path | str) -> str:
    return str(value).replace("%", "%%")


def _socket_path(state_dir: Path) -> Path:
    """Give the path of the control socket; a short one elsewhere when the folder's is too long."""
    path = state_dir / "supervisor.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_MAX:
        return path
    folder = Path(tempfile.gettempdir(), f"trinity-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise StackError(f"{folder} belongs to another user; set TMPDIR")
    return folder / f"{hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:16]}.sock"

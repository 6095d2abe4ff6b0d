"""Serves the control API (`python -m control_api`); `keys`, `backup` and `restore` are commands."""

import argparse
import sys
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from control_api import backup_command, keys_command, logs
from control_api.app import create_app
from control_api.errors import SettingsError
from control_api.settings import Settings, load_settings

# Exit status of a process whose configuration is wrong (sysexits.h EX_CONFIG): no restart helps.
_EXIT_CONFIG = 78


def main() -> int:
    """Runs a command, or serves until SIGINT or SIGTERM; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m control_api", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="{keys,backup,restore}")
    keys_command.add_arguments(commands)
    backup_command.add_arguments(commands)
    arguments = parser.parse_args()
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"control_api cannot start:\n{error}", file=sys.stderr)
        return _EXIT_CONFIG
    if arguments.command == "keys":
        return keys_command.run(arguments, settings)
    if arguments.command in ("backup", "restore"):
        return backup_command.run(arguments, settings)
    return _serve(settings)


class _Server(uvicorn.Server):
    """Tells the application when it is told to end, before it waits for open requests."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Takes a signal."""
        app = self.config.app
        if isinstance(app, FastAPI) and hasattr(app.state, "parts"):
            app.state.parts.stopping.set()
        super().handle_exit(sig, frame)


def _serve(settings: Settings) -> int:
    logs.configure(settings.log_level)
    structlog.stdlib.get_logger("control_api").info(
        "starting",
        environment=settings.environment,
        host=settings.host,
        port=settings.port,
        access="keys" if settings.needs_keys else "open",
        web_page=settings.web_dist.joinpath("index.html").is_file(),
    )
    app = create_app(settings)
    server = _Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=settings.shutdown_timeout_s,
        )
    )
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())

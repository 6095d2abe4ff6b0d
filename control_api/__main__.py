"""Serves the control API: `python -m control_api`."""

import sys

import structlog
import uvicorn

from control_api import logs
from control_api.app import create_app
from control_api.errors import SettingsError
from control_api.settings import load_settings

# Exit status of a process whose configuration is wrong (sysexits.h EX_CONFIG): no restart helps.
_EXIT_CONFIG = 78


def main() -> int:
    """Runs until SIGINT or SIGTERM; returns the exit status."""
    try:
        settings = load_settings()
        app = create_app(settings)
    except SettingsError as error:
        print(f"control_api cannot start:\n{error}", file=sys.stderr)
        return _EXIT_CONFIG
    logs.configure(settings.log_level)
    structlog.stdlib.get_logger("control_api").info(
        "starting",
        environment=settings.environment,
        host=settings.host,
        port=settings.port,
        web_page=settings.web_dist.joinpath("index.html").is_file(),
    )
    server = uvicorn.Server(
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

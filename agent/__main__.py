"""Runs the agent: `python -m agent`."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from agent.errors import EXIT_CODE, ConfigurationError
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.worker import TakeCall


def main(find_call: "Callable[[], TakeCall] | None" = None) -> int:
    """Run until SIGTERM or SIGINT; returns the process' exit code.

    Args:
        find_call: Imports what holds a call, once the environment is prepared; None takes the
            agent's own.
    """
    # Both are read when livekit-agents and prometheus_client are first imported, here and in the
    # processes of the calls; so they are set before that.
    os.environ["LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE"] = "0"
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(
        prefix="trinity-agent-", dir=memory if os.access(memory, os.W_OK) else None
    )
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(Path(folder) / "metrics")
    os.environ["TRINITY_AGENT_SCRATCH"] = folder
    (Path(folder) / "metrics").mkdir()
    try:
        settings = Settings()
        from agent.startup import check
        from agent.telemetry import configure_logs
        from agent.worker import run_worker

        configure_logs(settings.log_level)
        check(settings)
        asyncio.run(run_worker(settings, *([find_call()] if find_call else [])))
    except (ValidationError, ConfigurationError) as error:
        print(f"The agent cannot start: {error}", file=sys.stderr)
        return EXIT_CODE
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Logs as JSON lines on standard error: static messages, facts as fields.

A call's process hands its records to the worker's process, which writes them; so all loggers, ours
and livekit-agents', go through the standard library with their facts as extra fields. Facts that
livekit-agents marks as personal (``lk.pii.…``) are left out.
"""

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

# livekit-agents names callers in messages below a warning.
_QUIET = ("httpx", "httpcore", "asyncio", "aiohttp", "livekit")
# Warns at each window on a busy machine; the latency metrics say it better.
_SILENT = ("livekit.plugins.silero",)
_LEFT_OUT = (
    "message",  # the event again, on a record from a call's process
    "participant",
    "participant_identity",
    "identity",
    "phone_number",
    "user_input",
)


def configure_events() -> None:
    """Send structlog's events to the standard library; for every process."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.stdlib.render_to_log_kwargs,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def configure_logs(level: str) -> None:
    """Write the records of all loggers; for the worker's process."""
    configure_events()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.ExtraAdder(),
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                drop_personal,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.ERROR)


def drop_personal(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Leave out what may hold a caller's words or name."""
    return {
        key: value
        for key, value in event.items()
        if not key.startswith("lk.pii") and key not in _LEFT_OUT
    }

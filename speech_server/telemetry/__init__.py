"""Logs and metrics."""

from speech_server.telemetry.endpoint import MetricsEndpoint
from speech_server.telemetry.logs import configure_logs, get_logger
from speech_server.telemetry.metrics import Metrics

__all__ = ["Metrics", "MetricsEndpoint", "configure_logs", "get_logger"]

"""What the agent tells its operators: metrics and logs."""

from agent.telemetry.logs import configure_events, configure_logs
from agent.telemetry.metrics import metrics, show_all

__all__ = ["configure_events", "configure_logs", "metrics", "show_all"]

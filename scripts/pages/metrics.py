"""Every metric of the services."""

from collections.abc import Iterator, Mapping

from prometheus_client.metrics import MetricWrapperBase

import agent.telemetry
import control_api.telemetry
import speech_server.telemetry


def page() -> str:
    """Every metric with its type and labels, by service."""
    services: Mapping[str, object] = {
        "speech_server": speech_server.telemetry.Metrics(),
        "agent": agent.telemetry.metrics(),
        "control_api": control_api.telemetry.Telemetry(),
    }
    parts = [
        "# Metrics\n\nWritten by `make docs`; do not edit. Times are seconds. Labels come from "
        "closed sets, so that no room, caller or word ends up in a metric. Each service also has "
        "Python's and the process's own metrics (`process_*`, `python_*`).\n"
    ]
    for service, holder in services.items():
        parts += [f"\n## `{service}`\n", "| metric | type | labels | meaning |"]
        parts += ["| --- | --- | --- | --- |", *_metric_rows(holder)]
    return "\n".join(parts) + "\n"


def _metric_rows(holder: object) -> Iterator[str]:
    for metric in vars(holder).values():
        if not isinstance(metric, MetricWrapperBase):
            continue
        suffix = "_total" if metric._type == "counter" else ""
        labels = ", ".join(f"`{name}`" for name in metric._labelnames) or "–"
        yield (
            f"| `{metric._name}{suffix}` | {metric._type} | {labels} | {metric._documentation} |"
        )

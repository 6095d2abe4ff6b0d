"""Prometheus' configuration for the native stack, from the one in ``configs/``.

That file names the services as containers reach them; here each job gets its address on loopback,
and a job of something that does not run natively is left out. All else stays as it is.
"""

from pathlib import Path
from typing import Any, cast

import yaml

from stack.ports import HOST, Ports
from stack.settings import ROOT

SOURCE = ROOT / "configs" / "prometheus.yml"


def write_prometheus_config(
    target: Path, ports: Ports, *, own_livekit: bool, source: Path = SOURCE
) -> Path:
    """Write the native configuration.

    Args:
        target: where it goes.
        ports: of the stack.
        own_livekit: whether the stack runs LiveKit, with metrics on its port.
        source: the configuration of the containers.

    Returns:
        ``target``.
    """
    native = {
        "speech_server": ports.speech_metrics,
        "agent": ports.agent_metrics,
        "control_api": ports.control,
        "prometheus": ports.prometheus,
    }
    if own_livekit:
        native["livekit"] = ports.livekit_metrics
    config = cast("dict[str, Any]", yaml.safe_load(source.read_text()))
    jobs = [job for job in config.get("scrape_configs", []) if _key(job) in native]
    for job in jobs:
        for kind in [key for key in job if key.endswith("_sd_configs")]:
            del job[kind]
        job["static_configs"] = [{"targets": [f"{HOST}:{native[_key(job)]}"]}]
    config["scrape_configs"] = jobs
    # Relative to the file that names them.
    config["rule_files"] = [str(source.parent / name) for name in config.get("rule_files", [])]
    config.pop("alerting", None)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(config, sort_keys=False))
    return target


def _key(job: dict[str, Any]) -> str:
    return str(job["job_name"]).replace("-", "_")

import shutil
import subprocess
from pathlib import Path

import yaml

from stack import Ports
from stack.prometheus_config import SOURCE, write_prometheus_config


def targets(path: Path) -> dict[str, list[str]]:
    return {
        job["job_name"]: job["static_configs"][0]["targets"]
        for job in yaml.safe_load(path.read_text())["scrape_configs"]
    }


def test_each_part_that_runs_is_scraped_on_loopback(tmp_path: Path) -> None:
    written = write_prometheus_config(
        tmp_path / "data" / "prometheus.yml", Ports.from_base(21000), own_livekit=True
    )
    ports = Ports.from_base(21000)
    assert targets(written) == {
        "speech_server": [f"127.0.0.1:{ports.speech_metrics}"],
        "agent": [f"127.0.0.1:{ports.agent_metrics}"],
        "control_api": [f"127.0.0.1:{ports.control}"],
        "livekit": [f"127.0.0.1:{ports.livekit_metrics}"],
        "prometheus": [f"127.0.0.1:{ports.prometheus}"],
    }
    config = yaml.safe_load(written.read_text())
    assert config["global"] == yaml.safe_load(SOURCE.read_text())["global"]
    assert all(Path(rules).is_file() for rules in config["rule_files"])
    if promtool := shutil.which("promtool"):
        subprocess.run([promtool, "check", "config", str(written)], check=True, timeout=30)


def test_a_livekit_that_runs_elsewhere_is_not_scraped(tmp_path: Path) -> None:
    written = write_prometheus_config(tmp_path / "p.yml", Ports(), own_livekit=False)
    assert "livekit" not in targets(written)


def test_what_does_not_run_natively_is_left_out(tmp_path: Path) -> None:
    source = tmp_path / "source.yml"
    source.write_text(
        "global: {scrape_interval: 5s}\nalerting: {alertmanagers: []}\n"
        "scrape_configs:\n"
        "  - {job_name: egress, static_configs: [{targets: ['egress:1']}]}\n"
        "  - {job_name: speech-server, metrics_path: /metrics, dns_sd_configs: [{names: [a]}]}\n"
    )
    written = write_prometheus_config(
        tmp_path / "p.yml", Ports.from_base(21000), own_livekit=True, source=source
    )
    assert yaml.safe_load(written.read_text()) == {
        "global": {"scrape_interval": "5s"},
        "scrape_configs": [
            {
                "job_name": "speech-server",
                "metrics_path": "/metrics",
                "static_configs": [
                    {"targets": [f"127.0.0.1:{Ports.from_base(21000).speech_metrics}"]}
                ],
            }
        ],
        "rule_files": [],
    }

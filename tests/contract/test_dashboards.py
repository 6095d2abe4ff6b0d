"""The dashboards are what their builder makes, and show metrics that exist."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "configs" / "grafana"
OURS = re.compile(r"\b(?:speech|stt|tts|agent|control)_[a-z0-9_]+\b")
SUFFIXES = ("_bucket", "_count", "_sum")


def expressions() -> list[str]:
    found = []
    for path in (GRAFANA / "dashboards").glob("*.json"):
        for panel in json.loads(path.read_text())["panels"]:
            found += [target["expr"] for target in panel.get("targets", [])]
    rules = cast(
        "dict[str, Any]", yaml.safe_load((ROOT / "configs/alerts/conversation.yml").read_text())
    )
    for group in rules["groups"]:
        found += [rule["expr"] for rule in group["rules"]]
    return found


def declared() -> set[str]:
    """The names of metrics in the services' telemetry modules."""
    modules = [
        *(ROOT / "speech_server" / "telemetry").glob("*.py"),
        *(ROOT / "agent" / "telemetry").glob("*.py"),
        ROOT / "control_api" / "telemetry.py",
    ]
    return {
        node.value
        for module in modules
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and OURS.fullmatch(node.value)
    }


def test_the_files_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/dashboards.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_every_metric_that_is_shown_or_alerts_exists() -> None:
    known = declared()
    assert len(known) > 30
    for expression in expressions():
        # Label matchers and groupings are no metrics; recorded series have colons.
        bare = re.sub(r"\{[^}]*\}|\b(?:by|without) \([^)]*\)|\S+:\S+", "", expression)
        for name in OURS.findall(bare):
            plain = next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s)), name)
            assert name in known or plain in known, f"{name} in {expression}"


def test_prometheus_can_parse_every_expression(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH (Debian: prometheus)")
    rules = [
        {"record": f"test:{number}", "expr": text.replace("$__rate_interval", "5m")}
        for number, text in enumerate(expressions())
    ]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}))
    done = subprocess.run(
        [promtool, "check", "rules", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_is_given_the_datasource_that_the_panels_name() -> None:
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())
    assert [item["uid"] for item in source["datasources"]] == ["prometheus"]
    provider = yaml.safe_load((GRAFANA / "provisioning/dashboards/trinity.yml").read_text())
    assert provider["providers"][0]["allowUiUpdates"] is False
    for path in (GRAFANA / "dashboards").glob("*.json"):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                assert target["datasource"]["uid"] == "prometheus"

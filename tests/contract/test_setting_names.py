"""The variables that compose.yaml and .env.example name are settings that something reads."""

import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PREFIXES = ("SPEECH_", "AGENT_", "CONTROL_", "MODELS_", "STACK_", "CALLER_", "BENCH_", "TRINITY_")
# Read by compose.yaml itself, and by Grafana.
COMPOSE_ONLY = {"TRINITY_GPUS", "TRINITY_DASHBOARDS"}


@pytest.fixture(scope="module")
def known() -> set[str]:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from pages import settings
    finally:
        sys.path.pop(0)
    return {
        variable
        for package in settings.PACKAGES
        for found in settings.classes(package)
        for name in found.model_fields
        for variable in settings.variables(found, name)
    }


def ours(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith(PREFIXES)} - COMPOSE_ONLY


def compose_files() -> list[Path]:
    return sorted(ROOT.glob("compose*.yaml"))


def test_env_example_names_settings(known: set[str]) -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    names = {match[1] for line in lines if (match := re.match(r"#?\s*([A-Z][A-Z0-9_]*)=", line))}
    assert ours(names)
    assert ours(names) - known == set()


@pytest.mark.parametrize("path", compose_files(), ids=lambda path: path.name)
def test_compose_interpolates_settings(known: set[str], path: Path) -> None:
    names = set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", path.read_text()))
    assert ours(names) - known == set()


@pytest.mark.parametrize("path", compose_files(), ids=lambda path: path.name)
def test_compose_gives_services_settings(known: set[str], path: Path) -> None:
    services = yaml.safe_load(path.read_text())["services"]
    names: set[str] = set()
    for service in services.values():
        names |= set(service.get("environment") or {})
    assert ours(names) - known == set()

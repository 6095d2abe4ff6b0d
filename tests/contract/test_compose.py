"""compose.yaml, as Docker Compose's own loader reads it. Nothing here starts a container."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from trinity.speech.v1 import speech_to_text_service_pb2, text_to_speech_service_pb2

import agent.settings
import control_api.settings
import model_store
import speech_server.settings

ROOT = Path(__file__).resolve().parents[2]
OURS = ("models", "llm", "speech-server", "agent", "control-api")
ONE_SHOTS = ("models", "llm")
NEIGHBOURS = (
    *("livekit", "sip", "egress", "ingress", "redis", "ollama"),
    *("prometheus", "grafana"),
)
MUST_BE_SET = {
    "LIVEKIT_NODE_IP": "192.0.2.10",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "a-secret-of-this-test-that-is-long-enough",
    "GRAFANA_ADMIN_PASSWORD": "password",
}


def compose_config(
    *arguments: str, settings: dict[str, str] = MUST_BE_SET, tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    if shutil.which("go") is None and not Path("/usr/local/go/bin/go").exists():
        pytest.skip("Go is needed to build the loader of Compose")
    env_file = tmp_path / "test.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    command = [
        str(ROOT / "scripts" / "compose-config"),
        *("--env-file", str(ROOT / ".env.example"), "--env-file", str(env_file)),
        *("--profile", "*", "--format", "json", *arguments),
    ]
    keep = ("PATH", "HOME", "XDG_CACHE_HOME", "TRINITY_CACHE_DIR", "GOPROXY", "GOMODCACHE")
    return subprocess.run(
        command,
        cwd=ROOT,
        # Compose lets the environment win over .env: a developer's settings must not decide here.
        env={name: os.environ[name] for name in keep if name in os.environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


# Building the loader in an empty cache takes longer than a test may.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = compose_config("-f", "compose.yaml", tmp_path=tmp_path_factory.mktemp("compose"))
    assert done.returncode == 0, done.stderr
    return cast("dict[str, Any]", json.loads(done.stdout)["services"])


def seconds(duration: str) -> float:
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(float(n) * units[u] for n, u in re.findall(r"([\d.]+)([hms])", duration))


def test_every_part_is_there(services: dict[str, Any]) -> None:
    assert set(services) == {*OURS, *NEIGHBOURS}


@pytest.mark.parametrize("name", MUST_BE_SET)
def test_what_must_be_set_is_asked_for_by_name(name: str, tmp_path: Path) -> None:
    settings = {key: value for key, value in MUST_BE_SET.items() if key != name}
    done = compose_config("-f", "compose.yaml", settings=settings, tmp_path=tmp_path)
    assert done.returncode != 0
    assert name in done.stderr


def test_a_mistake_is_found(tmp_path: Path) -> None:
    mistaken = tmp_path / "compose.yaml"
    mistaken.write_text("services: {a: {image: b, depends_on: [none]}}")
    done = compose_config("-f", str(mistaken), tmp_path=tmp_path)
    assert done.returncode != 0
    assert "none" in done.stderr


def test_every_service_has_a_health_check_and_time_to_stop(services: dict[str, Any]) -> None:
    for name, service in services.items():
        check = service["healthcheck"]
        assert check.get("disable", False) == (name in ONE_SHOTS), name
        if name in ONE_SHOTS:
            waiting = [
                s["depends_on"].get(name, {}) for s in services.values() if "depends_on" in s
            ]
            assert {"condition": "service_completed_successfully", "required": True} in waiting
        else:
            assert check["test"] and check["timeout"] and check["retries"], name
            assert seconds(service["stop_grace_period"]) >= 10, name


def test_no_service_has_more_rights_than_it_needs(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service and "privileged" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        if name in OURS:
            assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), name
        if name not in ("egress", "ingress"):
            assert service["read_only"] is True, name


def test_images_of_others_are_pinned_by_version(services: dict[str, Any]) -> None:
    for name in NEIGHBOURS:
        _, _, tag = services[name]["image"].rpartition(":")
        assert re.match(r"v?\d+\.\d+\.\d+", tag), services[name]["image"]


def test_calls_may_end_before_a_service_is_killed(services: dict[str, Any]) -> None:
    grace = {name: seconds(s.get("stop_grace_period", "10s")) for name, s in services.items()}
    drain = float(services["agent"]["environment"]["AGENT_DRAIN_SECONDS"])
    assert grace["agent"] > drain
    speech = speech_server.settings.Settings()
    assert grace["speech-server"] > speech.drain_probe_seconds + speech.drain_seconds


def test_our_services_read_every_setting_that_they_are_given(services: dict[str, Any]) -> None:
    classes = {
        "speech-server": ("SPEECH_", speech_server.settings.Settings),
        "agent": ("AGENT_", agent.settings.Settings),
        "control-api": ("CONTROL_", control_api.settings.Settings),
    }
    for name, (prefix, settings) in classes.items():
        fields = {f"{prefix}{field}".upper() for field in settings.model_fields}
        given = {key for key in services[name]["environment"] if key.startswith(prefix)}
        assert given <= fields, name
    aliases = {
        field.validation_alias for field in model_store.ModelStoreSettings.model_fields.values()
    }
    assert set(services["models"]["environment"]) <= aliases


def test_the_speech_servers_health_names_the_services_of_the_contract(
    services: dict[str, Any],
) -> None:
    asked = services["speech-server"]["healthcheck"]["test"][5:]
    files = (speech_to_text_service_pb2.DESCRIPTOR, text_to_speech_service_pb2.DESCRIPTOR)
    assert set(asked) == {
        service.full_name for file in files for service in file.services_by_name.values()
    }


def test_no_two_services_want_the_same_port_of_the_host(services: dict[str, Any]) -> None:
    taken = [
        (int(port["published"]), port["protocol"])
        for service in services.values()
        for port in service.get("ports", [])
    ]
    for name in ("sip", "egress", "ingress"):
        config = yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text())
        taken += [(value, "tcp") for key, value in config.items() if key.endswith("_port")
                  and isinstance(value, int)]  # fmt: skip
    assert len(taken) == len(set(taken)), sorted(taken)


def test_files_that_are_mounted_exist(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for volume in service.get("volumes", []):
            if volume["type"] == "bind" and volume["target"] != "/out":
                assert Path(volume["source"]).exists(), (name, volume)


def test_the_example_has_every_variable_and_no_other() -> None:
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    used |= set(re.findall(r"\$\{(\w+)", (ROOT / "compose.cuda.yaml").read_text()))
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {line.split("=")[0] for line in lines if re.match(r"\w+=", line)}
    assert named - {"COMPOSE_PROFILES"} == used - {"GLIBC_TUNABLES"}
    empty = {line.rstrip("=") for line in lines if re.fullmatch(r"\w+=", line)}
    assert empty - {"AGENT_WEATHER_URL"} == set(MUST_BE_SET), "no secret has a default"


def test_cuda_is_an_override(tmp_path: Path) -> None:
    done = compose_config("-f", "compose.yaml", "-f", "compose.cuda.yaml", tmp_path=tmp_path)
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    speech = services["speech-server"]
    assert speech["build"]["target"] == "speech-server-cuda"
    assert speech["environment"]["SPEECH_DEVICE"] == "cuda"
    for name in ("speech-server", "ollama"):
        (device,) = services[name]["deploy"]["resources"]["reservations"]["devices"]
        assert device["capabilities"] == ["gpu"]


def dockerfile() -> list[str]:
    text = (ROOT / "docker" / "Dockerfile").read_text()
    return re.sub(r"\\\n\s*", " ", text).splitlines()


def test_images_are_built_from_what_is_in_the_tree(services: dict[str, Any]) -> None:
    lines = dockerfile()
    stages = {match[1] for line in lines if (match := re.match(r"FROM .* AS (\S+)$", line))}
    targets = {s["build"]["target"] for s in services.values() if "build" in s}
    assert targets | {"speech-server-cuda"} <= stages
    ignored = (ROOT / "docker" / "Dockerfile.dockerignore").read_text()
    for line in lines:
        if not line.startswith("COPY ") or "--from" in line:
            continue
        for source in line.split()[1:-1]:
            if source.endswith("*"):
                continue
            assert (ROOT / source).exists(), line
            assert f"!{Path(source).parts[0]}" in ignored.splitlines(), line


def test_images_install_extras_that_exist_by_the_commands_of_the_native_run() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [line for line in dockerfile() if "uv sync" in line]
    assert lines
    for line in lines:
        assert "--locked --no-dev" in line
        extras = re.findall(r"--extra (\S+)", line)
        assert extras and set(extras) <= set(project["optional-dependencies"]), line
    assert "npm ci" in (ROOT / "scripts" / "web").read_text()
    assert any("npm ci --no-fund --no-audit" in line for line in dockerfile())


def test_no_image_runs_as_root() -> None:
    lines = dockerfile()
    run = lines.index("FROM python AS run")
    users = [line for line in lines[run:] if line.startswith("USER ")]
    assert users == ["USER 10001:10001"]

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest
from pydantic import ValidationError

from control_api.errors import SettingsError
from control_api.settings import Settings, load_settings
from tests.support.control_api import free_port

GOOD_SECRET = "a-secret-of-more-than-thirty-two-bytes"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("CONTROL_", "LIVEKIT_", "REDIS_", "TRINITY_")):
            monkeypatch.delenv(name)


def test_the_defaults_are_those_of_the_interfaces() -> None:
    settings = load_settings()
    assert settings.livekit_url == settings.public_livekit_url == "ws://127.0.0.1:7880"
    assert settings.livekit_api_key == "trinity-development"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.agents == ("trinity",)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_SECRET", GOOD_SECRET)
    monkeypatch.setenv("REDIS_URL", "redis://:hidden-word@127.0.0.1/0")
    shown = repr(load_settings()) + str(load_settings())
    assert GOOD_SECRET not in shown and "hidden-word" not in shown


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "LIVEKIT_API_KEY"),
        ({"LIVEKIT_API_KEY": "mine"}, "LIVEKIT_API_SECRET"),
        ({"LIVEKIT_API_KEY": "mine", "LIVEKIT_API_SECRET": "short"}, "LIVEKIT_API_SECRET"),
    ],
)
def test_production_refuses_development_keys(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], named: str
) -> None:
    monkeypatch.setenv("TRINITY_ENVIRONMENT", "production")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=named):
        load_settings()
    monkeypatch.setenv("LIVEKIT_API_KEY", "mine")
    monkeypatch.setenv("LIVEKIT_API_SECRET", GOOD_SECRET)
    assert load_settings().allowed_origins == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONTROL_PORT", "many"),
        ("CONTROL_TOKEN_TTL_S", "5"),
        ("CONTROL_PUBLISH_SOURCES", "microphone,hologram"),
        ("CONTROL_CORS_ORIGINS", "*"),
        ("CONTROL_AGENTS", ","),
        ("LIVEKIT_URL", "127.0.0.1:7880"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("TRINITY_ENVIRONMENT", "testing"),
    ],
)
def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: "):
        load_settings()


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTROL_AGENTS", " a, b ,,c")
    assert load_settings().agents == ("a", "b", "c")
    assert Settings(agents=("x",)).agents == ("x",)


def run(environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "control_api"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_program_says_why_it_cannot_start() -> None:
    process = run({"TRINITY_ENVIRONMENT": "production", "LIVEKIT_API_KEY": "mine"})
    out, err = process.communicate(timeout=60)
    assert process.returncode == 78
    assert err.splitlines() == [
        "control_api cannot start:",
        "LIVEKIT_API_SECRET is the development secret; set one of your own",
    ]
    assert out == ""


def test_the_program_starts_alone_and_ends_when_told() -> None:
    port = free_port()
    nobody = f"127.0.0.1:{free_port()}"
    process = run(
        {
            "CONTROL_PORT": str(port),
            "LIVEKIT_URL": f"ws://{nobody}",
            "REDIS_URL": f"redis://{nobody}/0",
            "CONTROL_SPEECH_ADDRESS": nobody,
        }
    )
    try:
        give_up = time.monotonic() + 60
        while True:
            try:
                reply = httpx.get(f"http://127.0.0.1:{port}/health")
                break
            except httpx.TransportError:
                assert process.poll() is None and time.monotonic() < give_up
                time.sleep(0.05)
        assert reply.json()["status"] == "degraded"
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM), err
    assert err == ""
    waiting = [line for line in out.splitlines() if '"waiting for part"' in line]
    assert len(waiting) == 3

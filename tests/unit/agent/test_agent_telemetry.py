"""Metrics of calls that are gone, and logs without a caller's words."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from agent.settings import Settings
from agent.telemetry.exposition import MetricsServer, fold_ended, render
from agent.telemetry.logs import drop_personal

CALL = """
from agent.telemetry import metrics
metrics().sessions.labels("completed").inc()
metrics().sessions_active.inc()
metrics().turn_latency.labels("e2e").observe(0.7)
"""


def hold_call(folder: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    subprocess.run([sys.executable, "-c", CALL], env=environment, check=True, timeout=60)


def test_values_of_ended_calls_are_added_up_and_their_files_go(tmp_path: Path) -> None:
    for _ in range(3):
        hold_call(tmp_path)
        assert b'agent_sessions_total{outcome="completed"}' in render(tmp_path)
    text = render(tmp_path).decode()
    assert 'agent_sessions_total{outcome="completed"} 3.0' in text
    assert 'agent_turn_latency_seconds_count{phase="e2e"} 3.0' in text
    assert 'agent_turn_latency_seconds_bucket{le="0.8",phase="e2e"} 3.0' in text
    assert "agent_sessions_active" not in text.replace("# ", "")  # of processes that are gone
    assert {path.name for path in tmp_path.iterdir()} == {"counter_0.db", "histogram_0.db"}


def test_a_live_process_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / f"counter_{os.getpid()}.db"
    path.write_bytes(b"")
    fold_ended(tmp_path)
    assert path.exists()


async def test_the_endpoints(tmp_path: Path) -> None:
    ready = False
    server = MetricsServer(tmp_path, lambda: ready)
    await server.start("127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        ready = True
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/metrics")).status_code == 200
    await server.aclose()


def test_personal_facts_are_not_logged() -> None:
    event = {"event": "x", "lk.pii.user_transcript": "my name is", "participant": "+49123", "n": 1}
    assert drop_personal(None, "info", event) == {"event": "x", "n": 1}


def test_production_refuses_the_development_secret() -> None:
    with pytest.raises(ValidationError, match="LIVEKIT_API_SECRET"):
        Settings(environment="production")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_TOOLS", "none")
    monkeypatch.setenv("AGENT_GREETING", "none")
    monkeypatch.setenv("AGENT_QUEUE_MESSAGE", "  ")
    monkeypatch.setenv("AGENT_STT_PHRASES", "Trinity, LiveKit")
    monkeypatch.setenv("AGENT_LLM_NUM_THREAD", "")
    settings = Settings()
    assert settings.tools == ()
    assert settings.greeting == ""
    assert settings.queue_message == "", "blanks are no sound that could be recorded"
    assert settings.stt_phrases == ("Trinity", "LiveKit")
    assert settings.llm_num_thread is None
    assert settings.spoken("I am {name}.") == "I am Trinity."

from pathlib import Path
from typing import Any

import pytest

from model_store import Lines, ModelStoreSettings
from model_store.__main__ import main
from tests.support.file_server import FileServer

CONTENT = b"weights" * 1000


@pytest.fixture(autouse=True)
def _deployment(
    server: FileServer,
    settings: ModelStoreSettings,
    build: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.add("/a.bin", CONTENT)
    lock = build.lock(
        *(
            build.model(
                name, build.file("a.bin", CONTENT, {"kind": "url", "url": f"{server.url}/a.bin"})
            )
            for name in ("one", "two")
        )
    )
    (tmp_path / "models.toml").write_text(build.toml(lock))
    monkeypatch.setenv("TRINITY_CACHE_DIR", str(settings.cache_dir))
    monkeypatch.setenv("MODELS_LOCK_FILE", str(tmp_path / "models.toml"))
    for name in ("SPEECH_STT_MODEL", "SPEECH_VAD_MODEL", "SPEECH_TURN_MODEL", "SPEECH_TTS_VOICES"):
        monkeypatch.setenv(name, "one")


def test_fetch_brings_what_the_settings_ask_for_and_says_so(
    capsys: pytest.CaptureFixture[str], settings: ModelStoreSettings
) -> None:
    assert main(["fetch"]) == 0
    out = capsys.readouterr().out
    assert "one: verified" in out and "1 models" in out
    assert not (settings.models_dir / "two").exists()


def test_list_shows_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    main(["fetch"])
    capsys.readouterr()
    assert main(["list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "verified" in lines["one"] and "yes" in lines["one"]
    assert "missing" in lines["two"] and "yes" not in lines["two"]


def test_verify_finds_a_corrupted_file(
    capsys: pytest.CaptureFixture[str], settings: ModelStoreSettings
) -> None:
    main(["fetch"])
    assert main(["verify"]) == 0
    file = settings.models_dir / "one" / "a.bin"
    file.write_bytes(b"X" + CONTENT[1:])
    assert main(["verify"]) == 1
    complaint = capsys.readouterr().err
    assert str(file) in complaint and "sha256" in complaint and "fetch one" in complaint


def test_verify_by_name_wants_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "two"]) == 1
    assert "is not on disk" in capsys.readouterr().err


def test_an_unknown_name_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "three"]) == 1
    assert "Known names: one, two" in capsys.readouterr().err


def test_a_log_sees_the_progress(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(every_s=0.0)
    lines.begin("file", 1000, 100)
    for _ in range(9):
        lines.advance(100)
    lines.end()
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 10
    assert "are there already" in out[0]
    assert "(100 %)" in out[-1]


def test_a_wrong_setting_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS_ATTEMPTS", "many")
    assert main(["list"]) == 2
    assert "attempts" in capsys.readouterr().err

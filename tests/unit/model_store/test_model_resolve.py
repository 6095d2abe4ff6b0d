import os
from pathlib import Path
from typing import Any

import pytest

from model_store import (
    DigestError,
    ModelMissingError,
    ModelPathError,
    ModelStoreSettings,
    UnknownModelError,
    resolve,
    verify,
)

CONTENT = b"weights" * 1000
SOURCE = {"kind": "url", "url": "http://127.0.0.1:9/none"}


@pytest.fixture
def placed(settings: ModelStoreSettings, build: Any) -> Any:
    """A lock with one model, and the model on disk."""
    lock = build.lock(
        build.model(
            "m", build.file("a.onnx", CONTENT, SOURCE), build.file("sub/b.json", b"{}", SOURCE)
        )
    )
    folder = settings.models_dir / "m"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.onnx").write_bytes(CONTENT)
    (folder / "sub" / "b.json").write_bytes(b"{}")
    return lock


def test_a_name_gives_the_folder(settings: ModelStoreSettings, placed: Any) -> None:
    assert resolve("m", settings, placed) == settings.models_dir / "m"


def test_a_path_gives_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = tmp_path / "voice.onnx"
    voice.write_bytes(b"x")
    monkeypatch.setenv("VOICES", str(tmp_path))
    assert resolve(voice) == voice
    assert resolve("$VOICES/voice.onnx") == voice
    monkeypatch.chdir(tmp_path)
    assert resolve("./voice.onnx") == voice


def test_a_path_where_nothing_is() -> None:
    with pytest.raises(ModelPathError, match="does not exist: /nowhere/voice"):
        resolve("/nowhere/voice.onnx")


def test_an_unknown_name(settings: ModelStoreSettings, placed: Any) -> None:
    with pytest.raises(UnknownModelError, match="Known names: m"):
        resolve("n", settings, placed)


def test_a_missing_file_names_the_command(settings: ModelStoreSettings, placed: Any) -> None:
    (settings.models_dir / "m" / "sub" / "b.json").unlink()
    with pytest.raises(ModelMissingError) as caught:
        resolve("m", settings, placed)
    assert caught.value.missing == ("sub/b.json",)
    assert "python -m model_store fetch m" in str(caught.value)


def test_a_wrong_size_names_file_wanted_and_got(settings: ModelStoreSettings, placed: Any) -> None:
    file = settings.models_dir / "m" / "a.onnx"
    file.write_bytes(CONTENT[:-1])
    with pytest.raises(DigestError) as caught:
        resolve("m", settings, placed)
    assert (caught.value.file, caught.value.wanted) == (file, "7000 bytes")
    assert caught.value.got == "6999 bytes"


def test_damage_after_the_first_look_is_found(settings: ModelStoreSettings, placed: Any) -> None:
    resolve("m", settings, placed)
    file = settings.models_dir / "m" / "a.onnx"
    file.write_bytes(b"W" + CONTENT[1:])
    with pytest.raises(DigestError) as caught:
        resolve("m", settings, placed)
    assert caught.value.wanted == f"sha256 {placed.get('m').file[0].sha256}"
    assert caught.value.got.startswith("sha256 ")


def test_a_verified_file_is_not_read_again_until_verify_does(
    settings: ModelStoreSettings, placed: Any
) -> None:
    file = settings.models_dir / "m" / "a.onnx"
    resolve("m", settings, placed)
    times = file.stat()
    file.write_bytes(b"W" + CONTENT[1:])
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    resolve("m", settings, placed)
    with pytest.raises(DigestError):
        verify(placed.get("m"), settings)


@pytest.mark.parametrize("stamp", ["", "[1]", '{"a.onnx": 3}'])
def test_a_broken_stamp_only_costs_a_read(
    settings: ModelStoreSettings, placed: Any, stamp: str
) -> None:
    (settings.models_dir / "m" / ".verified.json").write_text(stamp)
    assert resolve("m", settings, placed).is_dir()

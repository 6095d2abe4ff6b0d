"""Where the bytes of a file come from: wheels, the Hugging Face hub, the web, this machine."""

import contextlib
import os
import shutil
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote, unquote, urlsplit

import httpx

from model_store import index
from model_store.download import RefusedError, download, http_client
from model_store.errors import DigestError, SourceError
from model_store.lock import (
    HuggingFaceSource,
    InstalledSource,
    ModelFile,
    ModelLock,
    PathSource,
    Source,
    UrlSource,
    WheelSource,
    normalise,
)
from model_store.progress import Reporter
from model_store.settings import ModelStoreSettings
from model_store.store import sha256_of

_PIP_DOWNLOAD_S = 3600.0


class Sources:
    """Opens the parts of files; keeps its HTTP clients while its block lasts.

    What it downloads is in `downloads`; wheels stay there until the caller removes them, since
    several files may come from one.
    """

    def __init__(self, settings: ModelStoreSettings, lock: ModelLock, reporter: Reporter) -> None:
        self.downloads = settings.models_dir / ".downloads"
        self._settings = settings
        self._lock = lock
        self._reporter = reporter
        self._stack = contextlib.ExitStack()
        self._clients: dict[bool, httpx.Client] = {}

    def __enter__(self) -> Self:
        self.downloads.mkdir(exist_ok=True)
        return self

    def __exit__(self, *details: object) -> None:
        self._stack.close()

    def _client(self, *, of_index: bool) -> httpx.Client:
        if of_index not in self._clients:
            certificate = index.certificate() if of_index else None
            client = self._stack.enter_context(http_client(self._settings, certificate))
            self._clients[of_index] = client
        return self._clients[of_index]

    @contextlib.contextmanager
    def opened(self, source: Source, file: ModelFile) -> Iterator[IO[bytes]]:
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
        target = self.downloads / f"{(file.sha256 or 'unverified')[:16]}-{name}"
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
        target = self.downloads / wheel.filename
        if target.exists():
            if target.stat().st_size == wheel.size and sha256_of(target) == wheel.sha256:
                return target
            target.unlink()
        self._reporter.say(f"{source.package}=={source.version}: asks the package index")
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
                    self.downloads,
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

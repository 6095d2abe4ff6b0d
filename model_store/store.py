"""The models on disk: where they are, and whether they are what the lock says.

A model is a folder of `models_dir`. A file counts as verified when its size is the locked one and
its SHA-256 was the locked one when last read; `.verified.json` beside it remembers that by size
and modification time, so that a start does not hash half a gigabyte. `verify` hashes always.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

from model_store.errors import DigestError, ModelMissingError, ModelPathError
from model_store.lock import Model, ModelFile, ModelLock, load_lock
from model_store.settings import ModelStoreSettings

STAMP = ".verified.json"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Stamps:
    """What is known to be verified in one model's folder, kept in its `.verified.json`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / STAMP
        try:
            loaded = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            loaded = {}
        self._known: dict[str, object] = loaded if isinstance(loaded, dict) else {}
        self._changed = False

    @staticmethod
    def _fact(path: Path, sha256: str) -> dict[str, object]:
        status = path.stat()
        return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256}

    def has(self, file: str, path: Path, sha256: str) -> bool:
        """Whether this very file had this digest when it was last read."""
        return self._known.get(file) == self._fact(path, sha256)

    def add(self, file: str, path: Path, sha256: str) -> None:
        """Remembers that the file has this digest now."""
        self._known[file] = self._fact(path, sha256)
        self._changed = True

    def save(self) -> None:
        """Writes what was added; a folder that cannot be written stays without it."""
        if not self._changed:
            return
        temporary = self._path.with_name(f"{STAMP}.{os.getpid()}")
        # A read-only volume is a normal place for models: then each start hashes again.
        with contextlib.suppress(OSError):
            temporary.write_text(json.dumps(self._known, indent=1), encoding="utf-8")
            temporary.replace(self._path)


def check_file(path: Path, file: ModelFile, stamps: Stamps | None, advice: str = "") -> None:
    """Compares a file with its lock; with `stamps` a digest that is known is not read again.

    Raises:
        DigestError: size or SHA-256 differ.
    """
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise DigestError(path, f"{file.size} bytes", f"{size} bytes", advice)
    if file.sha256 is None or (stamps is not None and stamps.has(file.path, path, file.sha256)):
        return
    got = sha256_of(path)
    if got != file.sha256:
        raise DigestError(path, f"sha256 {file.sha256}", f"sha256 {got}", advice)
    if stamps is not None:
        stamps.add(file.path, path, file.sha256)


def folder_of(model: Model, settings: ModelStoreSettings) -> Path:
    """The folder where a locked model is or will be."""
    return settings.models_dir / model.name


def verify(model: Model, settings: ModelStoreSettings, *, again: bool = True) -> Path:
    """Checks every file of a model and returns its folder.

    Args:
        model: The locked model.
        settings: Where models are.
        again: Read every byte; otherwise files that are stamped as verified are only looked at.

    Raises:
        ModelMissingError: files are missing.
        DigestError: a file is not what the lock says.
    """
    folder = folder_of(model, settings)
    missing = [file.path for file in model.file if not (folder / file.path).is_file()]
    if missing:
        raise ModelMissingError(model.name, missing)
    advice = f"run: python -m model_store fetch {model.name}"
    stamps = Stamps(folder)
    for file in model.file:
        if again and file.sha256 is not None:
            check_file(folder / file.path, file, None, advice)
            stamps.add(file.path, folder / file.path, file.sha256)
        else:
            check_file(folder / file.path, file, stamps, advice)
    stamps.save()
    return folder


def is_path(name_or_path: str) -> bool:
    """Whether a setting's value means a path and not a name of the lock."""
    return "/" in name_or_path or os.sep in name_or_path or name_or_path.startswith((".", "~", "$"))


def resolve(
    name_or_path: str | os.PathLike[str],
    settings: ModelStoreSettings | None = None,
    lock: ModelLock | None = None,
) -> Path:
    """The place of a model that is on disk and verified. It fetches nothing.

    A name of `models.toml` gives the model's folder. A value with a slash, or one that begins with
    `.`, `~` or `$`, is a path: it must exist and is returned absolute, a file as well as a folder;
    nothing is known about its content. Blocks while it reads (the first time about a second for
    half a gigabyte), so call it on an executor.

    Raises:
        UnknownModelError: neither.
        ModelPathError: a path where nothing is.
        ModelMissingError: locked, but not on disk; names the command that brings it.
        DigestError: on disk, but damaged.
        LockFileError: `models.toml` cannot be used.
    """
    settings = settings or ModelStoreSettings()
    if not isinstance(name_or_path, str) or is_path(name_or_path):
        path = Path(os.path.expandvars(name_or_path)).expanduser().absolute()
        if not path.exists():
            raise ModelPathError(path)
        return path
    lock = lock or load_lock(settings.lock_file)
    return verify(lock.get(name_or_path), settings, again=False)

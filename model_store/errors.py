"""The errors of the model store.

::

    ModelStoreError
    ├── LockFileError          models.toml cannot be read or says something impossible
    ├── UnknownModelError      no model of that name in models.toml (names the known ones)
    ├── ModelPathError         a setting names a path that does not exist
    ├── ModelMissingError      locked, but not on disk (says which command brings it)
    ├── DigestError            a file's size or SHA-256 is not the locked one (file, wanted, got)
    └── FetchError             it could not be brought
        ├── SourceError        the source does not have it, or does not answer
        ├── UnverifiedError    no SHA-256 is locked and the settings do not allow that
        ├── DiskSpaceError     not enough room
        └── StoreBusyError     another process has been fetching for too long
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class ModelStoreError(Exception):
    """Any failure of the model store; its text is meant for the person who runs the command."""


class LockFileError(ModelStoreError):
    """`models.toml` is missing, is not TOML, or breaks a rule."""


class UnknownModelError(ModelStoreError):
    """No model of this name is locked."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        near = get_close_matches(name, self.known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        super().__init__(
            f"unknown model {name!r}: neither a path nor a name of models.toml.{hint} "
            f"Known names: {', '.join(self.known)}"
        )


class ModelPathError(ModelStoreError):
    """A model was given as a path, and nothing is there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"model path does not exist: {path}")


class ModelMissingError(ModelStoreError):
    """A locked model is not, or not wholly, on disk."""

    def __init__(self, name: str, missing: Iterable[str]) -> None:
        self.name = name
        self.missing = tuple(missing)
        super().__init__(
            f"model {name} is not on disk (missing: {', '.join(self.missing)}); "
            f"run: python -m model_store fetch {name}"
        )


class DigestError(ModelStoreError):
    """The bytes of a file are not the locked ones.

    `wanted` and `got` are both sizes ("12 bytes") or both SHA-256 digests in hex.
    """

    def __init__(self, file: Path, wanted: str, got: str, advice: str = "") -> None:
        self.file = file
        self.wanted = wanted
        self.got = got
        super().__init__(f"{file}: wanted {wanted}, got {got}{'; ' + advice if advice else ''}")


class FetchError(ModelStoreError):
    """A model could not be brought."""


class SourceError(FetchError):
    """The source does not have the file, refuses it, or does not answer."""


class UnverifiedError(FetchError):
    """The file has no locked SHA-256 and `MODELS_ALLOW_UNVERIFIED` is not set."""


class DiskSpaceError(FetchError):
    """The disk under the store has too little room."""


class StoreBusyError(FetchError):
    """Another process held the store's lock until the deadline."""

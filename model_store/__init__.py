"""Models as locked dependencies: `models.toml` says what, this package brings and verifies it.

`resolve` gives the place of a model that is on disk, `fetch` brings it, `load_lock` reads the lock.
On the command line: `python -m model_store fetch | list | verify`.
"""

from model_store.errors import (
    DigestError,
    DiskSpaceError,
    FetchError,
    LockFileError,
    ModelMissingError,
    ModelPathError,
    ModelStoreError,
    SourceError,
    StoreBusyError,
    UnknownModelError,
    UnverifiedError,
)
from model_store.fetcher import fetch, wanted_models
from model_store.lock import Model, ModelFile, ModelKind, ModelLock, load_lock
from model_store.progress import Lines, Reporter, Silent
from model_store.settings import ModelStoreSettings
from model_store.store import resolve, verify

__all__ = [
    "DigestError",
    "DiskSpaceError",
    "FetchError",
    "Lines",
    "LockFileError",
    "Model",
    "ModelFile",
    "ModelKind",
    "ModelLock",
    "ModelMissingError",
    "ModelPathError",
    "ModelStoreError",
    "ModelStoreSettings",
    "Reporter",
    "Silent",
    "SourceError",
    "StoreBusyError",
    "UnknownModelError",
    "UnverifiedError",
    "fetch",
    "load_lock",
    "resolve",
    "verify",
    "wanted_models",
]

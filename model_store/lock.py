"""`models.toml`: what is locked, as frozen objects."""

import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from model_store.errors import LockFileError, UnknownModelError

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _relative(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("must be a path inside the model's folder")
    return str(path)


RelativePath = Annotated[str, BeforeValidator(_relative)]


class ModelKind(StrEnum):
    """What reads the model."""

    WHISPER = "whisper"
    PIPER = "piper"
    VAD = "vad"
    TURN = "turn"
    GGUF = "gguf"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WheelSource(_Frozen):
    """A file inside a wheel of the package index; the installed package is looked at first."""

    kind: Literal["wheel"]
    package: str
    version: str
    member: RelativePath


class HuggingFaceSource(_Frozen):
    """A file of a repository of the Hugging Face hub, at a revision."""

    kind: Literal["hugging-face"]
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str
    file: RelativePath


class UrlSource(_Frozen):
    """A file behind HTTP(S)."""

    kind: Literal["url"]
    url: str = Field(pattern=r"^https?://")


class PathSource(_Frozen):
    """A file of this machine; `~` and `$VARIABLE` are expanded when it is fetched."""

    kind: Literal["path"]
    path: str


class InstalledSource(_Frozen):
    """A file of a Python package that is installed here."""

    kind: Literal["installed"]
    package: str
    member: RelativePath


Source = Annotated[
    WheelSource | HuggingFaceSource | UrlSource | PathSource | InstalledSource,
    Field(discriminator="kind"),
]


class Wheel(_Frozen):
    """A locked wheel: `size` in bytes, and the digest of the archive itself."""

    version: str
    filename: str = Field(pattern=r"^[\w.+-]+\.whl$")
    size: int = Field(gt=0)
    sha256: Sha256


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, dict) else value


class ModelFile(_Frozen):
    """One file of a model: `path` below the model's folder, `size` in bytes."""

    path: RelativePath
    size: int | None = Field(default=None, gt=0)
    sha256: Sha256 | None = None
    unverified: bool = False
    source: Annotated[tuple[Source, ...], BeforeValidator(_as_tuple), Field(min_length=1)]

    @model_validator(mode="after")
    def _locked(self) -> Self:
        if self.unverified == (self.sha256 is not None):
            raise ValueError(f"{self.path}: give either sha256 or unverified = true")
        if self.size is None and not self.unverified:
            raise ValueError(f"{self.path}: size is missing")
        return self


class Model(_Frozen):
    """One model; `licence` is an SPDX expression."""

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    kind: ModelKind
    licence: str
    description: str
    file: tuple[ModelFile, ...] = Field(min_length=1)

    @property
    def size(self) -> int:
        """Bytes on disk, as far as they are locked."""
        return sum(file.size or 0 for file in self.file)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        paths = [file.path for file in self.file]
        if len(set(paths)) != len(paths):
            raise ValueError(f"{self.name}: a file is there twice")
        return self


def normalise(package: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", package).lower()


class ModelLock(_Frozen):
    """The whole of `models.toml`."""

    version: Literal[1]
    model: tuple[Model, ...]
    wheel: dict[str, Wheel] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = self.names
        if len(set(names)) != len(names):
            raise ValueError("a model's name is there twice")
        for model in self.model:
            for file in model.file:
                for source in file.source:
                    if isinstance(source, WheelSource):
                        wheel = self.wheel.get(source.package)
                        if wheel is None or wheel.version != source.version:
                            raise ValueError(
                                f"{model.name}/{file.path}: no [wheel.{source.package}] "
                                f"with version {source.version}"
                            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all models."""
        return tuple(model.name for model in self.model)

    def models(self) -> Iterator[Model]:
        """The models in their order."""
        return iter(self.model)

    def get(self, name: str) -> Model:
        """The model of this name.

        Raises:
            UnknownModelError: there is none.
        """
        for model in self.model:
            if model.name == name:
                return model
        raise UnknownModelError(name, self.names)


def load_lock(path: Path) -> ModelLock:
    """Reads `models.toml`.

    Raises:
        LockFileError: the file is missing, is not TOML, or breaks a rule; names the place.
    """
    try:
        return ModelLock.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise LockFileError(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise LockFileError(f"{path}: {error}") from error
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors(include_url=False, include_context=False)
        )
        raise LockFileError(f"{path}: {places}") from error

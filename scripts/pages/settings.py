"""Every environment variable, from the settings classes of the packages."""

import importlib
import importlib.util
import inspect
from collections.abc import Iterator
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "speech_server",
    "agent",
    "control_api",
    "model_store",
    "stack",
    "caller",
    "trinity_cli",
    "bench",
    "bench.peers",
    "bench.stt",
    "bench.agent",
    "bench.api",
    "bench.calls",
    "bench.sides",
)
_HEAD = """# Settings

Written by `make docs`; do not edit. Each is an environment variable, read once when a process
starts. Lists are separated by commas.
"""


def page() -> str:
    """The page, a table for each package."""
    parts = [_HEAD]
    for package in PACKAGES:
        for settings in classes(package):
            summary = (inspect.getdoc(settings) or "").splitlines()[0]
            parts += [f"\n## `{package}`\n", f"{summary}\n"]
            parts += ["| variable | default | meaning |", "| --- | --- | --- |", *_rows(settings)]
    return "\n".join(parts) + "\n"


def classes(package: str) -> Iterator[type[BaseSettings]]:
    """The settings classes that a package's `settings` module defines."""
    name = f"{package}.settings"
    if importlib.util.find_spec(name) is None:
        return
    for _, found in inspect.getmembers(importlib.import_module(name), inspect.isclass):
        if issubclass(found, BaseSettings) and found.__module__ == name:
            yield found


def variables(settings: type[BaseSettings], name: str) -> list[str]:
    """The environment variables that set a field, the first one wins."""
    field = settings.model_fields[name]
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        # A choice in lower case is for Python, not for the environment.
        return [str(choice) for choice in alias.choices if str(choice).isupper()]
    if isinstance(alias, str):
        return [alias]
    return [f"{settings.model_config.get('env_prefix', '')}{name}".upper()]


def _rows(settings: type[BaseSettings]) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        names = ", ".join(f"`{variable}`" for variable in variables(settings, name))
        meaning = (field.description or "").replace("|", "\\|").replace("\n", " ")
        yield f"| {names} | {_default(field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "see meaning"
    default = field.default
    if default is PydanticUndefined:
        return "required"
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, tuple | list):
        default = ",".join(str(item) for item in default)
    if default is None or default == "":
        return "empty"
    text = str(default).replace(f"{ROOT}/", "").replace("|", "\\|")
    return f"`{text}`"

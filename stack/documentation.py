"""``docs/settings.md``, written from the classes that read the settings."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from stack.settings import ROOT

PAGE = ROOT / "docs" / "settings.md"
PACKAGES = ("speech_server", "agent", "control_api", "model_store", "stack", "caller", "bench")
_HEAD = """# Settings

Written by `make docs` from the classes that read them; do not edit. Each is an environment
variable, read once when a process starts.
"""


def run(*, check: bool) -> int:
    """Write the page, or only compare it.

    Returns:
        The exit status: 1 when ``check`` finds it out of date.
    """
    text = render()
    if not check:
        PAGE.write_text(text)
        return 0
    if PAGE.is_file() and PAGE.read_text() == text:
        return 0
    print("docs/settings.md is not up to date: run `make docs`", file=sys.stderr)
    return 1


def render() -> str:
    """Give the page's text."""
    parts = [_HEAD]
    for package in PACKAGES:
        for settings in _classes(package):
            summary = (inspect.getdoc(settings) or "").splitlines()[0]
            parts += [f"\n## `{package}`\n", f"{summary}\n"]
            parts += ["| variable | default | meaning |", "| --- | --- | --- |"]
            parts += list(_rows(settings))
    return "\n".join(parts) + "\n"


def _classes(package: str) -> Iterator[type[BaseSettings]]:
    module_name = f"{package}.settings"
    if importlib.util.find_spec(module_name) is None:
        return
    module = importlib.import_module(module_name)
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, BaseSettings) and found.__module__ == module_name:
            yield found


def _rows(settings: type[BaseSettings]) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|").replace("\n", " ")
        yield f"| {_variables(prefix, name, field)} | {_default(field)} | {meaning} |"


def _variables(prefix: str, name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        # A choice that is the field's own name is for Python, not for the environment.
        choices = [str(choice) for choice in alias.choices if choice != name]
    else:
        choices = [str(alias)] if alias else [f"{prefix}{name}".upper()]
    return ", ".join(f"`{choice}`" for choice in choices)


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "see meaning"
    default = field.default
    if default is PydanticUndefined:
        return "required"
    if hasattr(default, "get_secret_value"):
        default = default.get_secret_value()
    if isinstance(default, tuple | list):
        default = ",".join(str(item) for item in default)
    if default is None or default == "":
        return "empty"
    text = str(default).replace(f"{ROOT}/", "").replace("|", "\\|")
    return f"`{text}`"

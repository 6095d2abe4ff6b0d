"""Finds the tools: each module of this folder, and of the owner's, that has a `PLUGIN`."""

import importlib
import importlib.util
import pkgutil
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from agent.errors import ConfigurationError
from agent.tools.plugin import ToolPlugin


@cache
def find_plugins(folder: Path | None = None) -> dict[str, ToolPlugin]:
    """Give the plug-ins by name.

    Args:
        folder: The owner's own, whose plug-ins may take the place of ours.

    Raises:
        ConfigurationError: A module of the owner's folder cannot be imported, or has no plug-in.
    """
    package = importlib.import_module("agent.tools")
    plugins: dict[str, ToolPlugin] = {}
    for found in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"agent.tools.{found.name}")
        plugin = getattr(module, "PLUGIN", None)
        if isinstance(plugin, ToolPlugin):
            plugins[plugin.name] = plugin
    if folder is None:
        return plugins
    if not folder.is_dir():
        raise ConfigurationError(f"AGENT_TOOLS_DIR: there is no folder {folder}")
    for path in sorted(folder.glob("*.py")):
        if path.stem.startswith("_"):
            continue
        plugin = getattr(_load(path), "PLUGIN", None)
        if not isinstance(plugin, ToolPlugin):
            raise ConfigurationError(f"AGENT_TOOLS_DIR: {path.name} has no PLUGIN of ToolPlugin")
        plugins[plugin.name] = plugin
    return plugins


def _load(path: Path) -> ModuleType:
    name = f"trinity_tools_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ConfigurationError(f"AGENT_TOOLS_DIR: {path.name}: {error!r}") from error
    return module

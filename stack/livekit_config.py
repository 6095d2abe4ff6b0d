"""LiveKit's configuration for the native stack: the one in ``configs/`` with our API's address."""

from pathlib import Path
from typing import Any, cast

import yaml

from stack.settings import ROOT

SOURCE = ROOT / "configs" / "livekit.yaml"


def write_livekit_config(target: Path, api_url: str, *, source: Path = SOURCE) -> Path:
    """Write the native configuration.

    Args:
        target: where it goes.
        api_url: of the control API, which is told what happens in rooms.
        source: the configuration of the containers.

    Returns:
        ``target``.
    """
    config = cast("dict[str, Any]", yaml.safe_load(source.read_text()))
    config["webhook"]["urls"] = [f"{api_url}/hooks/livekit"]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(config, sort_keys=False))
    return target

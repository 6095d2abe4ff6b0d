"""livekit-sip's configuration for the native stack, from the one in ``configs/``.

That file is for a machine that serves a provider; here each stack has its own ports, and telephones
on this machine are served over loopback unless the owner names another address.
"""

import urllib.parse
from pathlib import Path
from typing import Any, cast

import yaml

from stack.addresses import Addresses
from stack.ports import HOST
from stack.settings import ROOT, StackSettings

SOURCE = ROOT / "configs" / "sip.yaml"


def write_sip_config(
    target: Path, settings: StackSettings, addresses: Addresses, source: Path = SOURCE
) -> Path:
    """Write the native configuration; it may hold the password of Redis.

    Args:
        target: where it goes.
        settings: of the stack.
        addresses: of the stack.
        source: the configuration for servers and containers.

    Returns:
        ``target``.
    """
    config = cast("dict[str, Any]", yaml.safe_load(source.read_text()))
    ports, announced = settings.ports, settings.sip_address
    config["ws_url"] = addresses.livekit_url
    config["redis"] = _redis(addresses.redis_url)
    config["sip_port"] = ports.sip
    config["rtp_port"] = f"{ports.sip_rtp}-{ports.sip_rtp_last}"
    # The address is named, not found: livekit-sip itself finds none on a machine without a network.
    config["nat_1_to_1_ip"] = str(announced)
    config["listen_ip"] = HOST if announced.is_loopback else "0.0.0.0"
    if announced.is_loopback:
        # Nobody scans loopback; whoever tries a softphone should see that it is reached.
        config["hide_inbound_port"] = False
    # The models share the cores: while they are at work, livekit-sip would refuse every call.
    config["max_cpu_utilization"] = 1.0
    # It binds both to every address of the machine.
    config.pop("health_port", None)
    config.pop("prometheus_port", None)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_text(yaml.safe_dump(config, sort_keys=False))
    return target


def _redis(url: str) -> dict[str, Any]:
    parts = urllib.parse.urlsplit(url)
    told: dict[str, Any] = {
        "address": f"{parts.hostname or HOST}:{parts.port or 6379}",
        "db": int(parts.path.strip("/") or 0),
    }
    if parts.username:
        told["username"] = urllib.parse.unquote(parts.username)
    if parts.password:
        told["password"] = urllib.parse.unquote(parts.password)
    return told

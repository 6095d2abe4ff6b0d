import dataclasses
import os
import socket
from pathlib import Path

import pytest

from stack import Ports, PortTaken, StackSettings, free_base
from stack.ports import SETTING_OF, SPAN, is_free, require_free


def listening(kind: socket.SocketKind) -> socket.socket:
    sock = socket.socket(socket.AF_INET, kind)
    sock.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        sock.listen()
    return sock


def test_a_base_gives_every_part_a_port_of_its_own() -> None:
    values = dataclasses.astuple(Ports.from_base(21000))
    assert len(set(values)) == len(values) <= SPAN
    assert min(values) == 21000
    assert set(SETTING_OF) == {field.name for field in dataclasses.fields(Ports)}


def test_the_settings_have_the_documented_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [*SETTING_OF.values(), "STACK_PORT_BASE"]:
        monkeypatch.delenv(variable, raising=False)
    assert StackSettings().ports == Ports()
    page = (Path(__file__).parents[3] / "docs" / "interfaces.md").read_text()
    for name, variable in SETTING_OF.items():
        (line,) = [line for line in page.splitlines() if f"`{variable}`" in line and "/" in page]
        assert str(getattr(Ports(), name)) in line


def test_a_setting_moves_one_port_and_a_base_moves_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_PORT", "50099")
    monkeypatch.setenv("STACK_REDIS_PORT", "6399")
    ports = StackSettings().ports
    assert (ports.speech, ports.redis, ports.control) == (50099, 6399, 8000)
    monkeypatch.setenv("STACK_PORT_BASE", "22000")
    assert StackSettings().ports == Ports.from_base(22000)


def test_a_taken_port_is_named_with_its_setting_and_its_process() -> None:
    with listening(socket.SOCK_STREAM) as sock:
        port = sock.getsockname()[1]
        ports = dataclasses.replace(Ports.from_base(free_base()), redis=port)
        require_free(ports, ["speech"])
        with pytest.raises(PortTaken) as failure:
            require_free(ports, ["speech", "redis"])
    text = str(failure.value)
    assert f"port {port}/tcp (STACK_REDIS_PORT)" in text
    assert f"pid {os.getpid()}" in text
    assert "REDIS_URL" in text
    assert "STACK_PORT_BASE" in text
    assert "SPEECH_PORT" not in text


def test_a_taken_udp_port_is_named_too() -> None:
    with listening(socket.SOCK_DGRAM) as sock:
        port = sock.getsockname()[1]
        ports = dataclasses.replace(Ports(), livekit_udp=port)
        with pytest.raises(PortTaken, match=rf"{port}/udp \(STACK_LIVEKIT_UDP_PORT\)"):
            require_free(ports, ["livekit_udp"])
        assert is_free(port)  # as TCP


def test_a_free_base_has_its_whole_block_free() -> None:
    base = free_base()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", base + SPAN - 1))
        sock.listen()
        assert free_base() != base

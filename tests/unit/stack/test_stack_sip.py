"""The telephone's part of the stack: found, configured, and asked whether it is ready."""

import stat
from pathlib import Path

import pytest
import yaml

from stack import Addresses, Ports, ProgramMissing, StackSettings
from stack.neighbours import Neighbours
from stack.programs import livekit_sip
from stack.readiness import Waiting, sip
from stack.services import services
from stack.sip_config import write_sip_config
from tests.support.sip_options import sip_server
from tests.unit.stack.test_stack_programs import program


@pytest.fixture
def path_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def settings(tmp_path: Path, **values: object) -> StackSettings:
    given = {"cache_dir": tmp_path / "cache", "run_dir": tmp_path / "run", "port_base": 21000}
    return StackSettings(**{**given, **values})


def addresses(
    of: StackSettings, neighbours: Neighbours, sip: str | None = "127.0.0.1"
) -> Addresses:
    return Addresses.of(of.ports, neighbours, prometheus=False, sip=sip)


def test_it_is_used_where_it_is_on_path_and_never_installed(tmp_path: Path, path_dir: Path) -> None:
    assert livekit_sip.find(settings(tmp_path)) is None
    with pytest.raises(ProgramMissing, match=r"docs/telephony\.md"):
        livekit_sip.find(settings(tmp_path, sip=True))
    mine = program(path_dir, "livekit-sip")
    assert livekit_sip.find(settings(tmp_path)) == mine
    assert livekit_sip.find(settings(tmp_path, sip=False)) is None


def test_beside_another_livekit_it_runs_only_when_asked(tmp_path: Path, path_dir: Path) -> None:
    mine = program(path_dir, "livekit-sip")
    other = {"livekit_url": "ws://127.0.0.1:7880"}
    assert livekit_sip.find(settings(tmp_path, **other)) is None
    assert livekit_sip.find(settings(tmp_path, **other, sip=True)) == mine


def test_without_it_people_are_told_that_the_telephone_is_off(tmp_path: Path) -> None:
    of = settings(tmp_path)
    assert any(
        "telephone" in line and "off" in line
        for line in addresses(of, Neighbours(), sip=None).lines()
    )
    assert any("127.0.0.1:21012" in line for line in addresses(of, Neighbours()).lines())


def test_the_service_waits_for_redis_and_livekit_and_has_its_keys(
    tmp_path: Path, path_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from stack import Progress

    for name in ("livekit-sip", "livekit-server", "redis-server", "ollama"):
        program(path_dir, name)
    of = settings(tmp_path)
    table = services(of, addresses(of, Neighbours()), Neighbours(), Progress())
    (service,) = [each for each in table if each.name == "livekit_sip"]
    assert set(service.needs) == {"redis", "livekit"}
    assert service.environment["LIVEKIT_API_KEY"] == of.livekit_api_key
    assert Path(service.command[-1]).is_file()


def test_the_configuration_has_the_stacks_ports_and_stays_on_loopback(tmp_path: Path) -> None:
    of = settings(tmp_path)
    redis = Neighbours(redis_url="redis://me:a%20b@127.0.0.1:7000/3")
    written = write_sip_config(tmp_path / "state" / "sip.yaml", of, addresses(of, redis))
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    config = yaml.safe_load(written.read_text())
    ports = Ports.from_base(21000)
    assert config["sip_port"] == ports.sip == 21012
    assert config["rtp_port"] == "21016-21047"
    assert config["ws_url"] == f"ws://127.0.0.1:{ports.livekit}"
    assert config["redis"] == {
        "address": "127.0.0.1:7000",
        "db": 3,
        "username": "me",
        "password": "a b",
    }
    assert config["listen_ip"] == config["nat_1_to_1_ip"] == "127.0.0.1"
    assert config["hide_inbound_port"] is False
    assert config["max_cpu_utilization"] == 1.0
    # Both would listen on every address.
    assert not {"health_port", "prometheus_port"} & set(config)


def test_an_address_of_the_network_serves_telephones_there(tmp_path: Path) -> None:
    of = settings(tmp_path, sip_address="192.0.2.7")
    written = write_sip_config(tmp_path / "sip.yaml", of, addresses(of, Neighbours(), "192.0.2.7"))
    config = yaml.safe_load(written.read_text())
    assert (config["listen_ip"], config["nat_1_to_1_ip"]) == ("0.0.0.0", "192.0.2.7")
    assert config["hide_inbound_port"] is True


def test_it_is_ready_when_it_answers_options() -> None:
    with sip_server(b"SIP/2.0 200 OK\r\n\r\n") as server:
        sip("127.0.0.1", server.port)()
        assert server.asked[0].startswith(b"OPTIONS sip:127.0.0.1")
    with sip_server(b"SIP/2.0 503 Busy\r\n\r\n") as server:
        with pytest.raises(Waiting, match="503"):
            sip("127.0.0.1", server.port)()
        port = server.port
    with pytest.raises(Waiting, match=f"SIP at 127.0.0.1:{port}"):
        sip("127.0.0.1", port)()

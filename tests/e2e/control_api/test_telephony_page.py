"""`trinity sip` against the real LiveKit server, and every command of docs/telephony.md."""

import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from livekit import api
from livekit.api.sip_service import SipService
from structlog.testing import capture_logs

from tests.support.cli import Cli

pytestmark = pytest.mark.e2e
PAGE = Path(__file__).resolve().parents[3] / "docs" / "telephony.md"
# What needs a telephone on the other side is called in tests/e2e/telephony.
CALLS = (("up",), ("call",), ("calls", "hangup"))


def commands() -> list[str]:
    """Every line of the page's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


async def no_telephones(sip: SipService) -> None:
    """Remove what other tests left in the LiveKit server that they share with these."""
    rules = await sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())
    for rule in rules.items:
        await sip.delete_dispatch_rule(
            api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id)
        )
    inbound = await sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())
    outbound = await sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())
    for trunk in (*inbound.items, *outbound.items):
        await sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id))


@pytest.fixture
async def cli(
    client: httpx.AsyncClient,
    livekit_api: api.LiveKitAPI,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Cli]:
    await no_telephones(livekit_api.sip)
    made = Cli(capsys, monkeypatch)
    made.set(TRINITY_API_URL=str(client.base_url), TRINITY_SIP_ADDRESS="127.0.0.1:5060")
    with capture_logs():
        yield made


async def test_every_command_of_the_page_works(cli: Cli, livekit_api: api.LiveKitAPI) -> None:
    ran = []
    for line in commands():
        words = shlex.split(line)
        settings = dict(word.split("=", 1) for word in words if re.match(r"^[A-Z_]+=", word))
        arguments = [word for word in words if not re.match(r"^[A-Z_]+=", word)]
        if arguments[0] != "trinity":
            # These are run with a real Linphone in tests/e2e/telephony.
            assert arguments[0] in ("mkdir", "printf", "linphonec"), f"who tests this: {line}"
            continue
        arguments = arguments[1:]
        if any(tuple(arguments[: len(each)]) == each for each in CALLS):
            assert (await cli(*arguments, "--help")).status == 0, line
            continue
        settings.setdefault("TRINITY_SIP_PASSWORD", "correct horse battery")
        cli.set(**settings)
        result = await cli(*arguments)
        # The doctor finds faults here: there is no speech server.
        assert result.status == (1 if arguments == ["doctor"] else 0), f"{line}\n{result.err}"
        ran.append(arguments[0])
    assert ran.count("sip") >= 6
    listed = (await cli("sip", "list", "--json")).json
    assert {trunk["name"] for trunk in listed["trunks"]} == {
        "softphone", "house", "travelling", "provider",
    }  # fmt: skip
    assert all(rule["agents"] == ["trinity"] for rule in listed["rules"])
    (provider,) = [
        t for t in listed["trunks"] if t["name"] == "provider" and t["kind"] == "inbound"
    ]
    assert (provider["allowed_addresses"], provider["has_password"]) == (["203.0.113.0/24"], False)
    reply = await livekit_api.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())
    (outbound,) = [each for each in reply.items if each.name == "provider"]
    assert (outbound.address, outbound.auth_username) == ("sip.example.com", "15550100")


async def test_a_telephone_is_set_up_once_and_removed_whole(cli: Cli) -> None:
    first = await cli("sip", "setup", "softphone", "--ring", "127.0.0.1:5070", "--json")
    assert (first.status, first.json["new"]) == (0, True), first.err
    assert len(first.json["inbound"]) == len(first.json["outbound"]) == 1
    (rule,) = first.json["rules"]
    assert rule["trunk_ids"] == [first.json["inbound"][0]["id"]]
    again = await cli("sip", "setup", "softphone", "--ring", "127.0.0.1:5070", "--json")
    assert again.json == {**first.json, "new": False}
    other = await cli("sip", "setup", "softphone", "--allow", "192.0.2.1")
    assert other.status == 2
    assert "allowed_addresses" in other.err and "trinity sip remove softphone" in other.err
    gone = await cli("sip", "remove", "softphone")
    assert gone.out == "Removed softphone: trunks 2, rules 1.\n"
    assert (await cli("sip", "remove", "softphone")).status == 5


@pytest.mark.parametrize(
    "arguments",
    [
        ("provider", "--number", "+15550199", "--address", "sip.example.com"),
        ("softphone", "--allow", "0.0.0.0/0"),
    ],
)
async def test_an_open_trunk_is_refused_by_the_name_of_its_option(
    cli: Cli, arguments: tuple[str, ...]
) -> None:
    result = await cli("sip", "setup", *arguments, "--name", "again")
    assert (result.status, "--allow:" in result.err) == (2, True), result.err
    assert (await cli("sip", "list", "--json")).json["trunks"] == []


async def test_the_doctor_knows_a_trunk_without_livekit_sip(cli: Cli) -> None:
    cli.set(TRINITY_SIP_ADDRESS="127.0.0.1:9", OLLAMA_HOST="", TRINITY_AGENT_URL="")
    told = await _telephone(cli)
    assert told["state"] == "off"
    assert (await cli("sip", "setup", "softphone")).status == 0
    told = await _telephone(cli)
    assert told["state"] == "fault"
    assert "docs/telephony.md" in told["remedy"]


async def _telephone(cli: Cli) -> dict:
    findings = (await cli("doctor", "--json")).json["findings"]
    by_part = {each["part"]: each for each in findings}
    assert by_part["livekit"]["state"] == by_part["redis"]["state"] == "ok"
    assert by_part["join"]["state"] == "ok"
    assert by_part["speech"]["state"] == "fault"
    return by_part["telephone"]

"""Assistants, voices and models: what can be chosen."""

from pathlib import Path

import httpx

from control_api import Settings
from control_api.access import Scope
from control_api.store import ApiKeys, RedisStore
from control_api.telemetry import Telemetry
from tests.support.control_api import SmallSpeechServer, changed, running


async def test_voices_and_models_are_the_speech_servers(
    settings: Settings, speech: SmallSpeechServer
) -> None:
    async with running(changed(settings, speech_address=speech.address)) as client:
        reply = await client.get("/api/voices")
        assert reply.status_code == 200
        assert reply.json()["voices"] == [
            {
                "name": "en_US-joe-medium",
                "language": "en-US",
                "sample_rate_hz": 22050,
                "speakers": [],
                "quality": "medium",
                "license": "CC0-1.0",
                "loaded": True,
                "is_default": True,
            }
        ]
        none = await client.get("/api/voices", params={"language": "de"})
        assert none.json() == {"voices": []}
        (model,) = (await client.get("/api/models")).json()["models"]
        assert (model["name"], model["languages"]) == ("whisper-base", ["en", "de"])


async def test_without_the_speech_server_the_answer_says_so(client: httpx.AsyncClient) -> None:
    for path in ("/api/voices", "/api/models"):
        reply = await client.get(path)
        assert (reply.status_code, reply.json()["part"]) == (503, "speech_server")
        assert int(reply.headers["retry-after"]) > 0


async def test_a_language_that_is_none_is_named(client: httpx.AsyncClient) -> None:
    reply = await client.get("/api/voices", params={"language": "e n"})
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "#language"


async def test_the_assistants_are_those_of_the_folder(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "clerk.toml").write_text(
        'name = "clerk"\ndisplay_name = "Robin"\ndescription = "Takes messages."\n'
        'prompt = "secret"\ntools = ["end_call"]\n[handover]\nnumber = "+15550100"\n'
    )
    (tmp_path / "trinity.toml").write_text('name = "trinity"\nlanguage = "de"\n')
    (tmp_path / "other.toml").write_text('name = "another"\n')
    (tmp_path / "broken.toml").write_text("name = ")
    async with running(changed(settings, agents_dir=tmp_path)) as client:
        reply = await client.get("/api/assistants")
        assert reply.json()["agent_name"] == "trinity"
        default, clerk = reply.json()["assistants"]
        assert (default["name"], default["language"], default["is_default"]) == (
            "trinity",
            "de",
            True,
        )
        assert clerk["display_name"] == "Robin"
        assert clerk["tools"] == ["end_call"]
        assert not clerk["is_default"]
        assert "secret" not in reply.text and "15550100" not in reply.text
        (tmp_path / "clerk.toml").unlink()
        names = (await client.get("/api/assistants")).json()["assistants"]
        assert [each["name"] for each in names] == ["trinity"]
    async with running(changed(settings, agents_dir=tmp_path, assistant="front")) as client:
        first, second = (await client.get("/api/assistants")).json()["assistants"]
        assert (first["name"], first["is_default"], second["is_default"]) == ("front", True, False)


async def test_choosing_needs_a_key_where_tokens_do(settings: Settings, redis) -> None:
    locked = changed(settings, access="keys", public_tokens=False)
    store = RedisStore.open(locked, Telemetry())
    _, key = await ApiKeys(store).create("page", [Scope.SPEECH_READ])
    await store.aclose()
    async with running(locked) as client:
        assert (await client.get("/api/assistants")).status_code == 401
        with_key = {"Authorization": f"Bearer {key}"}
        assert (await client.get("/api/assistants", headers=with_key)).status_code == 200
    async with running(changed(settings, access="keys")) as client:
        assert (await client.get("/api/assistants")).status_code == 200

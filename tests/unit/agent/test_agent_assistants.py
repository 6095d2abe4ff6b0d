"""Assistants' files: what they may hold, which one answers, and that a change counts."""

from pathlib import Path

import pytest

from agent.assistants import AssistantCatalogue, CallRequest, assistant_settings
from agent.errors import ConfigurationError
from agent.settings import Settings
from agent.startup import check

WHOLE = """
name = "reception"
display_name = "Robin"
description = "Answers."
prompt = "You are {name} for {customer}."
greeting = "Hello {customer}, this is {name}."
language = "auto"
keyterms = ["Trinity"]
voice = "a"
voices = { de = "b" }
tools = ["get_time", "end_call"]
text_replies = "voice"
[model]
provider = "openai"
name = "m"
url = "http://127.0.0.1:1/v1"
api_key = "${TEST_ASSISTANT_KEY}"
[patience]
adaptive = false
still_there_seconds = 20
[phrases]
filler = "Hm."
[handover]
number = "+15550100"
trunk = "ST_1"
[[http_tools]]
name = "look_up"
description = "Looks up."
url = "http://127.0.0.1:1/{what}"
[[http_tools.parameters]]
name = "what"
[[mcp_servers]]
url = "http://127.0.0.1:1/mcp"
"""


def write(folder: Path, text: str, name: str = "reception") -> AssistantCatalogue:
    (folder / f"{name}.toml").write_text(text)
    return AssistantCatalogue(folder)


def test_a_file_takes_the_place_of_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_ASSISTANT_KEY", "q7-very-own")
    definition = write(tmp_path, WHOLE).read("reception")
    assert definition is not None
    request = CallRequest.parse('{"variables": {"customer": "Ms Vogel"}, "other": 1}')
    joined = assistant_settings(Settings(stt_model="base"), definition, request)
    assert joined.spoken(joined.greeting) == "Hello Ms Vogel, this is Robin."
    assert joined.spoken(joined.instructions) == "You are Robin for Ms Vogel."
    assert (joined.language, joined.voice, joined.voices) == ("auto", "a", {"de": "b"})
    assert joined.stt_phrases == ("Trinity",)
    assert joined.tools == ("get_time", "end_call")
    assert (joined.llm_provider, joined.llm_model) == ("openai", "m")
    assert joined.llm_api_key.get_secret_value() == "q7-very-own"
    assert (joined.patience, joined.user_away_seconds) == (False, 20)
    assert (joined.filler, joined.handover_number) == ("Hm.", "+15550100")
    assert joined.stt_model == "base"
    assert "q7-very-own" not in repr(joined)


def test_what_a_file_leaves_out_stays(tmp_path: Path) -> None:
    definition = write(tmp_path, 'name = "reception"').read("reception")
    assert definition is not None
    settings = Settings(greeting="Hi.")
    joined = assistant_settings(settings, definition, CallRequest())
    assert joined == settings.model_copy(update={"assistant": "reception"})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("nmae = 1", "nmae"),
        ('name = "other"', "name"),
        ("[patience]\nstop_silence_ms = -1", "patience.stop_silence_ms"),
        ("[model]\nprovider = 'else'", "model.provider"),
        ("[[http_tools]]\nname = 'x'\nurl = 'http://h'", "http_tools.0.description"),
        ("[[http_tools]]\nname = 'x'\ndescription = 'x'\nurl = 'file:///etc'", "http_tools.0.url"),
        (
            "[[mcp_servers]]\nurl = 'http://h'\nheaders = {a = '${NOT_THERE_AT_ALL}'}",
            "NOT_THERE_AT_ALL",
        ),
        ("tools = ['a', 'a']", "same name"),
        ("name = ", "reception.toml"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as raised:
        write(tmp_path, text).read("reception")
    assert "reception.toml" in str(raised.value)


def test_the_worker_does_not_start_with_a_tool_that_is_none(tmp_path: Path) -> None:
    write(tmp_path, "tools = ['fly']")
    with pytest.raises(ConfigurationError, match=r"reception\.toml: .*fly"):
        check(Settings(agents_dir=tmp_path))


def test_the_files_that_come_along_can_be_used() -> None:
    settings = Settings()
    check(settings)
    assert "trinity" in AssistantCatalogue(settings.agents_dir).names()


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ("", "trinity"),
        ("reception", "reception"),
        ('{"assistant": "reception"}', "reception"),
        ('{"assistant": "nobody"}', "trinity"),
        ('{"assistant": "../../etc/passwd"}', "trinity"),
        ('{"assistant": 7}', "trinity"),
        ('["reception"]', "trinity"),
        ("{", "trinity"),
    ],
)
def test_the_dispatch_chooses(tmp_path: Path, metadata: str, name: str) -> None:
    write(tmp_path, "", "trinity")
    catalogue = write(tmp_path, "")
    assert catalogue.choose(CallRequest.parse(metadata), "trinity").name == name


def test_a_change_counts_at_the_next_call(tmp_path: Path) -> None:
    catalogue = write(tmp_path, 'greeting = "One."')
    assert catalogue.choose(CallRequest(), "reception").greeting == "One."
    write(tmp_path, 'greeting = "Two."')
    assert catalogue.choose(CallRequest(), "reception").greeting == "Two."
    write(tmp_path, "greeting = ")
    assert catalogue.choose(CallRequest(), "reception").greeting is None


def test_without_a_folder_the_settings_are_the_assistant(tmp_path: Path) -> None:
    catalogue = AssistantCatalogue(tmp_path / "none")
    assert catalogue.names() == []
    assert catalogue.choose(CallRequest(), "trinity").name == "trinity"

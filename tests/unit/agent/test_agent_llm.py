"""The model: Ollama's protocol over real HTTP, and everything that small models do wrong."""

from collections.abc import AsyncIterator, Callable
from enum import Enum

import pytest
from livekit.agents import APIConnectOptions, APIError, llm
from pydantic import BaseModel

from agent.llm import OllamaLLM, OllamaOptions
from agent.llm.ending import EndingFilter
from agent.llm.leaks import LeakFilter
from agent.llm.messages import fit_window, to_ollama_messages
from agent.llm.schema import to_ollama_tools
from bench.scripted_ollama import Reply, ScriptedOllama

ONCE = APIConnectOptions(max_retry=0, timeout=2)
TWICE = APIConnectOptions(max_retry=1, retry_interval=0.01, timeout=2)


class Unit(Enum):
    KELVIN = "kelvin"
    CELSIUS = "celsius"


class Place(BaseModel):
    city: str
    country: str | None = None


@llm.function_tool
async def look_up(place: Place, unit: Unit | None = None, days: int = 1) -> str:
    """Look something up.

    Args:
        place: Where.
        days: How far ahead.
    """
    return f"{place}{unit}{days}"


@pytest.fixture
async def ollama() -> AsyncIterator[ScriptedOllama]:
    server = ScriptedOllama(lambda _: Reply("Hello there."))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def model(ollama: ScriptedOllama) -> AsyncIterator[OllamaLLM]:
    model = OllamaLLM(ollama.url, OllamaOptions("m", num_ctx=1024, num_predict=50, num_thread=2))
    yield model
    await model.aclose()


def asked(text: str = "Hi") -> llm.ChatContext:
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="Be brief.")
    context.add_message(role="user", content=text)
    return context


async def reply(
    model: OllamaLLM,
    options: APIConnectOptions = ONCE,
    tools: list[llm.Tool] | None = None,
) -> llm.CollectedResponse:
    return await model.chat(chat_ctx=asked(), tools=tools, conn_options=options).collect()


async def test_a_reply_is_streamed_with_fixed_options(
    ollama: ScriptedOllama, model: OllamaLLM
) -> None:
    response = await reply(model)
    assert response.text == "Hello there."
    assert response.usage is not None and response.usage.prompt_tokens == 50
    body = ollama.requests[0]
    assert body["options"] == {
        "num_ctx": 1024,
        "num_predict": 50,
        "temperature": 0.3,
        "num_thread": 2,
    }
    assert body["keep_alive"] == -1
    assert "think" not in body and "tools" not in body


async def test_tools_go_out_whole_and_calls_come_back(
    ollama: ScriptedOllama, model: OllamaLLM
) -> None:
    ollama.answer = lambda _: Reply(tool_calls=[("look_up", {"place": {"city": "Oslo"}})])
    response = await reply(model, tools=[look_up])
    assert response.tool_calls[0].name == "look_up"
    assert response.tool_calls[0].arguments == '{"place": {"city": "Oslo"}}'
    assert response.tool_calls[0].call_id
    parameters = ollama.requests[0]["tools"][0]["function"]["parameters"]
    assert parameters["properties"]["place"]["properties"]["city"] == {"type": "string"}
    assert parameters["properties"]["place"]["properties"]["country"] == {"type": "string"}
    assert parameters["properties"]["unit"]["enum"] == ["kelvin", "celsius"]
    assert "anyOf" not in str(parameters) and "$ref" not in str(parameters)
    assert parameters["required"] == ["place"]


async def test_a_model_without_tools_is_offered_none(
    ollama: ScriptedOllama, model: OllamaLLM
) -> None:
    ollama.capabilities = ("completion",)
    await reply(model, tools=[look_up])
    assert "tools" not in ollama.requests[0]


async def test_thinking_is_switched_off_and_never_spoken(
    ollama: ScriptedOllama, model: OllamaLLM
) -> None:
    ollama.capabilities = ("completion", "thinking")
    ollama.answer = lambda _: Reply("<think>He wants tea. </think>With pleasure.")
    assert (await reply(model)).text == "With pleasure."
    assert ollama.requests[0]["think"] is False


async def test_a_call_that_is_written_as_text_is_made_and_not_spoken(
    ollama: ScriptedOllama, model: OllamaLLM
) -> None:
    ollama.answer = lambda _: Reply(
        'Let me look. {"name": "look_up", "arguments": {"place": {"city": "Rome"}}}'
    )
    response = await reply(model, tools=[look_up])
    assert response.text == "Let me look."
    assert [call.name for call in response.tool_calls] == ["look_up"]


async def test_a_failure_before_the_first_word_is_tried_again(
    ollama: ScriptedOllama, model: OllamaLLM
) -> None:
    replies = iter([Reply("overloaded", status=503), Reply("Here.")])
    ollama.answer = lambda _: next(replies)
    assert (await reply(model, TWICE)).text == "Here."


async def test_a_failure_after_the_first_word_is_not(
    ollama: ScriptedOllama, model: OllamaLLM
) -> None:
    ollama.answer = lambda _: Reply("One two three", fails_after=1)
    with pytest.raises(APIError):
        await reply(model, TWICE)
    assert len(ollama.requests) == 1


@pytest.mark.parametrize("status", [400, 404, 499, 500])
async def test_an_error_status_is_an_api_error(
    ollama: ScriptedOllama, model: OllamaLLM, status: int
) -> None:
    ollama.answer = lambda _: Reply("no such model", status=status)
    with pytest.raises(APIError) as caught:
        await reply(model)
    assert getattr(caught.value, "status_code", 0) != 499


async def test_no_ollama_is_an_api_error() -> None:
    model = OllamaLLM("http://127.0.0.1:1", OllamaOptions("m"), connect_s=0.2)
    with pytest.raises(APIError):
        await reply(model)
    await model.aclose()


async def test_loading_asks_for_the_same_options(ollama: ScriptedOllama, model: OllamaLLM) -> None:
    await model._prewarm_impl()
    assert await model.capabilities() == {"completion", "tools"}


async def test_warming_shows_the_model_the_same_beginning(
    ollama: ScriptedOllama, model: OllamaLLM
) -> None:
    await model.warm(asked(), [look_up])
    await reply(model, tools=[look_up])
    warm, first = ollama.warmed[0], ollama.requests[0]
    assert warm["options"]["num_predict"] == 1
    assert (warm["messages"], warm["tools"]) == (first["messages"], first["tools"])
    assert warm["options"]["num_ctx"] == first["options"]["num_ctx"]


async def test_warming_without_ollama_is_no_error() -> None:
    model = OllamaLLM("http://127.0.0.1:1", OllamaOptions("m"), connect_s=0.2)
    await model.warm(asked(), [])
    await model.aclose()


def test_tool_messages_carry_objects_and_ids() -> None:
    context = asked()
    context.insert(
        llm.FunctionCall(call_id="c1", name="look_up", arguments='{"place": {"city": "Rome"}}')
    )
    context.insert(
        llm.FunctionCallOutput(call_id="c1", name="look_up", output="sunny", is_error=False)
    )
    messages = to_ollama_messages(context)
    call, output = messages[-2], messages[-1]
    assert call["tool_calls"][0] == {
        "id": "c1",
        "function": {"name": "look_up", "arguments": {"place": {"city": "Rome"}}},
    }
    assert output == {
        "role": "tool",
        "content": "sunny",
        "tool_call_id": "c1",
        "tool_name": "look_up",
    }


def test_the_window_keeps_the_instructions_and_the_latest() -> None:
    messages = [{"role": "system", "content": "s"}]
    for number in range(20):
        messages += [
            {"role": "user", "content": f"question {number} " + "x" * 60},
            {"role": "assistant", "content": f"answer {number} " + "x" * 60},
        ]
    messages.append({"role": "user", "content": "last"})
    kept = fit_window(messages, 200)
    assert kept[0]["content"] == "s"
    assert kept[1]["role"] == "user"
    assert kept[-1]["content"] == "last"
    assert len(kept) < 12
    assert fit_window(messages, 100_000) == messages


def test_the_last_message_is_kept_whatever_its_length() -> None:
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "x" * 9000}]
    assert fit_window(messages, 100) == messages


def speak(filter_: LeakFilter, text: str, cut: Callable[[str], list[str]]) -> tuple[str, list[str]]:
    spoken = "".join(filter_.feed(piece) for piece in cut(text))
    rest, calls = filter_.finish()
    return spoken + rest, [call.name for call in calls]


CUTS: list[Callable[[str], list[str]]] = [list, str.split, lambda text: [text]]


@pytest.mark.parametrize("cut", [CUTS[0], CUTS[2]])
@pytest.mark.parametrize(
    ("text", "spoken", "calls"),
    [
        ("Hello there.", "Hello there.", []),
        ('{"name": "look_up", "arguments": {}}', "", ["look_up"]),
        ('{"name": "look_up", "parameters": {"days": 2}}', "", ["look_up"]),
        ('<tool_call>\n{"name": "look_up", "arguments": {}}\n</tool_call>', "", ["look_up"]),
        ('Sure. ```json\n{"name": "look_up"}\n```', "Sure. ", ["look_up"]),
        ('[{"name": "look_up"}, {"name": "look_up"}]', "", ["look_up", "look_up"]),
        ('{"type": "function", "function": {"name": "look_up"}}', "", ["look_up"]),
        ('{"name": "format_disk", "arguments": {}}', "", []),
        ('{"name": "look_up", "arg', "", []),
        ("Is 3 < 4? Yes.", "Is 3 < 4? Yes.", []),
        ("I am fine {really}.", "I am fine {really}.", []),
    ],
)
def test_leaked_calls(
    text: str, spoken: str, calls: list[str], cut: Callable[[str], list[str]]
) -> None:
    assert speak(LeakFilter({"look_up"}), text, cut) == (spoken, calls)


def test_a_reply_that_is_cut_ends_at_a_sentence() -> None:
    ending = EndingFilter(10)
    words = ["One ", "two. ", "Three ", "four. ", "Five ", "six. ", "Seven ", "eight. ", "Nine "]
    heard = "".join(ending.feed(word) for word in words) + ending.finish(cut=True)
    assert heard == "One two. Three four. Five six. Seven eight. "


def test_a_reply_that_ends_by_itself_is_whole() -> None:
    ending = EndingFilter(4)
    heard = "".join(ending.feed(word) for word in ["It ", "is ", "3.", "5 ", "now"])
    assert heard + ending.finish(cut=False) == "It is 3.5 now"


def test_a_cut_reply_without_any_sentence_is_kept() -> None:
    ending = EndingFilter(2)
    heard = "".join(ending.feed(word) for word in ["One ", "two ", "three"])
    assert heard + ending.finish(cut=True) == "One two three"


def test_optional_and_nested_types_are_resolved() -> None:
    (tool,) = to_ollama_tools([look_up])
    assert set(tool["function"]["parameters"]["properties"]) == {"place", "unit", "days"}

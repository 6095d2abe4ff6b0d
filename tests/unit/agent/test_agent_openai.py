"""A model behind an OpenAI-compatible server, over real HTTP."""

from collections.abc import AsyncIterator

import pytest
from livekit.agents import APIConnectOptions, APIError, llm

from agent.llm import OpenAILLM, OpenAIOptions
from bench.scripted_ollama import Reply, ScriptedOllama

ONCE = APIConnectOptions(max_retry=0, timeout=2)


@llm.function_tool
async def look_up(place: str) -> str:
    """Look a place up."""
    return place


@pytest.fixture
async def server() -> AsyncIterator[ScriptedOllama]:
    server = ScriptedOllama(lambda _: Reply("Hello there."))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def model(server: ScriptedOllama) -> AsyncIterator[OpenAILLM]:
    options = OpenAIOptions("m", num_ctx=1024, num_predict=50)
    model = OpenAILLM(f"{server.url}/v1", options, api_key="k")
    yield model
    await model.aclose()


async def reply(
    model: OpenAILLM, tools: list[llm.Tool] | None = None, **more: str
) -> llm.CollectedResponse:
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="Be brief.")
    context.add_message(role="user", content="Hi")
    stream = model.chat(chat_ctx=context, tools=tools, conn_options=ONCE, **more)  # type: ignore[arg-type]
    return await stream.collect()


async def test_a_reply_is_streamed(server: ScriptedOllama, model: OpenAILLM) -> None:
    heard = await reply(model)
    assert heard.text == "Hello there."
    assert heard.usage is not None and heard.usage.prompt_tokens == 50
    body = server.requests[0]
    assert (body["model"], body["max_tokens"], body["stream"]) == ("m", 50, True)
    assert [m["role"] for m in body["messages"]] == ["system", "user"]


async def test_calls_come_in_pieces_and_go_out_whole(
    server: ScriptedOllama, model: OpenAILLM
) -> None:
    calls: list[tuple[str, dict[str, object]]] = [
        ("look_up", {"place": "Oslo"}),
        ("look_up", {"place": "Rome"}),
    ]
    server.answer = lambda _: Reply(tool_calls=calls)
    heard = await reply(model, [look_up])
    assert [call.arguments for call in heard.tool_calls] == [
        '{"place": "Oslo"}',
        '{"place": "Rome"}',
    ]
    assert [call.call_id for call in heard.tool_calls] == ["call_0", "call_1"]
    assert server.requests[0]["tools"][0]["function"]["name"] == "look_up"


async def test_words_are_asked_for_with_the_protocols_own_switch(
    server: ScriptedOllama, model: OpenAILLM
) -> None:
    await reply(model, [look_up], tool_choice="none")
    assert server.requests[0]["tool_choice"] == "none"
    assert server.requests[0]["tools"]  # the beginning of the prompt stays the same


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (Reply("no", status=503), True),
        (Reply("no", status=400), False),
        (Reply("one two three", fails_after=1), False),
    ],
)
async def test_errors_are_the_frameworks(
    server: ScriptedOllama, model: OpenAILLM, answer: Reply, retryable: bool
) -> None:
    server.answer = lambda _: answer
    with pytest.raises(APIError) as caught:
        await reply(model)
    assert caught.value.retryable is retryable


async def test_a_reply_that_is_cut_ends_at_a_sentence(
    server: ScriptedOllama, model: OpenAILLM
) -> None:
    text = "One is said. " * 20 + "And then it"
    server.answer = lambda _: Reply(text, done_reason="length")
    assert (await reply(model)).text.endswith("One is said.")


async def test_no_server_is_an_api_error_and_warming_none() -> None:
    model = OpenAILLM("http://127.0.0.1:1/v1", OpenAIOptions("m"), connect_s=0.2)
    with pytest.raises(APIError):
        await reply(model)
    await model.warm(llm.ChatContext.empty(), [])
    await model.aclose()

"""Ollama's protocol with scripted replies, over real HTTP: for tests, and for figures that repeat.

The OpenAI-compatible one is served beside it, under `/v1`.

`python -m bench.scripted_ollama --port 11500` runs it by itself: each turn is answered with the
same sentence, the first token after `--first-token` seconds, then `--rate` tokens a second.
"""

import argparse
import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Body = dict[str, Any]


@dataclass
class Reply:
    """One reply.

    Attributes:
        text: Sent word by word.
        tool_calls: `(name, arguments)`, sent whole, as Ollama does.
        first_token_s: Delay of the first word.
        rate: Words a second.
        status: HTTP status; an error status sends `text` as the error.
        fails_after: Words after which an error comes in place of the rest.
        done_reason: Ollama's reason of the end.
    """

    text: str = ""
    tool_calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    first_token_s: float = 0.0
    rate: float = 1000.0
    status: int = 200
    fails_after: int | None = None
    done_reason: str = "stop"


Answer = Callable[[Body], Reply]


class ScriptedOllama:
    """The server.

    Args:
        answer: Chooses the reply to a request's body.
        capabilities: What `/api/show` says of every model.
    """

    def __init__(
        self, answer: Answer, capabilities: tuple[str, ...] = ("completion", "tools")
    ) -> None:
        self.answer = answer
        self.capabilities = capabilities
        self.requests: list[Body] = []
        self.warmed: list[Body] = []
        """Requests that only let the prompt be read."""
        self.cancelled = 0
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self._root),
                web.get("/api/version", self._version),
                web.get("/api/tags", self._tags),
                web.post("/api/show", self._show),
                web.post("/api/chat", self._chat),
                web.post("/api/generate", self._generate),
                web.post("/v1/chat/completions", self._completions),
            ]
        )
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        self.url = ""

    async def start(self, port: int = 0) -> str:
        """Listen on loopback; returns the address."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Stop at once."""
        await self._runner.cleanup()

    async def _root(self, _: web.Request) -> web.Response:
        return web.Response(text="Ollama is running")

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"version": "scripted"})

    async def _tags(self, _: web.Request) -> web.Response:
        return web.json_response({"models": []})

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response({"capabilities": list(self.capabilities), "model_info": {}})

    async def _generate(self, _: web.Request) -> web.Response:
        """Answer as Ollama does to a request that only loads a model."""
        return web.json_response({"model": "scripted", "response": "", "done": True})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        if not body.get("messages"):
            return web.json_response({"message": {"role": "assistant"}, "done": True})
        if not body["stream"]:
            self.warmed.append(body)
            return web.json_response({"message": {"role": "assistant"}, "done": True})
        self.requests.append(body)
        reply = self.answer(body)
        if reply.status >= 400:
            return web.json_response({"error": reply.text}, status=reply.status)
        stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await stream.prepare(request)
        try:
            await self._send(stream, reply)
        except (asyncio.CancelledError, ConnectionResetError):
            self.cancelled += 1
            raise
        return stream

    async def _send(self, stream: web.StreamResponse, reply: Reply) -> None:
        await asyncio.sleep(reply.first_token_s)
        words = reply.text.split(" ") if reply.text else []
        for index, word in enumerate(words):
            if reply.fails_after is not None and index >= reply.fails_after:
                await _line(stream, {"error": "the model runner has stopped"})
                return
            content = word if index == len(words) - 1 else word + " "
            message = {"role": "assistant", "content": content}
            await _line(stream, {"message": message, "done": False})
            await asyncio.sleep(1 / reply.rate)
        if reply.tool_calls:
            calls: list[Body] = [
                {"function": {"name": name, "arguments": arguments}}
                for name, arguments in reply.tool_calls
            ]
            await _line(
                stream,
                {
                    "message": {"role": "assistant", "content": "", "tool_calls": calls},
                    "done": False,
                },
            )
        await _line(
            stream,
            {
                "message": {"role": "assistant", "content": ""},
                "done": True,
                "done_reason": reply.done_reason,
                "prompt_eval_count": 50,
                "eval_count": len(words),
            },
        )

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        if not body["stream"]:
            self.warmed.append(body)
            return web.json_response({"choices": []})
        self.requests.append(body)
        reply = self.answer(body)
        if reply.status >= 400:
            return web.json_response({"error": {"message": reply.text}}, status=reply.status)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await asyncio.sleep(reply.first_token_s)
        for index, word in enumerate(reply.text.split(" ") if reply.text else []):
            if reply.fails_after is not None and index >= reply.fails_after:
                await _event(stream, {"error": {"message": "the engine has stopped"}})
                return stream
            await _event(stream, _choice({"content": f" {word}" if index else word}))
            await asyncio.sleep(1 / reply.rate)
        for index, (name, arguments) in enumerate(reply.tool_calls):
            text = json.dumps(arguments)
            first = {"name": name, "arguments": text[:3]}
            for part in (
                {"id": f"call_{index}", "function": first},
                {"function": {"arguments": text[3:]}},
            ):
                await _event(stream, _choice({"tool_calls": [{"index": index, **part}]}))
        reason = "tool_calls" if reply.tool_calls else reply.done_reason
        await _event(stream, _choice({}, finish_reason=reason))
        await _event(
            stream, {"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 9}}
        )
        await stream.write(b"data: [DONE]\n\n")
        return stream


def _choice(delta: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, **rest}]}


async def _event(stream: web.StreamResponse, part: dict[str, Any]) -> None:
    await stream.write(b"data: " + json.dumps(part).encode() + b"\n\n")


async def _line(stream: web.StreamResponse, part: dict[str, Any]) -> None:
    await stream.write(json.dumps(part).encode() + b"\n")


async def _serve(options: argparse.Namespace) -> None:
    def answer(_: Body) -> Reply:
        return Reply(options.text, first_token_s=options.first_token, rate=options.rate)

    server = ScriptedOllama(answer, ("completion",))
    print(await server.start(options.port), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=11500)
    parser.add_argument("--first-token", type=float, default=0.2)
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument(
        "--text", default="That is a good question. I would say yes, and gladly so."
    )
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()

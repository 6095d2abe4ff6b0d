"""The language model: there in Ollama under the name that the agent uses, and loaded.

A model that `models.toml` locks as ``gguf`` is made from its file; any other is pulled when Ollama
does not have it.
"""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

import httpx
import ollama

import model_store
from stack.errors import ModelFailed
from stack.progress import Progress, Step
from stack.readiness import http_address
from stack.settings import StackSettings

_CONNECT_TIMEOUT_S = 5.0
_SILENCE_TIMEOUT_S = 300.0
"""Longest silence of Ollama while it pulls, makes or loads a model."""

CHATML = """{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""


@dataclasses.dataclass(frozen=True)
class Modelfile:
    """What Ollama must be told of a model that is made from a GGUF file."""

    template: str
    parameters: Mapping[str, int | float | list[str]]


MODELFILES = {
    # Ollama finds no template in this file and would send the text bare: the model then goes on
    # writing the conversation by itself. Temperature and top_p are those its makers recommend.
    "smollm2-135m": Modelfile(
        template=CHATML,
        parameters={
            "num_ctx": 2048,
            "temperature": 0.2,
            "top_p": 0.9,
            "repeat_penalty": 1.1,
            "stop": ["<|im_start|>", "<|im_end|>"],
        },
    ),
}


def ensure(settings: StackSettings, host: str, progress: Progress) -> None:
    """Make sure that Ollama has the model that the agent asks for.

    Raises:
        ModelFailed: it could not be made or pulled.
    """
    name = settings.llm_model
    try:
        with _client(host) as client:
            known = MODELFILES.get(name)
            if known is not None:
                if not _is_made(client, name, known):
                    with progress.step(f"making {name} in Ollama"):
                        _make(client, name, known, _gguf(name))
            elif _show(client, name) is None:
                with progress.step(f"pulling {name} into Ollama") as step:
                    _pull(client, name, step)
    except (ollama.ResponseError, httpx.HTTPError, ConnectionError) as error:
        raise ModelFailed(
            f"Ollama at {host} could not provide the model {name}: {error}"
        ) from error
    except model_store.ModelStoreError as error:
        raise ModelFailed(str(error)) from error


def load(settings: StackSettings, host: str, progress: Progress) -> None:
    """Load the model with the agent's options, so that the first call does not wait for it.

    Raises:
        ModelFailed: Ollama cannot run it.
    """
    with progress.step(f"loading {settings.llm_model}"):
        try:
            with _client(host) as client:
                client.generate(
                    settings.llm_model,
                    keep_alive=_keep_alive(settings.llm_keep_alive),
                    # Other values than the agent's would make Ollama load it a second time.
                    options={"num_ctx": settings.llm_num_ctx, "num_thread": llm_threads(settings)},
                )
        except (ollama.ResponseError, httpx.HTTPError, ConnectionError) as error:
            raise ModelFailed(
                f"Ollama at {host} cannot run the model {settings.llm_model}: {error}"
            ) from error


def llm_threads(settings: StackSettings) -> int:
    """Give the threads of the language model: half of the cores unless the owner set them.

    Its threads spin while they wait for one another: with as many as there are cores, speech takes
    turns with it on each and both crawl.
    """
    return settings.llm_num_thread or max(1, len(os.sched_getaffinity(0)) // 2)


def _keep_alive(value: str) -> float | str:
    """Read a keep-alive as Ollama does: a bare number is seconds, anything else has its unit."""
    try:
        return float(value)
    except ValueError:
        return value


def _client(host: str) -> ollama.Client:
    timeout = httpx.Timeout(_SILENCE_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S)
    return ollama.Client(host=http_address(host), timeout=timeout)


def _show(client: ollama.Client, name: str) -> ollama.ShowResponse | None:
    try:
        return client.show(name)
    except ollama.ResponseError as error:
        if error.status_code == httpx.codes.NOT_FOUND:
            return None
        raise


def _is_made(client: ollama.Client, name: str, wanted: Modelfile) -> bool:
    """Tell whether Ollama has the model with this very template and these parameters."""
    shown = _show(client, name)
    if shown is None or (shown.template or "").strip() != wanted.template.strip():
        return False
    has = {tuple(line.split(maxsplit=1)) for line in (shown.parameters or "").splitlines()}
    return has == {
        (key, f'"{item}"' if isinstance(item, str) else f"{item:g}")
        for key, value in wanted.parameters.items()
        for item in (value if isinstance(value, list) else [value])
    }


def _gguf(name: str) -> Path:
    (file,) = model_store.resolve(name).glob("*.gguf")
    return file


def _make(client: ollama.Client, name: str, wanted: Modelfile, file: Path) -> None:
    digest = client.create_blob(file)
    client.create(
        name,
        files={file.name: digest},
        template=wanted.template,
        parameters=wanted.parameters,
    )


def _pull(client: ollama.Client, name: str, step: Step) -> None:
    for update in client.pull(name, stream=True):
        step.note = update.status or ""
        if update.total and update.completed:
            step.note += f" {update.completed / 1e6:.0f} of {update.total / 1e6:.0f} MB"

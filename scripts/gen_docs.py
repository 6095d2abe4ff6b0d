"""Writes the generated pages of docs/; `--check` only says which are out of date.

docs/settings.md   every environment variable, from the settings classes
docs/metrics.md    every metric, from the telemetry of the services
docs/openapi.json  the control API
docs/api.md        the same for people
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client.metrics import MetricWrapperBase

import agent.telemetry
import control_api.problems
import control_api.telemetry
import speech_server.telemetry
from control_api import Settings, create_app
from stack import documentation

DOCS = Path(__file__).resolve().parents[1] / "docs"
NOTICE = "Written by `make docs`; do not edit."
METHODS = ("get", "post", "put", "patch", "delete")


def metrics_page() -> str:
    """Every metric with its type and labels, by service."""
    services: Mapping[str, object] = {
        "speech_server": speech_server.telemetry.Metrics(),
        "agent": agent.telemetry.metrics(),
        "control_api": control_api.telemetry.Telemetry(),
    }
    parts = [
        f"# Metrics\n\n{NOTICE} Times are seconds. Labels come from closed sets, so that no room, "
        "caller or word ends up in a metric. Each service also has Python's and the process's own "
        "metrics (`process_*`, `python_*`).\n"
    ]
    for service, holder in services.items():
        parts += [f"\n## `{service}`\n", "| metric | type | labels | meaning |"]
        parts += ["| --- | --- | --- | --- |", *_metric_rows(holder)]
    return "\n".join(parts) + "\n"


def _metric_rows(holder: object) -> Iterator[str]:
    for metric in vars(holder).values():
        if not isinstance(metric, MetricWrapperBase):
            continue
        suffix = "_total" if metric._type == "counter" else ""
        labels = ", ".join(f"`{name}`" for name in metric._labelnames) or "–"
        yield (
            f"| `{metric._name}{suffix}` | {metric._type} | {labels} | {metric._documentation} |"
        )


def openapi_document() -> str:
    """The OpenAPI document of the control API."""
    return json.dumps(_openapi(), indent=2, ensure_ascii=False) + "\n"


def _openapi() -> dict[str, Any]:
    # Not the environment's: the document does not depend on how a server is set up.
    return create_app(Settings.model_construct()).openapi()


def api_page() -> str:
    """The control API for people."""
    document = _openapi()
    schemas = document["components"]["schemas"]
    parts = [
        f"# Control API\n\n{NOTICE} `openapi.json` beside this page is the same for programs; the "
        "running server has it at `/api/openapi.json`.\n\n"
        "Every error is a problem (RFC 9457, `application/problem+json`); [Problems](#problems) "
        "lists the types. Each response carries `X-Request-ID`, the caller's own if it sent one; "
        "the server's log lines have it too.\n"
    ]
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                parts += _operation(method, path, operations[method])
    parts.append("\n## Objects\n")
    for name, schema in schemas.items():
        parts += [f"\n### {name}\n", f"{schema.get('description', '').strip()}\n"]
        parts += ["| field | type | meaning |", "| --- | --- | --- |", *_fields(schema)]
    parts += ["\n## Problems\n", "| type | status | meaning |", "| --- | --- | --- |"]
    for kind in control_api.problems.all_types():
        parts.append(f"| `{kind.uri}` | {kind.status} | {kind.title}. {kind.explanation} |")
    return "\n".join(parts) + "\n"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"\n## `{method.upper()} {path}`\n"
    yield f"{operation['description'].strip()}\n"
    if parameters := operation.get("parameters"):
        yield "| parameter | in | type | meaning |"
        yield "| --- | --- | --- | --- |"
        for item in parameters:
            meaning = item.get("description", item["schema"].get("description", ""))
            name = f"`{item['name']}`" + ("" if item.get("required") else " (optional)")
            yield f"| {name} | {item['in']} | {_type(item['schema'])} | {meaning} |"
        yield ""
    if body := operation.get("requestBody"):
        schema = body["content"]["application/json"]["schema"]
        yield f"Body{'' if body.get('required') else ' (optional)'}: {_type(schema)}.\n"
    for status, response in sorted(operation["responses"].items()):
        content = next(iter(response.get("content", {}).values()), {})
        shape = f" {_type(content['schema'])}" if content.get("schema") else ""
        said = "" if response["description"] == "Successful Response" else response["description"]
        yield f"- **{status}**{shape}{': ' if said and shape else ' '}{said}".rstrip()


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        optional = "" if name in required else " (optional)"
        yield f"| `{name}`{optional} | {_type(field)} | {field.get('description', '')} |"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"object of {_type(values)}" if isinstance(values, dict) else "object"
    bounds = (("minimum", "≥"), ("maximum", "≤"), ("maxLength", "length ≤"))
    limits = [f"{sign} {schema[name]}" for name, sign in bounds if name in schema]
    return " ".join([str(schema.get("type", "any")), *limits])


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": documentation.render,
    "metrics.md": metrics_page,
    "openapi.json": openapi_document,
    "api.md": api_page,
}


def main() -> int:
    """Writes or checks the pages; the status is 1 when `--check` finds an old one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if one is old")
    check = parser.parse_args().check
    old = []
    for name, render in PAGES.items():
        page, text = DOCS / name, render()
        if page.is_file() and page.read_text() == text:
            continue
        old.append(name)
        if not check:
            page.write_text(text)
            print(f"wrote docs/{name}")
    if check and old:
        print(f"out of date: {', '.join(old)}: run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The control API: its OpenAPI document, and the same for people."""

import json
from collections.abc import Iterator
from typing import Any

from control_api import Settings, create_app, problems

METHODS = ("get", "post", "put", "patch", "delete")


def document() -> str:
    """The OpenAPI document of the control API."""
    return json.dumps(_openapi(), indent=2, ensure_ascii=False) + "\n"


def _openapi() -> dict[str, Any]:
    # Not the environment's: the document does not depend on how a server is set up.
    return create_app(Settings.model_construct()).openapi()


def page() -> str:
    """The control API for people."""
    openapi = _openapi()
    schemas = openapi["components"]["schemas"]
    parts = [
        "# Control API\n\nWritten by `make docs`; do not edit. `openapi.json` beside this page is "
        "the same for programs; the running server has it at `/api/openapi.json`.\n\n"
        "Every error is a problem (RFC 9457, `application/problem+json`); [Problems](#problems) "
        "lists the types. Each response carries `X-Request-ID`, the caller's own if it sent one; "
        "the server's log lines have it too.\n"
    ]
    for path, operations in openapi["paths"].items():
        for method in METHODS:
            if method in operations:
                parts += _operation(method, path, operations[method])
    parts.append("\n## Objects\n")
    for name, schema in schemas.items():
        parts += [f"\n### {name}\n", f"{schema.get('description', '').strip()}\n"]
        parts += ["| field | type | meaning |", "| --- | --- | --- |", *_fields(schema)]
    parts += ["\n## Problems\n", "| type | status | meaning |", "| --- | --- | --- |"]
    for kind in problems.all_types():
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

"""Tools as Ollama takes them.

livekit-agents describes a tool's parameters by pydantic's JSON schema. Small models follow neither
``$ref`` nor ``anyOf`` with null, so both are resolved. The result is sent as plain JSON: the
`ollama` package's own `Tool` class keeps neither nested objects nor optional types.
"""

from typing import Any

from livekit.agents import llm

_DROPPED = frozenset({"title", "$defs", "default", "additionalProperties"})


def to_ollama_tools(tools: list[llm.Tool]) -> list[dict[str, Any]]:
    """Describe tools for the body of `/api/chat`."""
    described: list[dict[str, Any]] = llm.ToolContext(tools).parse_function_tools(
        "openai", strict=False
    )
    for tool in described:
        function = tool["function"]
        parameters = function.get("parameters") or {"type": "object", "properties": {}}
        function["parameters"] = simplify(parameters, parameters.get("$defs", {}))
    return described


def simplify(schema: Any, definitions: dict[str, Any]) -> Any:
    """Resolve references and optional types of a JSON schema, at any depth."""
    if isinstance(schema, list):
        return [simplify(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        target = definitions.get(str(reference).rsplit("/", 1)[-1], {})
        return simplify({**target, **_without(schema, "$ref")}, definitions)
    options = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    if len(options) == 1:
        return simplify({**options[0], **_without(schema, "anyOf", "default")}, definitions)
    simple: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            # Names of parameters, which may read like keywords of the schema.
            simple[key] = {name: simplify(part, definitions) for name, part in value.items()}
        elif key not in _DROPPED:
            simple[key] = simplify(value, definitions)
    return simple


def _without(schema: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}

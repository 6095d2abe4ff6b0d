"""The OpenAPI document, as `docs/openapi.json` has it.

FastAPI documents its own shape for validation errors; ours is problem details, in every
operation.
"""

from typing import Any, TypedDict

from fastapi import FastAPI

from control_api.problems import MEDIA_TYPE, Problem

_SCHEMA = "#/components/schemas/{model}"
_METHODS = ("get", "post", "put", "patch", "delete")


class _Description(TypedDict):
    title: str
    summary: str
    version: str
    openapi_url: str


DESCRIPTION = _Description(
    title="Trinity control API",
    summary="Join tokens, transcripts and health of self-hosted voice agents.",
    # The version of the interface, not of the package: the document does not change with every
    # release.
    version="1",
    openapi_url="/api/openapi.json",
)


def install(app: FastAPI) -> None:
    """Replaces the application's document by one that describes our errors."""
    generate = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(generate())
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    model = Problem.model_json_schema(ref_template=_SCHEMA)
    schemas.update(model.pop("$defs", {}))
    schemas["Problem"] = model
    problem = {MEDIA_TYPE: {"schema": {"$ref": _SCHEMA.format(model="Problem")}}}
    for path in schema["paths"].values():
        for method in _METHODS:
            if method not in path:
                continue
            responses = path[method]["responses"]
            for status, response in responses.items():
                if status == "422":
                    response["description"] = "A field is not acceptable."
                if status >= "4":
                    response["content"] = problem
            responses["default"] = {"description": "Any other error.", "content": problem}
    schema["components"]["schemas"] = dict(sorted(schemas.items()))
    return schema

"""`docs/openapi.json` is what the application says of itself."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from control_api import Settings, create_app

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document() -> dict:
    return create_app(Settings.model_construct()).openapi()


def operations(document: dict) -> list[dict]:
    return [path[m] for path in document["paths"].values() for m in METHODS if m in path]


def test_the_committed_document_is_current(document: dict) -> None:
    committed = json.loads((ROOT / "docs" / "openapi.json").read_text())
    assert committed == document, "run `make docs`"


def test_it_is_openapi_3_1(document: dict) -> None:
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_operation_ids_are_ours_and_unique(document: dict) -> None:
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert all(name.isidentifier() and name[0].islower() and "_" not in name for name in ids)


def test_every_operation_says_what_it_does_and_how_it_fails(document: dict) -> None:
    for operation in operations(document):
        assert operation["description"] and operation["summary"]
        failures = {s: r for s, r in operation["responses"].items() if s >= "4"}
        assert "default" in failures
        for response in failures.values():
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}


def test_every_field_is_described(document: dict) -> None:
    for name, schema in document["components"]["schemas"].items():
        for field, value in schema.get("properties", {}).items():
            assert value.get("description"), f"{name}.{field}"

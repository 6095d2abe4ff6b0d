import re

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from speech_server import errors
from speech_server.errors import TABLE, RequestError, describe, to_status


def subclasses(root: type) -> set[type]:
    return {root} | {k for child in root.__subclasses__() for k in subclasses(child)}


def details(status: grpc.Status) -> tuple[status_pb2.Status, dict[str, object]]:
    raw = dict(status.trailing_metadata)["grpc-status-details-bin"]
    rich = status_pb2.Status.FromString(raw)
    found: dict[str, object] = {}
    for packed in rich.details:
        for kind in (
            error_details_pb2.ErrorInfo,
            error_details_pb2.BadRequest,
            error_details_pb2.RetryInfo,
        ):
            if packed.Is(kind.DESCRIPTOR):
                message = kind()
                packed.Unpack(message)
                found[kind.__name__] = message
    return rich, found


def test_table_is_total():
    assert set(TABLE) == subclasses(RequestError) - {RequestError}


def test_reasons_are_unique():
    reasons = [row.reason for row in TABLE.values()] + [errors.UNEXPECTED.reason]
    assert len(reasons) == len(set(reasons))


def test_tree_is_drawn_in_the_docstring():
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or "")) | {"SpeechError"}
    assert drawn == {kind.__name__ for kind in subclasses(errors.SpeechError)}


@pytest.mark.parametrize("kind", sorted(TABLE, key=lambda kind: kind.__name__))
def test_rich_status(kind):
    error = kind("what is wrong", field="config.model", retry_delay_s=1.5, metadata={"a": "b"})
    status = to_status(describe(error))
    rich, found = details(status)
    row = TABLE[kind]
    assert status.code is row.code
    assert status.details == rich.message == "what is wrong"
    info = found["ErrorInfo"]
    assert (info.reason, info.domain) == (row.reason, "speech.trinity")
    assert info.metadata["a"] == "b"
    assert info.metadata["retryable"] == str(row.retryable).lower()
    assert found["BadRequest"].field_violations[0].field == "config.model"
    assert found["RetryInfo"].retry_delay.ToMilliseconds() == 1500


def test_the_unexpected_keeps_its_text():
    secret = ValueError("my number is 555 0100")
    first, second = describe(secret), describe(secret)
    assert first.code is grpc.StatusCode.INTERNAL
    assert "555" not in first.message
    assert first.metadata["error_id"] != second.metadata["error_id"]
    _, found = details(to_status(first))
    assert found["ErrorInfo"].metadata["error_id"] == first.metadata["error_id"]

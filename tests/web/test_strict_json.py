"""What is taken as a JSON body."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.errors import BadRequest, Invalid
from app.web import json_body


def post(client: FlaskClient, raw: bytes) -> Any:
    """Send a body as it stands."""
    return client.post("/api/probe/any", data=raw, content_type="application/json; charset=UTF-8")


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"value": 1}', 1),
        (b'{"value": 195.0}', 195.0),
        (b'{"value": -9223372036854775808}', -(2**63)),
        (b'{"value": 9223372036854775807}', 2**63 - 1),
        (b'{"value": "\\u00e9\\ud83d\\ude00\\t\\n"}', "é😀\t\n"),
        ('{"value": "é😀"}'.encode(), "é😀"),
        (b'{"value": "[{[{" }', "[{[{"),
        (b' {"value": ' + b"[" * 31 + b"]" * 31 + b"} ", eval("[" * 31 + "]" * 31)),
        (b'{"value": [' + b"[]," * 100 + b"{}]}", [[]] * 100 + [{}]),
    ],
)
def test_valid_body_is_taken(probe: FlaskClient, raw: bytes, value: object) -> None:
    """What JSON allows and both databases can store is taken as it stands."""
    response = post(probe, raw)
    assert (response.status_code, response.get_json()) == (200, {"value": value})


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b"{]",
        b'{"value": 1}}',
        b"{'value': 1}",
        b'{"value": NaN}',
        b'{"value": -Infinity}',
        b'{"value": 1, "value": 1}',
        b'{"value": {"a": 1, "\\u0061": 2}}',
        b'\xef\xbb\xbf{"value": 1}',
        '{"value": 1}'.encode("utf-16"),
        '{"value": 1}'.encode("utf-16-le"),
        b'{"value": "\xff"}',
        b'{"value": "\xed\xa0\x80"}',
        b'{"value": "\n"}',
        b'{"value": 01}',
        b'{"value": 1_000}',
        b'{"value": ' + b"[" * 32 + b"]" * 32 + b"}",
        b'{"value": ' + b'{"a":' * 33 + b"1" + b"}" * 33 + b"}",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"value": "' + b'\\"' * 1000,
    ],
)
def test_broken_body_is_400(probe: FlaskClient, raw: bytes) -> None:
    """What is not JSON, or is JSON that a parser may read in two ways, or is deeper than 32, is 400."""
    response = post(probe, raw)
    assert (response.status_code, response.get_json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize("raw", [b"null", b"1", b'"text"', b"[]", b"true"])
def test_body_of_another_kind_is_422(probe: FlaskClient, raw: bytes) -> None:
    """Where an object is documented, nothing else will do."""
    assert post(probe, raw).status_code == 422


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b'{"value": 9223372036854775808}', "value"),
        (b'{"value": [0, {"size": 1' + b"0" * 5000 + b"}]}", "value.1.size"),
        (b'{"value": 1e999}', "value"),
        (b'{"value": 1e300}', "value"),
        (b'{"value": "a\\u0000b"}', "value"),
        (b'{"value": ["", "\\u0007"]}', "value.1"),
        (b'{"value": "\\r"}', "value"),
        (b'{"value": "\\ud800"}', "value"),
        ('{"value": "\x85"}'.encode(), "value"),
        (b'{"value": {"\\u0000": 1}}', "value"),
    ],
)
def test_unstorable_value_is_422_with_path(probe: FlaskClient, raw: bytes, path: str) -> None:
    """Text and numbers that a database cannot hold are refused, and the answer says where."""
    response = post(probe, raw)
    assert response.status_code == 422
    assert [entry["path"] for entry in response.get_json()["details"]] == [path]


def test_unstorable_values_are_told_up_to_twenty() -> None:
    """A body full of them does not make a long answer."""
    with pytest.raises(Invalid) as caught:
        json_body.loads(b"[" + b",".join([b'"\\u0000"'] * 100) + b"]")
    assert len(caught.value.details) == 20


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 8_000_000,
        b"[]" * 4_000_000,
        # Brackets first, since few of them need no look at the strings.
        b"[]" * 40 + b'"' + b'\\"' * 4_000_000,
        b"[]" * 40 + b'"' + b"\\" * 8_000_000,
        b"[]" * 40 + b'"\\' * 4_000_000,
        b"1" * 8_000_000,
    ],
)
def test_hostile_body_takes_linear_time(raw: bytes) -> None:
    """Nesting, quotes and digits without end are refused in about the time that it takes to read them."""
    # The processor's time: the clock's also goes by while others work.
    started = time.thread_time()
    with pytest.raises((BadRequest, Invalid)):
        json_body.loads(raw)
    # Quadratic time would be hours.
    assert time.thread_time() - started < 20

"""SQLite and PostgreSQL accept and refuse the same requests, and give back the same of what they accepted."""

import json
import re
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from werkzeug.test import TestResponse

from tests.fuzz.answers import problems_of
from tests.fuzz.conftest import Both
from tests.fuzz.hostile import Call, request_lists

VOLATILE: Final = frozenset(
    {"createdAt", "updatedAt", "startedAt", "finishedAt", "at", "since", "requestId", "attemptId", "etaSeconds",
     "created_at", "updated_at"}
)  # fmt: skip
"""Members that two services have reason to differ in."""
SHOWN: Final = (
    *(Call("GET", path) for path in ("/api/people", "/api/companies", "/api/enrichment/exclusions")),
    Call("GET", "/api/people", query={"workspaceSlug": "north"}),
    Call("GET", "/api/enrichment/jobs"),
)
"""What is read back in the end."""
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


class Side:
    """One of the services; jobs are named by the order in which they were made."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        self._jobs: list[str] = []

    def answer(self, call: Call) -> tuple[int, Any, list[str]]:
        """Send a request; return its status, its answer in comparable form, and what is wrong with it."""
        path = call.path.replace("{job}", self._jobs[-1] if self._jobs else "no-job")
        query = urlencode(call.query, encoding="utf-8", errors="surrogatepass")
        response = self._client.open(path, method=call.method, data=call.body, query_string=query, headers=call.headers)
        wrong = problems_of(response.status_code, response.headers, response.get_data(), call.query.values())
        return response.status_code, self._comparable(response), wrong

    def _comparable(self, response: TestResponse) -> Any:
        if response.mimetype != "application/json" or not response.get_data():
            return response.mimetype
        body = json.loads(response.get_data())
        if isinstance(body, dict) and response.status_code == 201:
            self._jobs.append(body["jobId"])
        return self._without_volatile(body)

    def _without_volatile(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._without_volatile(one) for name, one in value.items() if name not in VOLATILE}
        if isinstance(value, list):
            return [self._without_volatile(one) for one in value]
        if isinstance(value, str) and _UUID.fullmatch(value):
            if value not in self._jobs:
                self._jobs.append(value)
            return f"job {self._jobs.index(value)}"
        return value


def _agree(both: Both, calls: list[Call]) -> None:
    both.empty()
    sides = [Side(client) for client in both.clients]
    for call in [*calls, *SHOWN]:
        (status, body, wrong), other = (side.answer(call) for side in sides)
        assert not wrong, call
        assert (status, body, wrong) == other, call


@given(calls=request_lists(6))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_both_databases_agree(both: Both, calls: list[Call]) -> None:
    """Status, error and what is read back are the same, whatever is sent."""
    _agree(both, calls)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@given(calls=request_lists(10))
@settings(max_examples=5_000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_both_databases_agree_on_fifty_thousand_requests(both: Both, calls: list[Call]) -> None:
    """The same, at length."""
    _agree(both, calls)

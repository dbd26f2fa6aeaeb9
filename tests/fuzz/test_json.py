"""Made-up JSON in the members that take any: it is accepted exactly where the OpenAPI document says so."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.service import serve

BORDERS = [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2.0**63, 2**53 + 1, 10**30, 10**400, 1e308, 5e-324, -0.0]
ODD = "\x00\x08\t\n\x0b\r\x1f\x7f\x85\x9f\xa0\u2028\ufeff\uffff\U0010ffff"

texts = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(ODD)), max_size=4)
# The validator takes this float for less than the equal integer.
floats = st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: value != -(2.0**63))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), floats, st.sampled_from(BORDERS), texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
names = st.dictionaries(texts, st.one_of(texts, scalars), max_size=1)


def test_any_json_is_accepted_as_documented(database_url: str, tmp_path: Path) -> None:
    """Whatever it holds at whatever depth: the document and the reader draw the line at the same place."""
    seen = set()
    with serve(database_url, tmp_path) as service:
        client = service.client()
        is_documented = _validator(client.get("/api/openapi.json").get_json()).is_valid

        @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(values, max_size=2), st.dictionaries(texts, values, max_size=2), names)
        def compare(some: list[Any], named: dict[str, Any], extra: dict[str, Any]) -> None:
            company = {"id": "x", "companyKeywords": some, "providerIds": named, "extra": extra}
            body = {"companies": [company]}
            answer = client.post("/api/companies", data=json.dumps(body), content_type="application/json")
            assert (answer.status_code == 200) == is_documented(body), answer.get_data(as_text=True)
            seen.add(answer.status_code)

        compare()
    assert seen == {200, 422}


def _validator(document: dict[str, Any]) -> jsonschema_rs.Validator:
    body = document["paths"]["/api/companies"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator({**body, "components": document["components"]})

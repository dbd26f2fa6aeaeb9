"""What is taken as a query string, and as a number of a body."""

from typing import Any

import marshmallow as ma
import pytest
from flask.testing import FlaskClient

from app.web.fields import MAX_ENTITY_IDS, EntityIds, JobId, WholeNumber


@pytest.mark.parametrize(
    "text", ["1_000", "１２", "٣", "%207", "7%20", "+7", "-7", "1e1", "7.0", "", "0", "201", "9" * 30, "0x7", "true"]
)
def test_integer_is_refused_unless_digits_in_range(probe: FlaskClient, text: str) -> None:
    """A number of a query string is ASCII digits and nothing else."""
    response = probe.get(f"/api/probe/query?limit={text}")
    assert response.status_code == 422
    assert response.get_json()["details"][0]["path"] == "limit"


def test_parameters_are_taken(probe: FlaskClient) -> None:
    """Known parameters, once each, are taken."""
    response = probe.get("/api/probe/query?limit=007&workspaceSlug=north")
    assert response.get_json() == {"limit": 7, "workspace_slug": "north"}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=1&limit=1", "limit"),
        ("limt=1", "limt"),
        ("workspace_slug=north", "workspace_slug"),
        ("workspaceSlug=North", "workspaceSlug"),
        ("workspaceSlug=%00", "workspaceSlug"),
        ("workspaceSlug=", "workspaceSlug"),
        ("%3Cscript%3E=1", "?"),
    ],
)
def test_other_parameters_are_422(probe: FlaskClient, query: str, path: str) -> None:
    """Unknown, repeated and malformed parameters are refused and not ignored."""
    response = probe.get(f"/api/probe/query?{query}")
    assert response.status_code == 422
    assert [entry["path"] for entry in response.get_json()["details"]] == [path]


def test_parameter_is_422_where_none_is_taken(probe: FlaskClient) -> None:
    """An address without parameters says so."""
    assert probe.post("/api/probe/any?x=1", json={}).status_code == 422


@pytest.mark.parametrize("value", [195, 195.0])
def test_whole_number_is_taken(value: Any) -> None:
    """JSON Schema counts 195.0 as an integer, and so do we."""
    assert WholeNumber(minimum=1, maximum=1000).deserialize(value) == 195


@pytest.mark.parametrize("value", [195.7, True, "7", 0, 1001, [], 1e300])
def test_other_number_is_refused(value: Any) -> None:
    """No fraction, truth value or text passes as a number."""
    with pytest.raises(ma.ValidationError, match="whole number from 1 to 1000"):
        WholeNumber(minimum=1, maximum=1000).deserialize(value)


def test_entity_ids_name_the_first_bad_positions() -> None:
    """A list of ids is one value; up to 20 bad positions are named."""
    with pytest.raises(ma.ValidationError) as caught:
        EntityIds().deserialize(["a"] * 5 + [""] * 30 + [7])
    assert list(caught.value.messages) == list(range(5, 25))


@pytest.mark.parametrize("value", ["abc", {"a": 1}, 7, ["a"] * (MAX_ENTITY_IDS + 1)])
def test_entity_ids_are_a_list_of_limited_length(value: Any) -> None:
    """Text is not taken for a list of letters."""
    with pytest.raises(ma.ValidationError, match="array of at most"):
        EntityIds().deserialize(value)


@pytest.mark.parametrize("value", ["", "1", "{01997b4e-0000-7000-8000-000000000000}", "01997b4e00007000800000000000"])
def test_job_id_has_its_usual_spelling(value: str) -> None:
    """Other spellings that Python takes for a UUID are refused."""
    with pytest.raises(ma.ValidationError):
        JobId().deserialize(value)

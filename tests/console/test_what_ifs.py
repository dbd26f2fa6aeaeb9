"""The twenty people of the yields in the console: what they came to, and what they would have in another order."""

import re

import pytest
from flask import Flask
from sqlalchemy import update

from app.db.session import transaction
from app.enrichment.waterfall import asked_figures
from app.enrichment.waterfall.asked_figures import work_on_figures
from app.entities.lists import NewList, create_list
from app.models.job import jobs
from app.models.types import new_id
from tests.console.conftest import SignedIn
from tests.enrichment.waterfall.test_what_if import install
from tests.enrichment.waterfall.test_yields import people, run_twenty

BACKWARDS = "order=leadmagic&order=prospeo&order=findymail&order="


def rows(page: str) -> dict[str, list[str]]:
    """Return the cells of the rows of a page's tables, by the first word of each."""
    found = re.findall(r"<tr><th scope=.row.>(?:<strong>)?([^<]*).*?</th>(.*?)</tr>", page, re.DOTALL)
    return {name: [re.sub("<.*?>", "", cell) for cell in re.findall("<td.*?</td>", cells)] for name, cells in found}


def test_another_order_stands_beside_what_was(app: Flask, signed_in: SignedIn) -> None:
    """Of a job and of a list, from their yields; what cannot be is said in words; no other workspace's."""
    install(app)
    with app.app_context():
        job = f"/console/jobs/{run_twenty()}"
        view, _ = create_list(NewList("person", "default", "all", "test"), people(*range(20)))
        with transaction() as session:
            session.execute(update(jobs).values(list_id=view.id))
        empty, _ = create_list(NewList("person", "default", "none", "test"), [])
    client, stranger = signed_in("viewer"), signed_in("viewer", workspace_slug="north")
    of_list = f"/console/lists/{view.id}"
    assert f'href="{of_list}/yield"' in client.get(of_list).text
    for address in (job, of_list):
        page = client.get(f"{address}/yield").text
        assert rows(page)["All"][1:4] == ["57", "56", "16"] and f'action="{address}/what-if"' in page
        assert re.findall("<option selected>(.*?)</option>", page) == ["findymail", "prospeo", "leadmagic"]
        assert "Actual order" not in client.get(f"{address}/what-if").text
    of_job = client.get(f"{job}/what-if?{BACKWARDS}").text
    assert rows(of_job)["Actual order"] == ["14", "$0.76", "$0.054286", "0", "$0.76"]
    assert rows(of_job)["Simulated order"] == ["2", "$0.315", "$0.1575", "12", "$1.695"]
    assert rows(of_job)["findymail"] == ["5", "1", "20.0 %", "1", "$0.02", "–"]
    assert "nobody has asked leadmagic about 12" in of_job
    of_members = rows(client.get(f"{of_list}/what-if?{BACKWARDS}").text)
    assert (of_members["Current order"], of_members["Simulated order"]) == (
        rows(of_job)["Actual order"],
        rows(of_job)["Simulated order"],
    )
    for wrong, words in (("order=clay", "clay"), ("order=prospeo&order=prospeo", "each once")):
        refused = client.get(f"{job}/what-if?{wrong}")
        assert refused.status_code == 422 and words in refused.text
    assert "No provider has been called for this list" in client.get(f"/console/lists/{empty.id}/yield").text
    for address in (job, of_list, f"/console/lists/{new_id()}"):
        for page in ("yield", "what-if"):
            assert stranger.get(f"{address}/{page}").status_code == 404


def test_many_stand_there_when_a_drain_has_worked_them_out(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then the first few do, or none in two orders, and the page asks for itself; afterwards it stops."""
    monkeypatch.setattr(asked_figures, "MEMBERS_AT_ONCE", 5)
    monkeypatch.setattr(asked_figures, "WALKS_AT_ONCE", 5)
    install(app)
    with app.app_context():
        job = f"/console/jobs/{run_twenty()}"
        view, _ = create_list(NewList("person", "default", "all", "test"), people(*range(20)))
    client = signed_in("viewer")
    addresses = {f"/console/lists/{view.id}/yield": "All", f"{job}/what-if?{BACKWARDS}": "Simulated order"}
    for address, row in addresses.items():
        page = client.get(address).text
        assert "up to" in page and "data-poll" in page and "As of" not in page
        assert ("first 5" in page) == (row in rows(page)) == address.endswith("yield")
    with app.app_context():
        # What was, before the other order.
        assert work_on_figures() and work_on_figures()
    assert "Simulated order" not in rows(client.get(f"{job}/what-if?{BACKWARDS}").text)
    with app.app_context():
        assert work_on_figures()
    for address, row in addresses.items():
        page = client.get(address).text
        assert "first 5" not in page and "data-poll" not in page
        assert "As of 20" in page
        part = client.get(address, headers={"HX-Request": "true"}).text
        assert rows(part)[row] == rows(page)[row] and "<h1>" not in part
    assert rows(part)["Actual order"] == ["14", "$0.76", "$0.054286", "0", "$0.76"]
    assert rows(part)["Simulated order"] == ["2", "$0.315", "$0.1575", "12", "$1.695"]

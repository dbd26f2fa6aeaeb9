"""What holds on every screen, of which there is no list but the addresses themselves."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.console.blueprint import _ASSETS, _STATIC
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.waterfall.options import Sample
from app.enrichment.waterfall.pilots import enqueue_pilot
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities import exclusions
from app.entities.csv.imports import import_csv
from app.entities.csv.listing import Listing
from app.entities.upsert import upsert_entities
from app.models.webhook import webhook_deliveries
from app.providers.base import Answer, OutcomeClass
from app.web import api_keys, users
from app.webhooks import deliveries, endpoints
from tests.console.conftest import SignedIn
from tests.console.screens import screens
from tests.fakes.provider import FakeProvider, registry_of

MARKUP = "<img src=x onerror=alert(1)><b hx-get=/evil hx-trigger=load>bold</b>"
FORMULA = '=HYPERLINK("https://evil.example","x")<script>alert(1)</script>'
EVIL = ("<img src=x", "<b hx-get", "<script>alert", 'href="=', "javascript:", 'onerror="')
ADDRESS, NUMBER = "zqxjkv@acme.example", "+44 20 7946 0813"
PERSONAL = ("zqxjkv", "7946 0813", "79460813", "7946%200813")
MOST_BYTES = 150_000
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def furnish(app: Flask) -> dict[str, list[str]]:
    """Store what somebody else has written, and what is personal, wherever it is kept; return what to look at."""
    answers = {
        "c1": Answer(OutcomeClass.SUCCESS, fields={"description": MARKUP}),
        "c2": Answer(OutcomeClass.INVALID_REQUEST, error=MARKUP),
        "p1": Answer(OutcomeClass.SUCCESS, fields={"email": ADDRESS, "headline": f"Call {NUMBER}"}),
        "p2": Answer(OutcomeClass.INVALID_REQUEST, error=f"{ADDRESS}, {NUMBER}: {MARKUP}"),
    }
    companies: list[dict[str, Any]] = [{"id": "c1", "name": FORMULA}, {"id": "c2", "name": MARKUP, "industry": MARKUP}]
    people: list[dict[str, Any]] = [
        {"id": "p1", "first_name": "Ada", "email": None},
        {"id": "p2", "full_name": MARKUP, "phone": NUMBER, "job_title": FORMULA},
        {"id": ADDRESS, "full_name": "Zoe", "email": ADDRESS},
        *({"id": f"q{number:02}", "full_name": "Some Body", "company": "Acme"} for number in range(60)),
    ]
    file = f"id,full_name,Mail of\np9,{MARKUP},{ADDRESS}\n".encode()
    with app.app_context():
        with transaction() as session:
            upsert_entities("company", companies, workspace_slug="default", session=session)
            upsert_entities("person", people, workspace_slug="default", session=session)
        listing = Listing(f"{MARKUP} {ADDRESS}", f"{ADDRESS} {MARKUP}.csv", MARKUP)
        imported = import_csv("person", io.BytesIO(file), workspace_slug="default", listing=listing)
        exclusions.add([ADDRESS.replace("acme", "other")], "default")
        ids = {"company": ["c1", "c2"], "person": ["p1", "p2", ADDRESS]}
        jobs = [queue.enqueue_job(entity_type, "fake", names) for entity_type, names in ids.items()]
        queue.drain(work=Waterfall(registry_of(FakeProvider(answers, price_micros=39_000)), retry_seconds=()))
        jobs.append(queue.enqueue_job("person", "ai-normalizer", [ADDRESS]))
        queue.pause(jobs[-1])
        jobs.append(enqueue_pilot("person", "ai-normalizer", [ADDRESS, "p1"], Sample(1)).job_id)
        queue.cancel(jobs[-1])
        webhook, _ = endpoints.create_endpoint("https://hooks.example.com/<b>", None, created_by=MARKUP)
        queue.cancel(queue.enqueue_job("person", "ai-normalizer", ["p1"]))
        deliveries.hand_out()
        with transaction() as session:
            session.execute(update(webhook_deliveries).values(tries=1, last_status=500, last_error=MARKUP))
        key, _ = api_keys.create_key(MARKUP, ["read"])
        user, _ = users.create_user("zoe", "viewer")
    return {
        "job_id": jobs,
        "list_id": [str(imported.list_id)],
        "key_id": [key.id],
        "user_id": [user.id],
        "webhook_id": [webhook.id],
        "entity_id": ["c1", "c2", "p1", "p2", "p9", ADDRESS],
    }


@on_sqlite
def test_what_others_have_written_is_text_on_every_screen(app: Flask, signed_in: SignedIn) -> None:
    """Names, descriptions, errors, files and ids: shown, and nothing but shown; and no page is a heavy one."""
    paths, client, texts = screens(app, furnish(app)), signed_in("admin"), []
    assets = sum((_STATIC / name).stat().st_size for name in _ASSETS)
    for path in paths:
        answer = client.get(path)
        assert answer.status_code in {200, 302, 404, 409, 422}, path
        assert [evil for evil in EVIL if evil in answer.text] == [], path
        assert all("nonce=" in tag for tag in re.findall(r"<script[^>]*>", answer.text)), path
        assert "[object" not in answer.text and len(answer.data) + assets < MOST_BYTES, (path, len(answer.data))
        texts.append(answer.text)
    whole = "\n".join(texts)
    assert "&lt;img src=x onerror=alert(1)&gt;" in whole and "=HYPERLINK(" in whole
    assert sum("&lt;img" in text for text in texts) >= 8


@on_sqlite
def test_viewers_see_addresses_and_numbers_in_outline_on_every_screen(app: Flask, signed_in: SignedIn) -> None:
    """In fields, histories, errors, files, lists and ids; who may write sees them, and in no title of a page."""
    paths, viewer, operator = screens(app, furnish(app)), signed_in("viewer"), signed_in("operator")
    seen = 0
    for path in paths:
        # That the address of the page itself is in it is no news to whoever asked for it.
        text = viewer.get(path).text.replace(path, "")
        assert [word for word in PERSONAL if word in text] == [], path
        whole = operator.get(path).text
        title = re.findall(r"<title>[^<]*</title>", whole)
        assert [word for word in PERSONAL for line in title if word in line] == [], path
        seen += ADDRESS in whole
    assert seen >= 5

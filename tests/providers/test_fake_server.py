"""The fake providers themselves: strict where the vendors are, and exact about what they charge."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from app.demo.stand_ins import invented, ledger, scenarios
from app.demo.stand_ins.limits import Window
from app.demo.stand_ins.server import STAND_INS
from app.providers.defaults import DEFAULTS
from tests.fakes import charges
from tests.fakes.process import CALLBACK_SECRET, KEYS, ROOT, FakeServer
from tests.patience import CUT_OFF_SECONDS, PATIENCE_SECONDS

HEADERS: Mapping[str, Mapping[str, str]] = {
    "prospeo": {"X-KEY": KEYS["prospeo"]},
    "aiark": {"X-TOKEN": KEYS["aiark"], "User-Agent": "tranche"},
    "leadmagic": {"X-API-Key": KEYS["leadmagic"]},
    "findymail": {"Authorization": f"Bearer {KEYS['findymail']}"},
    "firecrawl": {"Authorization": f"Bearer {KEYS['firecrawl']}"},
    "clay": {"x-clay-webhook-auth": KEYS["clay"]},
    "anthropic": {"x-api-key": KEYS["anthropic"], "anthropic-version": "2023-06-01"},
    "openai": {"Authorization": f"Bearer {KEYS['openai']}"},
}


async def _post(session: aiohttp.ClientSession, server: FakeServer, path: str, body: Any) -> tuple[int, Any, Any]:
    provider = path.partition("/")[0]
    async with session.post(f"{server.url}/{path}", json=body, headers=HEADERS[provider]) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text.startswith(("{", "[")) else text, answer.headers


def ask(server: FakeServer, path: str, body: Any) -> tuple[int, Any, Any]:
    """Post one question with the good key; return status, body and headers."""
    return ask_many(server, [(path, body)])[0]


def ask_many(server: FakeServer, questions: list[tuple[str, Any]]) -> list[tuple[int, Any, Any]]:
    """Post questions at once."""

    async def run() -> list[tuple[int, Any, Any]]:
        async with aiohttp.ClientSession() as session:
            return await asyncio.gather(*(_post(session, server, path, body) for path, body in questions))

    return asyncio.run(run())


def _finder(number: int | str) -> tuple[str, Any]:
    return "findymail/api/search/name", {"name": "Ada Byron", "domain": f"finder{number}.example"}


def _model(schema: Mapping[str, Any]) -> Any:
    output = {"format": {"type": "json_schema", "schema": schema}}
    return {"model": "m", "max_tokens": 50, "messages": [{"role": "user", "content": "x"}], "output_config": output}


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    """Where a server of the test's own writes."""
    return tmp_path / "ledger.jsonl"


@pytest.mark.parametrize("name", ["Ada Byron", "Felix Bexley", "Max Marx"])
def test_person_is_the_same_at_every_provider(fake_server: FakeServer, name: str) -> None:
    """Name, address and title agree, whichever way a provider was asked."""
    who = invented.person(full_name=name, domain="same.example")
    by_name = ask(fake_server, "findymail/api/search/name", {"name": name, "domain": "same.example"})[1]
    by_page = ask(fake_server, "prospeo/enrich-person", {"data": {"linkedin_url": who.linkedin_url}})[1]
    by_email = ask(fake_server, "prospeo/enrich-person", {"data": {"email": who.email}})[1]
    exported = ask(fake_server, "aiark/v1/people/export/single", {"url": who.linkedin_url})[1]
    assert by_name["contact"]["email"] == by_page["person"]["email"]["email"] == by_email["person"]["email"]["email"]
    assert exported["email"]["output"][0]["address"] == by_name["contact"]["email"]
    titles = {by_name["contact"]["job_title"], by_page["person"]["current_job_title"], exported["profile"]["title"]}
    assert titles == {who.title}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("prospeo/enrich-person", {"linkedin_url": "https://linkedin.com/in/ada"}, 400),
        ("prospeo/enrich-person", {"data": {"full_name": "Ada Byron"}}, 400),
        ("prospeo/bulk-enrich-person", {"data": [{"linkedin_url": "https://linkedin.com/in/ada"}]}, 400),
        ("aiark/v1/companies", {"account": {"domain": {"any": {"include": ["acme.example"]}}}}, 400),
        ("aiark/v1/people", {"page": 0, "size": 101}, 400),
        ("leadmagic/v1/people/email-finder", {"full_name": "Ada Byron"}, 400),
        ("leadmagic/v1/people/email-finder", {"full_name": "Ada Byron", "domain": "example.com"}, 400),
        ("leadmagic/v1/people/b2b-profile-to-email", {"profile_url": "x"}, 404),
        ("findymail/api/find", {}, 405),
        ("findymail/api/search/name", {"name": "Ada Byron"}, 422),
        ("firecrawl/scrape", {"url": "https://acme.example", "timeout": 10}, 400),
        ("anthropic/v1/messages", _model({"type": "string", "maxLength": 5}), 400),
        ("anthropic/v1/messages", _model({"type": "object", "properties": {}}), 400),
        ("openai/chat/completions", {"model": "m", "messages": []}, 400),
    ],
)
def test_question_is_refused_and_free_where_the_vendor_refuses_it(
    fake_server: FakeServer, path: str, body: Any, status: int
) -> None:
    """The known mistakes of clients are mistakes here too."""
    before = len(fake_server.lines())
    assert ask(fake_server, path, body)[0] == status
    assert fake_server.lines(before) == []


def test_filter_that_is_not_understood_gives_anybody_and_is_charged(fake_server: FakeServer) -> None:
    """AI Ark passes over what it does not know, and charges for each row of what comes of it."""
    before = len(fake_server.lines())
    _, body, _ = ask(fake_server, "aiark/v1/people", {"page": 0, "size": 3, "linkedin_url": "linkedin.com/in/ada"})
    assert [row["profile"]["full_name"] for row in body["content"]] == ["Ursula Random"] * 3
    assert [line.micros for line in fake_server.lines(before)] == [5000] * 3


@pytest.mark.parametrize("vendor", STAND_INS, ids=lambda vendor: vendor.name)
def test_key_is_refused_in_another_header_or_spelling(fake_server: FakeServer, vendor: Any) -> None:
    """Only the vendor's own header carries the key."""

    async def run() -> list[int]:
        async with aiohttp.ClientSession(headers={"User-Agent": "tranche"}) as session:
            statuses = []
            for headers in ({}, {"X-Other": vendor.key}, {"Authorization": vendor.key}):
                named = {"anthropic-version": "2023-06-01", **headers}
                path = "webhook/t" if vendor.name == "clay" else next(iter(_paths(vendor)))
                url = f"{fake_server.url}/{vendor.name}/{path}"
                async with session.post(url, json={}, headers=named) as answer:
                    statuses.append(answer.status)
            return statuses

    assert asyncio.run(run()) == [401] * 3


def _paths(vendor: Any) -> Iterator[str]:
    routes = vendor(None, None, {}).routes
    return (path for method, path in routes if method == "POST")


def test_body_without_its_content_type_is_refused(fake_server: FakeServer) -> None:
    """JSON has to be declared as such."""

    async def run() -> int:
        async with aiohttp.ClientSession() as session:
            url = f"{fake_server.url}/prospeo/enrich-person"
            data = b'{"data": {"email": "ada@acme.example"}}'
            async with session.post(url, data=data, headers=HEADERS["prospeo"]) as answer:
                return answer.status

    assert asyncio.run(run()) == 400


def test_client_without_a_name_is_blocked_by_the_gateway(fake_server: FakeServer) -> None:
    """AI Ark's gateway refuses the names that libraries give themselves, whatever the key."""

    async def run() -> tuple[int, str]:
        async with aiohttp.ClientSession() as session:
            headers = {"X-TOKEN": KEYS["aiark"]}
            async with session.post(f"{fake_server.url}/aiark/v1/people", json={}, headers=headers) as answer:
                return answer.status, await answer.text()

    assert asyncio.run(run()) == (403, "error code: 1010")


def test_requests_past_a_rate_are_refused_and_counted(ledger_path: Path) -> None:
    """Of nine at once, five pass, and the refused ones charge nothing."""
    with FakeServer(ledger_path, limits="prospeo=5/s,300/min;findymail=3 at once", latency=0.2) as server:
        body = {"data": {"email": "ada@acme.example"}}
        answers = ask_many(server, [("prospeo/enrich-person", body)] * 9)
        assert sorted(status for status, _, _ in answers) == [200] * 5 + [429] * 4
        refused = next(headers for status, _, headers in answers if status == 429)
        assert refused["x-second-rate-limit"] == "5"
        assert int(refused["x-minute-request-left"]) == 295
        counts = server.stats(timestamps=True)["providers"]["prospeo"]
        assert (counts["requests"], counts["refused"], counts["max_at_once"]) == (9, 4, 5)
        assert (len(counts["arrivals"]), len(server.lines())) == (9, 5)


def test_requests_past_a_number_at_once_are_refused(ledger_path: Path) -> None:
    """A fourth that arrives while three run is refused; after them there is room again."""
    with FakeServer(ledger_path, limits="findymail=3 at once", latency=0.2) as server:
        answers = ask_many(server, [_finder(number) for number in range(5)])
        assert sorted(status for status, _, _ in answers) == [200] * 3 + [429] * 2
        assert ask(server, *_finder("again"))[0] == 200


def test_window_slides_over_the_times_of_arrival() -> None:
    """A place is free again as long after it was taken as the window is wide, and not before."""
    window = Window(2, "s")
    window.accepted.extend([10.0, 10.6])
    refusal = window.refusal(10.9)
    assert refusal is not None
    assert refusal.seconds == pytest.approx(0.1)
    assert window.refusal(11.0) is None


def test_charge_is_written_before_the_answer_and_named_by_a_hash(fake_server: FakeServer) -> None:
    """The ledger has the line when the answer is there, and nothing of the person in it."""
    before = len(fake_server.lines())
    ask(fake_server, *_finder("hash"))
    [line] = fake_server.lines(before)
    assert (line.provider, line.operation, line.micros, line.repeat) == ("findymail", "finder", 20_000, False)
    assert line.key == ledger.key_of(invented.person(full_name="Ada Byron", domain="finderhash.example").identity)
    assert "byron" not in fake_server.ledger.read_text().lower()


def test_repeat_is_charged_where_the_vendor_charges_it(fake_server: FakeServer) -> None:
    """Prospeo and Findymail give a repeat away, LeadMagic and Firecrawl do not."""
    company = {"url": "https://repeat.example", "formats": [{"type": "json", "schema": {"type": "object"}}]}
    questions = [
        ("prospeo/enrich-person", {"data": {"email": "ada@repeat.example"}}),
        _finder("repeat"),
        ("leadmagic/v1/people/email-finder", {"full_name": "Ada Byron", "domain": "repeat.example"}),
        ("firecrawl/scrape", company),
    ]
    before = len(fake_server.lines())
    for path, body in [*questions, *questions]:
        ask(fake_server, path, body)
    lines = fake_server.lines(before)
    assert [line.micros for line in lines] == [39_000, 20_000, 5000, 22_500, 0, 0, 5000, 22_500]
    assert [line.repeat for line in lines] == [False] * 4 + [True] * 4
    assert [line.provider for line in charges.paid_repeats(lines)] == ["leadmagic", "firecrawl"]
    assert charges.prefix_sums(lines)[-1] == charges.total(lines) == sum(ledger.totals(lines).values())


@pytest.mark.parametrize(("scenario", "charged"), [("reset", 1), ("reset-before", 0)])
def test_connection_is_reset_with_or_without_a_charge(fake_server: FakeServer, scenario: str, charged: int) -> None:
    """The client sees the same; only the ledger knows."""
    before = len(fake_server.lines())
    with pytest.raises(aiohttp.ClientError):
        ask(fake_server, *_finder(f"-x-{scenario}"))
    assert len(fake_server.lines(before)) == charged


def test_client_that_hangs_up_is_charged_and_no_longer_counted(ledger_path: Path) -> None:
    """The work was done; the place is free again."""

    async def run(server: FakeServer) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CUT_OFF_SECONDS)) as session:
            await _post(session, server, *_finder("-x-hang"))

    with FakeServer(ledger_path, limits="findymail=1 at once") as server:
        with pytest.raises(TimeoutError):
            asyncio.run(run(server))
        until = time.monotonic() + PATIENCE_SECONDS
        while (status := ask(server, *_finder("after"))[0]) == 429 and time.monotonic() < until:
            pass
        assert status == 200
        assert len(server.lines()) == 2


def test_ordered_scenario_holds_for_so_many_requests(fake_server: FakeServer) -> None:
    """Orders count down, can be for a part of the path, and are taken back."""
    fake_server.order("findymail", "no_credits:1", times=2)
    answers = [ask(fake_server, *_finder(number))[1] for number in ("o1", "o2", "o3")]
    assert ["error" in answer for answer in answers] == [True, True, False]
    fake_server.order("findymail", "bad_key", path="verify")
    assert ask(fake_server, *_finder("o4"))[0] == 200
    assert ask(fake_server, "findymail/api/verify", {"email": "ada@acme.example"})[0] == 401
    fake_server.order("findymail", None, path="verify")
    assert ask(fake_server, "findymail/api/verify", {"email": "ada@acme.example"})[0] == 200


def test_marker_in_the_entity_goes_before_an_order(fake_server: FakeServer) -> None:
    """An entity can be marked for one provider, and other providers pass over it."""
    fake_server.order("findymail", "server_error")
    assert ask(fake_server, *_finder("-x-findymail-not-found-2"))[0] == 404
    assert ask(fake_server, *_finder("-x-leadmagic-not-found"))[0] == 500


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acme.x-server-error.example", scenarios.Scenario("server_error")),
        ("linkedin.com/in/ada-x-garbage--acme-example", scenarios.Scenario("garbage")),
        ("x-not-found-3-acme7.example", scenarios.Scenario("not_found", 3)),
        ("x-reset-before.example", scenarios.Scenario("reset_before")),
        ("X-Not_Found@acme.example", scenarios.Scenario("not_found")),
        ("x-aiark-hang.example", None),
        ("xx-hang.example", None),
        ("x-hanger.example", None),
        ("x-masked.example", None),
    ],
)
def test_marker_is_read_from_a_text(text: str, expected: scenarios.Scenario | None) -> None:
    """Dashes or underscores, a variant, a provider; what a provider does not know is no marker."""
    assert scenarios.marked(text, "findymail", scenarios.EVERYWHERE) == expected


def test_hit_rate_says_how_many_are_found_and_always_the_same(ledger_path: Path) -> None:
    """About four in ten, and the same ones after a restart."""
    found = []
    for _ in range(2):
        with FakeServer(ledger_path, hit_rates="findymail=0.4") as server:
            answers = ask_many(server, [_finder(number) for number in range(200)])
            found.append([answer["contact"] is not None for _, answer, _ in answers])
    assert found[0] == found[1]
    assert 55 <= sum(found[0]) <= 105


def test_ledger_goes_on_after_a_restart(ledger_path: Path) -> None:
    """Numbers run on, and what was charged before is a repeat."""
    for _ in range(2):
        with FakeServer(ledger_path, usd_per_credit=["findymail=0.05"]) as server:
            ask(server, *_finder("restart"))
    lines = ledger.read(ledger_path)
    assert [(line.n, line.micros, line.repeat) for line in lines] == [(1, 50_000, False), (2, 0, True)]
    assert lines[0].credits == Decimal(1)


def test_ledger_line_that_is_not_whole_is_left_out(ledger_path: Path) -> None:
    """A reader may come while a line is being written."""
    with FakeServer(ledger_path) as server:
        ask(server, *_finder("whole"))
    with ledger_path.open("a") as file:
        file.write('{"n": 2, "at"')
    assert len(ledger.read(ledger_path)) == 1


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [("ok", ["found"]), ("not-found", ["not_found"]), ("duplicate-callback", ["found"] * 2), ("no-callback", [])],
)
def test_clay_calls_back_with_the_secret(ledger_path: Path, scenario: str, expected: list[str]) -> None:
    """What was found comes to the row's address, as often as the scenario has it."""
    received: list[tuple[str | None, Any]] = []

    async def take(request: web.Request) -> web.Response:
        received.append((request.headers.get("x-api-key"), await request.json()))
        return web.Response()

    async def run(server: FakeServer) -> None:
        app = web.Application()
        app.router.add_post("/callback", take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        row = {"request_id": "r1", "callback_url": f"http://127.0.0.1:{runner.addresses[0][1]}/callback"}
        async with aiohttp.ClientSession() as session:
            pushed = {**row, "entity": "company", "domain": f"x-{scenario}.example"}
            assert (await _post(session, server, "clay/webhook/table-1", pushed))[0] == 200
        until = time.monotonic() + (0.5 if not expected else PATIENCE_SECONDS)
        while len(received) < max(len(expected), 1) and time.monotonic() < until:
            await asyncio.sleep(0.02)
        await runner.cleanup()

    with FakeServer(ledger_path, callback_delay=0.05) as server:
        asyncio.run(run(server))
        assert [body["status"] for _, body in received] == expected
        assert {secret for secret, _ in received} <= {CALLBACK_SECRET}
        assert [line.micros for line in server.lines()] == [56_000]


def test_prices_are_those_of_the_defaults() -> None:
    """The fake has its own table, which must agree with the service's where nothing else is set."""
    for vendor in STAND_INS:
        name = "ai-normalizer" if vendor.name in {"anthropic", "openai"} else vendor.name
        assert vendor.usd_per_credit == DEFAULTS[name].usd_per_credit


def test_environment_has_key_and_address_of_every_provider(fake_server: FakeServer) -> None:
    """The service can be started on it."""
    environment = fake_server.environment()
    for settings in DEFAULTS.values():
        assert environment[f"{settings.prefix}_BASE_URL"].startswith(fake_server.url)
        assert environment[f"{settings.prefix}_API_KEY"]


def test_server_ends_with_its_parent(ledger_path: Path) -> None:
    """A parent that is killed leaves no server behind."""
    start = (
        "import time; from pathlib import Path; from stand_ins.process import ServerProcess\n"
        f"server = ServerProcess(Path({str(ledger_path)!r}))\n"
        "server.start(); print(server.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", start], cwd=ROOT / "app" / "demo", stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + PATIENCE_SECONDS
    while _is_running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _is_running(pid)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # One that has ended, and that nobody has waited for yet, still has its number.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"

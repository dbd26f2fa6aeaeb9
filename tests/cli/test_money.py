"""Money from the command line: terms, estimates, costs, providers, and jobs with what they cost."""

import json
from typing import Any

import pytest
from flask import Flask

from app.enrichment import queue
from app.entities import exclusions
from app.providers.base import Answer, OutcomeClass
from tests.fakes.provider import FakeProvider, registry_of

CENT = 10_000
LOST = Answer(OutcomeClass.TRANSIENT, error="No answer came.", is_cost_known=False)


def use(app: Flask, **options: Any) -> None:
    """Let the application know two paid providers alone, of which `clay` charges for misses too."""
    findymail = FakeProvider(name="findymail", **{"price_micros": CENT, **options})
    clay = FakeProvider(name="clay", price_micros=2 * CENT, charges_misses=True)
    app.extensions["tranche.registry"] = registry_of(findymail, clay)


def table_of(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


# Terms


def test_enqueue_takes_the_terms_of_a_waterfall(app: Flask, run: Any, add_people: Any) -> None:
    """Order, wanted fields, verifier and cap are kept with the job, and shown with it."""
    use(app)
    add_people(app, 1)
    options = ["--order", "clay, findymail", "--until", "email,jobTitle", "--verifier", "none", "--cap-usd", "2.50"]
    job_id = run(app, "enqueue", "person", "--all", "--provider", "waterfall", *options).stdout.strip()
    told = json.loads(run(app, "show", job_id, "--json").stdout)
    assert told["waterfall"] == {"order": ["clay", "findymail"], "until": ["email", "job_title"], "verifier": "none"}
    assert (told["capUsd"], told["costUsd"]) == (2.5, 0)
    facts = dict(line.split("  ", 1) for line in run(app, "show", job_id).stdout.splitlines())
    shown = {name: facts[name].strip() for name in ("order", "until", "verifier", "cost", "cap")}
    assert shown == {
        "order": "clay, findymail",
        "until": "email, job_title",
        "verifier": "none",
        "cost": "$0.00",
        "cap": "$2.50",
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--cap-usd", "1e3"], "expected an amount of dollars in digits"),
        (["--cap-usd", "-1"], "expected an amount of dollars in digits"),
        (["--cap-usd", "١"], "expected an amount of dollars in digits"),
        (["--cap-usd", "0.0000001"], "expected an amount of dollars in digits"),
        (["--cap-usd", "1000001"], "capUsd: expected dollars from 0 to 1000000"),
        (["--order", "clay,,findymail"], "expected names separated by commas"),
        (["--order", "clay,clay"], "waterfall.order: expected one or more, each once"),
        (["--until", "no_such_field"], "waterfall.until: expected one or more, each once"),
        (["--verifier", "prospeo"], "--verifier"),
        (["--provider", "findymail", "--order", "clay"], "expected provider to be waterfall"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--estimate"]])
def test_bad_terms_end_with_2(
    sqlite_app: Flask, run: Any, add_people: Any, arguments: list[str], told: str, more: list[str]
) -> None:
    """One line says what was expected, and no job is made."""
    use(sqlite_app)
    add_people(sqlite_app, 1)
    result = run(sqlite_app, "enqueue", "person", "--all", "--provider", "waterfall", *arguments, *more)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
    with sqlite_app.app_context():
        assert queue.list_jobs().rows == []


def test_enqueue_says_how_many_are_excluded(sqlite_app: Flask, run: Any) -> None:
    """Beside the repeated ones; where nobody else is left there is no job."""
    run(sqlite_app, "import", "person", "-", stdin="id,email\na,a@shut.example\nb,b@open.example\n")
    with sqlite_app.app_context():
        exclusions.add(["shut.example"], "default")
    result = run(sqlite_app, "enqueue", "person", "--ids-file", "-", stdin="a\nb\nb\n")
    assert "Enqueued 1 entity, 1 repeated id and 1 excluded left out." in result.stderr
    told = json.loads(run(sqlite_app, "enqueue", "person", "--all", "--json").stdout)
    assert (told["total"], told["excluded"]) == (1, 1)
    with sqlite_app.app_context():
        exclusions.add(["open.example"], "default")
    result = run(sqlite_app, "enqueue", "person", "--all")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Nothing to enqueue" in result.stderr


# Estimates


def test_enqueue_estimates_and_makes_no_job(app: Flask, run: Any, add_people: Any) -> None:
    """A line for each provider, the range, and what is in its way."""
    use(app, needs="linkedin_url")
    add_people(app, 3)
    options = ["--provider", "waterfall", "--order", "findymail,clay", "--cap-usd", "0.05"]
    result = run(app, "enqueue", "person", "--all", *options, "--estimate")
    assert result.exit_code == 0
    *table, price = result.stdout.splitlines()
    assert table_of("\n".join(table)) == [
        ["provider", "questions", "missing input", "answered before", "at least", "at most", "found before"],
        ["findymail", "0", "3", "0", "$0.00", "$0.00", "list price"],
        ["clay", "3", "0", "0", "$0.06", "$0.06", "list price"],
    ]
    assert price == "$0.06 to $0.06 for 3 entities."
    assert result.stderr.splitlines() == [
        "Cap of the job: $0.00 spent, $0.05 left of $0.05.",
        "Cap of everything today: $0.00 spent, $10.00 left of $10.00.",
        "The job costs more than its cap leaves: $0.05 of $0.05. It would be paused there.",
    ]
    with app.app_context():
        assert queue.list_jobs().rows == []


def test_an_estimate_is_json_as_over_http(sqlite_app: Flask, run: Any, add_people: Any) -> None:
    """Of a stream of ids, too; who asks nobody is counted."""
    use(sqlite_app)
    add_people(sqlite_app, 2)
    arguments = ["--ids-file", "-", "--provider", "findymail", "--estimate"]
    told = json.loads(run(sqlite_app, "enqueue", "person", *arguments, "--json", stdin="p0\np1\np0\nx\n").stdout)
    assert (told["total"], told["unknown"], told["duplicates"], told["highUsd"]) == (3, 1, 1, 0.02)
    assert told["steps"][0]["questions"] == 2
    result = run(sqlite_app, "enqueue", "person", *arguments, stdin="p0\nx\n")
    assert result.stdout.splitlines()[-1] == "$0.00 to $0.01 for 2 entities (1 unknown)."


def test_an_estimate_of_nothing_or_nobody(sqlite_app: Flask, run: Any) -> None:
    """An empty selection is no mistake, a provider without its key is one."""
    result = run(sqlite_app, "enqueue", "person", "--all", "--estimate")
    assert (result.exit_code, result.stdout) == (0, "")
    result = run(sqlite_app, "enqueue", "person", "--all", "--provider", "prospeo", "--estimate")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "PROSPEO_API_KEY" in result.stderr


# Costs


@pytest.fixture
def spent(app: Flask, run: Any, add_people: Any) -> str:
    """A job that has cost two cents, one of them in doubt, and holds an entity; its id."""
    use(app, answers={"p1": LOST}, repeat_is_free=False)
    add_people(app, 2)
    job_id: str = run(app, "enqueue", "person", "--all", "--provider", "findymail").stdout.strip()
    assert run(app, "process").exit_code == 0
    return job_id


def test_costs_are_a_table_with_a_total(app: Flask, run: Any, spent: str) -> None:
    """By provider, or by what is asked for, with today's caps."""
    result = run(app, "costs")
    assert table_of(result.stdout) == [
        ["provider", "calls", "charged", "cost", "in doubt"],
        ["findymail", "2", "2", "$0.02", "$0.01"],
        ["total", "2", "2", "$0.02", "$0.01"],
    ]
    assert result.stderr.splitlines() == [
        "Cap of everything today: $0.02 spent, $9.98 left of $10.00.",
        "Cap of workspace default today: $0.02 spent, no limit.",
    ]
    assert table_of(run(app, "costs", "--by", "job").stdout)[1][0] == spent
    told = json.loads(run(app, "costs", "--by", "workspace", "--json").stdout)
    assert (told["rows"][0]["key"], told["total"]["costUsd"], told["nextCursor"]) == ("default", 0.02, None)


def test_costs_of_other_days_and_workspaces_are_left_out(app: Flask, run: Any, spent: str) -> None:
    """Nothing spent is told in words, or as an empty list."""
    result = run(app, "costs", "--from", "2020-01-01", "--to", "2020-01-31")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Nothing was spent from 2020-01-01 to 2020-01-31." in result.stderr
    assert json.loads(run(app, "costs", "--workspace", "north", "--json").stdout)["rows"] == []


@pytest.mark.parametrize(
    "arguments", [["--from", "yesterday"], ["--to", "20200101"], ["--by", "entity"], ["--from", "2999-01-01"]]
)
def test_bad_days_end_with_2(sqlite_app: Flask, run: Any, arguments: list[str]) -> None:
    """One line says what was expected."""
    result = run(sqlite_app, "costs", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_costs_of_more_jobs_than_a_page_holds_are_all_there(
    sqlite_app: Flask, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command walks through the pages."""
    monkeypatch.setattr("app.cli.money.ROWS_A_PAGE", 1)
    use(sqlite_app)
    people = "id,First Name\na,Ann\nb,Bo\nc,Cy\n"
    run(sqlite_app, "import", "person", "-", stdin=people)
    for one in "abc":
        run(sqlite_app, "enqueue", "person", "--ids-file", "-", "--provider", "findymail", stdin=one)
    run(sqlite_app, "process")
    told = json.loads(run(sqlite_app, "costs", "--by", "job", "--json").stdout)
    assert (len(told["rows"]), told["nextCursor"]) == (3, None)


def test_jobs_and_show_tell_what_a_job_cost(app: Flask, run: Any, spent: str) -> None:
    """With the entities that are held, and the command that asks about them again."""
    table = table_of(run(app, "jobs").stdout)
    assert dict(zip(*table, strict=True))["cost"] == "$0.02"
    result = run(app, "show", spent)
    assert "cost          $0.02" in result.stdout
    assert "Held, since it is unknown whether a call was paid: p1" in result.stderr
    assert f"enrich retry {spent}" in result.stderr


# Providers


def test_providers_are_a_table(app: Flask, run: Any) -> None:
    """What is missing, how each stands, what it may be asked and for how much."""
    columns, *rows = table_of(run(app, "providers").stdout)
    by_name = {row[0]: dict(zip(columns, row, strict=True)) for row in rows}
    assert by_name["prospeo"]["status"] == "not set"
    assert "PROSPEO_API_KEY" in by_name["prospeo"]["reason"]
    assert by_name["prospeo"]["limits"] == "5/s, 300/min, 2000/day"
    assert by_name["aiark"]["prices"] == "company $0.001, person $0.005, email $0.01"
    assert (by_name["ai-normalizer"]["status"], by_name["ai-normalizer"]["spent today"]) == ("available", "$0.00")
    told = json.loads(run(app, "providers", "--json").stdout)["providers"]
    assert [one["name"] for one in told] == list(by_name)


def test_a_provider_is_reset(app: Flask, run: Any, add_people: Any) -> None:
    """Credits that were gone are forgotten, and the next job goes on at once."""
    use(app, default=Answer(OutcomeClass.CREDITS_EXHAUSTED, error="Credits are gone."))
    add_people(app, 1)
    run(app, "enqueue", "person", "--all", "--provider", "findymail")
    assert run(app, "process").exit_code == 5
    columns, row, _ = table_of(run(app, "providers").stdout)
    stood = dict(zip(columns, row, strict=True))
    assert (stood["status"], stood["reason"]) == ("credits exhausted", "Credits are gone.")
    assert stood["until"].endswith("UTC")
    assert run(app, "providers", "--reset", "findymail").stdout == "Provider findymail is available.\n"
    assert json.loads(run(app, "providers", "--reset", "findymail", "--json").stdout)["isAvailable"] is True


def test_nobody_is_reset_by_an_unknown_name(sqlite_app: Flask, run: Any) -> None:
    """The one line names those that there are."""
    result = run(sqlite_app, "providers", "--reset", "nobody")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "expected one of prospeo, aiark" in result.stderr

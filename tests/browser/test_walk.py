"""From a file to a file, as somebody goes who has the console alone: before providers that bill as the real ones do."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from app.config import Config
from app.db.session import end_read
from app.demo.stand_ins import ledger
from app.enrichment.money.reports import report_costs
from app.extensions import db
from tests.browser.conftest import served
from tests.browser.hands import Keyboard, Mouse
from tests.fakes.process import FakeServer
from tests.invariants import check_invariants

OpenPage = Callable[..., Any]
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    """The server that plays them; findymail has an address for everybody."""
    ledger_path = tmp_path_factory.mktemp("walk") / "ledger.jsonl"
    with FakeServer(ledger_path, is_quiet=True, hit_rates="findymail=1") as server:
        yield server


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The service's database, which is not there yet."""
    return f"sqlite:///{tmp_path_factory.mktemp('walk') / 'walk.db'}"


@pytest.fixture(scope="module")
def site(providers: FakeServer, database: str) -> Iterator[tuple[str, str]]:
    """The console as one command serves it, with a worker beside it."""
    with served("console", DATABASE_URL=database, LOG_LEVEL="WARNING", **providers.environment()) as link:
        yield link.partition("/console/")[0], link


def list_of(folder: Path, name: str) -> Path:
    """Write a file of four people, whose headers do not say of every column what it means."""
    people = [("Ada", "Byron"), ("Grace", "Hopper"), ("Jean", "Sammet"), ("Mary", "Somer")]
    rows = [f"{name}-{first},{first},{last},{name}-{first.lower()}.example" for first, last in people]
    path = folder / f"{name}.csv"
    path.write_text("\n".join(["id,First Name,Last Name,Their page", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("hand_of", "width", "scheme"),
    [(Mouse, 1280, "light"), (Mouse, 390, "dark"), (Keyboard, 1280, "dark"), (Keyboard, 390, "light")],
)
def test_the_whole_way_from_a_file_to_a_file(
    open_page: OpenPage,
    trouble: list[str],
    providers: FakeServer,
    database: str,
    tmp_path: Path,
    hand_of: type[Mouse],
    width: int,
    scheme: str,
) -> None:
    """Upload, map, estimate, pilot, rest, errors, retry, receipt, undo, export; and the books are the providers'."""
    page = open_page(width, scheme)
    hand, name = hand_of(page), f"{hand_of.__name__}{width}".lower()
    page.goto("/console")

    hand.go("Lists")
    hand.press('main a[href^="/console/import"]')
    hand.attach('input[name="file"]', list_of(tmp_path, name))
    hand.press("#check")
    hand.choose("select[aria-labelledby=column-4]", "company_domain")
    hand.press("#again")
    page.wait_for_function("document.querySelector('select[aria-labelledby=column-4]').value === 'company_domain'")
    hand.press("#run")
    page.wait_for_selector("#enrich")
    assert "4" in page.inner_text('dl.facts:has(dt:text-is("New")) >> nth=0')

    hand.press("#enrich")
    hand.choose('select[name="missing"]', "email")
    hand.choose('select[name="provider"]', "findymail")
    hand.press("main form.filter button")
    page.wait_for_selector("#cap")
    hand.write("#cap", "1.00")
    hand.write("#size", "1")
    hand.press("#pilot")
    ended(page)
    pilot = page.url
    hand.press("#to-pilot")
    page.wait_for_selector("#cap")
    assert "1 (100 %)" in page.inner_text("section[aria-labelledby=sample]")
    hand.write("#cap", "1.00")
    providers.order("findymail", "bad_request", times=2)
    hand.press("#confirm")
    page.wait_for_url(lambda url: url != pilot and not url.endswith("/pilot"))
    ended(page)
    job = page.url

    hand.press("section[aria-labelledby=errors] a.button")
    page.wait_for_selector("h1:text('2 errors')")
    hand.press("#do-retry")
    hand.press("#confirm")
    page.wait_for_url(lambda url: url != job and "/retry" not in url and "/errors" not in url)
    ended(page)
    assert page.inner_text("dl.legend div:has(dt.success) dd") == "2"

    hand.go("Lists")
    hand.press("table.rows tbody a")
    hand.press("#count")
    page.wait_for_selector("text=Counted over 4 members")
    hand.press('main a[href*="/console/people?list="]')
    page.wait_for_url("**/console/people?list=*")
    hand.press("table.rows tbody a")
    page.wait_for_selector("#receipt")
    assert "Receipt: $0.02" in page.inner_text("#receipt")

    page.goto(job)
    hand.press("#do-undo")
    hand.write("#word", "undo")
    hand.press("#confirm")
    page.wait_for_selector("#result")
    assert "values restored" in page.inner_text("#result")

    hand.go("Lists")
    hand.press("table.rows tbody a")
    hand.press('main a[href*="/export"]')
    page.wait_for_selector('button[formaction$="export.csv"]')
    with page.expect_download() as download:
        hand.press('button[formaction$="export.csv"]')
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["email"]) for row in rows].count(True) == 3 and len(rows) == 4

    hand.press("#background button")
    # The newest, of those that others have asked for too.
    page.wait_for_selector("#exports tbody tr:first-child .status.ready", timeout=PATIENCE_MS)
    with page.expect_download() as written:
        hand.press('#exports tbody tr:first-child a[href$="/file"]')
    assert Path(written.value.path()).read_bytes() == Path(download.value.path()).read_bytes()

    assert trouble == []
    check_books(database, providers)


def ended(page: Any) -> None:
    """Wait until a job's page says by itself that it is complete."""
    page.wait_for_selector("#job .status.complete", timeout=PATIENCE_MS)


def check_books(database: str, providers: FakeServer) -> None:
    """Compare what the service has booked with what the providers have."""
    app = create_app(Config(DATABASE_URL=database, TESTING=True, LOG_LEVEL="WARNING"))
    with app.app_context():
        booked = {row.key: row.cost_micros for row in report_costs().page.rows}
        end_read()
        assert booked == ledger.totals(providers.lines()) and booked["findymail"] > 0
        check_invariants()
        db.session.remove()
        db.engine.dispose()

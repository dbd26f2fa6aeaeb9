"""The console in a real browser: Debian's Chromium, driven by Playwright, before the demo with jobs under way.

`pytest -m browser -n 2`, with the extra `e2e` installed. Without a Chromium the tests fail: a tier that is asked for
and does not run says nothing. Pictures of each screen are kept in the folder that BROWSER_PICTURES names.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from app import create_app
from app.config import PROJECT_ROOT, Config
from app.db.session import WriteSession, transaction
from app.entities.upsert import upsert_entities
from app.extensions import db
from app.models.types import new_id
from app.models.webhook import webhook_deliveries, webhook_endpoints, webhook_events
from tests.patience import PATIENCE_SECONDS

MARKUP = "<img src=/evil onerror=alert(1)><b hx-get=/evil hx-trigger=load>bold</b>"
WEBHOOK_ID = "01900000-0000-7000-8000-000000000004"
FORMULA = '=HYPERLINK("https://evil.example","x")<script>alert(1)</script>'


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of the demo's console, and a one-time link into it; a company of evil words is in its lists."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    with served("demo", "--console", "--database", str(path)) as link:
        app = create_app(Config(DATABASE_URL=f"sqlite:///{path}", TESTING=True, LOG_LEVEL="WARNING"))
        with app.app_context():
            evil = {"id": "0-evil", "name": FORMULA, "description": MARKUP, "industry": MARKUP}
            with transaction() as session:
                upsert_entities("company", [evil], workspace_slug="default", session=session)
                add_webhook(session)
            db.session.remove()
            db.engine.dispose()
        yield link.partition("/console/")[0], link


def add_webhook(session: WriteSession) -> None:
    """Store a webhook to which nothing is sent any more, with an event that was given up."""
    event_id, error = new_id(), f"It answered with 500. {MARKUP}"
    endpoint = {"id": WEBHOOK_ID, "url": "https://hooks.example.com/tranche", "event_types": ["queue.stuck"]}
    session.execute(insert(webhook_endpoints).values(**endpoint, encrypted_secret="x", created_by=MARKUP))
    session.execute(insert(webhook_events).values(id=event_id, type="queue.stuck", is_handed_out=True))
    delivery = {"endpoint_id": WEBHOOK_ID, "event_id": event_id, "tries": 10, "last_status": 500, "last_error": error}
    session.execute(insert(webhook_deliveries).values(delivery))


@contextmanager
def served(*command: str, **environment: str) -> Iterator[str]:
    """Run a command that serves the console for as long as the context is open; give the link that it prints."""
    arguments = [sys.executable, "-m", "flask", "enrich", *command, "--port", "0"]
    where = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), **environment}
    process = subprocess.Popen(arguments, cwd=PROJECT_ROOT, env=where, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield next(line.strip() for line in process.stdout if "/console/link/" in line)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def site(demo: tuple[str, str]) -> tuple[str, str]:
    """What the tests of a module look at: its address, and a one-time link into it."""
    return demo


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path, "expected Debian's chromium to be installed"
    # As root there is no sandbox, and in a container hardly any shared memory.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def signed_in(chromium: Any, site: tuple[str, str]) -> Any:
    """What a browser keeps of being signed in; the link is used once, by its form."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site[1])
    page.click("button.primary")
    page.wait_for_url("**/console")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def trouble() -> list[str]:
    """What no page may do: complain, break its policy, fail, or ask anybody else."""
    return []


@pytest.fixture
def open_page(chromium: Any, site: tuple[str, str], signed_in: Any, trouble: list[str]) -> Iterator[Callable[..., Any]]:
    """Open a signed-in page that is watched: `open_page(width=390, scheme="dark")`."""
    contexts = []
    base, _ = site

    def watch(request: Any) -> None:
        if not request.url.startswith(f"{base}/console") or "/evil" in request.url:
            trouble.append(f"asked {request.url}")

    def make(width: int = 1280, scheme: str = "light") -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=signed_in, base_url=base
        )
        contexts.append(context)
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => console.error('policy', e.violatedDirective))"
        )
        page = context.new_page()
        page.on("request", watch)
        page.on("console", lambda line: trouble.append(line.text) if line.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("dialog", lambda dialog: trouble.append(dialog.message))
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The checks of accessibility, as a script."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """The folder for pictures of the screens, if some are wanted."""
    folder = os.environ.get("BROWSER_PICTURES")
    if folder is None:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)

"""The console as people use it: it lives, keeps out of their way, takes the keyboard, and runs nobody else's words."""

import json
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from app.config import Config
from tests.browser.conftest import WEBHOOK_ID
from tests.browser.hands import Keyboard
from tests.console.screens import screens

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_LOOKS = ["color-contrast", "target-size", "scrollable-region-focusable"]
"""What else depends on the width and the colours."""

OpenPage = Callable[..., Any]


def job_of(page: Any, name: str) -> str:
    """Return the path of a job by its link on the overview."""
    page.goto("/console")
    return str(page.get_by_role("link", name=name).first.get_attribute("href"))


def new_key(page: Any) -> str:
    """Make an API key by its form and return its id."""
    page.goto("/console/keys")
    page.click("#create summary")
    page.fill('input[name="name"]', "reports")
    page.check('input[value="read"]')
    page.click("#create button.primary")
    page.wait_for_selector("#made")
    return str(page.locator("a[href$='/revoke']").first.get_attribute("href")).split("/")[-2]


def new_pilot(page: Any) -> str:
    """Make a pilot by the form, end it, and return the path of what it says."""
    page.goto("/console/new?type=company&provider=ai-normalizer")
    page.fill("#size", "2")
    page.click("#pilot")
    page.wait_for_url("**/console/jobs/*-*")
    job = page.url
    # Cancelled, unless the worker comes to its end first.
    page.goto(f"{job}/cancel")
    if page.locator("#confirm").count():
        with page.expect_navigation():
            page.click("#confirm")
    page.goto(job)
    while not page.locator("#to-pilot").count():
        page.wait_for_timeout(200)
        page.reload()
    return str(page.locator("#to-pilot").get_attribute("href"))


def polls(page: Any, path: str, count: int) -> None:
    """Wait for as many live updates of a page."""
    for _ in range(count):
        with page.expect_response(lambda answer: answer.url.endswith(path) and "hx-request" in answer.request.headers):
            pass


def test_a_running_job_is_watched_without_losing_ones_place(open_page: OpenPage, trouble: list[str]) -> None:
    """Numbers grow by themselves; what is open stays open, what has the focus keeps it."""
    page = open_page()
    path = job_of(page, "people")
    page.goto(path)
    before = page.locator("#job .legend").inner_text()
    page.click("#options summary")
    page.focus("#do-cancel")
    polls(page, path, 3)
    page.wait_for_function(
        "before => document.querySelector('#job .legend').innerText !== before", arg=before, timeout=120_000
    )
    assert page.locator("#options").get_attribute("open") is not None
    assert page.evaluate("document.activeElement.id") == "do-cancel"
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(5000)
    # One may have been under way.
    assert len(asked) <= 1 and trouble == []


@pytest.mark.parametrize("path", ["/console", "/console/jobs"])
def test_what_changes_by_itself_takes_nothing_away(open_page: OpenPage, trouble: list[str], path: str) -> None:
    """Over three updates the focus, a selection, what is open and what was chosen but not sent stay."""
    page = open_page()
    page.goto(path)
    page.evaluate(PREPARE)
    before = page.evaluate(STATE)
    assert before["selected"] and before["focus"]
    for _ in range(3):
        with page.expect_response(lambda answer: "hx-request" in answer.request.headers):
            page.evaluate("htmx.trigger(document.querySelector('[data-poll]'), 'poll')")
        page.wait_for_timeout(100)
    assert page.evaluate(STATE) == before and trouble == []


PREPARE = """() => {
  const part = document.querySelector("[data-poll]");
  for (const details of part.querySelectorAll("details")) details.open = true;
  const heading = part.querySelector("h2, caption");
  getSelection().selectAllChildren(heading);
  part.querySelector("a").focus();
  const select = document.querySelector("#filter");
  if (select) select.selectedIndex = 2;
}"""
STATE = """() => ({
  selected: getSelection().toString(),
  focus: document.activeElement.href,
  open: [...document.querySelectorAll("details")].map(details => details.open),
  chosen: document.querySelector("#filter")?.value,
})"""


# There are some ninety screens, each looked at four times; two processes share them.
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("half", [0, 1], ids=["first", "second"])
def test_each_screen_is_accessible_and_fits(
    open_page: OpenPage, trouble: list[str], axe: str, pictures: Path | None, half: int
) -> None:
    """No violation that axe knows of, nothing wider than the window, and nothing on it does anything by itself."""
    page, found = open_page(), []
    page.goto("/console/lists")
    list_path = page.locator("table.rows tbody a").first.get_attribute("href")
    page.goto("/console/users")
    user_path = page.locator("table.rows tbody a").first.get_attribute("href")
    known = {
        "key_id": [new_key(page)],
        "user_id": [user_path.rpartition("/")[2]],
        "job_id": [job_of(page, "people").rpartition("/")[2]],
        "list_id": [list_path.rpartition("/")[2]],
        "entity_id": ["0-evil"],
        "webhook_id": [WEBHOOK_ID],
    }
    page.goto("/console/people/export")
    page.click("#background button")
    app = create_app(Config(DATABASE_URL="sqlite://", TESTING=True, LOG_LEVEL="WARNING"))
    # What is looked at is not to change meanwhile.
    page.evaluate("localStorage.setItem('tranche-live', 'off')")
    for path in [*screens(app, known), f"{list_path}?counted", new_pilot(page)][half::2]:
        page.goto(path)
        if path.endswith("?counted"):
            page.click("#count")
            page.wait_for_selector("text=Counted over")
        page.evaluate(axe)
        for width, scheme in product((390, 1280), ("light", "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            if pictures is not None:
                name = re.sub(r"[^\w]+", "-", path.removeprefix("/"))[:80]
                page.screenshot(path=pictures / f"{name}-{width}-{scheme}.png", full_page=True)
            is_first = (width, scheme) == (390, "light")
            result = page.evaluate("rules => axe.run({runOnly: rules})", RULES if is_first else OF_LOOKS)
            where = f"{path} {width} {scheme}"
            found += [(where, one["id"], [node["html"] for node in one["nodes"]]) for one in result["violations"]]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append((where, "wider than the window", []))
    assert found == [], json.dumps(found, indent=1)
    # The browser itself says so of a page that is not there, or that cannot be used now.
    assert [line for line in trouble if "Failed to load resource" not in line] == []
    trouble.clear()


def test_the_keyboard_is_enough_to_make_a_job(open_page: OpenPage, trouble: list[str]) -> None:
    """Keys lead to the screens and through rows; a form is filled in and sent."""
    page = open_page()
    page.goto("/console")
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("j")
    page.wait_for_url("**/console/jobs")
    page.keyboard.press("j")
    assert "/console/jobs/" in page.evaluate("document.activeElement.href")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "filter"
    page.goto("/console/new")
    hand = Keyboard(page)
    hand.choose('select[name="provider"]', "ai-n")
    hand.write('input[name="limit"]', "3")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm")
    page.focus("#cap")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/jobs/*-*")
    assert page.locator("h1").inner_text().startswith("3 people through ai-normalizer")
    assert trouble == []

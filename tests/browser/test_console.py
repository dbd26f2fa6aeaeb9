"""The console as people use it: it lives, keeps out of their way, takes the keyboard, and runs nobody else's words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCREENS = {
    "overview": "/console",
    "jobs": "/console/jobs",
    "companies": "/console/companies?missing=headcount",
    "company": "/console/companies/0-evil",
    "new": "/console/new",
    "estimate": "/console/new?type=person&missing=email&limit=50&provider=waterfall",
    "erase": "/console/companies/0-evil/erase",
    "import": "/console/import",
    "export": "/console/people/export",
    "exclusions": "/console/exclusions",
    "costs": "/console/costs?by=day",
    "providers": "/console/providers",
    "process": "/console/process",
    "missing": "/console/jobs/00000000-0000-0000-0000-000000000000",
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

OpenPage = Callable[..., Any]


def job_of(page: Any, name: str) -> str:
    """Return the path of a job by its link on the overview."""
    page.goto("/console")
    return str(page.get_by_role("link", name=name).first.get_attribute("href"))


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_each_screen_is_accessible_and_fits(
    open_page: OpenPage, trouble: list[str], axe: str, pictures: Path, width: int, scheme: str
) -> None:
    """No violation that axe knows of, nothing wider than the window, and nothing on it does anything by itself."""
    page = open_page(width, scheme)
    found = []
    job = job_of(page, "people")
    for name, path in {**SCREENS, "job": job, "errors": f"{job}/errors", "retry": f"{job}/retry"}.items():
        page.goto(path)
        page.screenshot(path=pictures / f"{name}-{width}-{scheme}.png", full_page=True)
        page.evaluate(axe)
        result = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
        found += [(name, one["id"], [node["html"] for node in one["nodes"]]) for one in result["violations"]]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((name, "wider than the window", []))
    assert found == [], json.dumps(found, indent=1)
    # The browser itself says so of the page that is not there.
    assert [line for line in trouble if "404" not in line] == []
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
    page.focus("#filter")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.type("ai-n")
    page.keyboard.press("Tab")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm")
    page.focus("#cap")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/jobs/*-*")
    assert page.locator("h1").inner_text().startswith("3 people through ai-normalizer")
    assert trouble == []

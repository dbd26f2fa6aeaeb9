"""The README and the pages in docs/ state what is true: settings, commands, error codes."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from app.cli.group import MODULES, ExitCode
from app.config import Config
from app.errors import AppError
from app.providers.defaults import DEFAULTS
from app.providers.settings import parse_limits

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
"""Every page for readers, by its path."""


def test_the_settings_table_lists_exactly_the_settings() -> None:
    """A new setting comes with its row, with its default."""
    section = PAGES["docs/settings.md"].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`|[a-z ]+) \|", section, flags=re.MULTILINE))
    settings = {
        setting.name: setting.default for setting in fields(Config) if setting.metadata.get("environment") is not False
    }
    assert set(rows) == set(settings)
    for name, default in settings.items():
        written = ",".join(default) if isinstance(default, tuple) else str(default)
        is_unset = default is False or default in (None, (), "")
        assert rows[name] == ("" if is_unset else written), name


def test_the_provider_table_lists_exactly_the_defaults() -> None:
    """Prices and limits are what caps and pacing go by, so the documents have the true ones."""
    section = PAGES["docs/settings.md"].split("| provider | prefix |")[1].split("\n\n")[0]
    rows = {row[0]: row[1:] for row in re.findall("^" + r"\| `([^`]*)` " * 6 + r"\|$", section, flags=re.MULTILINE)}
    assert list(rows) == list(DEFAULTS)
    for name, settings in DEFAULTS.items():
        prefix, price, credits, limits, timeout = rows[name]
        assert (prefix, price, timeout) == (
            settings.prefix,
            str(settings.usd_per_credit),
            f"{settings.timeout_seconds:g}",
        )
        assert credits == ", ".join(f"{operation}={number:f}" for operation, number in settings.credits.items())
        assert parse_limits(limits) == settings.limits


def test_every_command_that_is_named_exists() -> None:
    """`flask enrich X` and the rows of the command table are commands."""
    named = {name for page in PAGES.values() for name in re.findall(r"flask enrich ([a-z][a-z-]*)", page)}
    section = PAGES["docs/command-line.md"].split("\n## ")[0]
    for cell in re.findall(r"^\| (`.+?`) \|", section.replace("\\|", "/"), flags=re.MULTILINE):
        named |= {span.split()[0] for span in re.findall(r"`([a-z][^`]*)`", cell)}
    assert named == set(MODULES)


def test_every_error_code_is_listed() -> None:
    """Callers can rely on the list being closed."""
    section = PAGES["docs/api.md"].split("\n## Errors\n")[1].split("\n## ")[0]

    def codes(parent: type[AppError]) -> set[str]:
        return {parent.code}.union(*(codes(child) for child in parent.__subclasses__()))

    assert codes(AppError) <= set(re.findall(r"`([a-z_]+)`", section))


def test_every_exit_code_is_listed() -> None:
    """Scripts can rely on the list being closed; an interrupted command ends as the shell has it."""
    section = PAGES["docs/command-line.md"].split("Exit codes: ")[1].split("\n\n")[0]
    listed = {int(number) for number in re.findall(r"(?:^|;\s)(\d+) ", section)}
    assert listed == {int(code) for code in ExitCode} - {ExitCode.INTERRUPTED}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_between_pages_leads_somewhere(page: str) -> None:
    """A link names a file that is there and, after `#`, a heading in it."""
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", PAGES[page]):
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.is_file(), target
        if anchor:
            assert anchor in _anchors(file.read_text(encoding="utf-8")), target


def test_the_readme_leads_to_every_page() -> None:
    """A page that no reader is led to is not read."""
    assert {page for page in PAGES if f"]({page})" not in PAGES["README.md"]} == {"README.md"}


def test_the_readme_is_short() -> None:
    """It is for users; what is longer stands in docs/."""
    assert len(PAGES["README.md"].splitlines()) <= 250


def _anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

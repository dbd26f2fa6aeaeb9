"""The README states what is true: settings, commands, error codes."""

import re
from dataclasses import fields
from pathlib import Path

from app.cli import enrich
from app.config import Config
from app.errors import AppError
from app.providers.defaults import DEFAULTS
from app.providers.settings import parse_limits

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_settings_table_lists_exactly_the_settings() -> None:
    """A new setting comes with its row, with its default."""
    section = README.split("## Settings")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`|[a-z ]+) \|", section, flags=re.MULTILINE))
    settings = {
        setting.name: setting.default for setting in fields(Config) if setting.metadata.get("environment") is not False
    }
    assert set(rows) == set(settings)
    for name, default in settings.items():
        written = ",".join(default) if isinstance(default, tuple) else str(default)
        assert rows[name] == (written if default not in (None, (), False, "") else ""), name


def test_the_provider_table_lists_exactly_the_defaults() -> None:
    """Prices and limits are what caps and pacing go by, so the README has the true ones."""
    section = README.split("| provider | prefix |")[1].split("\n\n")[0]
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
    named = set(re.findall(r"flask enrich ([a-z]+)", README))
    section = README.split("## Command line")[1].split("\n## ")[0]
    for cell in re.findall(r"^\| (`.+?`) \|", section.replace("\\|", "/"), flags=re.MULTILINE):
        named |= {span.split()[0] for span in re.findall(r"`([a-z][^`]*)`", cell)}
    assert named == set(enrich.commands)


def test_every_error_code_is_listed() -> None:
    """Callers can rely on the list being closed."""
    section = README.split("## HTTP API")[1].split("\n## ")[0]

    def codes(parent: type[AppError]) -> set[str]:
        return {parent.code}.union(*(codes(child) for child in parent.__subclasses__()))

    assert codes(AppError) <= set(re.findall(r"`([a-z_]+)`", section))

"""The files that hosts read: each parses, and names only what is there."""

import re
from typing import Any

import yaml

from app.cli.group import MODULES
from app.config import PROJECT_ROOT


def text(name: str) -> str:
    """Return the text of a file of the project."""
    return (PROJECT_ROOT / name).read_text(encoding="utf-8")


def test_the_image_copies_what_is_there_and_runs_a_command_as_nobody() -> None:
    """Every path is let through by .dockerignore too; both stages have the same base."""
    dockerfile = text("Dockerfile")
    copied = [path for line in re.findall(r"^COPY (?!--)(.+)$", dockerfile, re.MULTILINE) for path in line.split()[:-1]]
    assert [path for path in copied if not (PROJECT_ROOT / path).exists()] == []
    assert {f"!{path}" for path in copied} <= set(text(".dockerignore").splitlines())
    assert len(set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))) == 1
    assert "USER 10001" in dockerfile
    assert re.findall(r'^CMD \["(\w+)"\]', dockerfile, re.MULTILINE) == ["serve"] and "serve" in MODULES


def test_compose_migrates_before_it_serves() -> None:
    """The service's commands exist, its root is read-only, and nothing starts before the tables are there."""
    services: dict[str, Any] = yaml.safe_load(text("compose.yaml"))["services"]
    assert set(services) == {"postgres", "migrate", "web", "worker"}
    ours = [service for service in services.values() if "build" in service]
    assert len(ours) == 3 and all(service["read_only"] for service in ours)
    assert {command for service in ours for command in service.get("command", [])} <= set(MODULES)
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_the_procfile_names_commands() -> None:
    """Of the group, or of Flask-Migrate."""
    lines = dict(line.split(": ", 1) for line in text("Procfile").splitlines())
    assert lines.pop("release") == "flask db upgrade"
    assert {command.removeprefix("flask enrich ") for command in lines.values()} <= set(MODULES)


def test_the_pinned_versions_are_of_every_dependency_and_name_no_host() -> None:
    """Each with its hashes, so that an image is the same wherever its parts come from."""
    pinned = text("docs/deploy/requirements.txt")
    named = set(re.findall(r"^([a-z0-9-]+)==", pinned, re.MULTILINE))
    needed = re.search(r"^dependencies = \[(.+?)^\]", text("pyproject.toml"), re.MULTILINE | re.DOTALL)
    assert needed is not None
    assert set(re.findall(r'"([a-z0-9-]+)', needed[1])) <= named
    assert "://" not in pinned and pinned.count("--hash=") >= len(named)

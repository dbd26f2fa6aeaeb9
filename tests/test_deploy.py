"""The files that hosts read: each parses, and names only what is there."""

import configparser
import re
import tomllib
from typing import Any

import yaml

from app.cli.group import MODULES, ExitCode
from app.config import PROJECT_ROOT


def text(name: str) -> str:
    """Return the text of a file of the project."""
    return (PROJECT_ROOT / name).read_text(encoding="utf-8")


def test_the_image_copies_what_is_there_and_runs_a_command_as_nobody() -> None:
    """Every path is let through by .dockerignore too; both stages have the same base."""
    dockerfile = text("Dockerfile")
    copied = [path for line in re.findall(r"^COPY (?!--)(.+)$", dockerfile, re.MULTILINE) for path in line.split()[:-1]]
    assert "docs/deploy/requirements-celery.txt" in copied
    assert [path for path in copied if not (PROJECT_ROOT / path).exists()] == []
    assert {f"!{path}" for path in copied} <= set(text(".dockerignore").splitlines())
    assert len(set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))) == 1
    assert "USER 10001" in dockerfile
    assert re.findall(r'^CMD \["(\w+)"\]', dockerfile, re.MULTILINE) == ["serve"] and "serve" in MODULES


def test_compose_migrates_before_it_serves() -> None:
    """The service's commands exist, its root is read-only, and nothing starts before the tables are there."""
    services: dict[str, Any] = yaml.safe_load(text("compose.yaml"))["services"]
    services = {name: service for name, service in services.items() if "profiles" not in service}
    assert set(services) == {"postgres", "migrate", "web", "worker"}
    ours = [service for service in services.values() if "build" in service]
    assert len(ours) == 3 and all(service["read_only"] for service in ours)
    assert {command for service in ours for command in service.get("command", [])} <= set(MODULES)
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_the_celery_profile_runs_what_celery_finds() -> None:
    """Workers and beat load a module that is there, wait for the tables, and write nowhere but to /tmp."""
    services: dict[str, Any] = yaml.safe_load(text("compose.yaml"))["services"]
    profile = {name: service for name, service in services.items() if service.get("profiles") == ["celery"]}
    assert set(profile) == {"valkey", "celery-worker", "celery-beat"}
    assert "noeviction" in profile.pop("valkey")["command"]
    for name, service in profile.items():
        program, _, module, command, *options = service["entrypoint"]
        assert (program, module, command) == ("celery", "app.celery_app", name.removeprefix("celery-"))
        assert service["read_only"] and service["tmpfs"] == ["/tmp"]
        assert set(service["depends_on"]) == {"migrate", "valkey"}
        assert [option for option in options if "=/" in option] in ([], ["--schedule=/tmp/beat"])
    assert (PROJECT_ROOT / "app" / "celery_app.py").exists()


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


def test_the_pinned_versions_of_celery_name_no_host() -> None:
    """They are of Celery and what it needs, each with its hashes."""
    pinned = text("docs/deploy/requirements-celery.txt")
    named = set(re.findall(r"^([a-z0-9-]+)==", pinned, re.MULTILINE))
    assert {"celery", "kombu", "redis", "packaging"} <= named
    assert "://" not in pinned and pinned.count("--hash=") >= len(named)


def unit(name: str) -> configparser.ConfigParser:
    """Return a systemd unit."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(text(f"docs/deploy/systemd/{name}"))
    return parser


def test_units_run_commands_and_take_paused_work_for_no_failure() -> None:
    """What stays is started again; one run that leaves paused work is as it should be."""
    commands = {name: unit(f"tranche-{name}.service")["Service"] for name in ("web", "worker", "process")}
    for service in commands.values():
        program, group, command, *_ = service["ExecStart"].split()
        assert (program, group) == ("/srv/tranche/.venv/bin/flask", "enrich") and command in MODULES
    assert all(commands[name]["Restart"] == "always" for name in ("web", "worker"))
    # They are asked for metrics together.
    assert len({commands[name]["Environment"] for name in ("web", "worker")}) == 1
    assert commands["process"]["SuccessExitStatus"] == str(int(ExitCode.PAUSED))
    assert unit("tranche-process.timer")["Install"]["WantedBy"] == "timers.target"


def test_hosts_that_build_the_image_run_commands() -> None:
    """Of Render and Fly."""
    services = yaml.safe_load(text("docs/deploy/render.yaml"))["services"]
    web, worker = services
    assert web["preDeployCommand"] == "tranche upgrade" and web["healthCheckPath"] == "/readyz"
    assert worker["dockerCommand"].removeprefix("tranche ") in MODULES
    fly = tomllib.loads(text("docs/deploy/fly.toml"))
    assert {fly["deploy"]["release_command"], *fly["processes"].values()} <= set(MODULES)
    assert (PROJECT_ROOT / "docs" / "deploy" / fly["build"]["dockerfile"]).resolve() == PROJECT_ROOT / "Dockerfile"
    assert str(fly["http_service"]["internal_port"]) == fly["env"]["PORT"]


def test_manifests_run_commands_as_nobody_and_scale_by_the_view() -> None:
    """Every file that a kustomization names is there; a stop has the time that a worker needs."""
    folder = PROJECT_ROOT / "docs" / "deploy" / "kubernetes"
    manifests: list[dict[str, Any]] = []
    for part in ("base", "keda"):
        named = yaml.safe_load((folder / part / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
        for path in (folder / part / name for name in named):
            manifests += [] if path.is_dir() else yaml.safe_load_all(path.read_text(encoding="utf-8"))
    pods = [manifest["spec"]["template"]["spec"] for manifest in manifests if "template" in manifest["spec"]]
    assert len(pods) == 3
    for pod in pods:
        (container,) = pod["containers"]
        assert set(container["args"]) <= set(MODULES)
        assert pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
    (scaled,) = [manifest for manifest in manifests if manifest["kind"] == "ScaledObject"]
    (trigger,) = scaled["spec"]["triggers"]
    assert trigger["metadata"]["query"] == "SELECT workers_wanted FROM tranche_backlog"
    names = {manifest["metadata"]["name"] for manifest in manifests if manifest["kind"] == "Deployment"}
    assert scaled["spec"]["scaleTargetRef"]["name"] in names

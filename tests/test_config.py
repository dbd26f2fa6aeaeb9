"""Settings: strict types, clear refusals, no secrets shown."""

import os
from pathlib import Path

import pytest

from app import create_app
from app.config import PROJECT_ROOT, Config, ConfigError
from tests.forks import Process
from tests.patience import PATIENCE_SECONDS


def test_defaults_are_usable() -> None:
    """Without any variable the service runs on a file of its own."""
    config = Config.from_env({})
    assert config == Config()
    assert config.is_sqlite and config.CRON_SECRET is None


def test_values_are_read_with_their_types() -> None:
    """Numbers, lists and flags; an empty variable counts as not set."""
    config = Config.from_env(
        {"ENRICH_CHUNK_SIZE": "7", "TRUSTED_HOSTS": "a.example, .b.example", "LOG_LEVEL": "", "UNKNOWN": "x"}
    )
    assert (config.ENRICH_CHUNK_SIZE, config.TRUSTED_HOSTS) == (7, ("a.example", ".b.example"))
    assert config.LOG_LEVEL == "INFO"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_database_urls_are_taken_in_the_usual_spellings(given: str, stored: str) -> None:
    """Heroku and others write postgres://."""
    taken = Config.from_env({"DATABASE_URL": given}).DATABASE_URL
    assert taken == stored


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENRICH_CHUNK_SIZE", "0"),
        ("ENRICH_CHUNK_SIZE", "1001"),
        ("ENRICH_CHUNK_SIZE", "1_0"),
        ("ENRICH_CHUNK_SIZE", "１２"),
        ("ENRICH_TIME_BUDGET", "1e3"),
        ("ENRICH_JOB_KEEP_DAYS", "89"),
        ("ENRICH_LEASE_SECONDS", "-5"),
        ("ENRICH_CONCURRENCY", " 7 "),
        ("DATABASE_URL", "hunter2-no-url"),
        ("DATABASE_URL", "mysql://u:hunter2@h/d"),
        ("DATABASE_URL", "postgresql://u:p@h:hunter2/d"),
        ("DATABASE_URL", "sqlite://u:hunter2@h/d"),
        ("CRON_SECRET", "hunter2"),
        ("CRON_SECRET", "hunter2 with spaces in it"),
        ("CRON_SECRET", "hünter2-and-long-enough"),
        ("SECRET_KEY", "hunter2"),
        ("LOG_LEVEL", "hunter2"),
        ("LOG_FORMAT", "xml"),
        ("CRON_SECRET_FILE", "/nowhere/hunter2"),
        ("CELERY_BROKER_URL", "valkey://:hunter2@h/0"),
        ("CELERY_BROKER_URL", "redis://:hunter2@h/0 "),
    ],
)
def test_a_bad_value_is_refused_by_name_and_not_repeated(name: str, value: str) -> None:
    """The value may be a secret, or most of one."""
    with pytest.raises(ConfigError) as raised:
        Config.from_env({name: value})
    assert str(raised.value).startswith(f"{name}: expected")
    assert "hunter2" not in str(raised.value)


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    """As Docker and systemd hand them over."""
    (tmp_path / "secret").write_text("a-long-enough-secret\n")
    assert Config.from_env({"CRON_SECRET_FILE": str(tmp_path / "secret")}).CRON_SECRET == "a-long-enough-secret"


def test_the_folder_of_a_checkout_is_its_instance_folder_unless_told_otherwise() -> None:
    """TRANCHE_HOME names another."""
    assert Config().home == PROJECT_ROOT / "instance"
    assert Config.from_env({"TRANCHE_HOME": "~/elsewhere"}).home == Path.home() / "elsewhere"


def test_an_installed_package_keeps_nothing_beside_its_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data and `.env` are in a folder of the user's."""
    (tmp_path / "app" / "migrations").mkdir(parents=True)
    monkeypatch.setattr("app.config._PACKAGE", tmp_path / "app")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    home = tmp_path / "data" / "tranche"
    home.mkdir(parents=True)
    (home / ".env").write_text("LOG_LEVEL=ERROR\n", encoding="utf-8")
    config = Config.from_env()
    assert (config.home, config.LOG_LEVEL) == (home, "ERROR")


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    """A file stands there."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"^TRANCHE_HOME: expected a folder"):
        create_app(Config(TRANCHE_HOME=str(tmp_path / "file")))


def test_secrets_are_not_in_the_repr() -> None:
    """A settings object in a log or a traceback gives nothing away."""
    config = Config(
        DATABASE_URL="postgresql://u:hunter2@h/d",
        CRON_SECRET="hunter2-hunter2-hunter2",
        CELERY_BROKER_URL="redis://:hunter2@h/0",
    )
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"VERCEL": "1"}, "tranche: DATABASE_URL: expected a postgresql:// URL; Vercel's file system is read-only"),
        ({"ENRICH_CHUNK_SIZE": "many"}, "tranche: ENRICH_CHUNK_SIZE: expected a whole number"),
    ],
)
@pytest.mark.parametrize("command", [["flask", "enrich", "jobs"], ["wsgi"]])
def test_a_bad_setting_stops_the_start_with_one_line(command: list[str], variables: dict[str, str], line: str) -> None:
    """Neither a traceback nor a service that half works."""
    with Process(command, {**os.environ, **variables}) as process:
        _, errors = process.communicate(PATIENCE_SECONDS)
        assert process.returncode == 3
    assert errors.startswith(line) and errors.count("\n") == 1

"""Settings: the only place that reads the environment.

Every setting is read once, at start, by a strict type. A bad value stops the
start with the variable's name and what was expected, never with the value,
which may be a secret. `<NAME>_FILE` names a file to read the value from, as
Docker and systemd hand over secrets.
"""

import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from dotenv import dotenv_values
from flask import current_app
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DEFAULT_DATABASE_URL = "sqlite:///tranche.db"


class ConfigError(Exception):
    """A setting has a value that the service cannot start with."""


def _whole_number(minimum: int, maximum: int) -> dict[str, Any]:
    return {"minimum": minimum, "maximum": maximum}


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of one application, validated when made.

    Raises `ConfigError` naming the setting whose value is not acceptable.
    """

    DATABASE_URL: str = field(default=DEFAULT_DATABASE_URL, repr=False)
    """SQLAlchemy URL. A relative SQLite path is taken from the instance folder."""
    CRON_SECRET: str | None = field(default=None, repr=False)
    """Bearer token of the cron webhook; 16 to 256 printable ASCII characters. Unset: that door is shut."""
    SECRET_KEY: str | None = field(default=None, repr=False)
    """Flask's signing key; 16 characters or more. Nothing is signed yet."""
    ENRICH_CHUNK_SIZE: int = field(default=50, metadata=_whole_number(1, 1000))
    """Entities a chunk, where a job does not say otherwise."""
    ENRICH_TIME_BUDGET: int = field(default=25, metadata=_whole_number(1, 3600))
    """Seconds that one process call may take."""
    ENRICH_MAX_SECONDS: int = field(default=300, metadata=_whole_number(1, 3600))
    """The largest `maxSeconds` that a caller may ask for."""
    ENRICH_LEASE_SECONDS: int = field(default=60, metadata=_whole_number(1, 3600))
    """Seconds after its last checkpoint that a chunk may be taken over. Must outlive one provider call."""
    ENRICH_CONCURRENCY: int = field(default=10, metadata=_whole_number(1, 500))
    """Entities of one chunk that are worked on at once."""
    DATABASE_POOL_SIZE: int = field(default=10, metadata=_whole_number(1, 200))
    """PostgreSQL connections one process may hold; at least the threads of a gunicorn worker."""
    IMPORT_MAX_MEGABYTES: int = field(default=256, metadata=_whole_number(1, 4096))
    """The largest CSV file taken over HTTP."""
    TRUSTED_HOSTS: tuple[str, ...] = ()
    """Host names that are answered, separated by commas; `.example.com` covers subdomains. Empty: any."""
    LOG_LEVEL: str = field(default="INFO", metadata={"choices": ("DEBUG", "INFO", "WARNING", "ERROR")})
    """Least severe log line that is written."""
    LOG_FORMAT: str = field(default="json", metadata={"choices": ("json", "console")})
    """`json`, one object a line, or `console`."""
    VERCEL: bool = False
    """Set by the platform. The file system is read-only there, so SQLite is refused."""
    TESTING: bool = field(default=False, metadata={"environment": False})
    """Flask's flag for tests; not read from the environment."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            _check(setting.name, getattr(self, setting.name), setting.metadata)
        object.__setattr__(self, "DATABASE_URL", _database_url(self.DATABASE_URL, on_vercel=self.VERCEL))
        _check_secret("CRON_SECRET", self.CRON_SECRET)
        _check_secret("SECRET_KEY", self.SECRET_KEY)

    @classmethod
    def from_env(cls, environment: dict[str, str] | None = None) -> Self:
        """Read every setting from the environment, then from `.env` in the project folder.

        A variable that is set but empty counts as not set. Raises `ConfigError`.
        """
        if environment is None:
            dotenv = {name: value for name, value in dotenv_values(PROJECT_ROOT / ".env").items() if value is not None}
            environment = {**dotenv, **os.environ}
        values: dict[str, Any] = {}
        for setting in fields(cls):
            if setting.metadata.get("environment") is False:
                continue
            text = _read(environment, setting.name)
            if text:
                values[setting.name] = _parse(setting.name, text, setting.default)
        return cls(**values)

    def flask_settings(self) -> dict[str, Any]:
        """Return the settings under the names that Flask and its extensions know."""
        return {
            "TESTING": self.TESTING,
            "SECRET_KEY": self.SECRET_KEY,
            "SQLALCHEMY_DATABASE_URI": self.DATABASE_URL,
            "TRUSTED_HOSTS": list(self.TRUSTED_HOSTS) or None,
            "TRANCHE": self,
        }

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite."""
        return make_url(self.DATABASE_URL).get_backend_name() == "sqlite"


def config() -> Config:
    """Return the settings of the current application."""
    found: Config = current_app.config["TRANCHE"]
    return found


def _read(environment: dict[str, str], name: str) -> str | None:
    path = environment.get(f"{name}_FILE")
    if not path:
        return environment.get(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{name}_FILE: expected the path of a readable text file") from exc


def _parse(name: str, text: str, default: object) -> Any:
    if isinstance(default, bool):
        return text.strip().lower() not in {"", "0", "false", "no"}
    if isinstance(default, int):
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise ConfigError(f"{name}: expected a whole number in digits")
        return int(text)
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _check(name: str, value: object, rules: Any) -> None:
    if "minimum" in rules and not (type(value) is int and rules["minimum"] <= value <= rules["maximum"]):
        raise ConfigError(f"{name}: expected a whole number from {rules['minimum']} to {rules['maximum']}")
    if "choices" in rules and value not in rules["choices"]:
        raise ConfigError(f"{name}: expected one of {', '.join(rules['choices'])}")


def _check_secret(name: str, value: str | None) -> None:
    # Vercel refuses to build with a secret that has outer spaces or is not ASCII, and headers cannot carry it.
    if value is not None and not re.fullmatch(r"[!-~]{16,256}", value):
        raise ConfigError(f"{name}: expected 16 to 256 printable ASCII characters without spaces")


def _database_url(text: str, *, on_vercel: bool) -> str:
    # Heroku and Vercel write postgres://, which SQLAlchemy does not know.
    text = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text)
    try:
        backend = make_url(text).drivername
    except ArgumentError as exc:
        raise ConfigError("DATABASE_URL: expected a URL such as postgresql://user:password@host/name") from exc
    if backend not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise ConfigError("DATABASE_URL: expected a sqlite:// or postgresql:// URL")
    if on_vercel and backend.startswith("sqlite"):
        raise ConfigError(
            "DATABASE_URL: expected a postgresql:// URL; Vercel's file system is read-only, so SQLite cannot work there"
        )
    return text

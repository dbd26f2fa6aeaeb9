"""Settings: the only place that reads the environment.

Every setting is read once, at start, by a strict type. A bad value stops the
start with the variable's name and what was expected, never with the value,
which may be a secret. `<NAME>_FILE` names a file to read the value from, as
Docker and systemd hand over secrets.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from flask import current_app
from platformdirs import user_data_path
from sqlalchemy.engine import make_url

from app.database_url import read_database_url
from app.dotenv_file import MAX_VALUE_CHARACTERS, read_dotenv
from app.entities.policies import parse_policies
from app.oidc_settings import OidcSettings, check_single_sign_on, read_url
from app.providers.defaults import DEFAULTS
from app.providers.settings import MICROS, ExhaustionPolicy, ProviderSettings, parse_limits

_PACKAGE = Path(__file__).resolve().parent
PROJECT_ROOT = _PACKAGE.parent
DEFAULT_DATABASE_URL = "sqlite:///tranche.db"


class ConfigError(Exception):
    """A setting has a value that the service cannot start with."""


def shipped(name: str) -> Path:
    """Return where a file or folder of the project is: beside the package in a checkout, inside it in a wheel."""
    inside = _PACKAGE / name
    return inside if inside.exists() else PROJECT_ROOT / name


def is_installed() -> bool:
    """Return whether this is a wheel's package, and not a checkout's."""
    return shipped("migrations").parent == _PACKAGE


def _check_broker(text: str) -> None:
    # Whatever else there may be in it: user and password, a vhost, options.
    if not re.fullmatch(r"(redis|rediss|amqp|amqps)://[!-~]+", text):
        raise ValueError("expected a URL such as redis://host:6379/0 or amqp://user:password@host/vhost")


def _check_number(value: object, minimum: int, maximum: int) -> None:
    # `True` is an int too.
    if type(value) is not int or not minimum <= value <= maximum:
        raise ValueError(f"expected a whole number from {minimum} to {maximum}")


def _check_choice(value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"expected one of {', '.join(choices)}")


def _check_dollars(value: object) -> None:
    if not isinstance(value, Decimal) or not 0 <= value < 10_000_000:
        raise ValueError("expected an amount of dollars, or none")


def _check_names(value: Any, choices: tuple[str, ...] | None) -> None:
    is_known = choices is None or set(value) <= set(choices)
    if not value or len(set(value)) != len(value) or not is_known:
        of_what = f"of {', '.join(choices)}" if choices else "of fields"
        raise ValueError(f"expected one or more {of_what}, separated by commas, each once")


def _whole_number(minimum: int, maximum: int) -> dict[str, Any]:
    return {"check": partial(_check_number, minimum=minimum, maximum=maximum)}


def _choice(*choices: str) -> dict[str, Any]:
    return {"check": partial(_check_choice, choices=choices)}


def _names(choices: tuple[str, ...] | None = None) -> dict[str, Any]:
    return {"check": partial(_check_names, choices=choices)}


_DOLLARS: Final = {"is_dollars": True, "check": _check_dollars}
_URL: Final = {"check": read_url}
_WATERFALL: Final = tuple(DEFAULTS)


@contextmanager
def _naming(setting: str = "") -> Iterator[None]:
    """Make what a reader of values complains of an error of the settings."""
    try:
        yield
    except ValueError as exc:
        raise ConfigError(f"{setting}{exc}") from None


@dataclass(frozen=True, kw_only=True)
class Config(OidcSettings):
    """All settings of one application, validated when made.

    Raises `ConfigError` naming the setting whose value is not acceptable.
    """

    DATABASE_URL: str = field(default=DEFAULT_DATABASE_URL, repr=False)
    """SQLAlchemy URL. A relative SQLite path is taken from the service's own folder, `home`."""
    TRANCHE_HOME: str | None = None
    """The service's own folder; None: `instance` in a checkout, else `tranche` among the user's data."""
    CRON_SECRET: str | None = field(default=None, repr=False)
    """Bearer token of the cron webhook; 16 to 256 printable ASCII characters. Unset: it refuses every call."""
    SECRET_KEY: str | None = field(default=None, repr=False)
    """Signs the addresses that callbacks go to, and encrypts the keys of workspaces; 16 characters or more."""
    SECRET_KEY_FALLBACKS: tuple[str, ...] = field(default=(), repr=False, metadata={"separator": None})
    """Former values of `SECRET_KEY`, which still open what was made with them."""
    SECRET_KEY_LASTS: bool = field(default=True, metadata={"environment": False})
    """Whether `SECRET_KEY` was set, and not made up for as long as this process runs."""
    ENRICH_CHUNK_SIZE: int = field(default=50, metadata=_whole_number(1, 1000))
    """Entities in a chunk, unless a job says otherwise."""
    ENRICH_TIME_BUDGET: int = field(default=25, metadata=_whole_number(1, 3600))
    """Seconds that one process call may take."""
    ENRICH_MAX_SECONDS: int = field(default=300, metadata=_whole_number(1, 3600))
    """The largest `maxSeconds` that a caller may ask for."""
    ENRICH_LEASE_SECONDS: int = field(default=60, metadata=_whole_number(1, 3600))
    """Seconds after its last checkpoint until a chunk may be taken over. Must outlast one provider call."""
    ENRICH_CONCURRENCY: int = field(default=50, metadata=_whole_number(1, 500))
    """The most calls that one process has under way at once."""
    ENRICH_DAILY_CAP_USD: Decimal | None = field(default=Decimal(10), metadata=_DOLLARS)
    """Dollars that all jobs together may spend on one day (UTC); None: no cap."""
    ENRICH_WORKSPACE_DAILY_CAP_USD: Decimal | None = field(default=None, metadata=_DOLLARS)
    """Dollars that the jobs of one workspace may spend on one day."""
    ENRICH_JOB_CAP_USD: Decimal | None = field(default=None, metadata=_DOLLARS)
    """Dollars that a job may spend, unless its request says otherwise."""
    ENRICH_PERSON_WATERFALL: tuple[str, ...] = field(
        default=("findymail", "prospeo", "leadmagic"), metadata=_names(_WATERFALL)
    )
    """The providers of a person, in the order in which they are asked."""
    ENRICH_COMPANY_WATERFALL: tuple[str, ...] = field(default=("aiark", "firecrawl"), metadata=_names(_WATERFALL))
    """The providers of a company, in the order in which they are asked."""
    ENRICH_PERSON_UNTIL: tuple[str, ...] = field(default=("email",), metadata=_names())
    """The fields of a person that end the waterfall when all of them have a value."""
    ENRICH_COMPANY_UNTIL: tuple[str, ...] = field(default=("industry", "headcount", "description"), metadata=_names())
    """The fields of a company that end the waterfall when all of them have a value."""
    ENRICH_VERIFIER: str | None = field(default=None, metadata=_choice("leadmagic", "findymail"))
    """The provider that checks a found address before it is written; None: no check."""
    ENRICH_SUCCESS_TTL_DAYS: int = field(default=90, metadata=_whole_number(0, 3650))
    """Days until a provider that gave something is asked again about the same entity."""
    ENRICH_NOT_FOUND_TTL_DAYS: int = field(default=30, metadata=_whole_number(0, 3650))
    """Days until a provider that had nothing is asked again with the same input."""
    ENRICH_RAW_ANSWER_DAYS: int = field(default=90, metadata=_whole_number(0, 3650))
    """Days that the raw answers of providers are kept; 0: they are not stored."""
    ENRICH_JOB_KEEP_DAYS: int = field(default=0, metadata=_whole_number(0, 36500))
    """Days that ended jobs are kept, with their chunks, attempts and errors; 0: for ever."""
    ENRICH_HISTORY_KEEP_DAYS: int = field(default=0, metadata=_whole_number(0, 36500))
    """Days that the history of entities is kept: who changed a field, and what stood there before; 0: for ever."""
    AUDIT_KEEP_DAYS: int = field(default=400, metadata=_whole_number(0, 36500))
    """Days that the events of the audit log are kept; 0: for ever."""
    EXPORT_KEEP_DAYS: int = field(default=7, metadata=_whole_number(1, 365))
    """Days that the file of an export that was written in the background is kept."""
    ENRICH_MERGE_POLICIES: str = field(default="", metadata={"check": parse_policies})
    """Which fields providers may replace or never write, such as `person.job_title=replace, person.email=never`."""
    PUBLIC_URL: str | None = field(default=None, metadata=_URL)
    """The service's address from outside, for answers that come by callback."""
    PROVIDERS: Mapping[str, ProviderSettings] = field(
        default_factory=lambda: MappingProxyType(dict(DEFAULTS)), metadata={"environment": False}
    )
    """Keys, addresses, prices and limits of each provider, read from the variables that begin with its prefix."""
    DATABASE_POOL_SIZE: int = field(default=10, metadata=_whole_number(1, 200))
    """PostgreSQL connections one process may hold; at least the threads of a gunicorn worker."""
    DATABASE_PREPARED_STATEMENTS: str = field(default="auto", metadata=_choice("auto", "true", "false"))
    """Whether PostgreSQL keeps the plans of frequent statements; `auto`: if no pooler is in between."""
    CELERY_BROKER_URL: str | None = field(default=None, repr=False, metadata={"check": _check_broker})
    """The broker that hints for Celery's workers go to; None: nobody is told that there is work."""
    IMPORT_MAX_MEGABYTES: int = field(default=256, metadata=_whole_number(1, 4096))
    """The largest file taken over HTTP."""
    TRUSTED_HOSTS: tuple[str, ...] = ()
    """Host names that are answered, separated by commas; `.example.com` covers subdomains. Empty: any."""
    LOG_LEVEL: str = field(default="INFO", metadata=_choice("DEBUG", "INFO", "WARNING", "ERROR"))
    """Least severe log line that is written."""
    LOG_FORMAT: str = field(default="json", metadata=_choice("json", "console"))
    """`json`, one object a line, or `console`."""
    SENTRY_DSN: str | None = field(default=None, repr=False)
    """Where bugs are reported to, with the extra `[sentry]`; None: nowhere."""
    OTEL_EXPORTER_OTLP_ENDPOINT: str | None = field(default=None, repr=False, metadata=_URL)
    """Where traces are sent to by OTLP over HTTP, with the extra `[otel]`; None: nowhere."""
    WEBHOOK_ALLOW_PRIVATE: bool = False
    """Whether webhooks may go to addresses that are not of the public internet, and by http."""
    VERCEL: bool = False
    """Set by the platform. The file system is read-only there, so SQLite is refused."""
    TESTING: bool = field(default=False, metadata={"environment": False})
    """Flask's flag for tests; not read from the environment."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if "check" in setting.metadata and value is not None:
                with _naming(f"{setting.name}: "):
                    setting.metadata["check"](value)
        object.__setattr__(self, "DATABASE_URL", _database_url(self.DATABASE_URL, on_vercel=self.VERCEL))
        _check_secret("CRON_SECRET", self.CRON_SECRET)
        _check_secret("SECRET_KEY", self.SECRET_KEY)
        for former in self.SECRET_KEY_FALLBACKS:
            _check_secret("SECRET_KEY_FALLBACKS", former)
        _check_job_days(self.ENRICH_JOB_KEEP_DAYS, max(self.ENRICH_SUCCESS_TTL_DAYS, self.ENRICH_NOT_FOUND_TTL_DAYS))
        for settings in self.PROVIDERS.values():
            with _naming():
                settings.check()
        with _naming():
            check_single_sign_on(self, public_url=self.PUBLIC_URL, secret_key=self.SECRET_KEY)

    @classmethod
    def from_env(cls, environment: dict[str, str] | None = None) -> Self:
        """Read every setting from the environment, then from `.env` in the project folder or, installed, in `home`.

        A variable that is set but empty counts as not set. Raises `ConfigError`.
        """
        if environment is None:
            environment = {**_dotenv(_dotenv_path(dict(os.environ))), **os.environ}
        values: dict[str, Any] = {}
        for setting in fields(cls):
            if setting.metadata.get("environment") is False:
                continue
            text = _read(environment, setting.name)
            if text:
                values[setting.name] = _parse(setting.name, text, setting.default, setting.metadata)
        values["PROVIDERS"] = MappingProxyType(
            {name: _provider_settings(environment, default) for name, default in DEFAULTS.items()}
        )
        return cls(**values)

    @property
    def merge_policies(self) -> Mapping[str, Mapping[str, Any]]:
        """By entity type and field, what a provider's value may do to the one that stands there."""
        return parse_policies(self.ENRICH_MERGE_POLICIES)

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
    def secret_keys(self) -> tuple[str, ...]:
        """`SECRET_KEY` and its former values, the one in use first; empty if it is not set."""
        return (self.SECRET_KEY, *self.SECRET_KEY_FALLBACKS) if self.SECRET_KEY is not None else ()

    @property
    def home(self) -> Path:
        """The service's own folder: its SQLite file, and what commands make if they are not told where."""
        return _home(self.TRANCHE_HOME)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite."""
        return make_url(self.DATABASE_URL).get_backend_name() == "sqlite"


def config() -> Config:
    """Return the settings of the current application."""
    current: Config = current_app.config["TRANCHE"]
    return current


def _home(setting: str | None) -> Path:
    if setting:
        return Path(setting).expanduser().absolute()
    return user_data_path("tranche", appauthor=False) if is_installed() else PROJECT_ROOT / "instance"


def _dotenv_path(environment: dict[str, str]) -> Path:
    return (_home(_read(environment, "TRANCHE_HOME")) if is_installed() else PROJECT_ROOT) / ".env"


def _dotenv(path: Path) -> dict[str, str]:
    with _naming(f"{path.name}: "):
        return read_dotenv(path)


def _read(environment: dict[str, str], name: str) -> str | None:
    path = environment.get(f"{name}_FILE")
    if not path:
        return environment.get(name)
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(MAX_VALUE_CHARACTERS + 1)
    except (OSError, ValueError) as exc:
        raise ConfigError(f"{name}_FILE: expected the path of a readable text file") from exc
    if len(text) > MAX_VALUE_CHARACTERS:
        raise ConfigError(f"{name}_FILE: expected a file of at most {MAX_VALUE_CHARACTERS:,} characters")
    return text.strip()


def _provider_settings(environment: dict[str, str], default: ProviderSettings) -> ProviderSettings:
    """Return a provider's settings: what the environment says, and the defaults for the rest."""
    values: dict[str, Any] = {}
    readers: dict[str, Callable[[str], Any]] = {
        **_PROVIDER_OPTIONS,
        "CREDITS": partial(_parse_credits, default=default.credits),
    }
    for option, parse in readers.items():
        name = f"{default.prefix}_{option}"
        if text := _read(environment, name):
            with _naming(f"{name}: "):
                values[option.lower()] = parse(text.strip())
    options = {name: _read(environment, f"{default.prefix}_{name}") or value for name, value in default.options.items()}
    return replace(default, **values, options=MappingProxyType(options))


def _parse_key(text: str) -> str:
    if not re.fullmatch(r"[!-~]{1,512}", text):
        raise ValueError("expected 1 to 512 printable ASCII characters without spaces")
    return text


def _parse_credits(text: str, default: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    expected = f"expected prices in credits such as {', '.join(f'{name}={n}' for name, n in default.items())}"
    prices = dict(default)
    for part in text.split(","):
        name, equals, number = part.strip().partition("=")
        if not equals or name not in prices:
            raise ValueError(expected)
        prices[name] = _decimal(number)
    return MappingProxyType(prices)


def _parse_timeout(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= 600:
        raise ValueError("expected a whole number from 1 to 600")
    return float(text)


def _parse_on_exhausted(text: str) -> ExhaustionPolicy:
    if text not in list(ExhaustionPolicy):
        raise ValueError(f"expected one of {', '.join(ExhaustionPolicy)}")
    return ExhaustionPolicy(text)


def _decimal(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,9})?", text.strip()):
        raise ValueError("expected an amount in digits, such as 0.039")
    return Decimal(text.strip())


_PROVIDER_OPTIONS: Final[Mapping[str, Callable[[str], Any]]] = {
    "API_KEY": _parse_key,
    "BASE_URL": read_url,
    "USD_PER_CREDIT": _decimal,
    "LIMITS": parse_limits,
    "TIMEOUT_SECONDS": _parse_timeout,
    "ON_EXHAUSTED": _parse_on_exhausted,
}
"""What each provider's variables end with, beside the prices of its operations, `CREDITS`."""


def micros(dollars: Decimal | None) -> int | None:
    """Return dollars as whole micro-dollars, rounded down; None stays None."""
    return None if dollars is None else int(dollars * MICROS)


def _parse(name: str, text: str, default: object, rules: Mapping[str, Any]) -> Any:
    if "is_dollars" in rules:
        return _parse_dollars(name, text)
    if isinstance(default, bool):
        return text.strip().lower() not in {"", "0", "false", "no"}
    if isinstance(default, int):
        return _parse_number(name, text)
    if isinstance(default, tuple):
        # Secrets may have commas in them, but no spaces.
        return tuple(part.strip() for part in text.split(rules.get("separator", ",")) if part.strip())
    return text


def _parse_dollars(name: str, text: str) -> Decimal | None:
    if text.strip().lower() == "none":
        return None
    try:
        return _decimal(text)
    except ValueError:
        raise ConfigError(f"{name}: expected an amount of dollars in digits, such as 10 or 2.50, or none") from None


def _parse_number(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ConfigError(f"{name}: expected a whole number in digits")
    return int(text)


def _check_job_days(days: int, answer_days: int) -> None:
    """Refuse to forget jobs while what was answered in them counts: the same would be asked and paid for again."""
    if 0 < days < answer_days:
        raise ConfigError(
            f"ENRICH_JOB_KEEP_DAYS: expected 0, or at least the {answer_days} days for which answers count "
            "(ENRICH_SUCCESS_TTL_DAYS, ENRICH_NOT_FOUND_TTL_DAYS)"
        )


def _check_secret(name: str, value: str | None) -> None:
    # Vercel refuses to build with a secret that has outer spaces or is not ASCII, and headers cannot carry it.
    if value is not None and not re.fullmatch(r"[!-~]{16,256}", value):
        raise ConfigError(f"{name}: expected 16 to 256 printable ASCII characters without spaces")


def _database_url(text: str, *, on_vercel: bool) -> str:
    with _naming("DATABASE_URL: "):
        url = read_database_url(text)
    if on_vercel and url.startswith("sqlite"):
        raise ConfigError("DATABASE_URL: expected a postgresql:// URL; Vercel's file system is read-only for SQLite")
    return url

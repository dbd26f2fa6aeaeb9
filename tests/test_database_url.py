"""DATABASE_URL as panels and other tools write it: accepted if harmless, else refused by the parameter's name."""

import pytest

from app.config import Config, ConfigError

BASE = "postgresql://u:hunter2@h:6543/d"
STORED = "postgresql+psycopg://u:hunter2@h:6543/d"


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        # Supabase and Prisma, as Vercel hands them out; Neon; Render and Heroku; Aiven; PlanetScale; pgx; Rails; node.
        ("pgbouncer=true&connection_limit=1", ""),
        ("sslmode=require&supa=base-pooler.x", "sslmode=require"),
        ("pgbouncer=true&workaround=supabase-pooler.vercel", ""),
        ("schema=public&pool_timeout=0&socket_timeout=30&statement_cache_size=0", ""),
        ("sslmode=require&channel_binding=require", "sslmode=require&channel_binding=require"),
        ("sslmode=require&options=endpoint%3Dep-x", "sslmode=require&options=endpoint%3Dep-x"),
        ("ssl=true", "sslmode=require"),
        ("sslmode=no-verify&uselibpqcompat=true", "sslmode=require"),
        ("sslmode=verify-full&sslrootcert=system", "sslmode=verify-full&sslrootcert=system"),
        ("sslmode=require&sslaccept=accept_invalid_certs", "sslmode=require"),
        ("pool_max_conns=10&default_query_exec_mode=exec", ""),
        ("encoding=unicode&pool=5&prepared_statements=false", ""),
        ("connect_timeout=10&target_session_attrs=read-write", "connect_timeout=10&target_session_attrs=read-write"),
    ],
)
def test_parameters_that_change_nothing_are_left_out(parameters: str, kept: str) -> None:
    """What libpq knows is passed on, what other tools say of themselves is not."""
    assert (f"{STORED}?{kept}" if kept else STORED) == Config(DATABASE_URL=f"{BASE}?{parameters}").DATABASE_URL


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ("foo=hunter2", "the parameter foo is not taken"),
        ("schema=hunter2", "the parameter schema is not taken here; name the schema with ALTER ROLE"),
        ("search_path=hunter2", "the parameter search_path is not taken"),
        ("statement_timeout=5000", "the parameter statement_timeout is not taken"),
        ("sslaccept=strict", "the parameter sslaccept is not taken here; say sslmode="),
        ("autocommit=true", "the parameter autocommit is not taken"),
        ("prepare_threshold=0", "the parameter prepare_threshold is not taken"),
        ("sslmode=hunter2", "the parameter sslmode has a value"),
        ("target_session_attrs=hunter2", "the parameter target_session_attrs has a value"),
        ("sslmode=require&sslmode=prefer", "the parameter sslmode is there more than once"),
        ("sslnegotiation=direct", "the parameter sslnegotiation has a value"),
        ("service=hunter2", "the parameter service has a value"),
        ("port=hunter2", "expected parameters with values of their kind"),
        ("hunter2%20=x", "a parameter is not taken"),
    ],
)
def test_parameters_that_cannot_be_used_are_named(parameters: str, named: str) -> None:
    """By their names alone: values may be secrets."""
    with pytest.raises(ConfigError) as raised:
        Config(DATABASE_URL=f"{BASE}?{parameters}")
    assert str(raised.value).startswith(f"DATABASE_URL: {named}")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:hunter2@{'h' * 64}.example/d",
        f"postgresql://u:hunter2@{'h.' * 130}example/d",
        "postgresql://u:hunter2@h..example/d",
        f"postgresql://u:hunter2@/d?host=/{'h' * 120}",
        "postgresql://u:hunter2@h:65536/d",
        "postgresql://u:hunter2%00@h/d",
        "postgresql://u:hunter2\udcff@h/d",
        "sqlite:///hunter2.db?timeout=soon",
        "sqlite:///hunter2.db?mode=ro",
        "sqlite:///hunter2.db?isolation_level=x",
        "sqlite:///hunter2%00.db",
    ],
)
def test_an_address_that_cannot_be_one_is_refused(url: str) -> None:
    """At the start, and not as a bug at the first connection."""
    with pytest.raises(ConfigError) as raised:
        Config(DATABASE_URL=url)
    assert str(raised.value).startswith("DATABASE_URL: ") and "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg:///d",
        "postgresql+psycopg://u@[::1]:5432/d",
        "postgresql+psycopg://u@/d?host=/run/postgresql",
        "postgresql+psycopg://u@/d?host=h1:5432&host=h2:5433&target_session_attrs=read-write",
        "postgresql+psycopg://u:p%40ss@bücher.example/d",
        "sqlite://",
        "sqlite:///relative.db",
        "sqlite:///file:x.db?mode=ro&uri=true",
        "sqlite:////tmp/x.db?timeout=5",
    ],
)
def test_an_address_that_may_be_one_stays_as_it_is(url: str) -> None:
    """Nothing of it is rewritten without need."""
    assert url == Config(DATABASE_URL=f" {url}\n").DATABASE_URL

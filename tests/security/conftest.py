"""Fixtures of the security tests."""

from tests.fakes.fixtures import fake_server, shared_fake_server
from tests.http.conftest import cron, login, probe

__all__ = ["cron", "fake_server", "login", "probe", "shared_fake_server"]

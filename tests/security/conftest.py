"""Fixtures of the security tests."""

from tests.http.conftest import cron, login, probe

__all__ = ["cron", "login", "probe"]

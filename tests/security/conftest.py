"""Fixtures of the security tests."""

from tests.web.conftest import cron, login, probe

__all__ = ["cron", "login", "probe"]

"""Fixtures of the security tests."""

from tests.web.conftest import cron, login, probe, probed_app

__all__ = ["cron", "login", "probe", "probed_app"]

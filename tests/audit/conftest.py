"""Every door at hand: keys, users of the console, commands."""

from tests.cli.conftest import run_fixture
from tests.console.conftest import _cheap_hashes, signed_in

__all__ = ["_cheap_hashes", "run_fixture", "signed_in"]

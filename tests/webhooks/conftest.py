"""An application that may send webhooks to this machine."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from tests.aside import aside
from tests.receiver import Receiver, receiver

__all__ = ["Receiver", "aside", "receiver"]


@pytest.fixture
def context(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    """An application that may send to this machine, with its context pushed."""
    app = make_app(WEBHOOK_ALLOW_PRIVATE=True)
    with app.app_context():
        yield app

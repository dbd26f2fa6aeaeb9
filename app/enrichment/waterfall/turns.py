"""What each process does from time to time, however often it is called."""

import time

from flask import current_app


def is_turn(name: str, seconds: float) -> bool:
    """Return whether this process has not done something for so long, and count it as done."""
    key, now = f"tranche.{name}", time.monotonic()
    if now - current_app.extensions.get(key, -seconds) < seconds:
        return False
    current_app.extensions[key] = now
    return True

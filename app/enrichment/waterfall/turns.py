"""What each process does from time to time, however often it is called."""

import time

from flask import current_app


def is_turn(name: str, seconds: float) -> bool:
    """Return whether this process has not done something for so long, and count it as done."""
    done_at: dict[str, float] = current_app.extensions.setdefault("tranche.turns", {})
    now = time.monotonic()
    if now - done_at.get(name, -seconds) < seconds:
        return False
    done_at[name] = now
    return True

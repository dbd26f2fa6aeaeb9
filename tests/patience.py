"""How long tests wait for what must happen: however busy the machine is, and not so long that a hang goes unnoticed."""

from typing import Final

PATIENCE_SECONDS: Final = 300.0
"""For whatever ends by itself."""

CUT_OFF_SECONDS: Final = 2.0
"""The time of a call that nobody will answer. It must get to the server in it, or it is not in doubt."""

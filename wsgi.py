"""Where `flask`, gunicorn and Vercel find the application."""

import gc
import sys

from app import create_app
from app.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    # 3 is the command line's exit code for a bad setting, and the one on which gunicorn stops at once.
    print(f"tranche: {error}", file=sys.stderr)
    raise SystemExit(3) from None

# What has been loaded stays for good, so the collector need not look through it again and again: each time, every
# call under way would wait for that.
gc.freeze()

"""How gunicorn runs the service: `gunicorn` in this folder.

`PORT`, `WEB_CONCURRENCY` (processes) and `FORWARDED_ALLOW_IPS` are gunicorn's own variables.

The application is not preloaded: each worker makes its own after the fork. A pool of database
connections and a running event loop do not survive a fork, and a reload (HUP) picks up new code.
For the same reason nothing of the application is imported at the top of this file.
"""

import os
import re
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http import errors

wsgi_app = "wsgi:app"
# Process calls wait for providers most of the time; a sync worker past its timeout is killed in mid-chunk.
worker_class = "gthread"
threads = 8
# The main thread of a worker answers for it, so a long chunk does not count against this.
timeout = 60
# Above the time budget of a process call. TERM makes chunks stop well before (see below); a worker that
# ends after its number of requests gets no signal and lets calls run out.
graceful_timeout = 40
keepalive = 5
max_requests = 2000
max_requests_jitter = 200
# Its default place is $HOME, which containers may not have and two services of one user would share.
control_socket_disable = True
# A worker proves with a file that it is alive; on a slow disk that alone can look like a hang.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"


_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_own_folder: str | None = None


class DiscreetLogger(Logger):  # type: ignore[misc]  # the library has no types
    """Logs what gunicorn does, without quoting requests: a broken line may hold a key, a path somebody's address."""

    def warning(self, msg: Any, *args: Any, **options: Any) -> None:
        """Of a request that is none, say only from where it came."""
        text = str(msg)
        super().warning(text.partition(": ")[0] if text.startswith("Invalid request from ") else msg, *args, **options)

    def exception(self, msg: Any, *args: Any, **options: Any) -> None:
        """Of a request that failed outside of the application, say what failed and not its address."""
        is_about_request = str(msg).startswith("Error handling request")
        super().exception(*(("Error handling request",) if is_about_request else (msg, *args)), **options)


logger_class = DiscreetLogger


class OutsideOfPrefix(errors.ParseException):  # type: ignore[misc]  # the library has no types
    """The path is not under the prefix that the service runs behind."""


_STATUSES = {
    OutsideOfPrefix: 404,
    errors.ConfigurationProblem: 404,
    errors.ForbiddenProxyRequest: 403,
    errors.LimitRequestLine: 414,
    errors.ExpectationFailed: 417,
    errors.LimitRequestHeaders: 431,
}
"""How requests are answered that gunicorn cannot read; any other with 400, also where gunicorn itself says 501."""


def pre_request(worker: Any, req: Any) -> None:
    """Make one thing of the ways to say which prefix the service runs behind: gunicorn's SCRIPT_NAME.

    gunicorn takes it from its environment or from a header of a proxy that it trusts, and expects it at the start
    of the path. A proxy that takes the prefix off the path says so by X-Forwarded-Prefix.
    """
    headers = dict(req.headers)
    forwarded = headers.get("X-FORWARDED-PREFIX", "").rpartition(",")[2].strip().rstrip("/")
    is_trusted = not isinstance(req.peer_addr, tuple) or req._peer_is_trusted_proxy()
    if is_trusted and re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", forwarded):
        req.headers = [header for header in req.headers if header[0] != "SCRIPT_NAME"]
        req.headers.append(("SCRIPT_NAME", forwarded))
        req.path = forwarded + req.path
        return
    prefix = headers.get("SCRIPT_NAME", os.environ.get("SCRIPT_NAME", "")).rstrip("/")
    if prefix and not f"{req.path}/".startswith(f"{prefix}/"):
        raise OutsideOfPrefix


def on_starting(server: Any) -> None:
    """Give the workers a folder for what they count, so that whichever is asked for metrics answers for all.

    Unless one is named: it may be kept over restarts, and shared with `work` processes of the same machine.
    """
    global _own_folder
    if _FOLDER not in os.environ:
        # Without a folder that can be written to, each answers for itself.
        with suppress(OSError):
            _own_folder = os.environ[_FOLDER] = tempfile.mkdtemp(prefix="tranche-metrics-")


def on_exit(server: Any) -> None:
    """Remove that folder, unless a new server has taken over."""
    if _own_folder is not None and not server.reexec_pid:
        shutil.rmtree(_own_folder, ignore_errors=True)


def post_request(worker: Any, req: Any, environ: Any, resp: Any) -> None:
    """Note that a request has its answer: what is left of its body is read after it, and may be broken."""
    req.is_answered = resp is not None and resp.headers_sent


def post_worker_init(worker: Any) -> None:
    """Prepare a worker: what it refuses is answered as the service does, and TERM stops its chunks at once."""
    worker.handle_error = partial(_refuse, worker, worker.handle_error)
    _stop_chunks_on_term()


def _refuse(worker: Any, handle_error: Any, req: Any, client: Any, addr: Any, exc: Exception) -> None:
    """Answer in JSON, and with a status of the caller's mistakes, what gunicorn cannot read."""
    is_ours = isinstance(exc, errors.InvalidResponseHeader | errors.InvalidResponseHeaderName)
    if is_ours or not isinstance(exc, errors.ParseException):
        handle_error(req, client, addr, exc)
        return
    if getattr(req, "is_answered", False):
        return
    from app.web.error_answers import refusal

    worker.log.warning("Invalid request from ip=%s, %s", addr[0] if addr else "", type(exc).__name__)
    try:
        util.write_nonblock(client, refusal(_STATUSES.get(type(exc), 400)))
    except Exception:
        worker.log.debug("Failed to send error message.")


def _stop_chunks_on_term() -> None:
    """Tell chunks under way to stop as soon as TERM comes; gunicorn alone would only wait for them."""
    wait_for_requests = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        _stop_chunks()
        if callable(wait_for_requests):
            wait_for_requests(number, frame)

    signal.signal(signal.SIGTERM, stop)
    # As gunicorn sets it, so that TERM does not break off system calls of active requests.
    signal.siginterrupt(signal.SIGTERM, False)


def worker_int(worker: Any) -> None:
    """Stop chunks on INT and QUIT; the process ends when its threads have."""
    _stop_chunks()


def worker_abort(worker: Any) -> None:
    """Stop chunks when the arbiter gives up on the worker."""
    _stop_chunks()


def worker_exit(server: Any, worker: Any) -> None:
    """Stop what is left when a worker ends after its number of requests, where no signal was sent."""
    _stop_chunks()


def _stop_chunks() -> None:
    # The arbiter runs some of these hooks too, and has no application.
    budget = sys.modules.get("app.enrichment.queue.time_budget")
    if budget is not None:
        budget.stop_requested.set()

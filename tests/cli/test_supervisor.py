"""`flask enrich work --processes`: several workers, started again if they die, stopped with their supervisor."""

import os
import re
import signal
import threading
import time
from typing import Any, NoReturn

import psutil
import pytest
from flask import Flask

from app.cli.supervisor import Supervisor
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

SLOW = ["tests.cli.altered_flask", "slow"]
STUCK = ["tests.cli.altered_flask", "stuck"]


def workers_of(process: Any) -> list[psutil.Process]:
    """Return the worker processes of a supervisor."""
    return psutil.Process(process.pid).children()


def test_several_processes_share_a_queue_and_end_when_it_is_empty(
    sqlite_app: Flask, start: Any, add_job: Any, job_of: Any
) -> None:
    """Nobody is worked on twice, and the command ends once each of its workers has."""
    job_id = add_job(sqlite_app, 40, chunk_size=2)
    process = start("work", "--processes", "3", "--exit-when-empty", LOG_LEVEL="INFO")
    _, log = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert len(set(re.findall(r'"worker_pid": (\d+)', log))) == 3
    assert job_of(sqlite_app, job_id).success == 40
    with sqlite_app.app_context():
        check_invariants(drained=True)


def test_a_worker_that_is_killed_is_started_again(start: Any, sqlite_app: Flask, wait_until: Any) -> None:
    """The others go on meanwhile."""
    process = start("work", "--processes", "2")
    wait_until(lambda: len(workers_of(process)) == 2)
    victim, other = workers_of(process)
    victim.kill()
    wait_until(lambda: len(workers_of(process)) == 2 and victim not in workers_of(process))
    assert other in workers_of(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_supervisor_stops_every_worker_in_order(
    sqlite_app: Flask, start: Any, add_job: Any, job_of: Any, wait_until: Any, number: signal.Signals
) -> None:
    """Each gives its chunk back, and none is left."""
    job_id = add_job(sqlite_app, 300, chunk_size=100)
    process = start("work", "--processes", "2", program=SLOW)
    wait_until(lambda: job_of(sqlite_app, job_id).processed > 0)
    workers = workers_of(process)
    process.send_signal(number)
    assert process.wait(PATIENCE_SECONDS) == 0
    assert not any(worker.is_running() for worker in workers)
    assert job_of(sqlite_app, job_id).status == "pending"
    with sqlite_app.app_context():
        check_invariants()


def test_a_second_signal_stops_workers_that_do_not_heed_the_first(
    sqlite_app: Flask, start: Any, add_job: Any, job_of: Any, wait_until: Any
) -> None:
    """The chunk is given back all the same."""
    job_id = add_job(sqlite_app)
    process = start("work", "--processes", "2", program=STUCK)
    wait_until(lambda: job_of(sqlite_app, job_id).status == "running")
    process.send_signal(signal.SIGTERM)
    assert "told\n" in iter(process.stdout.readline, "")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert job_of(sqlite_app, job_id).status == "pending"


# From Python 3.12 on, a fork beside a thread is warned of; the timer's is one.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_worker_that_has_only_just_begun_is_stopped_too(sqlite_app: Flask, add_job: Any, job_of: Any) -> None:
    """A signal that comes before a worker has set itself up waits for it, and is not taken for its supervisor's."""
    job_id = add_job(sqlite_app)
    begun = os.pipe()

    def work() -> None:
        os.write(begun[1], b"x")
        time.sleep(PATIENCE_SECONDS)

    class Slow(Supervisor):
        def _be_worker(self) -> NoReturn:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while signal.SIGTERM not in signal.sigpending() and time.monotonic() < deadline:
                time.sleep(0.01)
            super()._be_worker()

    with sqlite_app.app_context():
        supervisor = Slow(2, work)
        timer = threading.Timer(1.0, os.kill, [os.getpid(), signal.SIGTERM])
        timer.start()
        assert supervisor.run() == 0
    timer.join(PATIENCE_SECONDS)
    os.set_blocking(begun[0], False)
    with pytest.raises(BlockingIOError):
        os.read(begun[0], 1)
    assert job_of(sqlite_app, job_id).status == "pending"


def test_workers_stop_when_their_supervisor_is_killed(
    sqlite_app: Flask, start: Any, add_job: Any, job_of: Any, wait_until: Any
) -> None:
    """Nobody is left to look after them, so they give back what they hold and end."""
    job_id = add_job(sqlite_app, 300, chunk_size=100)
    process = start("work", "--processes", "2", program=SLOW)
    wait_until(lambda: job_of(sqlite_app, job_id).processed > 0)
    workers = workers_of(process)
    process.kill()
    wait_until(lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers))
    assert job_of(sqlite_app, job_id).status == "pending"

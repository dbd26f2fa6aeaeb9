"""`python -m tests.load [--entities N] [--workers 1,2,4,8] [--kills N] [--only storm,plateau,latency,enqueue]`.

Celery drives the queue, on a PostgreSQL and a broker of its own (or that of REDIS_URL), with the stand-ins for the
providers as a server beside it. Needs `pip install -e '.[test]'`. It prints figures, and fails if entities are lost or
paid twice, or books and ledger differ.
"""

import argparse
import signal
import sys

from tests import folders
from tests.benchmarks.servers import Servers
from tests.brokers import running_broker
from tests.load import latency, plateau, storm
from tests.load.scene import Scene

PARTS = {"storm": storm.run, "plateau": plateau.run, "latency": latency.run, "enqueue": latency.run_enqueue}


def main() -> None:
    """Run what is asked for."""
    arguments = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    arguments.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    arguments.add_argument("--entities", type=int, default=100_000, help="of the storm; default: 100,000")
    arguments.add_argument("--kills", type=int, default=20, help="of nodes in the storm; default: 20")
    arguments.add_argument("--flushes", type=int, default=2, help="of the broker in the storm; default: 2")
    arguments.add_argument("--workers", default="1,2,4,8", help="of the plateau; default: 1,2,4,8")
    arguments.add_argument("--allowed", type=int, default=10, help="calls a second in the plateau; default: 10")
    arguments.add_argument("--at-once", type=int, default=4, help="calls of each worker in the plateau; default: 4")
    arguments.add_argument("--jobs", type=int, default=20, help="small ones, for each latency; default: 20")
    given = arguments.parse_args()
    # So that being told to stop ends the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # In memory, if there is room: what is measured is who drives the queue, and not a disk.
    folder = folders.make(folders.quick_base())
    servers = Servers(folder)
    try:
        with running_broker() as broker:
            for name in given.only.split(","):
                PARTS[name](Scene(servers, broker), given)
    finally:
        servers.close()
        folders.remove(folder)


if __name__ == "__main__":
    main()

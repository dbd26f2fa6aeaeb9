"""A worker process for tests: drains the queue with a callback that leaves a witness.

Its arguments are `WITNESS SECONDS [ID]`, its settings in the environment. Each call of the callback appends
`start ID` and `end ID` to the witness file, one write each, so that lines of several processes do not mix. The entity
with the given id is not done with before there is a file `WITNESS.go`.
"""

import os
import sys
import time

from app import create_app
from app.enrichment import queue
from app.enrichment.queue.lease import JobInfo


def main(path: str, pause: str, *stays_at: str) -> None:
    """Drain until nothing is due."""
    witness = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    seconds = float(pause)

    def on_process(entity_id: str, job: JobInfo) -> None:
        os.write(witness, f"start {job.id} {entity_id}\n".encode())
        if seconds:
            time.sleep(seconds)
        while (entity_id,) == stays_at and not os.path.exists(f"{path}.go"):
            time.sleep(0.02)
        os.write(witness, f"end {job.id} {entity_id}\n".encode())

    with create_app(with_routes=False).app_context():
        result = queue.drain(on_process)
    print(result.chunks, result.processed_total)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A process that normalises people with the rules of the tree it stands in: a line of them in, the seconds out."""

import importlib
import json
import os
import sys
import time

sys.path.insert(0, os.getcwd())
# Where the rules stood up to 0.3.0.
IS_EARLIER = os.path.isdir("app/providers/normalizer")
people = importlib.import_module("app.providers.normalizer.people" if IS_EARLIER else "app.normalizer.people")

if __name__ == "__main__":
    for line in sys.stdin:
        block = json.loads(line)
        started = time.process_time()
        for person in block:
            people.normalize_person(person)
        print(time.process_time() - started, flush=True)

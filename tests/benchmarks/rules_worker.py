"""A process that normalises with the rules of the tree it stands in: a line of entities in, the seconds out.

What they are, `person` or `company`, is its argument.
"""

import importlib
import json
import os
import sys
import time

sys.path.insert(0, os.getcwd())
# Where the rules stood up to 0.3.0.
IS_EARLIER = os.path.isdir("app/providers/normalizer")
RULES = "app.providers.normalizer" if IS_EARLIER else "app.normalizer"
MODULES = {"person": "people", "company": "companies"}

if __name__ == "__main__":
    entity_type = sys.argv[1]
    normalize = getattr(importlib.import_module(f"{RULES}.{MODULES[entity_type]}"), f"normalize_{entity_type}")
    for line in sys.stdin:
        block = json.loads(line)
        started = time.process_time()
        for fields in block:
            normalize(fields)
        print(time.process_time() - started, flush=True)

"""Known-bad changes, each of which a test has to catch: `python -m tests.mutants`."""

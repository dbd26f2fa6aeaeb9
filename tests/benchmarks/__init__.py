"""What the service costs, measured beside its peers: `python -m tests.benchmarks`."""

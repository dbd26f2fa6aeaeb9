"""The queues that `tests.benchmarks.drain` compares, each a program that enqueues, works and verifies."""

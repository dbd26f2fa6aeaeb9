"""Fakes that hold the contracts of the real thing."""

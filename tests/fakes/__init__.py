"""Fakes that hold the contracts of the real thing. Imports nothing, so that the fake server starts quickly."""

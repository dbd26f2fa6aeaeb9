"""Loads what a worker's first chunk would, when it is imported: a process that is forked later has it."""

from app.providers import answer_match

answer_match.load()

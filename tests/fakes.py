"""Fakes that hold the contracts of the real thing."""

import asyncio
from collections import Counter
from io import BytesIO

from app.providers.base import Answer, Lookup, OutcomeClass


class FakeProvider:
    """A provider of people whose answers are set by entity id; it counts what it was asked."""

    name = "fake"
    entity_types = frozenset({"person"})
    repeat_is_free = True

    def __init__(self, answers: dict[str, Answer | Exception] | None = None, *, seconds: float = 0.0) -> None:
        self.answers = answers or {}
        self.seconds = seconds
        self.asked: Counter[str] = Counter()
        self.seen: list[Lookup] = []

    async def lookup(self, lookup: Lookup) -> Answer:
        """Give the set answer, or a title for everybody else."""
        self.asked[lookup.entity_id] += 1
        self.seen.append(lookup)
        await asyncio.sleep(self.seconds)
        answer = self.answers.get(
            lookup.entity_id, Answer(OutcomeClass.SUCCESS, fields={"job_title": "CEO"}, raw={"title": "CEO"})
        )
        if isinstance(answer, Exception):
            raise answer
        return answer


def csv_stream(text: str) -> BytesIO:
    """Return a CSV file as an upload or `open` would give it."""
    return BytesIO(text.encode())

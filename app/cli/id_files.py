"""Files of entity ids, one a line, as text editors and spreadsheets save them."""

import codecs
import re
from collections.abc import Iterator
from functools import partial
from typing import IO

from app.cli import output
from app.db.session import end_read
from app.entities.pages import slices
from app.entities.read import existing_ids
from app.errors import Invalid
from app.values.identifiers import ENTITY_ID_RULE, is_entity_id

MAX_LINE_BYTES = 1024
IDS_A_LOOK = 1000
UNKNOWN_SHOWN = 5
_HEADING = re.compile(r"((person|people|company|contact|lead|account|entity|record)[ _-]?)?ids?", re.IGNORECASE)


class UnknownIds:
    """The ids of a file that no entity has: misspelt, or of another workspace or type."""

    def __init__(self, entity_type: str, workspace: str) -> None:
        self._entity_type = entity_type
        self._workspace = workspace
        self._count = 0
        self._examples: list[str] = []

    def noted(self, ids: Iterator[str]) -> Iterator[str]:
        """Yield the ids, and keep count of the unknown ones."""
        for part in slices(ids, IDS_A_LOOK):
            known = self.known(part)
            unknown = [entity_id for entity_id in part if entity_id not in known]
            self._count += len(unknown)
            self._examples = [*self._examples, *unknown][:UNKNOWN_SHOWN]
            yield from part

    def known(self, ids: list[str]) -> set[str]:
        """Return those of the ids under which there is an entity."""
        known = existing_ids(self._entity_type, ids, workspace_slug=self._workspace)
        end_read()
        return known

    def tell(self) -> None:
        """Say how many there were, and which."""
        if self._count:
            names = ", ".join(self._examples) + (", …" if self._count > len(self._examples) else "")
            ids = output.count(self._count, "id is", "ids are")
            output.note(f"{ids} unknown in workspace {self._workspace} and will end as errors: {names}")


def ids_in(stream: IO[bytes], unknown: UnknownIds) -> Iterator[str]:
    """Yield the ids of a file, one a line, as text editors and spreadsheets save them.

    A heading above them is passed over and said, unless there is an entity of that id. Raises
    `Invalid` with the number of a line that holds no id.
    """
    lines = iter(partial(stream.readline, MAX_LINE_BYTES), b"")
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(codecs.BOM_UTF8).decode("ascii", errors="replace").strip(" \t\r\n")
        if len(text) > 1 and text[0] == text[-1] == '"':
            text = text[1:-1].strip(" \t")
        if not text:
            continue
        if number == 1 and _HEADING.fullmatch(text) and not unknown.known([text]):
            output.note(f"Line 1 was read as a heading, since no entity is known by it: {text} is an unknown id.")
            continue
        if not is_entity_id(text):
            raise Invalid(f"Line {number} of the ids is not valid: expected {ENTITY_ID_RULE}.")
        yield text

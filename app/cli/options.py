"""Arguments and options that several commands share, and their strict types."""

import sys
from collections.abc import Callable
from typing import IO, Any

import click

from app.entities.read import existing_ids
from app.errors import EntityNotFound
from app.values.entity_types import ENTITY_TYPES
from app.values.identifiers import SLUG_RULE, is_entity_id, is_slug
from app.values.numbers import parse_integer
from app.web.auth import DEFAULT_WORKSPACE

Command = Callable[..., Any]


class Number(click.ParamType[int]):
    """A whole number in digits. click's own type takes `1_0` and the digits of every script."""

    name = "number"

    def __init__(self, minimum: int, maximum: int) -> None:
        self._minimum = minimum
        self._maximum = maximum

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number, or fail with what was expected."""
        if isinstance(value, int):
            return value
        try:
            if value.startswith("-") and self._minimum < 0:
                return -parse_integer(value[1:], minimum=0, maximum=-self._minimum)
            return parse_integer(value, minimum=max(0, self._minimum), maximum=self._maximum)
        except ValueError:
            self.fail(f"expected a whole number from {self._minimum} to {self._maximum}, digits only.", param, ctx)


class InputFile(click.File):
    """A file or standard input to read bytes from; what goes wrong is reported with its name."""

    def __init__(self) -> None:
        super().__init__("rb")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> IO[Any]:
        """Open the file, or fail with what the system says of it."""
        if value == "-" and sys.stdin is None:
            self.fail("standard input is closed.", param, ctx)
        stream: Any = _NamedReader(super().convert(value, param, ctx), str(value))
        return stream  # type: ignore[no-any-return]


class _NamedReader:
    """A stream whose read errors are reported as mistakes in the command line, not as bugs: a bad file, a bad disk."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._stream, attribute)

    def read(self, size: int = -1) -> bytes:
        """Read bytes. Raises click.FileError."""
        return self._named(self._stream.read, size)

    def readline(self, size: int = -1) -> bytes:
        """Read a line. Raises click.FileError."""
        return self._named(self._stream.readline, size)

    def _named(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            return read(size)
        except OSError as exc:
            raise click.FileError(self._name, hint=exc.strerror) from exc


class Slug(click.ParamType[str]):
    """The name of a workspace or provider."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name, or fail with what was expected."""
        if not is_slug(value):
            self.fail(f"expected {SLUG_RULE}.", param, ctx)
        return str(value)


def known_type(entity_id: str, workspace: str, entity_type: str | None) -> str:
    """Return the type of the entity with an id: the one that is given, else that of the only entity that has it.

    Raises `EntityNotFound`, also for what can be no id, and `click.UsageError` if it is of a person and of a company.
    """
    if not is_entity_id(entity_id):
        raise EntityNotFound
    if entity_type is not None:
        return entity_type
    found = [one for one in ENTITY_TYPES if existing_ids(one, [entity_id], workspace_slug=workspace)]
    if not found:
        raise EntityNotFound
    if len(found) > 1:
        raise click.UsageError("A person and a company have this id; say --entity-type person or company.")
    return found[0]


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return a decorator that adds several options to a command, in the order in which its help shows them."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


entity_type_argument = click.argument("entity_type", type=click.Choice(ENTITY_TYPES))
entity_argument = click.argument("entity_id", metavar="ID")
entity_type_option = click.option(
    "--entity-type", type=click.Choice(ENTITY_TYPES), help="Type of the entity.  [whichever there is]"
)
job_argument = click.argument("job_id")
workspace_option = click.option(
    "--workspace", type=Slug(), default=DEFAULT_WORKSPACE, show_default=True, help="The workspace."
)
any_workspace_option = click.option("--workspace", type=Slug(), help="Only this workspace.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

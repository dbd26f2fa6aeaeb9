"""Reads `.env`: settings as `NAME=value`, one a line, in which a value may refer to earlier ones as `${NAME}`."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from dotenv.main import DotEnv
from dotenv.variables import parse_variables

MAX_FILE_BYTES: Final = 1_000_000
MAX_VALUE_CHARACTERS: Final = 100_000
"""A value that refers to itself doubles with each line: thirty of them would be a gigabyte."""

# For each of them the library looks for the brace up to the end of the value.
_MAX_OPEN_REFERENCES: Final = 100


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the settings of a file, or none if there is no file. Raises ValueError without any value."""
    if not path.is_file():
        return {}
    values: dict[str, str] = {}
    for name, text in _lines(path):
        # What is set outside of the file counts for less, as python-dotenv has it.
        values[name] = _expanded(name, text, {**os.environ, **values})
    return values


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield names and values as they stand in the file; a name without a value is left out."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ValueError(f"expected a file of at most {MAX_FILE_BYTES:,} bytes")
        pairs = list(DotEnv(path, encoding="utf-8", interpolate=False).parse())
    except UnicodeDecodeError:
        raise ValueError("expected a file in UTF-8") from None
    except OSError as exc:
        raise ValueError(f"the file cannot be read: {exc.strerror}") from exc
    yield from ((name, text) for name, text in pairs if text is not None)


def _expanded(name: str, text: str, values: Mapping[str, str]) -> str:
    """Return a value with what it refers to."""
    if text[text.rfind("}") + 1 :].count("${") > _MAX_OPEN_REFERENCES:
        raise ValueError(f"the value of {name} refers to others without a closing brace")
    parts: list[str] = []
    length = 0
    for atom in parse_variables(text):
        part = atom.resolve(values)
        length += len(part)
        if length > MAX_VALUE_CHARACTERS:
            raise ValueError(f"the value of {name} is longer than {MAX_VALUE_CHARACTERS:,} characters")
        parts.append(part)
    return "".join(parts)

"""What the libraries at the bottom may import of ours."""

import ast
from pathlib import Path

import pytest

import app

APP = Path(app.__file__).parent


def imported(path: Path) -> set[str]:
    """Return the names of our own modules that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.partition(".")[0] == "app"}


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("values", ("app.values.",)),
        ("normalizer", ("app.normalizer.", "app.values.")),
        ("identity", ("app.identity.", "app.normalizer.", "app.values.")),
    ],
)
def test_library_imports_only_what_stands_below_it(package: str, allowed: tuple[str, ...]) -> None:
    """Values import nothing of ours, rules only values, and the comparison of names only both."""
    paths = sorted((APP / package).rglob("*.py"))
    assert paths
    assert [(path.name, name) for path in paths for name in imported(path) if not name.startswith(allowed)] == []

"""What may import what: imports point one way, also those within functions."""

import ast
import re
from collections.abc import Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import app
from tests.test_readme import PAGES

APP = Path(app.__file__).parent

MAY_IMPORT: Mapping[str, tuple[str, ...]] = {
    "celery_app": ("app",),
    "app": ("cli", "routes", "celery_sender"),
    "cli": ("demo", "routes"),
    "demo": ("cli", "demo.stand_ins"),
    "routes": ("console",),
    "console": ("web", "waterfall"),
    "web": ("queue",),
    "waterfall": ("money", "limits"),
    "money": ("queue", "providers"),
    "limits": ("queue", "providers"),
    "queue": ("entities", "logs", "error_reports", "tracing", "async_calls", "hints", "instruments", "webhooks"),
    "entities": ("audit", "identity"),
    "audit": ("db",),
    "webhooks": ("audit", "async_calls"),
    "db": ("models", "config"),
    "models": ("errors", "extensions"),
    "providers": ("identity", "config"),
    "identity": ("normalizer",),
    "normalizer": ("values",),
    "errors": ("values",),
    "logs": ("config",),
    "celery_sender": ("config", "hints"),
    "error_reports": ("config",),
    "tracing": ("config",),
    "config": ("database_url", "dotenv_file", "entities.policies", "oidc_settings", "providers.defaults"),
    "entities.policies": ("values",),
    "providers.defaults": ("providers.settings",),
    "providers.settings": (),
    "demo.stand_ins": (),
    "async_calls": (),
    "database_url": (),
    "dotenv_file": (),
    "extensions": (),
    "hints": (),
    "oidc_settings": ("values",),
    "instruments": (),
    "values": (),
}
"""Each package and module, with those next below it. It may import itself, these, and all that these may import.

`routes` are the modules named so and their schemas, wherever they stand.
"""


def name_of(path: Path) -> str:
    """Return a module's dotted name."""
    return ".".join(path.relative_to(APP.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(APP.rglob("*.py"))}


def imports_of(module: str) -> set[str]:
    """Return the modules of this project that a module imports, at its top or within a function."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{source_of(node, package)}.{alias.name}" for alias in node.names}
    ours = {name for name in names if name.partition(".")[0] in ("app", "tests")}
    return {name if name in MODULES else name.rpartition(".")[0] for name in ours}


def source_of(node: ast.ImportFrom, package: str) -> str:
    """Return what an import is from, a relative one as seen from its package."""
    if not node.level:
        return node.module or ""
    above = package.split(".")[: 1 - node.level or None]
    return ".".join([*above, *filter(None, [node.module])])


def row_of(module: str) -> str:
    """Return the row of the table that a module belongs to, or its own name if there is none."""
    if module.endswith(("routes", "schemas")):
        return "routes"
    inner = module.removeprefix("app.").removeprefix("enrichment.")
    parts = inner.split(".")
    starts = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((start for start in starts if start in MAY_IMPORT), module)


def reachable(row: str) -> set[str]:
    """Return a row and all rows below it."""
    rows = {row}
    waiting = [row]
    while waiting:
        below = set(MAY_IMPORT.get(waiting.pop(), ())) - rows
        rows |= below
        waiting += below
    return rows


@cache
def all_imports() -> Mapping[str, set[str]]:
    """Return what each module imports."""
    return {module: imports_of(module) for module in MODULES}


@pytest.mark.parametrize("row", MAY_IMPORT)
def test_package_imports_only_what_stands_below_it(row: str) -> None:
    """The queue knows no provider, providers no entity, values nothing of ours, and nothing knows the tests."""
    modules = [module for module in MODULES if row_of(module) == row]
    assert modules
    allowed = reachable(row)
    upward = [(module, name) for module in modules for name in all_imports()[module] if row_of(name) not in allowed]
    assert upward == []


def test_every_package_has_its_row() -> None:
    """A new package or module of the application comes with its place in the order."""
    empty = {"app.enrichment"}
    assert [module for module in MODULES if row_of(module) not in MAY_IMPORT and module not in empty] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Any module can be read, and loaded, with what it imports and without what imports it."""
    TopologicalSorter(all_imports()).prepare()


def test_the_architecture_states_the_same_order() -> None:
    """The page's table has the rows of this one."""
    section = PAGES["docs/architecture.md"].split("| part | next below it |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `([\w.]+)` \| (.+) \|$", section, flags=re.MULTILINE)
    assert {name: tuple(re.findall(r"`([\w.]+)`", cell)) for name, cell in rows} == MAY_IMPORT

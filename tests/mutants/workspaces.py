"""The generated changes: each comparison with a workspace in app/'s queries is true of all, one at a time."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.known import Mutant

ANY = '__import__("sqlalchemy").true()'
TWINS = ("tests/test_workspaces.py",)
DOORS = (
    "tests/security/test_doors.py::test_what_is_another_workspaces_is_like_unknown",
    "tests/security/test_doors.py::test_a_bound_key_reaches_nothing_elsewhere_by_parameters",
)
TESTS: dict[str, tuple[str, ...]] = {
    "app/audit/events.py": ("tests/audit/test_events.py",),
    "app/enrichment/money/history.py": ("tests/enrichment/waterfall/test_estimates.py",),
    "app/enrichment/money/yields.py": ("tests/enrichment/waterfall/test_yields.py",),
    "app/enrichment/money/reports.py": ("tests/enrichment/money/test_reports.py", "tests/web/test_costs.py"),
    "app/enrichment/waterfall/in_flight.py": ("tests/enrichment/waterfall/test_dedup.py",),
    "app/enrichment/waterfall/dedup.py": ("tests/enrichment/waterfall/test_dedup.py",),
    "app/enrichment/queue/open_chunks.py": ("tests/console/test_jobs.py",),
    "app/enrichment/queue/queries.py": ("tests/enrichment/queue/test_control.py", "tests/web/test_jobs.py"),
    "app/enrichment/queue/transitions.py": ("tests/enrichment/queue/test_worker.py",),
    "app/enrichment/queue/claims.py": ("tests/enrichment/queue/test_worker.py",),
    "app/enrichment/waterfall/provider_keys.py": (
        *("tests/web/test_provider_keys.py", "tests/enrichment/waterfall/test_provider_keys.py"),
    ),
    "app/enrichment/waterfall/workspace_registry.py": ("tests/enrichment/waterfall/test_provider_keys.py",),
    "app/enrichment/limits/circuit_breaker.py": ("tests/enrichment/waterfall/test_provider_keys.py",),
    "app/enrichment/waterfall/provider_status.py": ("tests/enrichment/waterfall/test_provider_status.py",),
    "app/enrichment/queue/enqueue.py": ("tests/enrichment/queue/test_enqueue.py",),
    "app/webhooks/events.py": ("tests/webhooks/test_webhooks.py",),
    "app/entities/exclusions.py": ("tests/entities/test_exclusions.py",),
    "app/entities/csv/exports.py": ("tests/entities/csv/test_exports.py",),
    "app/entities/csv/recorded_headers.py": ("tests/entities/csv/test_imports.py",),
    "app/entities/changes.py": ("tests/entities/test_store.py",),
    "app/enrichment/waterfall/erase.py": ("tests/entities/test_store.py",),
    "app/entities/read.py": (
        *("tests/entities/test_store.py", "tests/entities/xlsx/test_exports.py", "tests/db/test_spread.py"),
    ),
    "app/entities/readiness.py": ("tests/web/test_stale_verdicts.py",),
    "app/entities/undo.py": ("tests/entities/test_undo.py",),
}
"""The module's own tests, which are asked after those that are about workspaces."""
EQUIVALENT = {
    "_ANY": "it only spares a look at the workspace's exclusions where there are none at all",
    "_attempts_by_job": "the jobs that it is given are one workspace's",
    "_options_of": "the list that it is given is one workspace's",
}
"""Functions and constants whose comparison decides how fast something is done and not what, with why."""


def workspace_mutants(root: Path) -> list[Mutant]:
    """Return a change for each comparison of a column `workspace_slug` in the sources under `root`."""
    mutants = []
    for path in sorted(root.glob("app/**/*.py")):
        text = path.read_text(encoding="utf-8")
        if "workspace_slug" not in text:
            continue
        name = path.relative_to(root).as_posix()
        for node in comparisons(ast.parse(text)):
            old = ast.get_source_segment(text, node) or ""
            before = _text_before(text, node)
            mutants.append(
                Mutant(
                    f"any workspace will do at {name}:{node.lineno}",
                    name,
                    old,
                    ANY if isinstance(node, ast.Compare) else "[]",
                    (*TWINS, *DOORS, *TESTS.get(name, ())),
                    times=text.count(old),
                    which=before.count(old),
                )
            )
    return mutants


def comparisons(tree: ast.AST) -> Iterator[ast.Compare | ast.Call]:
    """Give what says which workspace a row is of, by a table's column or a mapped class: comparisons and `matching`."""
    definitions = [node for node in ast.walk(tree) if _name_of(node) in EQUIVALENT]
    left_out = {inner for definition in definitions for inner in ast.walk(definition)}
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.Compare) and any(map(_is_column, (node.left, *node.comparators))):
            yield node
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "matching" and _is_column(node.args[0]):
            yield node


def _name_of(node: ast.AST) -> str | None:
    """Return what a function or a constant is called; None: it is neither."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    return node.target.id if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else None


def _is_column(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Attribute) and node.attr == "workspace_slug"):
        return False
    owner = node.value
    is_table = isinstance(owner, ast.Attribute) and owner.attr == "c"
    return is_table or (isinstance(owner, ast.Name) and owner.id[:1].isupper())


def _text_before(text: str, node: ast.expr) -> str:
    lines = text.splitlines(keepends=True)
    # Columns are counted in bytes.
    start = lines[node.lineno - 1].encode()[: node.col_offset].decode()
    return "".join(lines[: node.lineno - 1]) + start

"""Known vulnerabilities of what is installed: `python -m tests.security.audit`, with pip-audit installed beside.

pip-audit ends well when it could look up nothing: each distribution that its advisory service does not know, or that
could not be asked about, is skipped with a word. Here a skipped distribution is a failure, and so is a report that
lacks one of those that the service itself needs. Exit codes: 0 everything was audited and nothing is known; 1 there
are known vulnerabilities; 2 not everything, or nothing, could be audited. To be run where the advisory service can be
reached; it is no part of what must pass before a change lands.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, requires
from typing import Any

PROJECT = "tranche-enrich"
COMMAND = (sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--skip-editable")


def main() -> int:
    """Audit what is installed here, say how that went, and return the exit code."""
    try:
        done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=600)
        code, lines = judge(done.stdout, needed())
        said = done.stderr.strip().splitlines()
    except subprocess.TimeoutExpired:
        code, lines, said = 2, ["Nothing was audited: pip-audit did not end within 10 minutes."], []
    print("\n".join([*lines, *(said[-3:] if code == 2 else [])]))
    return code


def judge(report: str, wanted: Iterable[str]) -> tuple[int, list[str]]:
    """Return the exit code for pip-audit's report, with what there is to say."""
    try:
        rows: Sequence[dict[str, Any]] = json.loads(report)["dependencies"]
        audited = {canonical(row["name"]): row["vulns"] for row in rows if "vulns" in row}
        skipped = {canonical(row["name"]): str(row["skip_reason"]) for row in rows if "vulns" not in row}
    except (ValueError, KeyError, TypeError):
        return 2, ["Nothing was audited: pip-audit gave no report. Is it installed, its service reachable?"]
    # The project itself is in no index.
    skipped.pop(PROJECT, None)
    missing = sorted({canonical(name) for name in wanted} - audited.keys() - skipped.keys())
    if not audited:
        return 2, [f"Nothing was audited: all {len(skipped)} distributions were skipped.", *_reasons(skipped)]
    if skipped or missing:
        lines = [f"Not everything was audited: {len(audited)} were, {len(skipped) + len(missing)} were not."]
        return 2, [*lines, *_reasons(skipped), *(f"{name}: not in the report" for name in missing)]
    known = [f"{name}: {vuln['id']}" for name, vulns in sorted(audited.items()) for vuln in vulns]
    if known:
        return 1, [f"{len(known)} known vulnerabilities in {len(audited)} distributions.", *known]
    return 0, [f"{len(audited)} distributions were audited; nothing is known of them."]


def needed() -> list[str]:
    """Return the names of what the service itself asks for, which must be in the report."""
    try:
        wanted = requires(PROJECT) or []
    except PackageNotFoundError:
        return [PROJECT]
    return [re.split(r"[^A-Za-z0-9._-]", one, maxsplit=1)[0] for one in wanted if "extra ==" not in one]


def canonical(name: str) -> str:
    """Return a distribution's name in the one spelling that indexes use."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _reasons(skipped: dict[str, str]) -> list[str]:
    return [f"{name}: {reason}" for name, reason in sorted(skipped.items())[:5]]


if __name__ == "__main__":
    sys.exit(main())

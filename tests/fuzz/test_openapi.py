"""The service keeps to the OpenAPI document that it serves, for requests that keep to it and requests that do not."""

import time
from pathlib import Path
from typing import Final

import pytest
from schemathesis.checks import CHECKS

from tests.fuzz.openapi_run import Tally, run
from tests.fuzz.service import serve

UNREACHABLE: Final = frozenset({"POST /api/enrichment/callbacks/{request_id}/{signature}"})
"""Operations that accept nothing from somebody who makes input up: their address is signed."""
WITHOUT_MEANS: Final = frozenset({"max_response_time", "object_level_authorization"})
"""Checks that say nothing here: a time limit that a busy machine keeps, and one that wants two identities."""


def test_service_keeps_to_its_document(database_url: str, tmp_path: Path) -> None:
    """No check fails, and errors have the documented shape."""
    began = time.monotonic()
    with serve(database_url, tmp_path) as service:
        tally = run(service, examples=6, seed=1, covers_wide=False)
    _report(tally, database_url, began)
    _insist(tally, least=500)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_service_keeps_to_its_document_in_ten_thousand_cases(database_url: str, tmp_path: Path) -> None:
    """The same for at least 10,000 cases on each database, in which every operation accepts something."""
    began = time.monotonic()
    with serve(database_url, tmp_path) as service:
        tally = run(service, examples=240, seed=2)
    _report(tally, database_url, began)
    _insist(tally, least=10_000)
    assert tally.operations - tally.accepted == UNREACHABLE


def _report(tally: Tally, database_url: str, began: float) -> None:
    """Print what a run did."""
    kind = database_url.partition(":")[0]
    phases = ", ".join(f"{name} {count}" for name, count in sorted(tally.cases.items()))
    print(
        f"\n{kind}: {tally.total} cases ({phases}) in {time.monotonic() - began:.0f} s, {tally.checks.total()} checks,"
        f" {len(tally.failures)} kinds of failure; answers {dict(sorted(tally.statuses.items()))}"
    )


def _insist(tally: Tally, *, least: int) -> None:
    """Fail with what a run found; also where it was too small, left out a check, or met refusals alone."""
    assert not tally.failures, "\n\n".join(f"{kind}\n{repeat}" for kind, repeat in list(tally.failures.items())[:20])
    assert tally.total >= least
    assert len(tally.accepted) > len(tally.operations) / 2
    assert set(CHECKS.get_all_names()) - set(tally.checks) <= WITHOUT_MEANS

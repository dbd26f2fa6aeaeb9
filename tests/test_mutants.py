"""The known-bad changes can be made: their text stands where they say. That tests fail for them is for another run."""

import pytest

from tests.mutants.__main__ import ROOT
from tests.mutants.known import MUTANTS, Mutant
from tests.mutants.workspaces import workspace_mutants


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_changes_the_code_as_it_is(mutant: Mutant) -> None:
    """A change of the code takes its mutants along, or this says so."""
    check(mutant)


def test_every_comparison_of_a_workspace_can_be_left_out() -> None:
    """Those are found in the code, so that none is forgotten."""
    mutants = workspace_mutants(ROOT)
    assert len(mutants) > 20
    for mutant in mutants:
        check(mutant)


def check(mutant: Mutant) -> None:
    """Insist that a change is one, and that it leaves Python."""
    text = (ROOT / mutant.path).read_text(encoding="utf-8")
    changed = mutant.change(text)
    assert changed != text
    compile(changed, mutant.path, "exec")

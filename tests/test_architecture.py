"""The documents lead to the code: every module has its place in them, and every path in them is there."""

import re

import pytest

from tests.test_readme import PAGES, ROOT

WORD_LISTS = ("app/normalizer/data",)
"""Folders of word lists, which have one place together."""

MODULES = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "app").rglob("*.py")
    if path.name != "__init__.py" and path.relative_to(ROOT).parent.as_posix() not in WORD_LISTS
}


def test_every_module_has_its_place_in_the_architecture() -> None:
    """A new module comes with its row, a module that goes takes its row along, and none has two."""
    rows = re.findall(r"^\| `(app/[^`]+\.py)` \| \S", PAGES["docs/architecture.md"], flags=re.MULTILINE)
    assert sorted(rows) == sorted(MODULES | {"app/__init__.py"})


@pytest.mark.parametrize("folder", sorted({module.rpartition("/")[0] for module in MODULES} | set(WORD_LISTS)))
def test_every_folder_of_modules_is_named_in_the_architecture(folder: str) -> None:
    """A reader finds the folder before the module."""
    assert f"`{folder}/`" in PAGES["docs/architecture.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_in_a_page_exists(page: str) -> None:
    """What has moved is moved in the documents too."""
    paths = re.findall(r"(?<![\w/.-])(?:app|tests|migrations)/[\w/.-]*\w/?", PAGES[page])
    assert [path for path in paths if not (ROOT / path).exists()] == []

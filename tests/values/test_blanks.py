"""What stands where a value is missing."""

import pytest

from app.values.blanks import is_placeholder, says_nothing


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", "--", "—", "–", "_", "...", "?", "???", "*", "N/A", "n/a", "n.a.", " N/A ", "#N/A", "NULL",
        "None", "nan", "tbd", "TBA", "(blank)", "[null]", "<none>", "#REF!", "#NAME?", "#DIV/0!", "unknown",
        "not available", "keine Angabe", "inconnu", "NICHT VERFÜGBAR", "неизвестно", "不明", "-" * 10_000,
    ],
)  # fmt: skip
def test_text_that_only_says_that_nothing_is_known_is_a_placeholder(text: str) -> None:
    """Import, normaliser and adapters read the words and signs of forms, spreadsheets and other languages alike."""
    assert is_placeholder(text)
    assert says_nothing(text)


@pytest.mark.parametrize("text", ["NA", "0", "None Ltd", "Nunez", "Unknown Pleasures", "a", "x" * 10_000])
def test_text_that_may_be_a_value_is_no_placeholder(text: str) -> None:
    """A placeholder within a name is a name; "NA" is Namibia's code and a surname."""
    assert not is_placeholder(text)
    assert not says_nothing(text)


@pytest.mark.parametrize("text", ["!!!", "()", "€", "🚀"])
def test_signs_alone_say_nothing(text: str) -> None:
    """Without a letter or a digit there is no value, though the signs are no usual placeholder."""
    assert says_nothing(text)
    assert not is_placeholder(text)

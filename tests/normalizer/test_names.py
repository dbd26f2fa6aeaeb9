"""Names of people: columns win, full names are split where their order is known."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.normalizer import family_starts
from app.normalizer.name_case import recase_words
from app.normalizer.names import normalize_name


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        ("JOHN MCDONALD", ("John", "McDonald", "John McDonald")),
        ("van der Berg, Anna Maria", ("Anna", "van der Berg", "Anna Maria van der Berg")),
        ("VAN DER BERG, ANNA", ("Anna", "van der Berg", "Anna van der Berg")),
        ("Dr. Juan Q. Xavier de la Vega III", ("Juan", "de la Vega", "Juan Q. Xavier de la Vega III")),
        ("jean-luc o'neill", ("Jean-Luc", "O'Neill", "Jean-Luc O'Neill")),
        ("Prof. Dr. Hans Müller, MBA", ("Hans", "Müller", "Hans Müller")),
        ("John Smith, PhD, CFA", ("John", "Smith", "John Smith")),
        ("Smith, John, MBA", ("John", "Smith", "John Smith")),
        ("Smith, Dr. John", ("John", "Smith", "John Smith")),
        ("john smith jr", ("John", "Smith", "John Smith Jr.")),
        ("JOHN SMITH III", ("John", "Smith", "John Smith III")),
        ("Jane Doe (She/Her)", ("Jane", "Doe", "Jane Doe")),
        ('Robert "Bob" Smith', ("Robert", "Smith", "Robert Smith")),
        ("🚀 Jane Doe 🚀", ("Jane", "Doe", "Jane Doe")),
        ("Jane Doe | CEO", ("Jane", "Doe", "Jane Doe")),
        ("Jean DUPONT", ("Jean", "Dupont", "Jean Dupont")),
        ("Jack Ma", ("Jack", "Ma", "Jack Ma")),
        ("Ma, Yo-Yo", ("Yo-Yo", "Ma", "Yo-Yo Ma")),
        ("ED DO", ("Ed", "Do", "Ed Do")),
        ("Jane Doe MD", ("Jane", "Doe", "Jane Doe")),
        ("King Lee", ("King", "Lee", "King Lee")),
        ("Dean Smith", ("Dean", "Smith", "Dean Smith")),
        ("AJ Smith", ("AJ", "Smith", "AJ Smith")),
        ("J.R.R. TOLKIEN", ("J.R.R.", "Tolkien", "J.R.R. Tolkien")),
        ("LUDWIG VAN BEETHOVEN", ("Ludwig", "van Beethoven", "Ludwig van Beethoven")),
        ("Van Morrison", ("Van", "Morrison", "Van Morrison")),
        ("Anna Smith - Jones", ("Anna", "Smith-Jones", "Anna Smith-Jones")),
        ("𝓙𝓸𝓱𝓷 𝓢𝓶𝓲𝓽𝓱", ("John", "Smith", "John Smith")),
        ("Иван Петров", ("Иван", "Петров", "Иван Петров")),
        ("Madonna", ("Madonna", None, "Madonna")),
        ("Dr. Smith", (None, "Smith", "Smith")),
        ("Anna de Vries-van Dijk", ("Anna", "de Vries-van Dijk", "Anna de Vries-van Dijk")),
        ("Anna Unknown", (None, None, None)),
        ("Gruber Family", (None, None, None)),
        ("Rob Tanner Sales Manager", (None, None, None)),
        ("TAN Wei Ling", ("Wei Ling", "Tan", "Tan Wei Ling")),
        ("Соколова Ирина Петровна", ("Ирина", "Соколова", "Соколова Ирина Петровна")),
    ],
)
def test_full_name_is_cleaned_and_split(full: str, expected: tuple[str | None, ...]) -> None:
    """Titles, credentials and decoration go, case is put right, the parts follow."""
    assert normalize_name(None, None, full) == expected


@pytest.mark.parametrize("full", ["王小明", "김민준", "Nguyễn Văn An", "Tran Van Minh", "Kim Min-jun", "山田 太郎"])
def test_full_name_is_kept_whole_where_the_family_name_may_come_first(full: str) -> None:
    """A guess at the order would swap the names of half the people who write theirs so."""
    assert normalize_name(None, None, full) == (None, None, full)


@pytest.mark.parametrize(
    ("first", "last", "full", "expected"),
    [
        ("JOHN", "MCDONALD", None, ("John", "McDonald", "John McDonald")),
        ("Dr. Anna", "SMITH, MBA", None, ("Anna", "Smith", "Anna Smith")),
        ("小明", "王", None, ("小明", "王", "王小明")),
        ("John", None, "John Smith", ("John", "Smith", "John Smith")),
        (None, "Smith", "John Smith", ("John", "Smith", "John Smith")),
        ("Bob", None, "Robert Smith", ("Bob", None, "Robert Smith")),
        ("Bob", "Smith", "Robert Q. Smith", ("Bob", "Smith", "Robert Q. Smith")),
        ("An", "Nguyễn", "Nguyễn An", ("An", "Nguyễn", "Nguyễn An")),
        ("John", "Smith III", None, ("John", "Smith", "John Smith")),
        ("Li", "NG", None, ("Li", "Ng", "Li Ng")),
        ("-", "N/A", "Foo Bar", ("Foo", "Bar", "Foo Bar")),
        ("John", None, None, ("John", None, None)),
    ],
)
def test_columns_win_over_the_full_name(
    first: str | None, last: str | None, full: str | None, expected: tuple[str | None, ...]
) -> None:
    """Given parts are kept; the full name fills only what is missing, where it agrees."""
    assert normalize_name(first, last, full) == expected


@pytest.mark.parametrize("value", [None, "", "N/A", "Dr.", "john@example.com", "https://example.com", "123", 5, [], {}])
def test_name_is_absent_when_there_is_none(value: object) -> None:
    """An address, a title or a number in the name column is no name."""
    assert normalize_name(value, value, value) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DE LA CRUZ", "de la Cruz"),
        ("LE", "Le"),
        ("MACDONALD", "MacDonald"),
        ("MACKENZIE", "Mackenzie"),
        ("D'ANGELO", "D'Angelo"),
        ("DeShawn", "DeShawn"),
        ("ABDUL-JABBAR", "Abdul-Jabbar"),
    ],
)
def test_family_name_is_recased(name: str, expected: str) -> None:
    """Particles go to lower case, capitals follow hyphens and apostrophes, mixed case stays."""
    assert " ".join(recase_words(name.split(), is_family=True)) == expected


WORDS = st.one_of(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8),
    st.text(string.ascii_letters + "äéőşłßñжиΑλאבمحनம王", min_size=1, max_size=8),
    st.sampled_from(sorted(family_starts._parser_words())).flatmap(lambda word: st.sampled_from([word, word.title()])),
    st.sampled_from(
        ["Smith", "O'Neil", "St.", "J", "J.", "née", "Jr", "III", "MD", "Dr", "Abdul", "y", "&", "X", "iv", "Vii"]
    ),
)


@given(st.lists(WORDS, min_size=2, max_size=4))
@example(["Mary", "Ann", "Smith"])
@example(["J.", "V.", "Smith"])
@example(["Van", "Johnson"])
def test_plain_words_are_split_as_the_parser_splits_them(words: list[str]) -> None:
    """The shorter way that most names take leads where the longer one does."""
    if family_starts.is_plain_to_parser(words[-1]) and all(map(family_starts._is_plain_in_front, words[:-1])):
        parsed = family_starts._parser().parse(" ".join(words))
        assert (parsed.given, parsed.family) == (words[0], words[-1])

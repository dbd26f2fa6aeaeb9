"""Plain names, which are not taken through all rules: the rules would leave them as they are."""

from string import ascii_uppercase

from hypothesis import given
from hypothesis import strategies as st

from app.normalizer.data import name_words, nobody_words
from app.normalizer.data.family_names import FAMILY_NAMES
from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.names import normalize_name
from app.normalizer.plain_names import is_plain, plain_words
from app.values import blanks
from app.values.text import word_set


def _words_of(module: object) -> set[str]:
    """Return every word of a module's word lists."""
    lists = [value for value in vars(module).values() if isinstance(value, frozenset | tuple)]
    return {word for words in lists for text in words for word in text.split()}


_LISTED = _words_of(name_words) | _words_of(nobody_words) | _words_of(blanks)
_PATTERNS = word_set("hiring seeking helping opentowork open looking gmbh llc inc ооо family phd née born ex at")
_NAMES = sorted(GIVEN_NAMES | FAMILY_NAMES)
pieces = st.one_of(st.sampled_from(_NAMES), st.text(min_size=1, max_size=8)).map(str.capitalize)
words = st.one_of(pieces, st.tuples(pieces, pieces).map("-".join))


def agree_with_rules(first: str, last: str) -> bool:
    """Return whether a blank too many, which keeps a text from being plain, changes nothing about a name."""
    whole, spaced = f"{first} {last}", f"{first}  {last}"
    in_columns = normalize_name(first, last, None) == normalize_name(f"{first} ", f"{last} ", None)
    is_whole = normalize_name(None, None, whole) == normalize_name(None, None, spaced)
    long, spaced = f"{first} {last} {first}", f"{first}  {last} {first}"
    return in_columns and is_whole and normalize_name(None, None, long) == normalize_name(None, None, spaced)


@given(words, words)
def test_plain_names_are_what_the_rules_make_of_them(first: str, last: str) -> None:
    """The rules leave plain names as they are."""
    assert agree_with_rules(first, last)


def test_listed_words_are_what_the_rules_make_of_them() -> None:
    """A word that a rule looks for is not plain, or the rule does not look there."""
    plain = sorted(filter(is_plain, map(str.capitalize, _LISTED | _PATTERNS)))
    assert [word for word in plain if not agree_with_rules(word, word)] == []


@given(words, words)
def test_case_and_decoration_of_plain_names_is_what_the_rules_make_of_it(first: str, last: str) -> None:
    """Capitals, small letters, an initial, a title and a degree are read as the rules read them."""
    assert [full for full in _decorated(first, last) if not _agree_on(first, last, full)] == []
    assert _agree_in_case(first, last)


def test_every_initial_title_and_degree_is_what_the_rules_make_of_it() -> None:
    """Each letter between two names, and each degree behind them, is read as the rules read it."""
    initials = [f"Ada {letter}. {last}" for letter in ascii_uppercase for last in _LAST_NAMES]
    degrees = [f"Ada Brandt{sign}{degree}" for sign in (", ", " ", ",") for degree in _degrees()]
    titles = [f"{title} Ada Brandt" for title in ("Dr.", "Dr", "Mr.", "Mrs.", "Ms.", "Prof.")]
    whole = [(full, "Brandt") for full in (*degrees, *titles)]
    names = [(full, full.split(" ")[-1]) for full in initials] + whole
    assert [full for full, last in names if not _agree_on("Ada", last, full)] == []


_LAST_NAMES = ("Brandt", "Brien", "Phil", "Tech", "Arch", "Des", "Kim", "Petrovich", "Nagy")


def _degrees() -> list[str]:
    return sorted({spelled for word in name_words.CREDENTIALS for spelled in (word, word.upper(), word.title())})


def _decorated(first: str, last: str) -> list[str]:
    whole = f"{first} {last}"
    return [f"{first} M. {last}", f"Dr. {whole}", f"{whole}, MBA", f"{whole} PhD", f"Prof. {whole}, MD", f"{whole}, x"]


def _agree_on(first: str, last: str, full: str) -> bool:
    return normalize_name(first, last, full) == normalize_name(f"{first} ", f"{last} ", full)


def _agree_in_case(first: str, last: str) -> bool:
    """Return whether the rules say of a name in capitals or small letters what the short way does."""
    return all(agree_with_rules(spell(first), spell(last)) for spell in (str.upper, str.lower))


def test_most_names_are_plain() -> None:
    """Names in a name's case are plain; titles, placeholders, particles, initials and other cases are not."""
    assert plain_words("Ada Mia Brandt") == ("Ada", "Mia", "Brandt")
    assert plain_words("Ada") == plain_words("Ada M. Brandt") == plain_words("Ada  Brandt") == ()
    assert all(map(is_plain, ("Jürgen", "Łukasz", "Yıldız", "Ирина", "Anna-Lena")))
    others = (
        "Dr",
        "Sales",
        "Van",
        "Phd",
        "J",
        "ada",
        "ADA",
        "McDonald",
        "O'Neil",
        "Ada-mia",
        "Sales-Team",
        "王小明",
        "Ada1",
        "",
        "Ada Mia",
    )
    assert not any(map(is_plain, others))
    assert len(list(filter(is_plain, map(str.title, GIVEN_NAMES)))) > 0.9 * len(GIVEN_NAMES)

"""Names of people: decoration off, case put right, full names split where their order is known."""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

from nameparser import Lexicon, Parser, Policy

from app.providers.normalizer.data.name_words import (
    AMBIGUOUS_CREDENTIALS,
    CREDENTIALS,
    GENERATIONS,
    HONORIFICS,
    KOREAN_FAMILY_NAMES,
    MAC_NAMES,
    PARTICLES,
    SHORT_NAMES,
    VIETNAMESE_FAMILY_NAMES,
)
from app.providers.normalizer.text import capitalize, clean, fold, is_all_caps, is_all_lower, is_placeholder

_LONGEST_NAME = 200
_MOST_ROUNDS = 4
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|\"[^\"]*\"|“[^“”]*”|«[^«»]*»")
_TAGLINE = re.compile(r"\s[|•·►~]\s?|\s?[|•►]\s|\s[-–—]\s(?=[^\s]*\s|[A-Z&]+$)")
_WORD_EDGE = ' ,;:-–—_|/\\*•·#+="“”'  # not the full stop, which belongs to "Jr."
_VIETNAMESE = frozenset("ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ")
_FAMILY_FIRST_SCRIPT = re.compile(
    r"[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
_NUMERAL = re.compile(r"[ivxIVX]+")
_NO_VOWEL = re.compile(r"[^aeiouyAEIOUY\W\d_]+")


class Name(NamedTuple):
    """The parts of a person's name; None where a part is not known."""

    first: str | None
    last: str | None
    full: str | None


def normalize_name(first: Any, last: Any, full: Any) -> Name:
    """Return the three forms of a name, decoration removed and case put right.

    Columns that are given win; the full name is split for what they lack, unless its script or its words leave the
    order of family and given name open (Chinese, Japanese, Korean, Vietnamese): then it is kept whole. Titles and
    credentials go; ``Jr.`` and ``III`` stay in the full name only. Mixed case stays as it is.
    """
    name, before = _normalize_once(first, last, full), (first, last, full)
    for _ in range(_MOST_ROUNDS):  # until normalising again changes nothing
        if name == before:
            break
        name, before = _normalize_once(*name), name
    return name


def _normalize_once(first: Any, last: Any, full: Any) -> Name:
    given, family = _clean_part(first, is_family=False), _clean_part(last, is_family=True)
    whole = _clean_full(full)
    if whole is not None and (given is None or family is None):
        given, family = _fill_from(whole, given, family)
        if family is None and given == whole and _opens_with_title(full):
            given, family = None, whole  # "Dr. Smith"
    return Name(given, family, _rendered(whole) if whole is not None else _joined(given, family))


def _opens_with_title(text: str) -> bool:
    return _bare(text.split(maxsplit=1)[0]) in HONORIFICS


def _clean_part(value: Any, is_family: bool) -> str | None:
    """Return a first or last name column without titles, credentials and generation."""
    text = _readable(value)
    if text is None:
        return None
    words = _without_credentials(_plain_words(text), text)
    words = _without_titles([word.rstrip(",") for word in words])
    if len(words) > 1 and _bare(words[-1]) in GENERATIONS:
        words = words[:-1]
    return _kept(recase_name(" ".join(words), is_family=is_family).strip(_WORD_EDGE))


def _clean_full(value: Any) -> str | None:
    """Return a full name column in its given order, without titles and credentials."""
    text = _readable(value)
    if text is None:
        return None
    words = _without_titles(_without_credentials(_plain_words(text), text))
    # In "Smith, Dr. John" the title follows the comma.
    words = [word for word in words if not (_bare(word) in HONORIFICS and word.endswith("."))] or words
    return _kept(recase_name(" ".join(words), is_family="," in text).strip(_WORD_EDGE))


def _kept(text: str) -> str | None:
    """Return the name, or None when a title is all there is."""
    return text if any(char.isalpha() for char in text) and _bare(text) not in HONORIFICS else None


def _readable(value: Any) -> str | None:
    text = clean(value, _LONGEST_NAME)
    if text is None or is_placeholder(text) or "@" in text or "://" in text:
        return None
    return text


def _plain_words(text: str) -> list[str]:
    """Return the words of a name without brackets ("(she/her)"), nicknames in quotes and taglines."""
    bare = _BRACKETS.sub(" ", text)
    bare = bare if any(char.isalpha() for char in bare) else text.strip('()[]{}"“”«» ')
    head = _TAGLINE.split(bare, maxsplit=1)[0]
    chosen = head if any(char.isalpha() for char in head) else bare
    return " ".join(chosen.replace(" ,", ",").split()).replace(" - ", "-").strip(_WORD_EDGE).split()


def _without_credentials(words: list[str], text: str) -> list[str]:
    """Return the words without ", MBA" or "PhD" at the end; at least one word stays."""
    capitals_count = not is_all_caps(text)
    while len(words) > 1 and _is_credential(words[-1], capitals_count):
        words = words[:-1]
    return [*words[:-1], words[-1].rstrip(",")] if words else words


def _is_credential(word: str, capitals_count: bool) -> bool:
    bare = _bare(word)
    if bare in CREDENTIALS:
        return True
    is_upper = word.rstrip(",").isupper() or "." in word[:-1]
    return bare in AMBIGUOUS_CREDENTIALS - GENERATIONS.keys() and is_upper and capitals_count


def _without_titles(words: list[str]) -> list[str]:
    start = 0
    while start < len(words) - 1 and _bare(words[start]) in HONORIFICS:
        start += 1
    return words[start:]


def _bare(word: str) -> str:
    return fold(word).replace(".", "").strip(",()")


def _fill_from(full: str, given: str | None, family: str | None) -> tuple[str | None, str | None]:
    """Return both parts, the missing ones taken from the full name where it agrees with what is given."""
    split_given, split_family = _split(full)
    if given is None and family is None:
        return split_given, split_family
    plain = _rendered(full).removesuffix(_generation(full)).strip()
    if given is not None:
        rest = plain.removeprefix(given + " ")
        agrees = split_given is not None and fold(split_given) == fold(given)
        return given, split_family if agrees else (_kept_rest(rest, plain))
    rest = plain.removesuffix(f" {family}")
    agrees = split_family is not None and family is not None and fold(split_family) == fold(family)
    return (split_given if agrees else _kept_rest(rest, plain)), family


def _kept_rest(rest: str, whole: str) -> str | None:
    """Return what is left of the full name once the known part is taken off, when it is one word."""
    return rest if rest != whole and rest and " " not in rest else None


def _split(full: str) -> tuple[str | None, str | None]:
    """Return given and family name of a full name, or None for both when their order is not known."""
    if not has_known_order(full):
        return None, None
    words = full.split(" ")
    if len(words) > 1 and all(map(_is_plain, words)):
        # The parser would say the same, and take most of the time that an answer's name costs.
        return words[0], words[-1]
    parsed = _parser().parse(full)
    return parsed.given or None, parsed.family or None


def _is_plain(word: str) -> bool:
    """Tell whether a word is nothing but a name to the parser, wherever it stands."""
    if not (word.isascii() and word.isalpha()) or _NUMERAL.fullmatch(word):
        return False
    return word.lower() not in _parser_words()


def has_known_order(full: str) -> bool:
    """Tell whether the given name surely comes first (or the family name stands before a comma)."""
    if _FAMILY_FIRST_SCRIPT.search(full):
        return False
    if "," in full:
        return True
    words = fold(full).replace("đ", "d").split()
    if any(char in _VIETNAMESE for char in full.lower()) or (len(words) > 1 and words[0] in VIETNAMESE_FAMILY_NAMES):
        return False
    return not (len(words) == 2 and words[0] in KOREAN_FAMILY_NAMES and _is_korean_given_name(full.split()[-1]))


def _is_korean_given_name(word: str) -> bool:
    """Tell whether a word looks like "Min-jun": a hyphen followed by a small letter."""
    _, hyphen, rest = word.partition("-")
    return bool(hyphen) and rest[:1].islower()


def _rendered(full: str) -> str:
    """Return a full name in reading order: "van der Berg, Anna Maria" gives "Anna Maria van der Berg"."""
    if "," not in full or _FAMILY_FIRST_SCRIPT.search(full):
        return full
    parsed = _parser().parse(full)
    parts = (parsed.given, parsed.middle, parsed.family, parsed.suffix)
    return " ".join(part for part in parts if part).replace(",", "") or full


def _generation(full: str) -> str:
    last = full.split()[-1]
    return last if _bare(last) in GENERATIONS else ""


def _joined(given: str | None, family: str | None) -> str | None:
    if given is None or family is None:
        return None
    if _FAMILY_FIRST_SCRIPT.search(given) and _FAMILY_FIRST_SCRIPT.search(family):
        return family + given
    return f"{given} {family}"


def recase_name(name: str, is_family: bool = False) -> str:
    """Return the name with words that are all upper or all lower case put in a name's case.

    Words in mixed case stay: nobody types "McDonald" or "DeShawn" by accident. With `is_family` the text opens with
    a family name, whose leading particle is in lower case ("van der Berg").
    """
    is_mixed = not (is_all_caps(name) or is_all_lower(name))
    words = name.split(" ")
    recased: list[str] = []
    for position, word in enumerate(words):
        opens_given = position == 0 and not is_family
        if position < len(words) - 1 and fold(word) in PARTICLES and _is_particle(word, opens_given, is_mixed):
            recased.append(word.lower())
        else:
            recased.append(_recase_word(word, opens_given, is_mixed))
    return " ".join(recased)


def _recase_word(word: str, opens_given: bool, is_mixed: bool) -> str:
    if not (word.isupper() or word.islower()):
        return word
    if not opens_given and _bare(word) in GENERATIONS:
        return GENERATIONS[_bare(word)]
    letters = word.strip(".,'")
    if "." in word[:-1] or len(letters) == 1:
        return word.upper()
    if word.isupper() and _stays_upper(letters, is_mixed):
        return word
    return "-".join(_capitalize_piece(piece) for piece in word.split("-"))


def _is_particle(word: str, opens_given: bool, is_mixed: bool) -> bool:
    """Tell whether a word that may be a particle is one here, going by the case of the words around it."""
    if not (word.isupper() or word.islower()):
        return False
    if is_mixed and (word.islower() or len(word) == 2):
        return word.islower()
    return not opens_given


def _stays_upper(letters: str, is_mixed: bool) -> bool:
    """Tell whether upper case letters are initials ("JP", "AJ") rather than a name that was typed in capitals."""
    if len(letters) != 2 or letters.lower() in SHORT_NAMES:
        return False
    return is_mixed or _NO_VOWEL.fullmatch(letters) is not None or letters in {"AJ", "EJ"}


def _capitalize_piece(piece: str) -> str:
    head, mark, tail = piece.partition("'") if "'" in piece else piece.partition("’")
    if mark and len(head) <= 2 and len(tail) > 1:
        return capitalize(head) + mark + _capitalize_piece(tail)
    lowered = piece.lower()
    if lowered.startswith("mc") and len(piece) > 3:
        return "Mc" + capitalize(piece[2:])
    if lowered in MAC_NAMES:
        return "Mac" + capitalize(piece[3:])
    return capitalize(piece)


@functools.cache
def _parser() -> Parser:
    """Return a parser that knows particles, commas and generations; titles and credentials are gone by then."""
    return Parser(lexicon=_lexicon(), policy=Policy(segment_scripts=frozenset()))


@functools.cache
def _parser_words() -> frozenset[str]:
    """Return the words that mean something to the parser."""
    known = _lexicon()
    return known.particles | known.conjunctions | known.bound_given_names | known.suffix_words


@functools.cache
def _lexicon() -> Lexicon:
    shipped = Lexicon.default()
    return Lexicon(
        particles=shipped.particles,
        particles_ambiguous=shipped.particles_ambiguous,
        conjunctions=shipped.conjunctions,
        conjunctions_ambiguous=shipped.conjunctions_ambiguous,
        bound_given_names=shipped.bound_given_names,
        suffix_words=frozenset(GENERATIONS) - {"junior"},
    )

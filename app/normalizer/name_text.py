"""What a name column holds once titles, credentials, pronouns and remarks are off.

This guards the parser of full names, which takes whatever stands before or behind a comma for a name.
"""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from app.normalizer.data.family_names import FAMILY_NAMES
from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.data.name_words import (
    ALL_PARTICLES,
    AMBIGUOUS_CREDENTIALS,
    CREDENTIAL_WORDS,
    CREDENTIALS,
    FAMILY_GENERATIONS,
    FAMILY_OPENINGS,
    GENERATIONS,
    JOB_WORDS,
    LOWER_GENERATIONS,
    NOBILITY,
    PARTICLES,
    PRONOUNS,
    SHORT_CREDENTIALS,
    SHORT_GIVEN_NAMES,
    SPANISH_FAMILY_NAMES,
    TITLES,
    TITLES_BEFORE_TWO,
    TITLES_IN_CAPITALS,
    TITLES_WITH_DOT,
)
from app.normalizer.data.nobody_words import NEVER_NAMES
from app.normalizer.nobody import is_nobody, says_nothing
from app.values import blanks
from app.values.text import clean, fold

KINSHIP = frozenset({"a/l", "a/p", "s/o", "d/o"})
"""What Malaysians and Singaporeans write for "son of" and "daughter of"."""

_POSTNOMINALS = CREDENTIALS | CREDENTIAL_WORDS | TITLES
_JOINING_WORDS = frozenset({"and", "of", "in", "for", "the", "a"})
_DOTTED_WORDS = CREDENTIALS | SHORT_CREDENTIALS | AMBIGUOUS_CREDENTIALS | TITLES
_LONGEST_NAME = 200
_REMEMBERED_WORDS = 8192
_LONGEST_GIVEN = 4  # words
_LONGEST_MONONYM = 7  # letters that are taken for a name of one word in capitals
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|\"[^\"]*\"|“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»")
_QUOTED = re.compile(r"(?<=\s)['‘’][^\W\d_]{2,}['’](?=\s)")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});")
_TAGLINE = re.compile(
    r"\s[|·►~:]\s?|\s?[|•►#✓]\s?|\s@|\s[-–—]\s(?=\S*\s|[A-Z&]+$)|\s(?:at|bei|chez|from|is|via|formerly|alias|aka|a\.k\.a\.)\s"
    r"|,?\s(?:(?i:née|geb\.|geborener?)|né|nee|born|nata|roz\.|rozená|z d\.|ur\.)\s|,?\s[Ee]x-\S"
)
_SLOGAN = re.compile(
    r"[\s,]+(?:open to (?:work|new)|open for|opentowork|hiring|we['’]?\s?(?:a)?re (?:hiring|recruiting)|now hiring|"
    r"i['’]?\s?a?m hiring|is hiring|looking for|actively (?:looking|seeking)|available for|seeking|hire me|"
    r"on a mission|helping)\b.*$",
    re.IGNORECASE,
)
_DASH_REMARK = re.compile(r"\s[-–—]\s*(\S+)$")
_COMMA = re.compile(r"[,;،、]")
_USER_NAME = re.compile(r"\S@|@\S*\.\S")
_COUPLE = re.compile(r"(?:^|\s)(?:&|\+|and|und|et|og|och)(?:\s|$)|\w&\w|&$", re.UNICODE)
_COUPLE_IN_CAPITALS = re.compile(r"\s(?:AND|UND|ET|OG|OCH)\s")
_NOBLE_AND = re.compile(r"\b(?:von|zu|of|de)\b.*\sund\b", re.IGNORECASE)
_FIRM = re.compile(r"\b(?:gmbh|llc|ltd|inc|corp|plc|sarl|s\.r\.l|pty|sdn|bhd|ооо|зао)\b\.?", re.IGNORECASE)
_GLUED_TITLE = re.compile(r"^((?:[^\W\d_]{1,5}\.)+)(?=[^\W\d_]{3,}$)", re.UNICODE)
_SPACED_CREDENTIAL = re.compile(
    r"(?<=[\s,])(?:(Ph)\.?\s?(D)|(Ed|Psy|Pharm|Ll|LL)\.\s?([BDM])"
    r"|([MBPCD])\.\s?(Sc|Ed|Eng|Tech|Com|Phil|Div|Arch|Pharm|Psych|Mus|Min|Th|Des))\b\.?"
    r"(?=\s*(?:$|[,(/])|\s[A-Z][A-Za-z]*[A-Z.])"
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?\.?")
_INITIAL_PAIR = re.compile(r"(?:[^\W\d_]+\.?-)+[^\W\d_]\.")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_CAMEL_CREDENTIAL = re.compile(
    r"(?!M[Cc])[A-Z]{2,}[a-z]+[A-Za-z]*|[A-Z][a-z]{1,4}[A-Z]|[A-Z][a-z]{1,3}[A-Z]{1,3}[a-z]{0,3}[A-Z]"
)
_DIGIT = re.compile(r"\d")
_ORDINAL = re.compile(r"[234](?:nd|rd|th)", re.IGNORECASE)
_TITLE_TAIL = re.compile(r"(?:様|さん|氏|先生|女士|님)$")
_INNER_DOT = re.compile(r"[^\W\d_]{2}\.[^\W\d_]|[^\W\d_]\.[^\W\d_]{2}")
_NAME_MARKS = ".'’‘ʼʻ`´-‐‑·״׳\u200c\u200d"
_WORD_EDGE = ' ,;:-–—_|/\\*•·#+="“”!?<>^~`´'  # not the full stop, which belongs to "Jr."


class NameText(NamedTuple):
    """The words of a name in their case and order; those of a family name that a comma puts first stand apart."""

    words: tuple[str, ...]
    family: tuple[str, ...]
    generation: str | None
    is_family_alone: bool
    """Whether a title or credential stood beside a single word: "Dr. Smith"."""


@functools.lru_cache(_REMEMBERED_WORDS)
def bare(word: str) -> str:
    """Return the key of a word in the lists: folded, without dots, commas and brackets."""
    return fold(word).replace(".", "").strip(",()'’®*")


def is_initials(word: str) -> bool:
    """Return whether a word is an initial or several with dots: "J.", "J.R."."""
    return _INITIALS.fullmatch(word) is not None


def is_mixed(text: str) -> bool:
    """Return whether a text has upper and lower case letters, so that capitals mean something."""
    return not (text.isupper() or text.islower()) or any(unicodedata.category(char) == "Lo" for char in text)


def read_name(value: Any) -> NameText | None:
    """Return the words of a full name, or None if there is none or nobody can tell which words are the name."""
    text = _readable(value)
    if text is None or is_nobody(text):
        return None
    segments = _segments(text)
    names = list(map(_without_decoration, segments))
    if not _are_one_name(names):
        return None
    if len(names) == 2:
        family, generation_of_family = _without_generation(names[0])
        given, generation = _without_generation(names[1])
        return _inverted(family, given, generation or generation_of_family)
    words, generation = _without_generation(names[0])
    if len(segments[0]) == 1 and _is_user_name(words[0]):
        return None
    is_titled = names[0] != segments[0] or _COMMA.search(text) is not None
    is_family_alone = is_titled and _is_family_alone(words, segments[0])
    return NameText(tuple(words), (), generation, is_family_alone)


def _without_decoration(words: list[str]) -> list[str]:
    return _without_titles(_without_credentials(words, 1))


def _are_one_name(segments: list[list[str]]) -> bool:
    """Return whether the words between commas are a name, or a family name and a given name."""
    if segments in ([], [[]]) or len(segments) > 2:
        return False
    if any(map(_has_stranger, segments)) or any(map(_is_unclear, segments)):
        return False
    return len(segments) == 2 or not _is_title_alone(segments[0])


def read_part(value: Any) -> tuple[str, ...]:
    """Return the words of a first or last name column without titles, credentials and generation."""
    text = _readable(value)
    if text is None:
        return ()
    segments = _segments(text)
    if len(segments) != 1:
        return ()
    words, _ = _without_generation(_without_titles(_without_credentials(segments[0], 2)))
    return () if _has_stranger(words) or _is_title_alone(words) else tuple(words)


def _is_user_name(word: str) -> bool:
    """Return whether a single word that is no known name was typed as user names are: "idabrandt"."""
    if _is_known_name(word) or not word.isascii():
        return False
    return word.islower() or (word.isupper() and len(word) > _LONGEST_MONONYM)


def _is_title_alone(words: Sequence[str]) -> bool:
    if len(words) != 1:
        return False
    key = bare(words[0])
    is_marked = words[0].endswith(".") and len(key) > 1 and (key in TITLES_WITH_DOT or _is_generation(words[0]))
    return key in TITLES or key in CREDENTIALS or is_marked


def _is_unclear(words: Sequence[str]) -> bool:
    """Return whether a word is nobody's name, or a job ends the words without a sign before it."""
    keys = [bare(word) for word in words]
    return not NEVER_NAMES.isdisjoint(keys) or (len(keys) > 2 and keys[-1] in JOB_WORDS)


def _is_family_alone(words: Sequence[str], before: Sequence[str]) -> bool:
    """Return whether the single word beside a title is a family name; knights have their given name there."""
    return len(words) == 1 and not is_initials(words[0]) and bare(before[0]) not in {"sir", "dame"}


def _readable(value: Any) -> str | None:
    """Return the text of a column without remarks, or None if it holds no single person's name."""
    text = clean(value, _LONGEST_NAME)
    if text is None:
        return None
    text = clean(html.unescape(text)) if _ENTITY.search(text) else text
    if text is None or blanks.says_nothing(text) or says_nothing(text):
        return None
    if "://" in text or _USER_NAME.search(text):
        return None
    text = _without_remarks(text)
    return None if _is_no_person(text) else text


def _is_no_person(text: str) -> bool:
    if not any(char.isalpha() for char in text) or _FIRM.search(text) or text.lower().endswith(" family"):
        return True
    if _COUPLE_IN_CAPITALS.search(text) and text.isupper():
        return True
    return _COUPLE.search(text) is not None and not _NOBLE_AND.search(text)


def _without_remarks(text: str) -> str:
    """Return the text without brackets ("(she/her)"), nicknames in quotes, taglines and slogans."""
    plain = _BRACKETS.sub(" ", text)
    if not any(char.isalpha() for char in plain):
        plain = text.strip('()[]{}"“”„«» ')
    plain = _QUOTED.sub(" ", plain)
    head = _SLOGAN.sub("", _TAGLINE.split(plain, maxsplit=1)[0])
    head = head if any(char.isalpha() for char in head) else plain
    head = _SPACED_CREDENTIAL.sub(lambda match: ".".join(filter(None, match.groups())), f" {head}")
    return _joined_hyphens(" ".join(head.replace(" ,", ",").split()))


def _joined_hyphens(text: str) -> str:
    """Return "Anna Smith - Jones" with a hyphen, and without what follows if that is no name."""
    remark = _DASH_REMARK.search(text)
    if remark and (bare(remark.group(1)) in CREDENTIAL_WORDS or bare(remark.group(1)) in CREDENTIALS):
        text = text[: remark.start()]
    elif remark and not _is_known_name(remark.group(1)):
        return ""  # a second family name or an employer
    return re.sub(r"\s[-–—]\s", "-", text).strip(_WORD_EDGE)


def _is_known_name(word: str) -> bool:
    return bare(word) in GIVEN_NAMES or bare(word) in FAMILY_NAMES


def _segments(text: str) -> list[list[str]]:
    """Return the words between commas; segments of credentials, titles, pronouns and generations are off or joined."""
    mixed = is_mixed(text)
    segments = map(_words, _COMMA.split(_TITLE_TAIL.sub("", text)))
    head, *others = list(filter(None, segments)) or [[]]
    kept = [head]
    for words in others:
        generations = [word for word in words if _is_generation(word) or word.strip(".") == "V"]
        rest = [word for word in words if word not in generations]
        if not rest or _is_postnominal(rest, mixed, len(head) + len(kept) - 1):
            kept[-1] = [*kept[-1], *generations]
        else:
            kept.append(words)
    return list(filter(None, kept))


def _words(segment: str) -> list[str]:
    words: list[str] = []
    for word in segment.split():
        stripped = word.strip(_WORD_EDGE)
        if not any(map(str.isalnum, stripped)) or _is_pronoun(stripped):
            continue
        if len(stripped) > 5 and stripped.endswith(".") and bare(stripped) in GIVEN_NAMES:
            stripped = stripped[:-1]
        is_in_front = all(before.endswith(".") for before in words)
        words.extend(_unglued(stripped) if is_in_front else [stripped])
    return words


def _unglued(word: str) -> list[str]:
    """Return the words of "Dr.Smith", "J.Smith" and of a user name such as "ida.brandt"."""
    return _split_at_title(word) or _split_user_name(word) or [word]


def _split_at_title(word: str) -> list[str]:
    match = _GLUED_TITLE.match(word)
    if match is None or bare(word) in _DOTTED_WORDS or not _opens_name(match.group(1), word):
        return []
    titles = [f"{part}." for part in match.group(1).rstrip(".").split(".")]
    return [*titles, word[match.end() :]]


def _split_user_name(word: str) -> list[str]:
    pieces = re.split(r"[._]", word)
    is_user_name = len(pieces) == 2 and all(len(piece) > 1 and piece.isalpha() for piece in pieces)
    if not is_user_name or bare(pieces[0]) not in GIVEN_NAMES or bare(pieces[1]) in GIVEN_NAMES:
        return []
    return pieces


def _opens_name(head: str, word: str) -> bool:
    """Return whether what stands before the dots is a title, an initial or a short given name."""
    parts = head.rstrip(".").split(".")
    long_parts = [fold(part) for part in parts if len(part) > 1]
    if long_parts and (TITLES | TITLES_WITH_DOT).issuperset(long_parts):
        return True
    is_short = len(parts[0]) == 1 or bare(head) in SHORT_GIVEN_NAMES
    return is_short and word[:1].isupper() and is_mixed(word)


def _is_pronoun(word: str) -> bool:
    parts = re.split(r"[/|\\]", fold(word).strip("()."))
    return len(parts) > 1 and all(part in PRONOUNS for part in parts if part)


def _is_pronoun_alone(word: str, mixed: bool) -> bool:
    """Return whether a word without a slash is a pronoun: "she", but not "Ella"."""
    key = fold(word).strip(".")
    return key in PRONOUNS and ((mixed and word.islower()) or key in {"he", "she", "they", "him", "her", "them"})


def _is_generation(word: str) -> bool:
    return bare(word) in GENERATIONS and "." not in word[:-1]  # "J.R." are initials


def _is_postnominal(words: Sequence[str], mixed: bool, head_length: int) -> bool:
    """Return whether all words behind a comma say what somebody is rather than what somebody is called."""
    if all(_is_pronoun_alone(word, mixed) for word in words):
        return True
    return all(_is_credential_behind_comma(word, mixed, head_length) for word in words)


def _is_credential_behind_comma(word: str, mixed: bool, head_length: int) -> bool:
    key = bare(word)
    if key in _POSTNOMINALS or _DIGIT.search(word):
        return True
    if key in _JOINING_WORDS and word.islower():
        return True
    if key in SHORT_CREDENTIALS or key in AMBIGUOUS_CREDENTIALS:
        may_be_name = head_length < 2 or (mixed and word.istitle())
        return not may_be_name or _is_marked(word, mixed)
    return _looks_like_credential(word, mixed, head_length)


def _is_marked(word: str, mixed: bool) -> bool:
    """Return whether a word is written as credentials are: with a dot inside, as "PhD" is, or in capitals."""
    if _CAMEL_CREDENTIAL.fullmatch(word) or "." in word[:-1]:
        return True
    return mixed and word.isupper()


def _looks_like_credential(word: str, mixed: bool, head_length: int) -> bool:
    """Return whether a word that no list knows has the shape of an abbreviation."""
    has_dot = "." in word[:-1]
    if is_initials(word):
        return has_dot and head_length > 1
    if has_dot:
        return True
    if bare(word) in GIVEN_NAMES:
        return False
    if _CAMEL_CREDENTIAL.fullmatch(word):
        return True
    stands_out = mixed and word.isupper() and len(word) > 1
    return stands_out and (head_length > 1 or _VOWEL.search(word) is None)


def _without_credentials(words: list[str], least_before: int) -> list[str]:
    """Return the words without "MBA" or "PhD" at the end; at least one word stays.

    `least_before` is 2 in the column of a part, where no given name stands in front.
    """
    text = " ".join(words)
    mixed = is_mixed(text)
    kept = words
    while len(kept) > 1:
        if _is_split_credential(kept):
            kept = kept[:-2]
        elif _is_credential(kept, mixed, len(kept) - 2 + least_before):
            kept = kept[:-1]
        else:
            break
    return kept


def _is_split_credential(words: Sequence[str]) -> bool:
    """Return whether the last two words are one credential: "M. D."."""
    if len(words) < 4 or not words[-2].endswith("."):
        return False
    return bare(words[-2] + words[-1]) in CREDENTIALS | SHORT_CREDENTIALS and len(bare(words[-1])) == 1


def _is_credential(words: Sequence[str], mixed: bool, before: int) -> bool:
    """Return whether the last word is a credential, with so many words of a name before it."""
    word = words[-1]
    key = bare(word)
    if key in CREDENTIALS:
        return True
    if key in SHORT_CREDENTIALS:
        is_short_for_nothing_else = before > 1 and _VOWEL.search(key) is None
        return is_short_for_nothing_else or _is_marked(word, mixed)
    if key in AMBIGUOUS_CREDENTIALS:
        may_be_name = before < 2 or _is_family_in_capitals(words)
        return not may_be_name and _is_marked(word, mixed)
    if is_initials(word) or key in GIVEN_NAMES:
        return False
    return _has_shape_of_credential(word, mixed, before)


def _is_family_in_capitals(words: Sequence[str]) -> bool:
    """Return whether the last word may be a family name that is typed in capitals behind the given name."""
    is_in_capitals = words[-1].isupper() and words[-1].isalpha()
    return is_in_capitals and bare(words[-2]) in GIVEN_NAMES


def _has_shape_of_credential(word: str, mixed: bool, before: int) -> bool:
    if "." in word[:-1] or _CAMEL_CREDENTIAL.fullmatch(word):
        return before > 1 or not word.isalpha()
    stands_out = mixed and word.isupper()
    if before < 2 or not stands_out:
        return False
    if _DIGIT.search(word) or _has_credential_part(word):
        return True
    return len(word) > 2 and _is_unspeakable(word)


def _is_unspeakable(word: str) -> bool:
    """Return whether a word is letters of ASCII without a vowel."""
    return word.isalpha() and word.isascii() and _VOWEL.search(word) is None


def _has_credential_part(word: str) -> bool:
    return "-" in word and any(bare(part) in CREDENTIALS for part in word.split("-"))


def _without_titles(words: list[str]) -> list[str]:
    """Return the words without titles in front, and without those with a dot elsewhere ("Smith, Dr. John")."""
    start = 0
    mixed = is_mixed(" ".join(words))
    while start < len(words) - 1 and _is_title(words, start, mixed):
        start += 1
    kept = words[start:]
    named = [word for word in kept if not (word.endswith(".") and bare(word) in TITLES)] or kept
    return _without_nobility(_without_trailing_title(named))


def _is_title(words: Sequence[str], position: int, mixed: bool) -> bool:
    word, rest = words[position], len(words) - position - 1
    key = bare(word)
    if _is_known_title(words, position):
        return True
    if key in TITLES_WITH_DOT and word.endswith("."):
        return not _is_capital(word)
    if rest > 1 and _is_title_before_two(word, mixed):
        return True
    is_inner_title = position > 0 and key in TITLES_WITH_DOT
    if is_inner_title and mixed and word.islower():
        return True
    return _is_abbreviation(word, key, mixed, rest)


def _is_capital(word: str) -> bool:
    return len(bare(word)) == 1 and word.isupper()


def _is_known_title(words: Sequence[str], position: int) -> bool:
    """Return whether a word is a title wherever it stands, "the" before one, or one of nobility before a particle."""
    key = bare(words[position])
    if key == "the" and bare(words[position + 1]) in TITLES:
        return True
    if key in NOBILITY and not PARTICLES.isdisjoint(map(bare, words[position + 1 :])):
        return True
    return key in TITLES


def _is_title_before_two(word: str, mixed: bool) -> bool:
    """Return whether a word is a title if two words of a name follow it."""
    key = bare(word)
    if key in TITLES_BEFORE_TWO:
        return True
    stands_out = mixed and word.isupper()
    return stands_out and key in TITLES_IN_CAPITALS


def _is_abbreviation(word: str, key: str, mixed: bool, rest: int) -> bool:
    """Return whether an unknown word with a dot in front is a title rather than a short given name."""
    if not word.endswith(".") or len(key) < 2:
        return False
    if is_initials(word) or _INITIAL_PAIR.fullmatch(word):
        return False
    if key in SHORT_GIVEN_NAMES or key in GIVEN_NAMES:
        return False
    stands_out = mixed and word.islower()
    return stands_out or rest > 1 or ".-" in word


def _without_trailing_title(words: list[str]) -> list[str]:
    while len(words) > 2 and bare(words[-1]) in {"dr", "prof"}:
        words = words[:-1]
    return words


def _without_nobility(words: list[str]) -> list[str]:
    """Return "Karl Freiherr von Stein" as "Karl von Stein"; "Anton Graf" stays."""
    last = len(words) - 1
    return [
        word
        for position, word in enumerate(words)
        if not (0 < position < last and bare(word) in NOBILITY and bare(words[position + 1]) in PARTICLES)
    ]


def _without_generation(words: list[str]) -> tuple[list[str], str | None]:
    """Return the words without "Jr." or "III" at the end, and that mark in its usual form."""
    generation = _generation_at_end(words) if len(words) > 1 else None
    return (words, None) if generation is None else (words[:-1], generation)


def _generation_at_end(words: list[str]) -> str | None:
    word, key = words[-1], bare(words[-1])
    is_month = key in {"jun", "sen"} and not word.endswith(".")
    if _is_generation(word) and not is_month:
        return _rendered_generation(word, key)
    is_lower_mark = key in LOWER_GENERATIONS and word.islower()
    if is_lower_mark and is_mixed(" ".join(words)):
        return word
    return None if len(words) < 3 else _generation_behind_name(words)


def _generation_behind_name(words: list[str]) -> str | None:
    """Return a mark that is one only behind two words of a name."""
    word = words[-1]
    if _is_fifth(words):
        return word
    is_family_mark = bare(word) in FAMILY_GENERATIONS and bare(words[-2]) not in PARTICLES
    return word.capitalize() if is_family_mark else None


def _is_fifth(words: list[str]) -> bool:
    """Return whether the "V" at the end is a number: behind a whole family name, with a given name in front."""
    follows_name = len(words[-2]) > 2 and bare(words[0]) in GIVEN_NAMES
    return follows_name and words[-1] == "V"


def _rendered_generation(word: str, key: str) -> str:
    return word.capitalize() if key == "junior" else GENERATIONS[key]


def _has_stranger(words: Sequence[str]) -> bool:
    """Return whether a word is no name's: a user name, a number, a sign."""
    return any(map(_is_strange, words))


def _is_strange(word: str) -> bool:
    if _ORDINAL.fullmatch(word) or bare(word) in KINSHIP:
        return False
    if word.startswith("."):
        return True
    if _INNER_DOT.search(word) and not (is_initials(word) or _INITIAL_PAIR.fullmatch(word)):
        return True
    return not all(unicodedata.category(char)[0] in "LM" or char in _NAME_MARKS for char in word)


def _inverted(family: list[str], given: list[str], generation: str | None) -> NameText | None:
    """Return the name of "Smith, John", or None if what follows the comma may be no given name."""
    while len(given) > 1 and given[-1].islower() and bare(given[-1]) in ALL_PARTICLES:
        family, given = [given[-1], *family], given[:-1]
    if not given or len(given) > _LONGEST_GIVEN or any(bare(word) in CREDENTIAL_WORDS for word in given):
        return None
    if _is_family_name(family) or bare(given[0]).split("-")[0] in GIVEN_NAMES:
        return NameText(tuple(given), tuple(family), generation, False)
    return None


def _is_family_name(words: Sequence[str]) -> bool:
    """Return whether the words are a family name rather than a whole name: one, or several that are known as one."""
    keys = [bare(word) for word in words]
    if len(words) == 1 or keys[0] in FAMILY_OPENINGS:
        return True
    return keys[0] not in GIVEN_NAMES and not (FAMILY_NAMES.isdisjoint(keys) and SPANISH_FAMILY_NAMES.isdisjoint(keys))

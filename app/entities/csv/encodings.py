"""Which encoding the letters of a text are in, if it is neither UTF-8 nor UTF-16 and nobody says.

Two judges have to agree. The chardet package compares pairs of letters with those of many languages; it is good
at that, but takes a few Spanish letters for Czech ones. So each reading is weighed here too: how likely its
letters are in a language that is written in that encoding. A letter that no such language has, a capital inside
a word, two scripts in one word, or a symbol between letters speaks against a reading. Windows-1252 is by far the
most frequent encoding of old lists, so a clear verdict for it needs no second judge.

A text that stays in doubt is not read: the answer names the encodings that it may be in.
"""

import codecs
import itertools
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from app.entities.csv.letters import LETTERS

WINDOWS_1252: Final = "windows-1252"

# A reading wins by these logarithms of how many times likelier it is than the next.
_CLEAR: Final = 2.0
_CLEAR_FOR_WINDOWS_1252: Final = 3.0
_CLEAR_ALONE: Final = 20.0
# The probability of what does not belong there: a letter of no such language, a symbol inside a word.
_STRANGE: Final = math.log(2e-5)
_SWITCH: Final = 3.0
_LONE_SYMBOL: Final = -2.0
_MOST_STRANGE: Final = 0.15
"""The share of strange letters from which on a reading is no candidate."""

_WORDS: Final = 200
# A single word is too little for another encoding than the usual one.
_WORDS_NEEDED: Final = 2
_LINES: Final = 400
_LINE_BYTES: Final = 2_000
"""What is looked at of a line: letters are weighed one by one, in each encoding."""
_CUTS: Final = (b",", b";", b"\t", b" ", b"|")
_CANDIDATES_NAMED: Final = 4
_SAMPLE_CHARS: Final = 60

_WESTERN: Final = (
    "German", "French", "Spanish", "Portuguese", "Italian", "Swedish", "Danish", "Dutch", "Finnish", "Icelandic",
    "Catalan", "Estonian",
)  # fmt: skip
# What it costs to take a text for one in a language that few lists are in, or few in such an encoding.
_RARE: Final[Mapping[str, float]] = {"Icelandic": 5.0, "Estonian": 3.0, "Catalan": 1.0}
_CENTRAL: Final = ("Polish", "Czech", "Slovak", "Hungarian", "Croatian", "Romanian", "German")
_TURKISH: Final = ("Turkish", "German")
_BALTIC: Final = ("Lithuanian", "Latvian", "Estonian")
# The encodings that are weighed: their languages, and how rare files in them are (a logarithm).
_ALPHABETS: Final[Mapping[str, tuple[Sequence[str], float]]] = {
    WINDOWS_1252: (_WESTERN, 0.0),
    "mac-roman": (_WESTERN, -3.0),
    "cp850": (_WESTERN, -4.0),
    "windows-1250": (_CENTRAL, -1.5),
    "iso-8859-2": (_CENTRAL, -2.0),
    "mac-latin2": (_CENTRAL, -5.0),
    "cp852": (_CENTRAL, -5.0),
    "windows-1254": (_TURKISH, -1.5),
    "windows-1257": (_BALTIC, -2.0),
    "windows-1251": (("Cyrillic",), -0.5),
    "koi8-u": (("Cyrillic",), -1.0),
    "mac-cyrillic": (("Cyrillic",), -3.0),
    "iso-8859-5": (("Cyrillic",), -2.0),
    "cp866": (("Cyrillic",), -2.0),
    "windows-1253": (("Greek",), -0.5),
    "iso-8859-7": (("Greek",), -1.0),
    "windows-1255": (("Hebrew",), -0.5),
    "windows-1256": (("Arabic",), -0.5),
    "iso-8859-6": (("Arabic",), -2.0),
    "cp874": (("Thai",), -0.5),
}
IDEOGRAPHS: Final = {
    "shift-jis": ("cp932", "euc_jp"),
    "euc-jp": ("euc_jp", "euc_jp"),
    "gb18030": ("gb18030", "gb18030"),
    "big5": ("cp950", "big5"),
    "euc-kr": ("cp949", "cp949"),
}
"""Each with Python's name of what is read, and the encoding whose first bytes tell frequent characters from rare."""

_OTHERS: Final = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso-8859-1", "iso-8859-3", "iso-8859-4",
    "iso-8859-8", "iso-8859-9", "iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16",
    "windows-1258", "koi8-r", "koi8-t", "kz1048", "ptcp154", "mac-greek", "mac-turkish", "mac-iceland", "cp437",
    "cp737", "cp775", "cp855", "cp857", "cp858", "cp860", "cp861", "cp862", "cp863", "cp864", "cp865", "cp869",
    "gbk", "gb2312", "big5hkscs", "cp932", "cp949", "cp950", "johab", "shift_jis_2004", "iso-2022-jp", "iso-2022-kr",
    "hz", "tis-620",
)  # fmt: skip

_WORD: Final = re.compile(rb"[^\s,;|\"@.()/&:+'*=<>_#0-9-]+")
_NO_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]")
_SQUARE_METRES: Final = re.compile(r"\b[ck]?m[²³]")
_SYMBOLS: Final = "–—‘’‚“”„•…€°§®©™«»·№\u00a0\u00ad¿¡´ºª£"


@dataclass(frozen=True, slots=True)
class Guess:
    """What a text seems to be in. `encoding` is None if that stays in doubt between the candidates."""

    encoding: str | None
    candidates: tuple[str, ...] = ()
    sample: str = ""


@dataclass(frozen=True, slots=True)
class _Reading:
    text: str
    encoding: str
    weight: float
    strange: float


def codec_named(name: str) -> str:
    """Return the name of an encoding that text may be in, in our spelling. Raises ValueError for another."""
    try:
        return _NAMES[codecs.lookup(name.strip()).name]
    except (LookupError, ValueError, UnicodeError):
        raise ValueError("expected the name of an encoding such as utf-8, windows-1251 or shift-jis") from None


def python_codec(name: str) -> str:
    """Return the codec that reads an encoding: a superset if programs write one under its name."""
    return IDEOGRAPHS[name][0] if name in IDEOGRAPHS else name


def guess(lines: Iterable[bytes]) -> Guess:
    """Guess the encoding of lines that are not UTF-8."""
    lines = list(filter(None, map(_start, itertools.islice(lines, _LINES))))
    words = _high_words(lines)
    if not words:
        return Guess(None)
    if not any(map(_has_letters, words)):
        return Guess(WINDOWS_1252)
    readings = _readings(lines, words)
    plausible = [reading for reading in readings if reading.strange <= _MOST_STRANGE]
    candidates = tuple(reading.encoding for reading in (plausible or readings)[:_CANDIDATES_NAMED])
    if not _is_clear(plausible, words, lines):
        return Guess(None, candidates)
    return Guess(plausible[0].encoding, candidates, _sample(plausible[0].text))


def _has_letters(word: bytes) -> bool:
    return any(map(str.isalpha, _core(word.decode(WINDOWS_1252, errors="replace"))))


def _is_clear(plausible: Sequence[_Reading], words: Sequence[bytes], lines: Sequence[bytes]) -> bool:
    """Return whether the first reading is that much likelier than the next."""
    if not plausible:
        return False
    best = plausible[0]
    if len(words) < _WORDS_NEEDED and best.encoding != WINDOWS_1252:
        return False
    margin = best.weight - plausible[1].weight if len(plausible) > 1 else math.inf
    return margin > _needed(best, lines)


def _needed(best: _Reading, lines: Sequence[bytes]) -> float:
    """Return by how much the best reading has to lead."""
    if best.encoding == WINDOWS_1252:
        return 0.0 if _is_confirmed(best, lines) else _CLEAR_FOR_WINDOWS_1252
    return _CLEAR if _is_confirmed(best, lines) else _CLEAR_ALONE


def _is_confirmed(best: _Reading, lines: Sequence[bytes]) -> bool:
    """Ask chardet whether it reads the same letters."""
    # Its models take memory, and most files need none.
    import chardet

    name = chardet.detect(b"\n".join(lines))["encoding"]
    if name is None:
        return False
    try:
        return b"\n".join(lines).decode(name) == b"\n".join(lines).decode(python_codec(best.encoding))
    except (LookupError, UnicodeError):
        return False


def _start(line: bytes) -> bytes:
    """Return a line, or the cells at the start of a long one; nothing if its first cell is too long.

    In no encoding are these separators a part of a letter.
    """
    if len(line) <= _LINE_BYTES:
        return line
    return line[: max(0, *(line.rfind(cut, 0, _LINE_BYTES) for cut in _CUTS))]


def _high_words(lines: Iterable[bytes]) -> list[bytes]:
    """Return the different words that are not ASCII, in their order."""
    words = dict.fromkeys(word for line in lines for word in _WORD.findall(line) if not word.isascii())
    return list(words)[:_WORDS]


def _readings(lines: Sequence[bytes], words: Sequence[bytes]) -> list[_Reading]:
    """Return the different readings, the likeliest first, each under its likeliest encoding."""
    by_text: dict[str, _Reading] = {}
    weighed = [_alphabet_reading(name, words) for name in _ALPHABETS]
    weighed += [_ideograph_reading(name, lines) for name in IDEOGRAPHS]
    for reading in sorted(filter(None, weighed), key=lambda reading: -reading.weight):
        by_text.setdefault(reading.text, reading)
    return list(by_text.values())


def _alphabet_reading(name: str, words: Sequence[bytes]) -> _Reading | None:
    languages, rarity = _ALPHABETS[name]
    texts = _texts(words, name)
    if texts is None:
        return None
    cores = list(map(_core, texts))
    letters = list(map(_letters, cores))
    faults = sum(map(_faults, cores)) + sum(map(_has_lost_its_capital, texts))
    weight = faults * _STRANGE + _LONE_SYMBOL * cores.count("") + _likelihood(letters, languages)
    known = frozenset().union(*(LETTERS[language] for language in languages))
    strange = faults + sum(char not in known for word in letters for char in word)
    return _Reading(" ".join(texts), name, rarity + weight, strange / max(sum(map(len, letters)), 1))


def _texts(words: Sequence[bytes], name: str) -> list[str] | None:
    """Return words as an encoding has them, or None if they are no text there."""
    try:
        texts = [word.decode(name) for word in words]
    except UnicodeDecodeError:
        return None
    return None if any(map(_NO_TEXT.search, texts)) else texts


def _letters(core: str) -> list[str]:
    """Return the letters of a word that are not ASCII, in one case."""
    # The small letter of a dotted capital I is two characters in Unicode, and Turkish has it about as often as ı.
    return [char for char in core.replace("İ", "ı").lower() if not char.isascii()]


def _likelihood(words: Sequence[Sequence[str]], languages: Sequence[str]) -> float:
    """Weigh letters by the language that suits most of them; a word of another costs a little."""
    weights = [[_word_weight(word, language) for language in languages] for word in words]
    rarities = [_RARE.get(language, 0.0) for language in languages]
    best = [max(weight - rarity for weight, rarity in zip(row, rarities, strict=True)) - _SWITCH for row in weights]
    return max(
        math.fsum(max(row[index], other) for row, other in zip(weights, best, strict=True)) - rarity
        for index, rarity in enumerate(rarities)
    )


def _word_weight(word: Sequence[str], language: str) -> float:
    table = _logarithms(language)
    return sum(table.get(char, _STRANGE) for char in word)


@cache
def _logarithms(language: str) -> Mapping[str, float]:
    letters = LETTERS[language]
    total = sum(letters.values())
    return {letter: math.log(count / total) for letter, count in letters.items()}


def _core(text: str) -> str:
    """Return a word without the symbols that may stand around words."""
    return _SQUARE_METRES.sub("", text).strip(_SYMBOLS).replace("’", "")


def _faults(word: str) -> int:
    """Count what no word has: a capital after a small letter, another script, a symbol."""
    capitals = sum(a.islower() and b.isupper() and not (a + b).isascii() for a, b in itertools.pairwise(word))
    letters = [char for char in word if char.isalpha()]
    scripts = {_is_latin(char) for char in letters}
    symbols = sum(not (char.isascii() or char.isalpha() or unicodedata.category(char)[0] == "M") for char in word)
    return capitals + symbols + (len(scripts) > 1)


def _has_lost_its_capital(word: str) -> bool:
    """Return whether an apostrophe stands where no word has one; it is Greek's capital alpha in another encoding."""
    return word[:1] == "’" and word[1:2].isalpha() and not _is_latin(word[1])


@cache
def _is_latin(char: str) -> bool:
    return char.isascii() or unicodedata.name(char, "").startswith("LATIN")


def _ideograph_reading(name: str, lines: Sequence[bytes]) -> _Reading | None:
    codec, ranks = IDEOGRAPHS[name]
    try:
        text = b"\n".join(lines).decode(codec)
    except UnicodeDecodeError:
        return None
    chars = [char for char in text if not char.isascii()]
    weights = [_ideograph_weight(char, name, ranks) for char in chars]
    strange = sum(weight <= _STRANGE for weight in weights)
    return _Reading(text, name, sum(weights), strange / max(len(chars), 1))


@cache
def _ideograph_weight(char: str, name: str, ranks: str) -> float:
    """Weigh a character by how frequent those of its part of the encoding are: they are sorted by that."""
    if "\u3040" <= char <= "\u30ff" and ranks == "euc_jp":
        return math.log(0.4 / 170)
    try:
        first, *rest = char.encode(ranks)
    except UnicodeEncodeError:
        return _STRANGE
    if len(rest) != 1:
        return _STRANGE
    return next((math.log(share) for low, high, share in _FREQUENT[name] if low <= first <= high), _STRANGE)


# First bytes from and to, and the share of one character among all in such text. Without kana, Japanese is
# characters alone, and must not look rarer than Chinese for that.
_FREQUENT: Final = {
    "shift-jis": ((0xB0, 0xCF, 0.95 / 2965), (0xD0, 0xF4, 0.02 / 3390), (0xA1, 0xA3, 0.02 / 200)),
    "euc-jp": ((0xB0, 0xCF, 0.95 / 2965), (0xD0, 0xF4, 0.02 / 3390), (0xA1, 0xA3, 0.02 / 200)),
    "gb18030": ((0xB0, 0xD7, 0.95 / 3755), (0xD8, 0xF7, 0.02 / 3008), (0xA1, 0xA3, 0.02 / 188)),
    "big5": ((0xA4, 0xC6, 0.95 / 5401), (0xC9, 0xF9, 0.02 / 7652), (0xA1, 0xA3, 0.02 / 400)),
    "euc-kr": ((0xB0, 0xC8, 0.97 / 2350), (0xCA, 0xFD, 0.01 / 4888), (0xA1, 0xA3, 0.02 / 188)),
}


def _sample(text: str) -> str:
    """Return a few words that are not ASCII, for a person to check."""
    words = dict.fromkeys(word for word in re.findall(r"\w+", text) if not word.isascii())
    return " ".join(words)[:_SAMPLE_CHARS]


_NAMES: Final = {codecs.lookup(name).name: name for name in (*_OTHERS, *_ALPHABETS, *IDEOGRAPHS)}

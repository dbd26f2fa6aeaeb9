"""Whether two spellings of a name can be the same person or the same company.

Used wherever two records share a key (an address, a host, a page) and the question is whether they are one. The
answer is `SAME`, `OTHER`, or `UNKNOWN` if a name is missing or cannot be compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from app.values.blanks import is_placeholder
from app.values.text import clean, fold, word_set


class Likeness(StrEnum):
    """How two names compare."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"


_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_BRACKETS: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\"[^\"]*\"|“[^“”]*”")
# Titles and suffixes that stand beside a name in one list and not in the other.
_NOT_NAMES: Final = word_set(
    """
    mr mrs ms miss mx dr prof sir dame herr frau hr fr monsieur madame mme mlle sr sra srta dra don dona ing dipl
    mag dott ssa avv rag geom phd md mba msc bsc ba ma cpa esq pmp cfa jr snr jnr ii iii iv van von der den de da di
    del della dos das du la le los las el al bin ibn zu zum zur vom ten ter op af av
    """
)
_LEGAL_FORMS: Final = word_set(
    """
    inc incorporated corp corporation co company ltd limited llc llp lp plc pty pvt private gmbh ag kg kgaa ohg gbr
    ug mbh haftungsbeschraenkt ev eg se sa sas sasu sarl sarls spa srl srls snc sas sl slu sau sc
    scop bv nv vof cv cvba ab as asa aps a/s oy oyj hf ehf ou oue as sia uab ooo oao zao pao ao ooo тов ооо оао зао
    пао ао sp z oo zoo doo dd sro spol kft zrt nyrt bt rt ad ead ood eood srl scs pt tbk sdn bhd berhad pte kk gk
    ltda me epp eireli cia de cv sapi rl kabushiki kaisha holding holdings group gruppe groupe the and und et & y e
    """
)
_SPELLINGS: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe", "ß": "ss"}
)
_FLAT: Final = str.maketrans({"ł": "l", "đ": "d", "ı": "i", "ð": "d", "þ": "th"})
_NEARLY: Final = 0.86

# Short forms that share no first letters with the name, or too few.
_NICKNAMES: Final = tuple(
    frozenset(group.split())
    for group in (
        "robert bob bobby rob robbie bert",
        "william bill billy will willy liam",
        "richard dick rick ricky rich",
        "edward ed eddie ted teddy ned",
        "theodore ted teddy theo",
        "james jim jimmy jamie",
        "john jack johnny jon",
        "jonathan jon jonny",
        "michael mike mick mickey misha",
        "margaret peggy maggie meg greta marge",
        "elizabeth elisabeth liz beth betty lisa liza eliza lizzie bess",
        "katherine catherine kathryn kate katie kathy cathy kitty kat cat",
        "charles chuck charlie carl",
        "henry harry hank",
        "anthony tony",
        "antonio toni tono",
        "andrew andy drew",
        "alexander alex sandy sascha sasha xander alec lex",
        "alexandra alex sandra sasha alexa",
        "thomas tom tommy",
        "daniel dan danny",
        "david dave davy",
        "joseph joe joey josef sepp jose pepe",
        "jose pepe",
        "francisco paco pancho fran",
        "francis frank",
        "franz frank",
        "frances fran fanny francie",
        "patricia pat patty trish tricia",
        "patrick pat paddy",
        "peter pete",
        "samuel samantha sam sammy",
        "benjamin ben benny benji",
        "christopher chris kit topher",
        "christine christina chris tina chrissy",
        "nicholas nicolas nikolas nick nicky nico klaus niklas",
        "johannes hans johann hannes jan",
        "matthew matt matthias",
        "gregory greg",
        "gerald gerard gerry jerry",
        "jeffrey geoffrey jeff geoff",
        "lawrence larry laurie laurence",
        "leonard leo len lenny",
        "ronald ron ronnie",
        "donald don donny",
        "kenneth ken kenny",
        "stephen steven steve stefan",
        "susan susanna suzanne sue susie suzy",
        "deborah debra deb debbie",
        "barbara barb barbie babs",
        "jennifer jen jenny",
        "jessica jess jessie",
        "rebecca becky becca",
        "victoria vicky tori",
        "penelope penny",
        "dorothy dot dottie dolly",
        "eleanor ellie nell nora",
        "abigail abby gail",
        "giuseppe beppe peppe pino",
        "giovanni gianni nino vanni",
        "francesco franco cesco",
        "guillaume guy",
        "wilhelm willi willy",
        "friedrich fritz fred",
        "heinrich heinz",
        "ludwig lutz",
        "ulrich uli",
        "joaquin quino",
        "ignacio nacho",
        "jesus chuy",
        "enrique kike",
        "manuel manolo",
        "rosario charo",
        "dolores lola",
        "dmitry dmitri dima dmitrij",
        "vladimir vova volodya wladimir",
        "yevgeny evgeny zhenya eugene",
        "mikhail misha michail",
        "ivan vanya",
        "aleksandr alexander sasha alexandr oleksandr",
        "nikolai kolya nikolay mykola",
        "sergei sergey serhiy",
        "yuri juri yury iurii",
        "ekaterina katya kateryna yekaterina",
        "tatiana tanya tatjana",
        "anastasia nastya",
    )
)


def compare_people(one: Mapping[str, Any], other: Mapping[str, Any]) -> Likeness:
    """Compare the names of two people, each with `first_name`, `last_name` and `full_name` where known.

    The same are: equal names, whatever their order, case, accents, titles and transliteration; one with a middle
    name, an initial or a short form (Bob) where the other has the name; a double name and one half of it. Another
    surname with the same first name is another person, and so is another first name with the same surname.
    Names in two scripts cannot be compared.
    """
    mine, theirs = _person_words(one), _person_words(other)
    if not mine or not theirs or _script(mine[0]) != _script(theirs[0]):
        return Likeness.UNKNOWN
    shorter, longer = sorted((mine, theirs), key=len)
    if "".join(sorted(mine)) == "".join(sorted(theirs)) or "".join(mine) == "".join(theirs):
        return Likeness.SAME
    if len(shorter) == 1:
        # One word can be a first name or a surname: it says too little to tell two people apart, unless it is
        # a word that the other name does not have.
        return Likeness.UNKNOWN if any(_is_like(shorter[0], word) for word in longer) else Likeness.OTHER
    return Likeness.SAME if _has_all(shorter, longer) else Likeness.OTHER


def have_same_first_name(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two people's names begin alike, as they do if one of them took another surname."""
    mine, theirs = _person_words(one), _person_words(other)
    return bool(mine) and bool(theirs) and _is_like(mine[0], theirs[0])


def compare_companies(one: Any, other: Any) -> Likeness:
    """Compare the names of two companies, whatever their legal forms, case, accents and spaces.

    The same are: one name with more words than the other (`Acme`, `Acme Robotics Germany`), and an abbreviation
    of the other's words (`BMW`, `Bayerische Motoren Werke`).
    """
    mine, theirs = _company_words(one), _company_words(other)
    if not mine or not theirs or _script(mine[0]) != _script(theirs[0]):
        return Likeness.UNKNOWN
    if "".join(mine) == "".join(theirs) or _is_abbreviation(mine, theirs) or _is_abbreviation(theirs, mine):
        return Likeness.SAME
    shorter, longer = sorted((mine, theirs), key=len)
    if all(any(_is_nearly(word, candidate) for candidate in longer) for word in shorter):
        return Likeness.SAME
    return Likeness.SAME if _is_nearly("".join(mine), "".join(theirs)) else Likeness.OTHER


def _person_words(fields: Mapping[str, Any]) -> list[str]:
    first, last = _name(fields.get("first_name")), _name(fields.get("last_name"))
    in_parts = f"{first} {last}".strip()
    text = in_parts if first and last else _name(fields.get("full_name")) or in_parts
    words = _words(_BRACKETS.sub(" ", text))
    return [word for word in words if word not in _NOT_NAMES] or words


def _company_words(value: Any) -> list[str]:
    text = _BRACKETS.sub(" ", _name(value)).replace(".", "")
    words = _words(text)
    return [word for word in words if word not in _LEGAL_FORMS] or words


def _name(value: Any) -> str:
    text = clean(value)
    return "" if text is None or is_placeholder(text) else text


@lru_cache(maxsize=8_192)
def _folded(text: str) -> str:
    return fold(unicodedata.normalize("NFC", text).casefold().translate(_FLAT))


def _words(text: str) -> list[str]:
    return [word.replace("'", "") for word in _WORD.findall(_folded(_spelled_out(text)))]


def _spelled_out(text: str) -> str:
    # "Müller" and "Mueller" meet at "Mueller"; "Muller" is met by `_is_nearly`.
    text = text.casefold()
    return text if text.isascii() else text.translate(_SPELLINGS)


def _script(word: str) -> str:
    return unicodedata.name(word[0], "").partition(" ")[0]


def _has_all(shorter: list[str], longer: list[str]) -> bool:
    """Return whether every word of the shorter name has a counterpart of its own in the longer one."""
    left = list(longer)
    for word in sorted(shorter, key=len, reverse=True):
        match = next((candidate for candidate in left if _is_like(word, candidate)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _is_like(word: str, other: str) -> bool:
    """Return whether two words can be one part of a name: equal, nearly, an initial, or a short form."""
    if word == other or (word[0] == other[0] and 1 in (len(word), len(other))):
        return True
    shorter, longer = sorted((word, other), key=len)
    is_short_form = len(shorter) >= 3 and longer.startswith(shorter)
    return is_short_form or _is_nearly(word, other) or any(word in names and other in names for names in _NICKNAMES)


def _is_nearly(word: str, other: str) -> bool:
    """Return whether two words differ by no more than a slip or a transliteration."""
    if word == other:
        return True
    if min(len(word), len(other)) < 4 or word[0] != other[0]:
        return False
    flat, other_flat = (text.replace("ae", "a").replace("oe", "o").replace("ue", "u") for text in (word, other))
    return flat == other_flat or SequenceMatcher(None, word, other, autojunk=False).ratio() >= _NEARLY


def _is_abbreviation(words: list[str], of: list[str]) -> bool:
    return len(words) == 1 and len(of) >= 2 and words[0] == "".join(word[0] for word in of)

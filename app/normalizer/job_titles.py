"""Job titles: from a profile's headline to the title on a business card."""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

from app.normalizer.data.acronyms import ACRONYMS, ACRONYMS_ALONE, SHORT_TITLES, SMALL_WORDS
from app.normalizer.seniority import decide_seniority
from app.normalizer.text import capitalize, is_in_one_case, until_stable
from app.values.blanks import says_nothing
from app.values.text import clipped, fold, one_line, word_set

_LONGEST_TITLE = 200
_LONGEST_ACRONYM = 3  # letters of a title in capitals that is taken for an acronym, known or not

_SEGMENT = re.compile(r"\s?[|•►¦]\s?|\s(?:·|//|~|⋅|::)\s|\n")
_GENDERS = re.compile(r"[(\[]?\b[mwfdxhn](?:\s?[/|]\s?[mwfdxhn*]){1,3}\b[)\]]?|\(all genders?\)|\(gn\)", re.IGNORECASE)
_EMPLOYER = re.compile(r"(.*?\S)(?:\s(at|chez|bei)\s|\s?@\s?)(.+)", re.IGNORECASE | re.DOTALL)
_NO_EMPLOYER = word_set("large sea home heart work night risk scale law height least")
_EDGE = ' ,;:-–—_|/\\*•·=~"“”„«»'
_WORD = re.compile(r"[^\s/(),;|:\[\]]+|.")
_LETTERS = re.compile(r"[^\W_]+")
# Letters without a vowel, but for ordinary abbreviations.
_UNKNOWN_ACRONYM = re.compile(r"(?!(?:[sjm]r|mrs|ms|dr|snr|jnr|mgr|mngr|mktg|mgmt|st|dptm)\Z)[b-df-hj-np-tv-xz]{2,5}")
_INITIALS = re.compile(r"(?:[a-z]\.){2,}[a-z]?")
# Title case is no spelling of these; everything else in mixed case stays as it is.
_MISTYPED = {
    name.title(): name
    for name in word_set(
        """
        CEO CTO CFO CMO CIO CHRO CISO CPO CRO CSO CDO CCO CBO CXO VP SVP EVP AVP RVP PDG DGA DRH DSI HRBP SDR BDR KAM
        PMO
        """
    )
}

_PLURALS = word_set(
    """
    managers directors engineers consultants analysts supervisors coordinators specialists officers executives
    administrators architects designers developers advisors assistants associates leads partners recruiters strategists
    planners controllers inspectors operators technicians
    """
)
_LOOKS_AFTER = frozenset({"of", "for", "to", "and", "vp", "head"})
_LIST_SIGN = re.compile(r"[,&/-]")


class JobTitle(NamedTuple):
    """A title for display and its level; the level is None if the rules cannot tell."""

    title: str | None
    seniority: str | None


ABSENT = JobTitle(None, None)


def normalize_job_title(value: Any, company: Any = None) -> JobTitle:
    """Return the cleaned title and its seniority.

    Of several segments ("CEO | Speaker | Dad") the first whose level is known stays, else the first. Employers
    after "@", or after "at" where a known role stands before it, go; so does the company's own name at the end.
    Mixed case stays; all upper and all lower case become title case with acronyms kept.
    """
    text, key = _readable(clipped(value))
    name, opening = _employer(clipped(company, _LONGEST_TITLE))
    # Hardly any title ends in the employer's name, and the others are the same for all employers.
    return _normalized(text, name if opening in key else "")


@functools.lru_cache(maxsize=8192)
def _readable(value: str) -> tuple[str, str]:
    """Return a title's text on one line and its key."""
    text = one_line(value.replace("\n", " | "))
    return text, fold(text)


@functools.lru_cache(maxsize=4096)
def _employer(company: str) -> tuple[str, str]:
    """Return an employer's name and the key of its first word, "" for what is missing."""
    name = one_line(company, _LONGEST_TITLE)
    opening = _LETTERS.search(fold(name))
    return name, opening.group() if opening else ""


@functools.lru_cache(maxsize=8192)
def _normalized(text: str, employer: str) -> JobTitle:
    """Return the title of a text on one line. Cached: many people of a list have the same title."""
    if says_nothing(text):
        return ABSENT
    title = until_stable(lambda current: _clean_once(current, employer), text)
    return ABSENT if says_nothing(title) else JobTitle(title, decide_seniority(title))


def _clean_once(text: str, employer: str) -> str:
    segments = filter(None, map(_bare, _SEGMENT.split(_GENDERS.sub(" ", text))))
    titles = [_without_employer(segment, employer) for segment in segments]
    return _singular(recase_title(_first_decided(titles)))[:_LONGEST_TITLE].strip()


def _first_decided(titles: list[str]) -> str:
    """Return the first title whose level is known, else the first, "" if there is none."""
    return next(filter(decide_seniority, titles), [*titles, ""][0])


def _bare(text: str) -> str:
    text = " ".join(text.replace("&amp;", "&").split()).replace(" ,", ",")
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    return text.strip(_EDGE)


def _without_employer(title: str, employer: str) -> str:
    if employer:
        title = _without_known_employer(title, employer)
    match = _EMPLOYER.fullmatch(title)
    if match is None:
        return title
    role = match.group(1).strip(_EDGE)
    return role if role and _names_employer(match, role) else title


def _names_employer(match: re.Match[str], role: str) -> bool:
    """Return whether an employer follows "at" or "@", rather than the rest of a phrase such as "at large"."""
    word, tail = match.group(2, 3)
    if word is None:
        is_spaced = " " in match.group(0)[match.end(1) : match.start(3)]
        return is_spaced or decide_seniority(role) is not None
    return fold(tail).split()[0] not in _NO_EMPLOYER and decide_seniority(role) is not None


def _without_known_employer(title: str, employer: str) -> str:
    """Return the title without ", Acme" or " - Acme" if Acme is the person's company."""
    if fold(title[-len(employer) :]) != fold(employer):
        return title
    rest = title[: -len(employer)]
    bare = rest.rstrip(" ,-–—@")
    return bare if bare and bare != rest.rstrip() else title


def _singular(title: str) -> str:
    """Return "Sales Manager" for "Sales Managers", if the plural is the title and not what it looks after."""
    head, _, last = title.rpartition(" ")
    if last.lower() not in _PLURALS or _looks_after_people(head):
        return title
    return title[:-1]


def _looks_after_people(head: str) -> bool:
    """Return whether the words before a plural are a role of their own, or a list."""
    if _LIST_SIGN.search(head) or not _LOOKS_AFTER.isdisjoint(head.lower().split()):
        return True
    return decide_seniority(head) is not None


def recase_title(title: str) -> str:
    """Return a title in all upper or all lower case in title case; mixed case stays but for "Ceo" and the like."""
    if acronym := _acronym_alone(title):
        return acronym
    if not is_in_one_case(title):
        return " ".join(_MISTYPED.get(word, word) for word in title.split(" "))
    is_upper = title.isupper()
    return "".join(_recase_pieces(_WORD.findall(title), False, is_upper))


def _acronym_alone(title: str) -> str | None:
    """Return a title that is one acronym: a known one, or up to three capitals that are no word ("DAF", "ÖPD")."""
    if title.islower():
        return ACRONYMS_ALONE.get(title)
    is_acronym = title.isupper() and title.isalpha() and len(title) <= _LONGEST_ACRONYM
    return title if is_acronym and title.lower() not in SHORT_TITLES else None


def _recase_word(word: str, is_first: bool, is_upper: bool) -> str:
    lowered = word.lower()
    if lowered in ACRONYMS:
        return ACRONYMS[lowered]
    if lowered in SMALL_WORDS and not is_first:
        return lowered
    if is_upper and _UNKNOWN_ACRONYM.fullmatch(lowered):
        return word
    if "-" in word:
        return "-".join(_recase_pieces(word.split("-"), is_first, is_upper))
    return _recase_plain(word)


def _recase_plain(word: str) -> str:
    is_short_form = "&" in word or _INITIALS.fullmatch(word.lower())
    return word.upper() if is_short_form else capitalize(word)


def _recase_pieces(pieces: list[str], are_others_first: bool, is_upper: bool) -> list[str]:
    """Return pieces in title case, of which the first opens a title or a word with hyphens."""
    first, *others = pieces
    return [_recase_word(first, True, is_upper), *(_recase_word(piece, are_others_first, is_upper) for piece in others)]

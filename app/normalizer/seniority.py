"""Seniority of a job title, by its head noun and what stands before it.

The levels are those of the vocabulary. Choices that the vocabulary leaves open: founders, owners, partners, presidents
and managing directors are C-Suite; "Head of" is Manager; a "lead" of anything is Senior IC; account, product, project
and customer success managers are individual contributors; supervisors are Manager. What fits no rule, or fits two
that disagree (chief of staff, executive director, general counsel, team leader, principal), stays undecided.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Final

from app.normalizer.data import title_words as words
from app.values.text import fold

C_SUITE: Final = "C-Suite"
VP: Final = "VP"
DIRECTOR: Final = "Director"
MANAGER: Final = "Manager"
SENIOR_IC: Final = "Senior IC"
IC: Final = "IC"
ENTRY_LEVEL: Final = "Entry Level"
UNKNOWN: Final = "Unknown"

SENIORITIES: Final = (C_SUITE, VP, DIRECTOR, MANAGER, SENIOR_IC, IC, ENTRY_LEVEL, UNKNOWN)

_UNCLEAR = "?"  # a part whose level the rules know that they do not know

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_STAFF_OF_SOMEBODY = re.compile(r"\bchief of staff\s?[,-]\s.*")
_INCLUSIVE_ENDING = re.compile(r"(?<=[a-z]{3})[/:*_]-?in(?:nen)?\b")
_INCLUSIVE_ADJECTIVE = re.compile(r"(?<=[a-z]{3}e)[/:*_]-?r\b")
_CHIEF_OFFICER = re.compile(r"\bchief (?:[a-z&-]+ ){1,4}?officers?\b")
_CHIEF_SHORT = re.compile(r"\bchief (?:technology|financial|marketing|operating|information|people|product|revenue)\b")
_DOTTED = re.compile(r"(?<=\w)\.(?=\w)|\.")
_EX = re.compile(r"\bex-(?=\w)")
_SEPARATOR = re.compile(r"\s(?:&|and|und|et|y|e|en|og|och|-|\+)\s|\s?[,;/|]\s?|\s?:\s")
_RANK_HYPHEN = re.compile(r"\b(vp|director|manager|head|ceo|cto|cfo|coo|engineer)-([a-z]+)")
_HEAD_OF = re.compile(r"\bhead\s?[,-]\s")
_NEEDED_KINDS = {
    "executive": words.EXECUTIVES,
    "executives": words.EXECUTIVES,
    "officer": words.OFFICERS,
    "officers": words.OFFICERS,
    "advisor": words.ADVISORS,
}
_LEVEL_NUMBER = re.compile(r"(?:i{1,3}|iv|v|[0-9]{1,2}|l[0-9])")


@functools.lru_cache(maxsize=4096)
def decide_seniority(title: str) -> str | None:
    """Return the level of a cleaned job title, or None when the rules cannot tell.

    A title of several roles ("CTO & Founder") has the level of the highest one.
    """
    text = _prepared(title)
    if words.NOT_NOW & set(text.replace(",", " ").split()):
        return None
    levels: list[str] = []
    for part in _SEPARATOR.split(text):
        level, is_support = _decide_part(part.split())
        if level:
            levels.append(level)
        if is_support and len(levels) <= 1:
            break  # "Assistant to the CEO and Founder" is about other people from here on
    if C_SUITE in levels and _has_lone_deputy(text):
        return None
    return _highest(levels, is_senior=_has_lone_mark(text, "senior"))


def _highest(levels: list[str], is_senior: bool) -> str | None:
    decided = [level for level in SENIORITIES if level in levels]
    if not decided or (_UNCLEAR in levels and decided[0] != C_SUITE):
        return None
    return SENIOR_IC if decided[0] == IC and is_senior else decided[0]


def _has_lone_mark(text: str, mark: str) -> bool:
    """Return whether a mark is a part of its own, as in "Software Engineer, Senior"."""
    return mark in (part.strip() for part in _SEPARATOR.split(text)[1:])


def _has_lone_deputy(text: str) -> bool:
    """Return whether a part makes another one a deputy's: "Geschäftsführer, stellvertretend"."""
    parts = [part.split() for part in _SEPARATOR.split(text)]
    return any(words.DEPUTIES.issuperset(part) for part in parts if part)


def _prepared(title: str) -> str:
    """Return the title in folded words, phrases and abbreviations replaced by the words the rules know."""
    text = _INCLUSIVE_ENDING.sub("in", fold(_BRACKETS.sub(_deputy_or_nothing, title)))
    text = _INCLUSIVE_ADJECTIVE.sub("r", text)
    text = _EX.sub("ex ", text).replace("–", "-").replace("—", "-").replace("’", "'")
    text = _STAFF_OF_SOMEBODY.sub("chief of staff", text)
    text = " ".join(_known_word(word) for word in _DOTTED.sub(" ", text).split())
    text = _phrases().sub(lambda match: words.PHRASES[match.group()], text)
    text = _CHIEF_OFFICER.sub("chiefofficer", text)
    text = _CHIEF_SHORT.sub("chiefofficer", text)
    return _HEAD_OF.sub("head of ", _RANK_HYPHEN.sub(_apart, text))


def _apart(match: re.Match[str]) -> str:
    """Return a rank apart from the field after its hyphen, but one with the helper that its holder has."""
    is_helper = _has_deputy([match.group(2)])
    return f"{match.group(1)} {match.group(2)}" if is_helper else f"{match.group(1)} - {match.group(2)}"


def _deputy_or_nothing(bracket: re.Match[str]) -> str:
    """Return what a bracket says if it makes somebody a deputy: "CEO (Deputy)"."""
    inner = bracket.group()[1:-1]
    return f" {inner} " if _has_deputy(_DOTTED.sub(" ", fold(inner)).split()) else " "


def _has_deputy(tokens: Iterable[str]) -> bool:
    """Return whether a word makes the role a deputy's or a helper's: "adjoint", "igazgató-helyettes"."""
    pieces = {piece for token in tokens for piece in token.split("-")}
    return not pieces.isdisjoint(words.DEPUTIES | words.HELPERS)


def _known_word(word: str) -> str:
    bare = word.rstrip(",;:")
    return words.ABBREVIATIONS.get(bare, bare) + word[len(bare) :]


@functools.cache
def _phrases() -> re.Pattern[str]:
    longest_first = sorted(words.PHRASES, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")


def _decide_part(tokens: list[str]) -> tuple[str | None, bool]:
    """Return the level of one role, and whether it is the role of somebody's assistant."""
    if tokens[:2] in (["office"], ["office", "of"]):
        return None, False
    tail = _tail(tokens)
    head = tokens[: len(tokens) - len(tail)]
    if not head:
        return None, False
    position = _head_position(head)
    if position is None:
        return None, False
    noun = head[position]
    is_rank = noun in words.C_SUITE_HEADS or noun in words.PRESIDENTS
    is_support = noun in words.ASSISTANT_HEADS or (is_rank and bool(words.ASSISTANT_HEADS & set(head[:position])))
    return _decide(head[:position], noun, head[position + 1 :], tail), is_support


def _tail(tokens: list[str]) -> list[str]:
    """Return what follows the first preposition, it included: what the role is about."""
    for index, token in enumerate(tokens):
        if token in words.PREPOSITIONS:
            return tokens[index:]
    return []


def _head_position(tokens: list[str]) -> int | None:
    """Return where the head stands: the last head noun, unless the words after it make it a department."""
    heads = [index for index, token in enumerate(tokens) if _is_head(token)]
    if not heads:
        return None
    if "vp" in tokens and tokens[heads[-1]] not in words.ASSISTANT_HEADS:
        return tokens.index("vp")
    last = heads[-1]
    if words.AFTER_HEAD_BLOCK & set(tokens[last + 1 :]) and not _leads(tokens[last], last, tokens):
        return None
    return last


def _leads(noun: str, position: int, tokens: list[str]) -> bool:
    """Return whether a rank opens the title, so that what follows is its field ("Director Product Marketing")."""
    ranks = _ranks() - words.C_SUITE_HEADS | words.ENTRY_HEADS
    return noun in ranks and set(tokens[:position]) <= words.RANK_STEPS


@functools.cache
def _ranks() -> frozenset[str]:
    """Return the heads that lead people, whatever noun follows them."""
    return words.C_SUITE_HEADS | words.DIRECTOR_HEADS | words.LEADER_HEADS | words.MANAGER_HEADS | {"vp"}


def _is_head(token: str) -> bool:
    return token in _heads() or token.endswith(words.IC_ENDINGS) or (token.endswith("in") and token[:-2] in _heads())


@functools.cache
def _heads() -> frozenset[str]:
    others = ("executive", "executives", "officer", "officers", "associate", "associates", "agent", "advisor", _UNCLEAR)
    return _ranks().union(
        words.OWNERS, words.PRESIDENTS, words.PARTNERS, words.LEAD_HEADS, words.IC_HEADS, words.ASSISTANT_HEADS,
        words.ENTRY_HEADS, others,
    )  # fmt: skip


def _decide(ordered: list[str], noun: str, after: list[str], tail: list[str]) -> str | None:
    """Return the level of a head noun with the words before it, those after it, and what it is about."""
    before = set(ordered)
    noun = _masculine(noun)
    if noun == _UNCLEAR or ("entrylevel" in after and noun in _ranks()):
        return _UNCLEAR
    if noun == "vp":
        return VP
    if noun in words.C_SUITE_HEADS:
        return _decide_c_suite(ordered, after)
    if noun in words.OWNERS | words.PRESIDENTS | words.PARTNERS:
        return _decide_owner(noun, ordered, after, tail)
    if noun in words.DIRECTOR_HEADS:
        return _UNCLEAR if before & words.CRAFT_DIRECTORS else DIRECTOR
    if noun in words.LEADER_HEADS | words.MANAGER_HEADS:
        return _decide_manager(ordered, noun, after, tail)
    return _decide_contributor(before, ordered, noun, after)


def _masculine(noun: str) -> str:
    """Return the head that the feminine of a German one stands for: "leiter" for "leiterin"."""
    is_feminine = noun.endswith("in") and noun not in _heads()
    return noun[:-2] if is_feminine else noun


def _decide_c_suite(ordered: list[str], after: list[str]) -> str:
    is_unclear = _has_deputy([*ordered, *after]) or words.AFTER_HEAD_BLOCK & set(after)
    return _UNCLEAR if is_unclear else C_SUITE


def _decide_owner(noun: str, ordered: list[str], after: list[str], tail: list[str]) -> str | None:
    if _has_deputy(after):
        return _UNCLEAR
    if noun in words.OWNERS:
        return C_SUITE if set(ordered) <= words.BUSINESS_WORDS else _UNCLEAR
    if noun in words.PRESIDENTS:
        is_of_company = set(ordered) <= words.PRESIDENT_KINDS and not words.NOT_A_COMPANY & {*tail, *after}
        return C_SUITE if is_of_company else _UNCLEAR
    return _decide_partner(ordered, after)


def _decide_partner(ordered: list[str], after: list[str]) -> str | None:
    kind = ordered[-1] if ordered else ""
    is_adviser = kind == "business" and bool(words.BUSINESS_PARTNERS & set(ordered))
    if is_adviser or kind in {"people", "talent", "hr"}:
        return SENIOR_IC if words.SENIOR_MARKS & set(ordered) else IC
    if after:
        return None  # "Partner Channel" is whom the role deals with
    return C_SUITE if set(ordered) <= words.PARTNER_KINDS else _UNCLEAR


def _decide_head(ordered: list[str], after: list[str], tail: list[str]) -> str:
    """Decide "Head of Sales", "Sales Head" and "Head Sales"; not "Head Chef" or "Head Boy"."""
    departments = words.PEOPLE_MANAGERS | words.IC_MANAGERS | words.MORE_DEPARTMENTS
    if after:
        return MANAGER if after[0] in departments and not _is_head(after[-1]) else _UNCLEAR
    return MANAGER if tail[:1] == ["of"] or (ordered and ordered[-1] in departments) else _UNCLEAR


def _decide_manager(ordered: list[str], noun: str, after: list[str], tail: list[str]) -> str | None:
    before = set(ordered)
    if before & words.ENTRY_MARKS:
        return _UNCLEAR
    if noun == "head":
        return _decide_head(ordered, after, tail)
    if noun in words.LEADER_HEADS:
        return MANAGER
    fields = [word for word in ordered if word not in words.MANAGER_STEPS]
    if not fields:
        return MANAGER
    if fields[-1] in words.IC_MANAGERS:
        return _decide_ic_manager(before)
    return MANAGER if fields[-1] in words.PEOPLE_MANAGERS and not _is_narrow(fields) else _UNCLEAR


def _is_narrow(fields: list[str]) -> bool:
    """Return whether a field of marketing or sales is one that a single person runs as often as a team."""
    return fields[-1] in {"marketing", "sales"} and bool(words.NARROW_FIELDS & set(fields[:-1]))


def _decide_ic_manager(before: set[str]) -> str:
    if "group" in before:
        return MANAGER  # a group product manager leads product managers
    if before & {"assistant", "deputy"}:
        return _UNCLEAR
    if "associate" in before:
        return ENTRY_LEVEL
    return SENIOR_IC if before & (words.SENIOR_MARKS | {"staff"}) else IC


def _decide_contributor(before: set[str], ordered: list[str], noun: str, after: list[str]) -> str | None:
    if noun in words.ENTRY_HEADS:
        is_unclear = noun == "student" and (before & {"phd", "doctoral"} or after)
        return _UNCLEAR if is_unclear else ENTRY_LEVEL
    if noun in words.LEAD_HEADS:
        return SENIOR_IC if ordered and not after else _UNCLEAR
    if not _is_plain_noun(noun, ordered):
        return _UNCLEAR
    return _step(before, noun, after)


def _is_plain_noun(noun: str, ordered: list[str]) -> bool:
    """Return whether the head is work that somebody does, going by the word before it where that matters."""
    kind = ordered[-1] if ordered else ""
    if noun in words.ASSISTANT_HEADS:
        return noun in {"ea", "pa"} or _is_assisted(kind)
    if noun in {"associate", "associates"}:
        return "senior" in ordered or kind in words.SALES_ASSOCIATES
    if noun == "agent":
        return bool(kind) and kind not in words.AGENT_EXCEPTIONS
    if kinds := _NEEDED_KINDS.get(noun):
        return kind in kinds
    return not (noun in words.ARTS_AND_TRADES and kind in {"executive", "managing"})


def _is_assisted(kind: str) -> bool:
    """Return whether the word before "assistant" is a field of such work, or the person assisted."""
    return kind in words.ASSISTANTS or kind.endswith("'s") or kind in words.C_SUITE_HEADS | {"president", "vp"}


def _step(before: set[str], noun: str, after: list[str]) -> str:
    """Return the step of the ladder that the marks around a working noun give."""
    if _is_unclear_step(before, noun):
        return _UNCLEAR
    if before & words.SENIOR_MARKS or ("staff" in before and noun in words.STAFF_SENIOR):
        return _UNCLEAR if before & words.ENTRY_MARKS else SENIOR_IC
    number = after[0] if after and _LEVEL_NUMBER.fullmatch(after[0]) else "ii"
    if number not in {"ii", "2"}:
        return _UNCLEAR
    return ENTRY_LEVEL if _is_entry_level(before, noun, after) else IC


def _is_entry_level(before: set[str], noun: str, after: list[str]) -> bool:
    if before & words.ENTRY_MARKS or "entrylevel" in after:
        return True
    return "associate" in before or noun in {"associate", "associates"}


def _is_unclear_step(before: set[str], noun: str) -> bool:
    """Return whether a word before a working noun makes its level unclear ("Managing Editor", "Graduate Recruiter")."""
    if "associate" in before and noun not in words.ASSOCIATE_ENTRY:
        return True
    if noun in words.ASSISTANT_HEADS:
        return False
    marks = words.UNCLEAR_MARKS - {"executive"} if noun in {"recruiter", "executive"} else words.UNCLEAR_MARKS
    if before & (marks | _ranks()):
        return True
    return noun in words.CARERS and bool(before & {"graduate", "intern", "apprentice", "trainee"})

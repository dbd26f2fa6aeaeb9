"""Seniority of a job title, by its head noun and what stands before it.

The levels are those of the vocabulary. Choices that the vocabulary leaves open: founders, owners, partners, presidents
and managing directors are C-Suite; "Head of" is Manager; a "lead" of anything is Senior IC; account, product, project
and customer success managers are individual contributors; supervisors are Manager. What fits no rule, or fits two
that disagree (chief of staff, executive director, general counsel, team leader, principal), stays undecided.
"""

from __future__ import annotations

import functools
import itertools
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
_OWNERS = words.OWNERS | words.PRESIDENTS | words.PARTNERS
_MANAGERS = words.LEADER_HEADS | words.MANAGER_HEADS
_DEPARTMENTS = words.PEOPLE_MANAGERS | words.IC_MANAGERS | words.MORE_DEPARTMENTS
_ASSISTED_RANKS = words.C_SUITE_HEADS | {"president", "vp"}
_LEVEL_NUMBER = re.compile(r"(?:i{1,3}|iv|v|[0-9]{1,2}|l[0-9])")


@functools.lru_cache(maxsize=4096)
def decide_seniority(title: str) -> str | None:
    """Return the level of a cleaned job title, or None when the rules cannot tell.

    A title of several roles ("CTO & Founder") has the level of the highest one.
    """
    text = _prepared(title)
    if not words.NOT_NOW.isdisjoint(text.replace(",", " ").split()):
        return None
    levels = _levels(text)
    if C_SUITE in levels and _has_lone_deputy(text):
        return None
    return _highest(levels, is_senior=_has_lone_mark(text, "senior"))


def _levels(text: str) -> list[str]:
    """Return the levels of the roles in a title, in their order."""
    levels: list[str] = []
    for part in _SEPARATOR.split(text):
        level, is_support = _decide_part(part.split())
        if level:
            levels.append(level)
        if is_support and len(levels) <= 1:
            break  # "Assistant to the CEO and Founder" is about other people from here on
    return levels


def _highest(levels: list[str], is_senior: bool) -> str | None:
    highest = next(filter(levels.__contains__, SENIORITIES), None)
    if _UNCLEAR in levels and highest != C_SUITE:
        return None
    return SENIOR_IC if highest == IC and is_senior else highest


def _has_lone_mark(text: str, mark: str) -> bool:
    """Return whether a mark is a part of its own, as in "Software Engineer, Senior"."""
    return mark in (part.strip() for part in _SEPARATOR.split(text)[1:])


def _has_lone_deputy(text: str) -> bool:
    """Return whether a part makes another one a deputy's: "Geschäftsführer, stellvertretend"."""
    parts = filter(None, map(str.split, _SEPARATOR.split(text)))
    return any(map(words.DEPUTIES.issuperset, parts))


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
    position = _head_position(head)
    if position is None:
        return None, False
    ordered, noun, after = head[:position], head[position], head[position + 1 :]
    return _decide(ordered, noun, after, tail), _is_support(ordered, noun)


def _is_support(ordered: list[str], noun: str) -> bool:
    if noun in words.ASSISTANT_HEADS:
        return True
    is_rank = noun in words.C_SUITE_HEADS or noun in words.PRESIDENTS
    return is_rank and not words.ASSISTANT_HEADS.isdisjoint(ordered)


def _tail(tokens: list[str]) -> list[str]:
    """Return what follows the first preposition, it included: what the role is about."""
    return list(itertools.dropwhile(lambda token: token not in words.PREPOSITIONS, tokens))


def _head_position(tokens: list[str]) -> int | None:
    """Return where the head stands: the last head noun, unless the words after it make it a department."""
    last = next((index for index in reversed(range(len(tokens))) if _is_head(tokens[index])), None)
    if last is None:
        return None
    if "vp" in tokens and tokens[last] not in words.ASSISTANT_HEADS:
        return tokens.index("vp")
    return None if _is_department(tokens, last) else last


def _is_department(tokens: list[str], position: int) -> bool:
    if words.AFTER_HEAD_BLOCK.isdisjoint(tokens[position + 1 :]):
        return False
    return not _leads(tokens[position], position, tokens)


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
    noun = _masculine(noun)
    if noun == _UNCLEAR or ("entrylevel" in after and noun in _ranks()):
        return _UNCLEAR
    if noun == "vp":
        return VP
    if noun in words.C_SUITE_HEADS:
        return _decide_c_suite(ordered, after)
    if noun in _OWNERS:
        return _decide_owner(noun, ordered, after, tail)
    if noun in words.DIRECTOR_HEADS:
        return DIRECTOR if words.CRAFT_DIRECTORS.isdisjoint(ordered) else _UNCLEAR
    if noun in _MANAGERS:
        return _decide_manager(ordered, noun, after, tail)
    return _decide_contributor(ordered, noun, after)


def _masculine(noun: str) -> str:
    """Return the head that the feminine of a German one stands for: "leiter" for "leiterin"."""
    is_feminine = noun.endswith("in") and noun not in _heads()
    return noun[:-2] if is_feminine else noun


def _decide_c_suite(ordered: list[str], after: list[str]) -> str:
    is_unclear = _has_deputy([*ordered, *after]) or not words.AFTER_HEAD_BLOCK.isdisjoint(after)
    return _UNCLEAR if is_unclear else C_SUITE


def _decide_owner(noun: str, ordered: list[str], after: list[str], tail: list[str]) -> str | None:
    if _has_deputy(after):
        return _UNCLEAR
    if noun in words.PARTNERS:
        return _decide_partner(ordered, after)
    if noun in words.OWNERS:
        leads_company = words.BUSINESS_WORDS.issuperset(ordered)
    else:
        leads_company = words.PRESIDENT_KINDS.issuperset(ordered) and words.NOT_A_COMPANY.isdisjoint([*tail, *after])
    return C_SUITE if leads_company else _UNCLEAR


def _decide_partner(ordered: list[str], after: list[str]) -> str | None:
    if _is_adviser(ordered):
        return IC if words.SENIOR_MARKS.isdisjoint(ordered) else SENIOR_IC
    if after:
        return None  # "Partner Channel" is whom the role deals with
    return C_SUITE if words.PARTNER_KINDS.issuperset(ordered) else _UNCLEAR


def _is_adviser(ordered: list[str]) -> bool:
    """Return whether a partner advises colleagues: "HR Business Partner", "Talent Partner"."""
    kind = _kind(ordered)
    if kind == "business":
        return not words.BUSINESS_PARTNERS.isdisjoint(ordered)
    return kind in {"people", "talent", "hr"}


def _kind(ordered: list[str]) -> str:
    """Return the word right before the head, "" if there is none."""
    return ordered[-1] if ordered else ""


def _leads_department(ordered: list[str], after: list[str], tail: list[str]) -> bool:
    """Return whether "head" leads, as in "Head of Sales", "Sales Head", "Head Sales"; not "Head Chef", "Head Boy"."""
    if after:
        return after[0] in _DEPARTMENTS and not _is_head(after[-1])
    return tail[:1] == ["of"] or _kind(ordered) in _DEPARTMENTS


def _decide_manager(ordered: list[str], noun: str, after: list[str], tail: list[str]) -> str | None:
    if not words.ENTRY_MARKS.isdisjoint(ordered):
        return _UNCLEAR
    if noun == "head":
        return MANAGER if _leads_department(ordered, after, tail) else _UNCLEAR
    if noun in words.LEADER_HEADS:
        return MANAGER
    return _decide_manager_of_field(ordered)


def _decide_manager_of_field(ordered: list[str]) -> str:
    fields = [word for word in ordered if word not in words.MANAGER_STEPS]
    if not fields:
        return MANAGER
    if fields[-1] in words.IC_MANAGERS:
        return _decide_ic_manager(set(ordered))
    return MANAGER if fields[-1] in words.PEOPLE_MANAGERS and not _is_narrow(fields) else _UNCLEAR


def _is_narrow(fields: list[str]) -> bool:
    """Return whether a field of marketing or sales is one that a single person runs as often as a team."""
    return fields[-1] in {"marketing", "sales"} and not words.NARROW_FIELDS.isdisjoint(fields[:-1])


def _decide_ic_manager(before: set[str]) -> str:
    if "group" in before:
        return MANAGER  # a group product manager leads product managers
    if before & {"assistant", "deputy"}:
        return _UNCLEAR
    if "associate" in before:
        return ENTRY_LEVEL
    return SENIOR_IC if before & (words.SENIOR_MARKS | {"staff"}) else IC


def _decide_contributor(ordered: list[str], noun: str, after: list[str]) -> str:
    if noun in words.ENTRY_HEADS:
        return _UNCLEAR if noun == "student" and _is_unclear_student(ordered, after) else ENTRY_LEVEL
    if noun in words.LEAD_HEADS:
        return SENIOR_IC if ordered and not after else _UNCLEAR
    return _step(set(ordered), noun, after) if _is_plain_noun(noun, ordered) else _UNCLEAR


def _is_unclear_student(ordered: list[str], after: list[str]) -> bool:
    return bool(after) or "phd" in ordered or "doctoral" in ordered


def _is_plain_noun(noun: str, ordered: list[str]) -> bool:
    """Return whether the head is work that somebody does, going by the word before it where that matters."""
    kind = _kind(ordered)
    if noun in words.ASSISTANT_HEADS:
        return noun in {"ea", "pa"} or _is_assisted(kind)
    if noun in {"associate", "associates"}:
        return "senior" in ordered or kind in words.SALES_ASSOCIATES
    if noun == "agent":
        return kind != "" and kind not in words.AGENT_EXCEPTIONS
    if kinds := _NEEDED_KINDS.get(noun):
        return kind in kinds
    return noun not in words.ARTS_AND_TRADES or kind not in {"executive", "managing"}


def _is_assisted(kind: str) -> bool:
    """Return whether the word before "assistant" is a field of such work, or the person assisted."""
    return kind in words.ASSISTANTS or kind.endswith("'s") or kind in _ASSISTED_RANKS


def _step(before: set[str], noun: str, after: list[str]) -> str:
    """Return the step of the ladder that the marks around a working noun give."""
    if _is_unclear_step(before, noun):
        return _UNCLEAR
    if _is_senior(before, noun):
        return _UNCLEAR if before & words.ENTRY_MARKS else SENIOR_IC
    if not _has_middle_number(after):
        return _UNCLEAR
    return ENTRY_LEVEL if _is_entry_level(before, noun, after) else IC


def _is_senior(before: set[str], noun: str) -> bool:
    if before & words.SENIOR_MARKS:
        return True
    return "staff" in before and noun in words.STAFF_SENIOR


def _has_middle_number(after: list[str]) -> bool:
    """Return whether the level behind a noun is the second ("Engineer II"), or none stands there."""
    if not after or not _LEVEL_NUMBER.fullmatch(after[0]):
        return True
    return after[0] in {"ii", "2"}


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

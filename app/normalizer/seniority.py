"""Seniority of a job title, by its head noun and what stands before it.

The levels are those of the vocabulary. Choices that the vocabulary leaves open: founders, owners, partners, presidents
and managing directors are C-Suite; "Head of" is Manager; a "lead" of anything is Senior IC; account, product, project
and customer success managers are individual contributors; supervisors are Manager. What fits no rule, or fits two
that disagree (chief of staff, executive director, general counsel, team leader, principal), stays undecided.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from app.normalizer.data import title_words as words
from app.normalizer.title_roles import RANKS, UNCLEAR, Role, has_deputy, is_head, parts, readable, roles

C_SUITE: Final = "C-Suite"
VP: Final = "VP"
DIRECTOR: Final = "Director"
MANAGER: Final = "Manager"
SENIOR_IC: Final = "Senior IC"
IC: Final = "IC"
ENTRY_LEVEL: Final = "Entry Level"
UNKNOWN: Final = "Unknown"

SENIORITIES: Final = (C_SUITE, VP, DIRECTOR, MANAGER, SENIOR_IC, IC, ENTRY_LEVEL, UNKNOWN)

# The words right before a noun that it needs to be plain work, and those that make it something else.
_NEEDED_KINDS = {
    "executive": words.EXECUTIVES,
    "executives": words.EXECUTIVES,
    "officer": words.OFFICERS,
    "officers": words.OFFICERS,
    "advisor": words.ADVISORS,
}
_REFUSED_KINDS = {
    **dict.fromkeys(words.ARTS_AND_TRADES, frozenset({"executive", "managing"})),
    "agent": words.AGENT_EXCEPTIONS | {""},
}
_ASSOCIATES = frozenset({"associate", "associates"})
_DEPARTMENTS = words.PEOPLE_MANAGERS | words.IC_MANAGERS | words.MORE_DEPARTMENTS
_ASSISTED = words.ASSISTANTS | words.C_SUITE_HEADS | {"president", "vp"}
_ENTRY_STEPS = words.ENTRY_MARKS | {"associate"}
_OUTER_LEVEL = re.compile(r"(?!(?:ii|2)\Z)(?:i{1,3}|iv|v|[0-9]{1,2}|l[0-9])")  # behind a noun; not the second
_DOCTORS = frozenset({"phd", "doctoral"})
# The words before an individual contributor's "manager" that decide the level, the first of them here.
_STEPS_OF_IC_MANAGERS = (
    (frozenset({"group"}), MANAGER),  # a group product manager leads product managers
    (frozenset({"assistant", "deputy"}), UNCLEAR),
    (frozenset({"associate"}), ENTRY_LEVEL),
    (words.SENIOR_MARKS | {"staff"}, SENIOR_IC),
)
# The words before a working noun that make its level unclear, unless the noun has words of its own.
_UNCLEAR_STEPS = words.UNCLEAR_MARKS | RANKS
_STEPS_OF_CARERS = _UNCLEAR_STEPS | {"graduate", "intern", "apprentice", "trainee"}
_UNCLEAR_STEPS_BY_NOUN: dict[str, frozenset[str]] = {
    **dict.fromkeys(words.CARERS, _STEPS_OF_CARERS),
    "recruiter": _STEPS_OF_CARERS - {"executive"},
    "executive": _UNCLEAR_STEPS - {"executive"},
    **dict.fromkeys(words.ASSISTANT_HEADS, frozenset()),
}


@functools.lru_cache(maxsize=4096)
def decide_seniority(title: str) -> str | None:
    """Return the level of a cleaned job title, or None when the rules cannot tell.

    A title of several roles ("CTO & Founder") has the level of the highest one.
    """
    text = readable(title)
    if not words.NOT_NOW.isdisjoint(text.replace(",", " ").split()):
        return None
    levels = _levels(text)
    if C_SUITE in levels and _has_lone_deputy(text):
        return None
    has_lone_senior = "senior" in map(str.strip, parts(text)[1:])  # "Software Engineer, Senior"
    return _highest(levels, has_lone_senior)


def _levels(text: str) -> list[str]:
    """Return the levels of the roles in a title, in their order."""
    levels: list[str] = []
    for role in roles(text):
        if level := _decide(role):
            levels.append(level)
        if role.is_support and len(levels) <= 1:
            break  # "Assistant to the CEO and Founder" is about other people from here on
    return levels


def _highest(levels: list[str], is_senior: bool) -> str | None:
    highest = next(filter(levels.__contains__, SENIORITIES), None)
    if UNCLEAR in levels and highest != C_SUITE:
        return None
    return SENIOR_IC if highest == IC and is_senior else highest


def _has_lone_deputy(text: str) -> bool:
    """Return whether a part makes another role a deputy's: "Geschäftsführer, stellvertretend"."""
    word_lists = filter(None, map(str.split, parts(text)))
    return any(map(words.DEPUTIES.issuperset, word_lists))


def _decide(role: Role) -> str | None:
    """Return the level of a role, going by its noun."""
    if role.noun == UNCLEAR or ("entrylevel" in role.after and role.noun in RANKS):
        return UNCLEAR
    if rank := _RANKS.get(role.noun):
        return rank.level if rank.is_certain(role) else UNCLEAR
    if role.noun in words.PARTNERS:
        return _decide_partner(role)
    decide = _decide_manager if role.noun in words.MANAGER_HEADS else _decide_contributor
    return decide(role)


# Ranks


class _Rank(NamedTuple):
    """A level, and whether a role has it that has one of the rank's nouns; its level is unclear otherwise."""

    level: str
    is_certain: Callable[[Role], bool]


def _is_any(role: Role) -> bool:
    return True


def _is_chief(role: Role) -> bool:
    return not has_deputy([*role.before, *role.after]) and words.AFTER_HEAD_BLOCK.isdisjoint(role.after)


def _is_owner_of_company(role: Role) -> bool:
    return not has_deputy(role.after) and words.BUSINESS_WORDS.issuperset(role.before)


def _is_president_of_company(role: Role) -> bool:
    is_president = not has_deputy(role.after) and words.PRESIDENT_KINDS.issuperset(role.before)
    return is_president and words.NOT_A_COMPANY.isdisjoint([*role.about, *role.after])


def _is_director(role: Role) -> bool:
    return words.CRAFT_DIRECTORS.isdisjoint(role.before)


def _is_experienced(role: Role) -> bool:
    return words.ENTRY_MARKS.isdisjoint(role.before)


def _is_head_of_department(role: Role) -> bool:
    """Return whether "head" leads, as in "Head of Sales", "Sales Head", "Head Sales"; not "Head Chef", "Head Boy"."""
    if not _is_experienced(role):
        return False
    if role.after:
        return role.after[0] in _DEPARTMENTS and not is_head(role.after[-1])
    return role.about[:1] == ["of"] or role.kind in _DEPARTMENTS


def _is_lead_of_craft(role: Role) -> bool:
    return role.kind != "" and not role.after


def _is_student(role: Role) -> bool:
    return not role.after and _DOCTORS.isdisjoint(role.before)


_RANKS = {
    "vp": _Rank(VP, _is_any),
    **dict.fromkeys(words.C_SUITE_HEADS, _Rank(C_SUITE, _is_chief)),
    **dict.fromkeys(words.OWNERS, _Rank(C_SUITE, _is_owner_of_company)),
    **dict.fromkeys(words.PRESIDENTS, _Rank(C_SUITE, _is_president_of_company)),
    **dict.fromkeys(words.DIRECTOR_HEADS, _Rank(DIRECTOR, _is_director)),
    **dict.fromkeys(words.LEADER_HEADS, _Rank(MANAGER, _is_experienced)),
    "head": _Rank(MANAGER, _is_head_of_department),
    **dict.fromkeys(words.LEAD_HEADS, _Rank(SENIOR_IC, _is_lead_of_craft)),
    **dict.fromkeys(words.ENTRY_HEADS, _Rank(ENTRY_LEVEL, _is_any)),
    "student": _Rank(ENTRY_LEVEL, _is_student),
}


# Partners and managers


def _decide_partner(role: Role) -> str | None:
    if has_deputy(role.after):
        return UNCLEAR
    if _is_adviser(role):
        return IC if words.SENIOR_MARKS.isdisjoint(role.before) else SENIOR_IC
    if role.after:
        return None  # the role deals with partners: "Partner Channel"
    return C_SUITE if words.PARTNER_KINDS.issuperset(role.before) else UNCLEAR


def _is_adviser(role: Role) -> bool:
    """Return whether a partner advises colleagues: "HR Business Partner", "Talent Partner"."""
    if role.kind == "business":
        return not words.BUSINESS_PARTNERS.isdisjoint(role.before)
    return role.kind in {"people", "talent", "hr"}


def _decide_manager(role: Role) -> str:
    if not _is_experienced(role):
        return UNCLEAR
    fields = [word for word in role.before if word not in words.MANAGER_STEPS]
    if not fields:
        return MANAGER
    if fields[-1] in words.IC_MANAGERS:
        return _decide_ic_manager(role.before)
    return MANAGER if fields[-1] in words.PEOPLE_MANAGERS and not _is_narrow(fields) else UNCLEAR


def _is_narrow(fields: list[str]) -> bool:
    """Return whether a single person runs a field of marketing or sales as often as a team does."""
    return fields[-1] in {"marketing", "sales"} and not words.NARROW_FIELDS.isdisjoint(fields[:-1])


def _decide_ic_manager(before: list[str]) -> str:
    levels = (level for marks, level in _STEPS_OF_IC_MANAGERS if not marks.isdisjoint(before))
    return next(levels, IC)


# Contributors


def _decide_contributor(role: Role) -> str:
    """Return the step of the ladder that the marks around a working noun give."""
    before = set(role.before)
    if not _is_plain_noun(role) or _is_unclear_step(before, role.noun):
        return UNCLEAR
    if _is_senior(before, role.noun):
        return UNCLEAR if before & words.ENTRY_MARKS else SENIOR_IC
    if any(map(_OUTER_LEVEL.fullmatch, role.after[:1])):
        return UNCLEAR
    return ENTRY_LEVEL if _is_entry_level(before, role) else IC


def _is_plain_noun(role: Role) -> bool:
    """Return whether the head is work that somebody does, going by the word before it if that matters."""
    noun, kind = role.noun, role.kind
    if noun in words.ASSISTANT_HEADS:
        return noun in {"ea", "pa"} or _is_assisted(kind)
    if noun in _ASSOCIATES:
        return "senior" in role.before or kind in words.SALES_ASSOCIATES
    if kinds := _NEEDED_KINDS.get(noun):
        return kind in kinds
    return kind not in _REFUSED_KINDS.get(noun, ())


def _is_assisted(kind: str) -> bool:
    """Return whether the word before "assistant" is a field of such work, or the person assisted."""
    return kind in _ASSISTED or kind.endswith("'s")


def _is_senior(before: set[str], noun: str) -> bool:
    if before & words.SENIOR_MARKS:
        return True
    return "staff" in before and noun in words.STAFF_SENIOR


def _is_entry_level(before: set[str], role: Role) -> bool:
    is_beginner = "entrylevel" in role.after or role.noun in _ASSOCIATES
    return is_beginner or bool(before & _ENTRY_STEPS)


def _is_unclear_step(before: set[str], noun: str) -> bool:
    """Return whether a word before a working noun makes its level unclear ("Managing Editor", "Graduate Recruiter")."""
    if "associate" in before and noun not in words.ASSOCIATE_ENTRY:
        return True
    return not _UNCLEAR_STEPS_BY_NOUN.get(noun, _UNCLEAR_STEPS).isdisjoint(before)

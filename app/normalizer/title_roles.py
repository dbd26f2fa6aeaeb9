"""The roles that a job title names, each by its head noun and the words around it.

"VP of Sales & Head of Growth" names two: a "vp" about "of sales", and a "head" about "of growth".
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from app.normalizer.data import title_words as words
from app.values.text import fold, word_set

UNCLEAR: Final = "?"
"""The head noun of a phrase that stands for no certain level; also the level of such a role."""

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


_DEPUTIES_AND_HELPERS = words.DEPUTIES | words.HELPERS
_ASSISTED = words.C_SUITE_HEADS | words.PRESIDENTS

RANKS: Final = words.C_SUITE_HEADS | words.DIRECTOR_HEADS | words.LEADER_HEADS | words.MANAGER_HEADS | {"vp"}
"""The heads that lead people, whatever noun follows them."""

_HEADS = RANKS.union(
    *(words.OWNERS, words.PRESIDENTS, words.PARTNERS, words.LEAD_HEADS, words.IC_HEADS, words.ASSISTANT_HEADS),
    words.ENTRY_HEADS,
    word_set("executive executives officer officers associate associates agent advisor"),
    {UNCLEAR},
)
# German: "leiterin" -> "leiter".
_MASCULINE = {f"{head}in": head for head in _HEADS if f"{head}in" not in _HEADS}
# A rank or a beginner that opens a title, so that what follows is its field ("Director Product Marketing").
_OPENING_HEADS = words.ENTRY_HEADS | (RANKS - words.C_SUITE_HEADS)


class Role(NamedTuple):
    """One role of a title: "Senior Sales Manager II for Europe" is a "manager" with "senior sales" before it.

    The other words stand in lists, in their order: those before the noun, those after it, and what it is about, from
    the first preposition on.
    """

    before: list[str]
    noun: str
    after: list[str]
    about: list[str]
    is_support: bool
    """Whether it is an assistant's role."""

    @property
    def kind(self) -> str:
        """The word right before the noun, "" if there is none."""
        return self.before[-1] if self.before else ""


def readable(title: str) -> str:
    """Return the title in folded words, phrases and abbreviations replaced by the words the rules know."""
    text = _INCLUSIVE_ENDING.sub("in", fold(_BRACKETS.sub(_deputy_or_nothing, title)))
    text = _INCLUSIVE_ADJECTIVE.sub("r", text)
    text = _EX.sub("ex ", text).replace("–", "-").replace("—", "-").replace("’", "'")
    text = _STAFF_OF_SOMEBODY.sub("chief of staff", text)
    text = " ".join(map(_known_word, _DOTTED.sub(" ", text).split()))
    text = _phrases().sub(lambda match: words.PHRASES[match.group()], text)
    text = _CHIEF_OFFICER.sub("chiefofficer", text)
    text = _CHIEF_SHORT.sub("chiefofficer", text)
    return _HEAD_OF.sub("head of ", _RANK_HYPHEN.sub(_apart, text))


def parts(text: str) -> list[str]:
    """Return the parts of a readable title, between commas, slashes and words for "and"."""
    return _SEPARATOR.split(text)


def roles(text: str) -> Iterator[Role]:
    """Yield the roles of a readable title in their order."""
    return filter(None, (_role(part.split()) for part in parts(text)))


def _role(tokens: list[str]) -> Role | None:
    if tokens[:2] in (["office"], ["office", "of"]):
        return None
    about = list(itertools.dropwhile(lambda token: token not in words.PREPOSITIONS, tokens))
    head = tokens[: len(tokens) - len(about)]
    position = _head_position(head)
    if position is None:
        return None
    before, noun, after = head[:position], head[position], head[position + 1 :]
    return Role(before, _MASCULINE.get(noun, noun), after, about, _is_support(before, noun))


def _is_support(before: list[str], noun: str) -> bool:
    if noun in words.ASSISTANT_HEADS:
        return True
    return noun in _ASSISTED and not words.ASSISTANT_HEADS.isdisjoint(before)


def _head_position(tokens: list[str]) -> int | None:
    """Return where the head stands: the last head noun, unless the words after it make it a department."""
    last = next((index for index in reversed(range(len(tokens))) if is_head(tokens[index])), None)
    if last is None:
        return None
    if "vp" in tokens and tokens[last] not in words.ASSISTANT_HEADS:
        return tokens.index("vp")
    return None if _is_department(tokens, last) else last


def _is_department(tokens: list[str], position: int) -> bool:
    if words.AFTER_HEAD_BLOCK.isdisjoint(tokens[position + 1 :]):
        return False
    opens_title = tokens[position] in _OPENING_HEADS and words.RANK_STEPS.issuperset(tokens[:position])
    return not opens_title


def is_head(token: str) -> bool:
    """Return whether a word names a role: "manager", "leiterin", a German compound such as "vertriebsberater"."""
    return token in _HEADS or token in _MASCULINE or token.endswith(words.IC_ENDINGS)


def _apart(match: re.Match[str]) -> str:
    """Return a rank apart from the field after its hyphen, but together with a word for a deputy."""
    rank, field = match.groups()
    return f"{rank} {field}" if has_deputy([field]) else f"{rank} - {field}"


def _deputy_or_nothing(bracket: re.Match[str]) -> str:
    """Return the words of a bracket if they mean a deputy: "CEO (Deputy)"."""
    inner = bracket.group()[1:-1]
    return f" {inner} " if has_deputy(_DOTTED.sub(" ", fold(inner)).split()) else " "


def has_deputy(tokens: Iterable[str]) -> bool:
    """Return whether a word makes the role a deputy's or a helper's: "adjoint", "igazgató-helyettes"."""
    return not _DEPUTIES_AND_HELPERS.isdisjoint("-".join(tokens).split("-"))


def _known_word(word: str) -> str:
    bare = word.rstrip(",;:")
    return words.ABBREVIATIONS.get(bare, bare) + word[len(bare) :]


@functools.cache
def _phrases() -> re.Pattern[str]:
    longest_first = sorted(words.PHRASES, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")

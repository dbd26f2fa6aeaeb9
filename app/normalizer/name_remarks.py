"""The text of a name column without remarks: brackets, nicknames, taglines and slogans."""

from __future__ import annotations

import html
import re

from app.normalizer.data.name_words import CREDENTIAL_WORDS, CREDENTIALS
from app.normalizer.name_shapes import WORD_EDGE, bare, is_known_name
from app.normalizer.nobody import says_nothing
from app.values import blanks
from app.values.text import one_line

_LONGEST_NAME = 200
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
_SPACED_DASH = re.compile(r"\s[-–—]\s")
_DASH_REMARK = re.compile(r"\s[-–—]\s*(\S+)$")
_ADDRESS = re.compile(r"://|\S@|@\S*\.\S")  # of a page, a mailbox or an account
_COUPLE = re.compile(r"(?:^|\s)(?:&|\+|and|und|et|og|och)(?:\s|$)|\w&\w|&$", re.UNICODE)
_COUPLE_IN_CAPITALS = re.compile(r"\s(?:AND|UND|ET|OG|OCH)\s")
_NOBLE_AND = re.compile(r"\b(?:von|zu|of|de)\b.*\sund\b", re.IGNORECASE)
# A company or a household.
_GROUP = re.compile(
    r"\b(?:gmbh|llc|ltd|inc|corp|plc|sarl|s\.r\.l|pty|sdn|bhd|ооо|зао)\b\.?|(?a: family)\Z", re.IGNORECASE
)
_SPACED_CREDENTIAL = re.compile(
    r"(?<=[\s,])(?:(Ph)\.?\s?(D)|(Ed|Psy|Pharm|Ll|LL)\.\s?([BDM])"
    r"|([MBPCD])\.\s?(Sc|Ed|Eng|Tech|Com|Phil|Div|Arch|Pharm|Psych|Mus|Min|Th|Des))\b\.?"
    r"(?=\s*(?:$|[,(/])|\s[A-Z][A-Za-z]*[A-Z.])"
)
_CREDENTIALS = CREDENTIAL_WORDS | CREDENTIALS


def readable(value: str) -> str:
    """Return the text of a column without remarks, "" if it holds no single person's name."""
    text = _plain_text(value)
    if _is_absent(text) or _ADDRESS.search(text):
        return ""
    text = _without_remarks(text)
    return "" if _is_no_person(text) else text


def _plain_text(value: str) -> str:
    text = one_line(value, _LONGEST_NAME)
    return one_line(html.unescape(text)) if _ENTITY.search(text) else text


def _is_absent(text: str) -> bool:
    return blanks.says_nothing(text) or says_nothing(text)


def _is_no_person(text: str) -> bool:
    return not _has_letters(text) or _GROUP.search(text) is not None or _is_couple(text)


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def _is_couple(text: str) -> bool:
    if text.isupper() and _COUPLE_IN_CAPITALS.search(text):
        return True
    return _COUPLE.search(text) is not None and not _NOBLE_AND.search(text)


def _without_remarks(text: str) -> str:
    """Return the text without brackets ("(she/her)"), nicknames in quotes, taglines and slogans."""
    plain = _BRACKETS.sub(" ", text)
    if not _has_letters(plain):
        plain = text.strip('()[]{}"“”„«» ')
    plain = _QUOTED.sub(" ", plain)
    head = _SLOGAN.sub("", _TAGLINE.split(plain, maxsplit=1)[0])
    if not _has_letters(head):
        head = plain
    head = _SPACED_CREDENTIAL.sub(lambda match: ".".join(filter(None, match.groups())), f" {head}")
    return _joined_hyphens(" ".join(head.replace(" ,", ",").split()))


def _joined_hyphens(text: str) -> str:
    """Return "Anna Smith - Jones" with a hyphen, and without what follows if that is no name."""
    remark = _DASH_REMARK.search(text)
    if remark is not None:
        word = remark.group(1)
        if bare(word) in _CREDENTIALS:
            text = text[: remark.start()]
        elif not is_known_name(word):
            return ""  # a second family name or an employer
    return _SPACED_DASH.sub("-", text).strip(WORD_EDGE)

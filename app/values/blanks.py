"""Words and signs that are written in place of a missing value."""

from __future__ import annotations

from typing import Final

# "NA" is not among them: it is Namibia's code, and a surname. In other languages it has the words that forms and
# exports offer as an answer and that are nobody's name.
WORDS: Final = frozenset(
    {
        "n/a", "n.a.", "n.a", "#n/a", "n/d", "s/o", "k.a.", "null", "none", "nil", "nan", "unknown", "undefined",
        "not available", "not provided", "not applicable", "not specified", "not found", "no data", "no value",
        "tbd", "tba", "(blank)", "(empty)", "(none)", "(null)", "[null]", "<null>", "<none>",
        "#name?", "#ref!", "#value!", "#null!", "#div/0!", "#num!", "#error!", "#wert!", "#bezug!", "#nv", "#valeur!",
        "keine angabe", "keine angaben", "unbekannt", "nicht verfügbar", "inconnu", "non renseigné", "non communiqué",
        "desconocido", "no disponible", "sin datos", "desconhecido", "não informado", "não disponível",
        "sconosciuto", "non disponibile", "onbekend", "niet beschikbaar", "okänd", "ukjent", "ukendt", "tuntematon",
        "nieznany", "brak danych", "neznámý", "неизвестно", "нет данных", "не указано", "未知", "不明", "暂无", "无",
        "なし", "없음", "bilinmiyor",
    }
)  # fmt: skip
"""The words, in one case."""

FILLERS: Final = "-–—_.·?*/\\~ "
"""The signs of which any number stand for nothing."""

_LONGEST: Final = max(map(len, WORDS))


def is_placeholder(text: str) -> bool:
    """Return whether a text only says that nothing is known: `N/A`, `unknown`, `(blank)`, or a row of dashes.

    White space around it makes no difference. Empty text is a placeholder too.
    """
    text = text.strip()
    is_word = len(text) <= _LONGEST and text.casefold() in WORDS
    return is_word or not text.strip(FILLERS)


def says_nothing(text: str) -> bool:
    """Return whether a field's text is a placeholder or has neither a letter nor a digit."""
    return is_placeholder(text) or not any(map(str.isalnum, text))

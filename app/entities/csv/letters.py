"""How frequent the letters beyond ASCII are in languages that old encodings were made for.

The numbers are shares relative to one another within a language, after the public tables of letter frequencies
(German, French, Spanish, Portuguese, Italian, Turkish, Swedish, Polish, Danish, Icelandic, Finnish, Czech and
Hungarian) and by rough counts of names and towns for the others. Capitals count as their small letters.
"""

from collections.abc import Mapping
from typing import Final


def _table(text: str) -> dict[str, float]:
    """Read pairs of a letter and its share."""
    parts = text.split()
    return {letter: float(share) for letter, share in zip(parts[::2], parts[1::2], strict=True)}


LETTERS: Final[Mapping[str, Mapping[str, float]]] = {
    "German": _table("ä 57 ö 44 ü 99 ß 31 é 2"),
    "French": _table("é 190 è 27 à 49 ê 22 ç 9 ô 2 â 5 î 5 û 6 ù 6 ë 2 ï 2 œ 2"),
    "Spanish": _table("í 73 ó 83 á 50 é 43 ñ 31 ú 17 ü 2"),
    "Portuguese": _table("ã 73 á 12 ç 53 é 34 ê 45 ó 30 õ 4 í 13 à 7 â 6 ú 21 ô 6 ü 3"),
    "Italian": _table("à 64 è 26 ù 17 ò 20 ì 10 é 10"),
    "Swedish": _table("ä 180 ö 131 å 134 é 3 ü 2"),
    "Danish": _table("å 119 æ 87 ø 94 é 3 ö 3 ü 2"),
    "Dutch": _table("ë 40 é 20 ï 20 è 6 ö 5 ü 5 ê 2 ó 2"),
    "Finnish": _table("ä 358 ö 44 å 3 š 1 ž 1"),
    "Icelandic": _table("á 180 ð 439 é 65 í 157 ó 99 ú 61 ý 23 þ 146 æ 87 ö 78"),
    "Estonian": _table("ä 100 õ 100 ü 60 ö 30 š 3 ž 2"),
    "Catalan": _table("à 50 è 30 é 40 í 30 ï 5 ò 30 ó 50 ú 15 ü 3 ç 20"),
    "Polish": _table("ą 99 ć 40 ę 111 ł 182 ń 20 ó 85 ś 66 ź 6 ż 83"),
    "Czech": _table("á 87 č 46 ď 2 é 63 ě 122 í 164 ň 3 ó 3 ř 80 š 69 ť 2 ú 10 ů 20 ý 100 ž 72"),
    "Slovak": _table("á 150 ä 5 č 90 ď 10 é 70 í 100 ĺ 2 ľ 35 ň 10 ó 10 ô 20 ŕ 2 š 80 ť 30 ú 70 ý 80 ž 80"),
    "Hungarian": _table("á 340 é 390 í 50 ó 100 ö 100 ő 90 ú 30 ü 60 ű 20"),
    "Croatian": _table("č 130 ć 60 đ 30 š 100 ž 60"),
    "Romanian": _table("ă 200 â 50 î 100 ş 100 ţ 100"),
    "Turkish": _table("ç 116 ğ 113 ı 511 ö 78 ş 178 ü 185 â 3"),
    "Lithuanian": _table("ą 40 č 30 ę 20 ė 150 į 60 š 100 ų 120 ū 50 ž 80"),
    "Latvian": _table("ā 400 č 20 ē 200 ģ 10 ī 150 ķ 15 ļ 50 ņ 80 š 90 ū 60 ž 20"),
    "Cyrillic": _table(
        "о 1097 е 845 а 801 и 735 н 670 т 626 с 547 р 473 в 454 л 440 к 349 м 321 д 298 п 281 у 262 "
        "я 201 ы 190 ь 174 г 170 з 165 б 159 ч 144 й 121 х 97 ж 94 ш 73 ю 64 ц 48 щ 36 э 32 ф 26 ъ 40 "
        "ё 10 і 60 ї 30 є 25 ґ 3"
    ),
    "Greek": _table(
        "α 1200 β 80 γ 200 δ 170 ε 800 ζ 50 η 500 θ 130 ι 780 κ 420 λ 330 μ 440 ν 790 ξ 60 ο 980 π 500 "
        "ρ 500 σ 490 ς 400 τ 910 υ 430 φ 120 χ 140 ψ 20 ω 160 ά 200 έ 150 ή 150 ί 200 ό 200 ύ 100 ώ 100 "
        "ϊ 5 ϋ 3 ΐ 2"
    ),
    "Hebrew": _table(
        "א 6 ב 5 ג 2 ד 3 ה 11 ו 10 ז 1 ח 2 ט 1 י 11 ך 1 כ 3 ל 7 ם 2 מ 5 ן 1 נ 3 ס 1 ע 3 ף .5 פ 2 ץ .5 "
        "צ 1 ק 2 ר 6 ש 4 ת 5"
    ),
    "Arabic": _table(
        "ا 126 ب 37 ت 30 ث 6 ج 14 ح 20 خ 10 د 30 ذ 8 ر 42 ز 6 س 26 ش 10 ص 10 ض 6 ط 10 ظ 3 ع 32 غ 6 ف 25 "
        "ق 22 ك 24 ل 114 م 61 ن 58 ه 40 و 57 ي 64 ى 8 ة 25 ء 5 أ 30 إ 10 آ 3 ئ 4 ؤ 3 ّ 5 َ 2 ُ 2 ِ 2 "
        "ْ 1 ً 1"
    ),
    "Thai": {chr(code): 1.0 for code in (*range(0x0E01, 0x0E3B), *range(0x0E40, 0x0E5C))},
}

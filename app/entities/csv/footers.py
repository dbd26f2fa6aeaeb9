"""Rows of a table that name nobody: a report's footer, its totals, and a header row within the file.

Exports of reports put lines below the table: how many records, who made the report and when, a copyright. What
tells them from rows is their shape. They stand below a blank line and fill one cell of a table that is several
cells wide, or a label and its value; a total has a word for it and numbers alone. The words themselves decide only
if no blank line is there. A row with an address or a page of its own is never taken for one of them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

from app.entities.csv.headers import ID_FIELD, Column, known_spellings, normalized_header
from app.entities.csv.records import Record
from app.values.entity_types import ENTITY_TYPES, EntityType
from app.values.identifiers import is_entity_id
from app.values.text import word_set

_WIDE: Final = 3
"""The columns from which on one cell alone is no row."""

HEADER_AGAIN: Final = "the header row stands here again; it names nobody"
_TOTAL: Final = "a total of the table, which names nobody"
_FOOTER: Final = "a line below the table or about it, such as a report's footer, which names nobody"

_ADDRESSES: Final = frozenset({"email", "linkedin_url", "domain", "website"})

_CURRENCY: Final = (
    "(?:EUR|USD|GBP|CHF|PLN|CZK|HUF|RON|BGN|SEK|NOK|DKK|ISK|RUB|UAH|TRY|JPY|CNY|KRW|INR|BRL|MXN|CAD|AUD|NZD|ZAR"
    "|AED|SAR)"
)
# Words for a total, a balance or an average, in the languages that reports come in. Alone, or with a number or a
# remark after them: a company may well be called Total Energies or Grand Hotel.
_TOTAL_WORDS: Final = re.compile(
    rf"""
    \W*(?:
      (?:(?:grand|net|netto|sub|overall|report|page|list|records?|rows?|accounts?|contacts?|leads?|transactions?
          |customers?|vendors?|employees?|members?|gesamt|end|zwischen|konten|eind|del|väli|loppu|общ\w*|загальн\w*)
        [\s-]*)?
        (?:totals?|totaux|totale[ns]?|totali|totales|totaal|totalt|summen?|somm[ae]s?|sumas?|summa|итоги?|итого|сума
          |summary)
      | (?:end|schluss|anfangs|eind|slut|start)?saldo | kontostand | solde | saldi | сальдо | bakiye
      | (?:opening|closing|beginning|ending)\s+balance
      | averages? | avg | durchschnitt | mittelwert | moyennes? | promedio | średnia | gemiddelde? | genomsnitt
      | medelvärde | keskiarvo | průměr | átlag | ortalama | среднее | середнє | 平均値? | 平均值 | 평균
      | subtotales | gesamt(?:ergebnis)? | insgesamt | soma | sommes | conteggio | recuento | contagem
      | sammanlagt | ialt
      | yhteensä | razem | łącznie | ogółem | celkem | součet | mezisoučet | spolu | súčet | összesen | összeg | ukupno
      | skupaj | всего | сумма | разом | усього | загалом | общо | всичко | σύνολο | (?:genel|ara)\s+toplam | toplam
      | tổng(?:\s+cộng)? | jumlah | รวม | 合計 | 総計 | 小計 | 合计 | 总计 | 总和 | 共计 | 小计 | 總計
      | 합계 | 총계 | 소계 | סך\ הכל
      | المجموع | الإجمالي | مجموع
    )
    (?:\s+(?:g[ée]n[ée]ral[es]?|geral|complessivo|finale?s?|końcow\w+|początkow\w+|ogóln\w+|całkowit\w+|záverečn\w+
      |konečn\w+|records?|rows?|count|amounts?|inflows?|outflows?|debits?|credits?|revenue|sales|income|expenses?|hours
      |accounts?|contacts?|leads?|customers?|clients?|vendors?|companies|people|employees|datensätze|zeilen|mitarbeiter
      |kunden|kontakte|enregistrements|lignes|registros|registri|clientes|clienti|записей|строк|клиентов|{_CURRENCY}
      |(?:for|für|pour|para|per|voor|för|dla|za|по|за)\s.+))?
    \s*(?:[(\[:=：（].*|(?:[-–]\s*)?\d.*)?
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_ABOUT: Final = re.compile(
    r"""
    \W*(?:
      (?:copyright|©|\(c\)\s*\d{4}|all\ rights\ reserved|alle\ rechte\ vorbehalten|tous\ droits\ réservés
      |todos\ los\ derechos|todos\ os\ direitos|tutti\ i\ diritti|все\ права|confidential|vertraulich|confidentiel
      |confidencial|riservato|strettamente\ riservato|streng\ vertraulich|strictly\ confidential|vertrouwelijk|poufne
      |důvěrné|konfidentiell|fortrolig|luottamuksellinen|gizli|конфиденциально|конфіденційно|社外秘|机密|機密|대외비
      |do\ not\ (?:distribute|share|forward)|internal\ use\ only|for\ internal\ use|nur\ für\ den\ internen)
      (?:\b|(?<=©))
    | (?:(?:report|list|file|data|bericht|liste|datei|rapport|informe|relatório|rapporto|отчёт|отчет)\b\W*)?
      (?:generated|created|exported|printed|downloaded|prepared|run|erstellt|erzeugt|generiert|exportiert|gedruckt
      |généré|créé|exporté|imprimé|établi|generado|creado|exportado|impreso|gerado|criado|generato|creato|esportato
      |stampato|gegenereerd|gemaakt|geëxporteerd|wygenerowano|utworzono|wyeksportowano|skapad|exporterad|oprettet
      |eksporteret|vygenerováno|vytvořeno|сформирован\w*|создан\w*|выгружен\w*|oluşturul\w*)\s*
      (?:(?:by|on|at|from|date|von|am|mit|aus|par|le|por|el|em|il|da|door|op|przez|dnia|av|af|den|dne|в|от)\b|:
      |\d+[-./]\d+[-./]\d)
    | (?:page|seite|página|pagina|strona|sida|side|страница)\s+\d+(?:\s*(?:of|/|von|de|sur|di|van|z|av|из)\s*\d+)?\W*$
    | \d[\d.,\s]*(?:records?|rows?|results?|entries|datensätze|zeilen|einträge|enregistrements|lignes|registros|filas
      |linhas|righe|rijen|rekordów|wierszy|записей|строк|件|行|건)(?:\s+(?:affected|selected|returned|exported|found))?\W*$
    | (?:共|全|총)\s*\d[\d,]*\s*[笔条條筆行项項件건개명]
    | (?:作成|出力|印刷|生成|导出|匯出|내보낸|생성)(?:日|者|时间|時間|日時|人|일|信息|資訊)?\s*[:：]
    | (?:sources?|notes?|remarks?|disclaimer|filters?|filtered\ by|sorted\ by|quellen?|hinweise?|anmerkung(?:en)?|stand
      |remarques?|avertissement|fuente|notas?|fontes?|źródło|uwagi?|bron|opmerking(?:en)?|källa|kilde|lähde|zdroj
      |poznámk[ay]|forrás|megjegyzés|kaynak|источник|примечани[ея]|джерело|примітк[аи]|注|備考|出典|来源|來源|备注|출처)
      \s*[:：]
    | (?:eof|(?:end|ende|fin|fine|fim|einde|slut|koniec|konec|конец|кінець)\s
        (?:(?:of|the|der|des|du|de|la|el|del|della|do|da|van|het|på|af)\s+){0,2}
        (?:file|data|records?|report|list|table|export|document|liste|datei|berichts?|tabelle|fichier|rapports?|archivo
          |informe|reporte|listado|lista|elenco|relatório|arquivo|bestand|lijst|rapport|listan|rapporten|raportu|pliku
          |listy|souboru|seznamu|отч[её]та|файла|списка|звіту|файлу)
      | listenende|dateiende|berichtsende|以上|結束|结束)\W*$
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FIRST_WORD: Final = re.compile(r"[^\W\d_]+")
_NUMBER: Final = re.compile(
    rf"(?:{_CURRENCY}\s*)?[\s$€£¥₽zł%+()'’.,\u00a0\u202f-]*\d[\d\s$€£¥₽zł%+()'’.,\u00a0\u202f-]*{_CURRENCY}?"
    rf"|[-–—]+|{_CURRENCY}"
)
# A line drawn with marks, alone or around words.
_RULE: Final = re.compile(r"([-=*_#~])\1(?:.*\1)?", re.DOTALL)
_SUSPECT_STARTS: Final = ("©", "(", "--", "==", "**", "__", "##", "~~")
# Most rows are told apart from these by their first word: those of the patterns above.
_SUSPECT_CHARS: Final = 40
_LONGEST_LABEL: Final = 2_000
_SUSPECT_WORDS: Final = word_set(
    """
    grand sub overall report page gesamt end zwischen eind del total totals subtotal subtotals gesamtsumme endsumme
    zwischensumme gesamtergebnis totaux totale totalen totales totali eindtotaal subtotaal totaal totalt delsumma summe
    summen somma somme suma sumas summa sommes subtotales insgesamt soma conteggio recuento contagem sammanlagt ialt
    yhteensä loppusumma välisumma razem łącznie ogółem celkem součet mezisoučet spolu súčet összesen összeg ukupno
    skupaj итого итог итоги всего сумма общий общая общее разом усього загалом загальна сума общо всичко σύνολο genel
    ara toplam tổng jumlah รวม 合計 総計 小計 合计 总计 总和 共计 小计 總計 합계 총계 소계 סך المجموع الإجمالي مجموع
    copyright c all alle tous todos tutti все confidential vertraulich confidentiel confidencial riservato
    strettamente streng strictly vertrouwelijk poufne důvěrné konfidentiell fortrolig luottamuksellinen gizli
    конфиденциально конфіденційно 社外秘 机密 機密 대외비 do internal for nur list file data bericht liste datei rapport
    informe relatório rapporto отчёт отчет generated created exported printed downloaded prepared run erstellt erzeugt
    generiert exportiert gedruckt généré créé exporté imprimé établi generado creado exportado impreso gerado criado
    generato creato esportato stampato gegenereerd gemaakt geëxporteerd wygenerowano utworzono wyeksportowano skapad
    exporterad oprettet eksporteret vygenerováno vytvořeno сформирован сформировано создан создано выгружен выгружено
    oluşturulma oluşturuldu seite página pagina strona sida side страница 作成日 作成者 作成 出力日 出力
    印刷 生成时间 生成 导出时间 导出信息 导出 匯出 생성일 생성
    net netto record records row rows account accounts contact contacts lead leads transaction transactions customer
    customers vendor vendors employee employees member members konten summary endsaldo schlusssaldo anfangssaldo
    eindsaldo slutsaldo startsaldo saldo kontostand solde saldi сальдо bakiye opening closing beginning ending average
    averages avg durchschnitt mittelwert moyenne moyennes promedio średnia gemiddeld gemiddelde genomsnitt medelvärde
    keskiarvo průměr átlag ortalama среднее середнє 平均 平均値 平均值 평균 zeilen lignes filas linhas righe rijen
    wierszy строк 件 行 건 共 全 총 source sources note notes remark remarks disclaimer filter filters filtered sorted
    quelle quellen hinweis hinweise anmerkung anmerkungen stand remarque remarques avertissement fuente nota notas fonte
    fontes źródło uwaga uwagi bron opmerking opmerkingen källa kilde lähde zdroj poznámka poznámky forrás megjegyzés
    kaynak источник примечание примечания джерело примітка примітки 注 備考 出典 来源 來源 备注 출처 eof ende fin fine
    fim einde slut koniec konec конец кінець listenende dateiende berichtsende 以上 結束 结束
    """
)
_START_CHARS: Final = 3


def _starts(words: Iterable[str]) -> frozenset[str]:
    """Return what texts start with, in one case; shorter texts start with none of it."""
    return frozenset(word[:_START_CHARS] for word in words)


_UNUSUAL_STARTS: Final[Mapping[EntityType, frozenset[str]]] = {
    entity_type: _starts(_SUSPECT_WORDS | known_spellings(entity_type)) for entity_type in ENTITY_TYPES
}


class Footers:
    """Finds the rows of one table that name nobody; asked in the order of the file."""

    def __init__(self, entity_type: EntityType, columns: Sequence[Column], header: Sequence[str]) -> None:
        self._known = known_spellings(entity_type)
        self._header = [normalized_header(cell) for cell in header]
        self._first = _bare(header[0]) if header else ""
        unusual_starts = _UNUSUAL_STARTS[entity_type] | _starts([self._first])
        # Names begin alike often enough for the answers to be kept.
        self._may_start_none = lru_cache(maxsize=4096)(partial(_may_start_none, unusual_starts))
        self._addresses = [index for index, column in enumerate(columns) if column.field in _ADDRESSES]
        self._ids = [index for index, column in enumerate(columns) if column.field == ID_FIELD]
        self._is_wide = len(columns) >= _WIDE
        self._is_below = False
        self._other_header: int | None = None
        self._rows = self._narrow_rows = self._rows_after_blank = 0

    def blank_row(self) -> None:
        """Note a row of blank cells."""
        self._is_below = True

    @property
    def expects_rows(self) -> bool:
        """Whether what has come so far gives no reason to look at a record at length."""
        return not self._is_below and self._other_header is None

    def starts_as_rows_do(self, record: Record) -> bool:
        """Return whether a record starts with a name, as nearly all do, or another word that says nothing else."""
        return not record.after_blank and not self._may_start_none(record.text[: _START_CHARS + 1])

    def count_rows(self, records: Sequence[Record]) -> None:
        """Note records that start as rows do, so that their first cell is filled, in a place that expects rows."""
        self._rows += len(records)
        self._narrow_rows += [any(record.cells[1:]) for record in records].count(False)

    def why_no_row(self, record: Record) -> str | None:
        """Return why a record names nobody, or None if it may be a row."""
        if self.expects_rows and self.starts_as_rows_do(record):
            self.count_rows([record])
            return None
        return self._why_unusual(record)

    def _why_unusual(self, record: Record) -> str | None:
        self._is_below = self._is_below or record.after_blank
        if self._other_header is None and not any(record.cells):
            self._count_row(is_narrow=True)
            return None
        reason = self._why_header(record) or self._why_other_header(record.line) or self._why_footer(record)
        if reason is None:
            self._count_row(is_narrow=_is_narrow(record.cells))
        elif reason in (_TOTAL, _FOOTER):
            # What follows a line about the table is more of that, unless it is as wide as a row.
            self._is_below = True
        return reason

    def _count_row(self, *, is_narrow: bool) -> None:
        self._rows += 1
        self._rows_after_blank += self._is_below
        self._narrow_rows += is_narrow
        self._is_below = False

    def _why_header(self, record: Record) -> str | None:
        """Return why a record is no row if it is the header once more; note if it is another header."""
        first = _bare(record.cells[0])
        if first != self._first and first.strip() not in self._known:
            return None
        cells = [normalized_header(cell) for cell in record.cells]
        filled = len(cells) - cells.count("")
        is_alike = cells[: len(self._header)] == self._header[: len(cells)]
        if is_alike and filled == len(self._header):
            return HEADER_AGAIN
        known = sum(_bare(cell).strip() in self._known for cell in record.cells)
        if known >= _WIDE and known * 2 > filled:
            self._other_header = record.line
        return None

    def _why_other_header(self, line: int) -> str | None:
        if self._other_header is None:
            return None
        if line == self._other_header:
            return "a second header row with other columns; import what stands below it as a file of its own"
        return f"the row stands below a second header row, line {self._other_header}, that has other columns"

    def _is_suspect(self, text: str) -> bool:
        word = _FIRST_WORD.search(text, 0, _SUSPECT_CHARS)
        return text.startswith(_SUSPECT_STARTS, text.startswith('"')) or (
            word is not None and word[0].casefold() in _SUSPECT_WORDS
        )

    def _why_footer(self, record: Record) -> str | None:
        if not self._is_below and not self._is_suspect(record.text):
            return None
        filled = [text for cell in record.cells if (text := cell.strip())]
        if not filled or len(filled[0]) > _LONGEST_LABEL or self._names_itself(record.cells):
            return None
        if _is_total(filled):
            return _TOTAL
        return _FOOTER if self._is_about_table(filled) else None

    def _is_about_table(self, filled: Sequence[str]) -> bool:
        """Return whether a line of one cell, or of a label and its value, is about the table."""
        if not self._is_wide:
            return False
        label = filled[0]
        if len(filled) == 1:
            return self._is_below_rows or _ABOUT.match(label) is not None or _RULE.fullmatch(label) is not None
        return len(filled) == 2 and label.endswith((":", "：")) and self._is_below_rows

    @property
    def _is_below_rows(self) -> bool:
        """Whether a blank line ended the rows: not if rows of one cell, or with a blank line before them, are usual."""
        usual = self._rows // 2
        return self._is_below and self._rows > 0 and max(self._narrow_rows, self._rows_after_blank) <= usual

    def _names_itself(self, cells: Sequence[str]) -> bool:
        """Return whether a row has an address, a page or an id of its own."""
        if any("." in text and " " not in text for text in _texts_at(self._addresses, cells)):
            return True
        return any(is_entity_id(text) and any(map(str.isdigit, text)) for text in _texts_at(self._ids, cells))


def _may_start_none(unusual_starts: frozenset[str], text: str) -> bool:
    """Return whether a record is worth a second look for how it starts: its first characters, one more for a quote."""
    start = text[1:] if text[:1] == '"' else text[:_START_CHARS]
    return not start.isalpha() or start.casefold()[:_START_CHARS] in unusual_starts


def _texts_at(places: Sequence[int], cells: Sequence[str]) -> list[str]:
    """Return the cells of some columns; a row may end before them."""
    return [cells[place].strip() for place in places if place < len(cells)]


def _is_narrow(cells: Sequence[str]) -> bool:
    """Return whether at most one cell has something in it."""
    rest = iter(cells)
    return not (any(rest) and any(rest))


def _is_total(filled: Sequence[str]) -> bool:
    if _TOTAL_WORDS.fullmatch(filled[0]) is None:
        return False
    return all(map(_NUMBER.fullmatch, filled[1:])) and (len(filled) > 1 or any(map(str.isdigit, filled[0])))


class NoFooters:
    """The footers of one of our own exports, which has none."""

    expects_rows: Final = True

    def starts_as_rows_do(self, _record: Record) -> bool:
        """Return False: any record may be blank."""
        return False

    def count_rows(self, records: Sequence[Record]) -> None:
        """Ignore rows."""

    def why_no_row(self, _record: Record) -> None:
        """Return None: every record may be a row."""

    def blank_row(self) -> None:
        """Ignore a row of blank cells."""


def _bare(cell: str) -> str:
    return cell.strip(' \t"\ufeff').casefold()

"""What tools do to files and cells: encodings, footers, second headers, several values, damaged numbers."""

import io
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from app.entities.csv.cells import SEVERAL_VALUES
from app.entities.csv.encodings import codec_named, guess, python_codec
from app.entities.csv.reader import CsvError, CsvReader, Refusal, Row
from app.entities.csv.records import Records
from app.values.blanks import WORDS
from app.values.entity_types import EntityType

DATA = Path(__file__).parent / "data"


def read(data: str | bytes, entity_type: EntityType = "person", encoding: str | None = None) -> list[Row | Refusal]:
    raw = data if isinstance(data, bytes) else data.encode()
    return list(CsvReader(io.BytesIO(raw), entity_type, encoding=encoding))


def only_row(data: str | bytes, entity_type: EntityType = "person") -> Row:
    (row,) = read(data, entity_type)
    assert isinstance(row, Row)
    return row


def _lists() -> list[tuple[str, str, str]]:
    """Small lists of one language and encoding each: of one, two, four and all rows."""
    lists = []
    for line in (DATA / "names_by_language.tsv").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        language, encodings, cells = line.split("\t")
        rows = [row.strip() for row in cells.split("|")]
        starts = [(start, size) for size in (1, 2, 4) for start in range(len(rows) - size + 1)]
        parts = [rows, *(rows[start : start + size] for start, size in starts)]
        lists += [(language, encoding, "\r\n".join(part)) for encoding in encodings.split() for part in parts]
    return lists


@pytest.mark.parametrize("step", [2, pytest.param(1, marks=pytest.mark.slow)])
def test_letters_of_small_lists_are_guessed_right_or_not_at_all(step: int) -> None:
    """Of lists in 25 languages and 30 encodings, hardly any is read as other letters, and few are left in doubt."""
    wrong, in_doubt, total = [], [], 0
    for language, encoding, text in _lists()[::step]:
        raw = text.encode(encoding)
        lines = [line for line in raw.split(b"\r\n") if not _is_utf8(line)]
        if not lines:
            continue
        total += 1
        verdict = guess(lines).encoding
        if verdict is None:
            in_doubt.append((language, encoding, text))
        elif b"\n".join(lines).decode(python_codec(verdict)) != b"\n".join(lines).decode(encoding):
            wrong.append((language, encoding, text, verdict))
    assert len(wrong) <= total * 0.003, wrong
    assert len(in_doubt) <= total * 0.1, in_doubt
    assert not [entry for entry in in_doubt if entry[1] == "windows-1252"]


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_guess_is_told_with_some_of_the_words() -> None:
    """Whoever imports sees what was made of the letters."""
    text = "First Name,Last Name,Email\nИрина,Соколова,irina@sever.example\nПётр,Орлов,petr@sever.example\n"
    reader = CsvReader(io.BytesIO(text.encode("cp1251")), "person")
    assert [row.fields["first_name"] for row in reader if isinstance(row, Row)] == ["Ирина", "Пётр"]
    assert (reader.encoding, reader.guessed) == ("windows-1251", "Ирина Соколова Пётр Орлов")


def test_file_of_unclear_letters_is_refused_with_the_candidates() -> None:
    """No letters are stored that may be wrong."""
    data = "Name,Email\n田中,a@b.example\n鈴木,c@d.example\n".encode("euc-jp")
    with pytest.raises(CsvError, match=r"may be in .*gb18030.*; say which by --encoding"):
        read(data)
    rows = read(data, encoding="euc-jp")
    assert [row.fields["full_name"] for row in rows if isinstance(row, Row)] == ["田中", "鈴木"]


@pytest.mark.parametrize("name", ["cp1251", "Windows-1251", "SJIS", "macroman", "latin1", "UTF8", "gbk"])
def test_encoding_is_known_by_its_usual_names(name: str) -> None:
    """People name encodings in many ways."""
    assert codec_named(name)


@pytest.mark.parametrize("name", ["", "rot13", "utf-7", "idna", "x-none", "unicode_escape", "é" * 50])
def test_what_is_no_encoding_of_text_is_refused(name: str) -> None:
    """Python's codecs know more than encodings."""
    with pytest.raises(ValueError, match="expected the name of an encoding"):
        codec_named(name)


def test_lines_that_name_nobody_are_refused_and_companies_are_not() -> None:
    """Footers and totals of reports are told by their shape, in any language; a name like theirs is a company's."""
    head = "Name,Website,Country,Employees,Industry\nNordlicht,nordlicht.example,Germany,50,Banking\n"
    head += "Fjord AS,fjord.example,Norway,1200,Retail\n"
    wrong = []
    for line in (DATA / "footers.tsv").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        wanted, after_blank, text = line.split("\t")
        *_, last = read(head + ("\n" if after_blank == "yes" else "") + text + "\n", "company")
        if isinstance(last, Row) != (wanted == "row"):
            wrong.append((wanted, text, last))
    assert wrong == []


def test_list_of_names_with_blank_lines_is_no_footer() -> None:
    """If most rows fill one cell, that is the table's shape."""
    rows = read("Name,Website,Country\nNordlicht\n\nFjord AS\n\nBerg GmbH\n", "company")
    assert [type(row) for row in rows] == [Row, Row, Row]


def test_second_header_row_is_refused_and_what_has_other_columns_below_it() -> None:
    """Two files joined into one: the same header again costs itself, another one what stands below it."""
    mark = "\ufeff"
    same = read(f"{mark}Email,City\na@b.example,Bonn\n{mark}email,CITY\nc@d.example,Graz\n")
    assert [type(row) for row in same] == [Row, Refusal, Row]
    other = read("Email,First Name,City\na@b.example,Ida,Bonn\nCity,Email,First Name\nGraz,c@d.example,Ole\n")
    assert [type(row) for row in other] == [Row, Refusal, Refusal]
    assert "line 3" in other[2].reason if isinstance(other[2], Refusal) else False


@pytest.mark.parametrize("line", ["sep=,,,", '"sep=,",,', "SEP=,", "sep=, "])
def test_padded_separator_line_is_obeyed(line: str) -> None:
    """Spreadsheets pad the line when they save the file again."""
    assert only_row(f"{line}\r\nFirst Name,Email\r\nIda,ida@nordlicht.example\r\n").fields["first_name"] == "Ida"


@pytest.mark.parametrize(
    ("cell", "value", "rest"),
    [
        ("ida@nordlicht.example, ida.b@mail.example", "ida@nordlicht.example", "ida.b@mail.example"),
        ("ida@nordlicht.example;ida.b@mail.example", "ida@nordlicht.example", "ida.b@mail.example"),
        ("ida@nordlicht.example ::: ida.b@mail.example", "ida@nordlicht.example", "ida.b@mail.example"),
        ("Ida <ida@nordlicht.example> / Ole <ole@x.example>", "ida@nordlicht.example", "ole@x.example"),
        ("ida@nordlicht.example\nIDA@nordlicht.example", "ida@nordlicht.example", None),
    ],
)
def test_first_address_of_a_cell_is_used_and_the_rest_kept(cell: str, value: str, rest: str | None) -> None:
    """The second address is neither lost nor in the way; a repeated one is nothing to speak of."""
    row = only_row(f'Name,Email\nIda,"{cell}"\n')
    assert (row.fields["email"], row.extra.get("Email")) == (value, rest)
    assert [remark.text for remark in row.remarks] == ([SEVERAL_VALUES] if rest else [])


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("+49 30 901820, +49 151 23456789", "+49 30 901820"),
        ("030/901820; 0151/23456789", "030/901820"),
        ("030 901820 (office) | 0151 23456789 (mobile)", "030 901820 (office)"),
        ("+1 212 555 0142, ext. 5", "+1 212 555 0142, ext. 5"),
        ("030/901820", "030/901820"),
        ('=""+49 30 901820""', "+49 30 901820"),
        ("4930901820.0", "4930901820"),
    ],
)
def test_phone_of_a_cell_is_the_first_number(cell: str, value: str) -> None:
    """Several numbers are divided; an extension and an area code are parts of one."""
    assert only_row(f'Email,Phone\na@b.example,"{cell}"\n').fields["phone"] == value


def test_rounded_numbers_are_refused_and_said() -> None:
    """A spreadsheet leaves 1.5E+11 of a long number: an id of that refuses its row, a phone is kept beside."""
    rows = read("Record ID,Email,Phone\n1.50001E+11,a@b.example,\n7,c@d.example,4.93E+11\n")
    assert rows[0] == Refusal(
        2, "column 'Record ID': the number was damaged by a spreadsheet (scientific notation): 1.50001E+11"
    )
    assert isinstance(rows[1], Row)
    assert ("phone" in rows[1].fields, rows[1].extra) == (False, {"Phone": "4.93E+11"})
    assert "scientific notation" in rows[1].remarks[0].text


def test_html_and_text_hacks_are_undone_in_fields_and_not_beside_them() -> None:
    """Characters that a web page or a spreadsheet wrote otherwise are what they mean; a note is kept as it is."""
    row = only_row('id,First Name,Last Name,Notes\n="00123",J&ouml;rg,O&amp;#39;Shea,a &amp; b\n')
    assert (row.id, row.fields, row.extra) == (
        "00123",
        {"first_name": "Jörg", "last_name": "O'Shea"},
        {"Notes": "a &amp; b"},
    )


def test_former_id_is_that_of_the_cells_as_they_stand() -> None:
    """What an earlier release stored under another id is found again."""
    first, second = read("Record ID,Email\n12345.0,a@b.example\n,c@d.example\n")
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.id, first.former_id, second.former_id) == ("12345", "12345.0", None)


@pytest.mark.parametrize("line", ['x","' + "y" * 40, 'x","y', '"', '"""', 'a,"b', '","'])
def test_each_line_is_looked_at_a_fixed_number_of_times(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However quotes are broken, time grows with the size of the file alone."""
    looks = 0
    look = Records._ending_of

    def counting(records: Records, text: str) -> object:
        nonlocal looks
        looks += 1
        return look(records, text)

    monkeypatch.setattr(Records, "_ending_of", counting)
    lines = 3_000
    reader = CsvReader(io.BytesIO(b"Email,Name\n" + f"{line}\n".encode() * lines), "person")
    looks = 0
    assert sum(1 for _ in islice(reader, None)) <= lines
    assert looks <= 2 * lines + 2_000


@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, str.capitalize])
def test_every_word_for_nothing_is_seen_in_any_case(spell: Callable[[str], str]) -> None:
    """No first letter lets a placeholder pass for a value."""
    words = sorted(WORDS)
    rows = read("Email,City\n" + "".join(f'a@b.example,"{spell(word)}"\n' for word in words))
    assert [row.fields for row in rows if isinstance(row, Row)] == [{"email": "a@b.example"}] * len(words)


def test_ampersand_in_one_cell_is_decoded_and_leaves_the_others_alone() -> None:
    """A row with an ampersand is read as one without, but for the cells that have it."""
    first, second = read("Email,Company,City,Notes\na@b.example,A &amp; B,Bonn,x & y\nc@d.example,A B,Bonn,x\n")
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert first.fields == {"email": "a@b.example", "company": "A & B", "location_city": "Bonn"}
    assert (first.extra, second.extra) == ({"Notes": "x & y"}, {"Notes": "x"})
    assert second.fields == {"email": "c@d.example", "company": "A B", "location_city": "Bonn"}


def test_lines_that_repeat_are_each_refused_with_their_own_number() -> None:
    """What is known of a short line is its reason and not its place."""
    rows = read("Email,Name\n" + "a\nb\n" * 3 + ",\n" + "a\n")
    assert [row.line for row in rows if isinstance(row, Refusal)] == [2, 3, 4, 5, 6, 7, 9]
    assert len({row.reason for row in rows if isinstance(row, Refusal)}) == 1


def test_line_in_utf8_is_read_right_long_after_another_encoding_was_guessed() -> None:
    """Each line stands for itself, however many were in another encoding."""
    guessed = "a@b.example,Jörg Müller,Köln\n".encode("windows-1252") * 10_000
    rows = read(b"Email,Name,City\n" + guessed + "c@d.example,Zoë,Jülich\n".encode() + guessed)
    cities = [row.fields["location_city"] for row in rows if isinstance(row, Row)]
    assert cities == ["Köln"] * 10_000 + ["Jülich"] + ["Köln"] * 10_000

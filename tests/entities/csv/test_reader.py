"""Reading lists of people and companies from CSV files as people have them."""

import csv
import io
import json
import tracemalloc
from importlib.resources import files
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entities.csv.lines import MAX_LINE_BYTES
from app.entities.csv.reader import CsvError, CsvReader, Refusal, Row
from app.entities.csv.records import MAX_RECORD_LINES
from app.values.entity_types import EntityType
from app.values.identifiers import is_entity_id
from app.values.text import find_bad_character


def reader(text: str | bytes, entity_type: EntityType = "person") -> CsvReader:
    return CsvReader(io.BytesIO(text if isinstance(text, bytes) else text.encode()), entity_type)


def read(text: str | bytes, entity_type: EntityType = "person") -> list[Row | Refusal]:
    return list(reader(text, entity_type))


def fields(text: str | bytes, entity_type: EntityType = "person") -> list[dict[str, Any]]:
    """The fields of a file whose every row is read."""
    rows = read(text, entity_type)
    assert all(isinstance(row, Row) for row in rows), rows
    return [row.fields for row in rows if isinstance(row, Row)]


class Dripping:
    """A stream that cannot be rewound and gives a few bytes at a time, as a network does."""

    def __init__(self, data: bytes, size: int = 7) -> None:
        self._data = io.BytesIO(data)
        self._size = size

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(self._size, size) if size > 0 else self._size)


class Endless:
    """A stream of one header and many lines, made as they are read."""

    def __init__(self, header: bytes, line: bytes, count: int) -> None:
        self._header, self._line, self._left = header, line, count

    def read(self, size: int = -1) -> bytes:
        header, self._header = self._header, b""
        lines = min(self._left, 500)
        self._left -= lines
        return header + self._line * lines


# Encodings


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("windows-1252", "windows-1252"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 65_536])
def test_file_is_read_alike_in_every_encoding_and_line_end(encoding: str, expected: str, end: str, size: int) -> None:
    """UTF-8 and UTF-16 with and without a mark, and Windows-1252, with any line end, give the same rows."""
    text = "Email,Name,City\na@b.example,Zoë Müller-Łukasz,Köln\n" if "1252" not in encoding else ""
    text = text or "Email,Name,City\na@b.example,Zoë Müller – “Š€”,Köln\n"
    csv_reader = CsvReader(cast(BinaryIO, Dripping(text.replace("\n", end).encode(encoding), size)), "person")
    (row,) = csv_reader
    assert isinstance(row, Row)
    assert row.fields == {"email": "a@b.example", "full_name": text.split(",")[3], "location_city": "Köln"}
    assert csv_reader.encoding == expected


def test_utf8_is_recognised_when_the_first_umlaut_comes_late() -> None:
    """Hundreds of kilobytes of ASCII before the first other byte changes nothing."""
    text = "Email,City\n" + "a@b.example,Berlin\n" * 20_000
    assert fields(text + "z@b.example,Köln\n")[-1]["location_city"] == "Köln"
    assert fields((text + "z@b.example,Köln\n").encode("windows-1252"))[-1]["location_city"] == "Köln"


def test_lines_of_two_encodings_in_one_file_are_each_read_right() -> None:
    """Files glued together from two programs are common; each line stands for itself."""
    cities = [
        row["location_city"]
        for row in fields("Email,City\na@b.example,Köln\n".encode() + "c@d.example,Köln".encode("latin-1"))
    ]
    assert cities == ["Köln", "Köln"]


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_row_is_refused_when_a_byte_is_no_text(prefix: bytes) -> None:
    """A byte that Windows-1252 does not define, or that is no UTF-8 in a file marked so, refuses its row alone."""
    rows = read(prefix + b"Email,City\na@b.example,K\x81ln\nc@d.example,Bonn\n")
    assert [row.line for row in rows if isinstance(row, Refusal)] == [2]
    assert [row.line for row in rows if isinstance(row, Row)] == [3]


def test_lone_surrogate_in_utf16_refuses_its_row() -> None:
    """UTF-16 can hold half a character, which no database stores."""
    data = "Email,City\na@b.example,K?ln\nc@d.example,Bonn\n".encode("utf-16-le").replace(b"?\x00", b"\x00\xd8")
    refusal, row = read(b"\xff\xfe" + data + b"x")[:2]
    assert isinstance(refusal, Refusal)
    assert "lone surrogate" in refusal.reason
    assert isinstance(row, Row)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty; expected a header row such as Email"),
        (b"\n \r\n\n", "the file is empty"),
        (b"PK\x03\x04...", "an Excel workbook or another zip archive; expected CSV text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Excel workbook that is old \\(.xls\\) or has a password; expected"),
        (b"%PDF-1.7", "a PDF document"),
        ("Email".encode("utf-32"), "UTF-32"),
        (b"Email,\x00Name\na@b.example,x", "header row holds a control character U\\+0000"),
        (b"<html><body>Not found</body></html>", "no column of the first row is known; expected a header row"),
        (b'{"email":"a@b.example"}', "email address; expected a header row"),
        (b"Anna,Muster,anna@muster.example\nBen,Muster,ben@muster.example\n", "expected a header row above the data"),
        (b"Anna,Muster,Bonn\n", "no column of the first row is known"),
        (b"Job Title,City\nCEO,Bonn\n", "no column tells the rows apart; expected an id, or a LinkedIn URL"),
        (b'Email,"Name\na@b.example,Anna\n', "the header row, line 1, cannot be read: a quote is opened"),
        (b"Email," + b"x" * 201, "a header is longer than 200 characters"),
        (b"Email" + b",x" * 500, "the header row has 501 columns; expected at most 500"),
        (b"sep=x\nEmailxName\n", "another separator than"),
        (b"sep=;\n", "the file has no header row"),
    ],
)
def test_file_is_refused_with_what_was_expected(data: bytes, message: str) -> None:
    """A file that is no list at all says so before any row is read."""
    with pytest.raises(CsvError, match=message):
        reader(data)


# Header and separator


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_separator_is_found_from_the_header(mark: str) -> None:
    """The separator that makes known headers wins, whatever else the cells are full of."""
    text = f'Name{mark}Email{mark}Company\nAnna{mark}a@b.example{mark}"A, B; C | D"\n'
    assert reader(text).delimiter == mark
    assert fields(text)[0]["company"] == "A, B; C | D"


def test_separator_of_one_column_is_a_comma() -> None:
    """A file of one column has no separator, whatever stands in its cells."""
    assert fields("Website\nhttps://a.example/x;y|z\n", "company") == [{"website": "https://a.example/x;y|z"}]


def test_separator_is_taken_from_excels_own_line() -> None:
    """A first line `sep=;` is obeyed and no row."""
    (row,) = read("sep=;\r\nEmail;Name, First\r\na@b.example;x, y\r\n")
    assert isinstance(row, Row)
    assert (row.line, row.extra) == (3, {"Name, First": "x, y"})


def test_header_is_found_below_remarks() -> None:
    """LinkedIn's own list of connections starts with notes."""
    text = 'Notes:\n"When exporting, some may be missing"\n\nFirst Name,Last Name,URL,Email Address,Company\n'
    (row,) = read(text + "Anna,Muster,https://www.linkedin.com/in/demo-anna,,Muster GmbH\n")
    assert isinstance(row, Row)
    assert row.line == 5
    assert row.fields["linkedin_url"] == "https://www.linkedin.com/in/demo-anna"


def test_header_alone_is_a_file_of_no_rows() -> None:
    """An empty list is no error."""
    csv_reader = reader("Email,Name\n")
    assert [column.header for column in csv_reader.columns] == ["Email", "Name"]
    assert list(csv_reader) == []


def test_repeated_header_keeps_both_cells() -> None:
    """A second column of the same name is kept under a name of its own."""
    (row,) = read("Email,Notes,Notes,\na@b.example,one,two,three\n")
    assert isinstance(row, Row)
    assert row.extra == {"Notes": "one", "Notes (2)": "two", "Column 4": "three"}


def test_fallback_steps_in_where_the_trusted_column_is_blank() -> None:
    """Two columns for one field: the trusted one wins while it says something, and the other is kept."""
    first, second = read("Personal Email,Email\np@x.example,w@x.example\nq@x.example,N/A\n")
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.fields, first.extra) == ({"email": "w@x.example"}, {"Personal Email": "p@x.example"})
    assert (second.fields, second.extra) == ({"email": "q@x.example"}, {"Personal Email": "q@x.example"})


def test_own_computed_columns_are_neither_imported_nor_kept() -> None:
    """An export read back leaves the normalised forms to be computed anew."""
    text = "id,email,normalizedEmail,normalized_phone,createdAt,updated_at,workspaceSlug\np1,a@b.example,x,y,z,z,w\n"
    (row,) = read(text)
    assert row == Row(2, {"email": "a@b.example"}, {}, "p1", False)


# Rows


def test_cells_are_stripped_and_blank_ones_say_nothing() -> None:
    """White space around a cell is no content; a row of blanks is no row."""
    text = "Email,Name,City\n\n  a@b.example , \u00a0Anna\t,  \n,,\n   \n;;\n"
    first, refusal = read(text)
    assert isinstance(first, Row)
    assert first.fields == {"email": "a@b.example", "full_name": "Anna"}
    assert isinstance(refusal, Refusal)
    assert refusal.line == 6


@pytest.mark.parametrize(
    "word",
    [
        "n/a",
        "#n/a",
        "n.a.",
        "null",
        "none",
        "-",
        "--",
        "---",
        "–",
        "—",
        "unknown",
        "undefined",
        "(blank)",
        "?",
        "#name?",
        "#ref!",
        "#value!",
        "#null!",
        "#div/0!",
        "N/A",
        "Null",
        "NONE",
        "Unknown",
    ],
)
def test_placeholder_says_nothing_about_a_field_and_is_kept_elsewhere(word: str) -> None:
    """A word for "not known" is no value of a field; in a column of the list's owner it may mean something."""
    (row,) = read(f"Email,City,Stage\na@b.example,{word},{word}\n")
    assert isinstance(row, Row)
    assert (row.fields, row.extra) == ({"email": "a@b.example"}, {"Stage": word})


def test_words_that_only_look_like_placeholders_are_values() -> None:
    """Namibia's code is NA, and an address checked without result is unknown."""
    (row,) = fields("Email,Country Code,Email Status\na@b.example,NA,unknown\n")
    assert (row["location_country_code"], row["email_status"]) == ("NA", "unknown")


def test_row_may_be_shorter_than_the_header_but_not_longer() -> None:
    """Missing trailing cells are blank; a further cell that holds something has no column."""
    rows = read("Email,Name,City\na@b.example\nb@b.example,Ben,Bonn,,\nc@b.example,Cem,Bonn,,secret\n")
    assert [type(row) for row in rows] == [Row, Row, Refusal]
    assert rows[2] == Refusal(4, "the row has 5 cells, the header 3")


def test_quoted_cells_follow_rfc_4180() -> None:
    """Separators, doubled quotes and line ends within quotes belong to the cell; a lone return is a line end too."""
    text = (
        'Email,Name,City\r\n"a@b.example","Anna ""Ann"" Muster, Dr.","Bonn\r\nam Rhein\rx"\r\nb@b.example, "B, C",\r\n'
    )
    rows = read(text)
    assert [row.line for row in rows] == [2, 5]
    assert isinstance(rows[0], Row)
    assert rows[0].fields["full_name"] == 'Anna "Ann" Muster, Dr.'
    assert rows[0].fields["location_city"] == "Bonn\nam Rhein\nx"
    assert isinstance(rows[1], Row)
    assert rows[1].fields["full_name"] == "B, C"


def test_quotes_inside_an_unquoted_cell_are_themselves() -> None:
    """Tab-separated files quote nothing, and their nicknames and inches are meant so."""
    text = 'Email\tName\tNotes\na@b.example\tDwayne "Rocky" Muster\t5" disk\nb@b.example\tBen\tx\n'
    rows = read(text)
    assert [row.fields["full_name"] for row in rows if isinstance(row, Row)] == ['Dwayne "Rocky" Muster', "Ben"]


@pytest.mark.parametrize("bad", ['a@b.example,"Anna"x,Bonn', 'a@b.example,"An"na",Bonn', '"a@b.example" ,Anna,Bonn'])
def test_malformed_quotes_refuse_their_row_alone(bad: str) -> None:
    """What follows a closing quote must be a separator: nobody can tell what was meant."""
    rows = read(f"Email,Name,City\n{bad}\nc@d.example,Cem,Bonn\n")
    assert [type(row) for row in rows] == [Refusal, Row]
    assert rows[0].line == 2
    assert "quote" in cast(Refusal, rows[0]).reason


@pytest.mark.parametrize("count", [3, MAX_RECORD_LINES * 2])
def test_open_quote_costs_one_row_and_not_the_rest_of_the_file(count: int) -> None:
    """The csv module would read everything after it as one cell."""
    text = 'Email,Name\na@b.example,"Anna\n' + "".join(f"p{i}@b.example,Ben\n" for i in range(count))
    refusal, *rows = read(text)
    assert isinstance(refusal, Refusal)
    assert (refusal.line, len(rows)) == (2, count)
    assert [row.line for row in rows] == list(range(3, count + 3))


def test_open_quote_is_ended_by_the_next_quoted_row() -> None:
    """A quote that seems to close it in another row shows that it was open."""
    refusal, *rows = read('Email,Name\na@b.example,"Anna\nb@b.example,"Ben"\n"c@b.example",Cem\n')
    assert isinstance(refusal, Refusal)
    assert [row.line for row in rows] == [3, 4]


def test_oversized_cell_refuses_its_row_and_not_the_lines_inside_it() -> None:
    """A cell over 131,072 characters is passed over as a whole, lines and all."""
    text = 'Email,Notes\na@b.example,"' + "word, word\n" * 900 + "x" * 131_072 + '"\nb@b.example,fine\n'
    for big in (text, "Email,Notes\na@b.example," + "x" * 131_073 + "\nb@b.example,fine\n"):
        refusal, row = read(big)
        assert refusal == Refusal(2, "a cell is longer than 131,072 characters")
        assert isinstance(row, Row)


def test_overlong_line_refuses_its_row_alone() -> None:
    """A line over 1 MiB is not even held in memory."""
    data = b"Email,Notes\na@b.example," + b"x" * (3 * MAX_LINE_BYTES) + b"\nb@b.example,fine\n"
    refusal, row = read(data)
    assert refusal == Refusal(2, "the line is longer than 1,048,576 bytes")
    assert (row.line, isinstance(row, Row)) == (3, True)


def test_overlong_line_is_not_held_in_memory() -> None:
    """A file of one endless line takes no more memory than the longest line that is read."""
    stream = Endless(b"Email,Notes\n", b"x" * 100, 250_000)
    tracemalloc.start()
    (refusal,) = CsvReader(cast(BinaryIO, stream), "person")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(refusal, Refusal)
    assert peak < 6 * MAX_LINE_BYTES


def test_lone_carriage_return_ends_a_row() -> None:
    """Files that old Macs and some tools wrote in part end rows so; CR CR LF is one end and no blank line."""
    rows = read("Email\r\r\na@b.example\rb@b.example\r\r\nc@b.example\n")
    assert [(row.line, row.fields["email"]) for row in rows if isinstance(row, Row)] == [
        (2, "a@b.example"),
        (3, "b@b.example"),
        (4, "c@b.example"),
    ]


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x1b", "\x7f", "\x85"])
def test_control_character_refuses_its_row_with_column_and_code(bad: str) -> None:
    """SQLite and PostgreSQL disagree on such text, so it never gets that far."""
    refusal, row = read(f"Email,Name\na@b.example,An{bad}na\nb@b.example,Ben\tB\n")
    assert refusal == Refusal(2, f"column 'Name': control character U+{ord(bad):04X} at position 3")
    assert isinstance(row, Row)


def test_refusals_never_repeat_what_a_cell_holds() -> None:
    """Reasons end up in logs and answers; the cells are personal data."""
    secret = "geheim"
    lines = [f"{secret} x,,", f'"{secret}"x,,', f"{secret}\x00,,", f"a,b,c,{secret}", f'"{secret}', f",{secret},"]
    refusals = [row for row in read("id,City,Notes\n" + "\n".join(lines)) if isinstance(row, Refusal)]
    assert len(refusals) == len(lines)
    assert secret not in " ".join(refusal.reason for refusal in refusals)


# Ids


def test_given_id_is_kept_and_a_bad_one_refused_with_its_rule() -> None:
    """An id column is taken as it is; one that cannot be an id names the rule."""
    rows = read("Record ID,Email\n 501 ,a@b.example\n5 0,b@b.example\n-,c@b.example\n" + "x" * 129 + ",\n")
    assert isinstance(rows[0], Row)
    assert (rows[0].id, rows[0].id_is_derived) == ("501", False)
    assert rows[1] == Refusal(3, "column 'Record ID': an id has 1 to 128 characters of A-Z, a-z, 0-9, _ . : @ / -")
    assert isinstance(rows[2], Row)
    assert rows[2].id_is_derived
    assert isinstance(rows[3], Refusal)


def test_derived_ids_do_not_depend_on_the_order_of_columns_and_rows() -> None:
    """The same list, sorted otherwise or with further columns, names the same entities."""
    one = read("Email,Name,Company\na@b.example,Anna,A\n,Ben,B\n")
    two = read("Company;Score;Name;Email\nb;7;BEN;\nA;8;Anna;A@B.example\n")
    assert {row.id for row in one if isinstance(row, Row)} == {row.id for row in two if isinstance(row, Row)}
    assert len(two) == 2


def test_row_that_nothing_tells_apart_is_refused_with_what_it_needs() -> None:
    """Neither id nor name nor address: nothing could be done with it."""
    rows = read("Email,Name,Company,City\n,Anna,,Bonn\n"), read("Name,Industry\n,Software\n", "company")
    assert rows[0] == [
        Refusal(2, "the row needs an id, or a LinkedIn URL, an email address, or a name together with a company")
    ]
    assert rows[1] == [Refusal(2, "the row needs an id, or a domain, a website, a LinkedIn URL or a name")]


# Values


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("Sales", ["Sales"]),
        ("Sales, Marketing,, sales ", ["Sales", "Marketing"]),
        ("R&D, Labs; Sales", ["R&D, Labs", "Sales"]),
        ("Sales | IT", ["Sales", "IT"]),
        ('["a, b", 7]', ["a, b", 7]),
        ("[not json", ["[not json"]),
        ('["a\\r\\nb"]', ["a\nb"]),
    ],
)
def test_list_field_is_split_or_parsed(cell: str, values: list[Any]) -> None:
    """Lines, then `;`, `|` and commas divide a list; a JSON array is taken as it is."""
    text = "Email,Departments\na@b.example," + '"' + cell.replace('"', '""') + '"\n'
    assert fields(text) == [{"email": "a@b.example", "departments": values}]


def test_list_of_places_is_not_split_at_commas() -> None:
    """An address has commas of its own."""
    (row,) = fields('Name,Office Locations\nA,"Bonn, Germany; Graz, Austria"\n', "company")
    assert row["office_locations"] == ["Bonn, Germany", "Graz, Austria"]


def test_structured_list_comes_as_json_or_stays_a_text() -> None:
    """A job history in words cannot be told apart into jobs, and is kept as it is."""
    history = [{"title": "CEO", "from": 2019}]
    cell = json.dumps(history).replace('"', '""')
    rows = read(f'Email,Job History\na@b.example,"{cell}"\nb@b.example,CEO at Muster\nc@b.example,[]\n')
    assert isinstance(rows[0], Row)
    assert rows[0].fields["job_history"] == history
    assert isinstance(rows[1], Row)
    assert rows[1].extra == {"Job History": "CEO at Muster"}
    assert isinstance(rows[2], Row)
    assert (rows[2].fields, rows[2].extra) == ({"email": "c@b.example"}, {})


def test_dict_field_is_gathered_from_its_columns() -> None:
    """Each network or provider has a column of its own; our own export has one of JSON."""
    header = "Name,Facebook Url,Twitter,Apollo Account Id,social_urls\n"
    (row,) = fields(header + 'A,fb.example/a,@a,5f,"{""xing"":""x"",""twitter"":""t""}"\n', "company")
    assert row["social_urls"] == {"facebook": "fb.example/a", "twitter": "t", "xing": "x"}
    assert row["provider_ids"] == {"apollo": "5f"}


@pytest.mark.parametrize(
    ("cell", "amount"),
    [("12000000", 12_000_000), ("$12,000,000", 12_000_000), ("12000000.0", 12_000_000), ("$5,000.00", 5_000), ("0", 0)],
)
def test_amount_is_read_when_it_is_a_plain_number(cell: str, amount: int) -> None:
    """Dollars and thousands separators are how exports write numbers."""
    assert fields(f'Name,Total Funding\nA,"{cell}"\n', "company")[0]["funding_total"] == amount


@pytest.mark.parametrize(
    "cell", ["$12M", "12.000.000", "1e6", "€5,000", "12,00", "5 000", "10-20", "９", "9" * 17, "1,0000"]
)
def test_amount_is_kept_as_a_text_when_it_could_mean_something_else(cell: str) -> None:
    """A wrong number is worse than none; the cell stays in the extra columns."""
    (row,) = read(f'Name,Total Funding\nA,"{cell}"\n', "company")
    assert isinstance(row, Row)
    assert (row.fields, row.extra) == ({"name": "A"}, {"Total Funding": cell})


def test_address_of_another_kind_is_no_value() -> None:
    """A page inside Sales Navigator is no profile, and a LinkedIn page no website; both are kept."""
    url = "https://www.linkedin.com/sales/lead/ACw,NAME,x"
    (row,) = read(f'profileUrl,fullName,companyName,companyUrl\n"{url}",Anna,A,https://www.linkedin.com/company/7\n')
    assert isinstance(row, Row)
    assert row.fields == {"full_name": "Anna", "company": "A"}
    assert row.extra == {"profileUrl": url, "companyUrl": "https://www.linkedin.com/company/7"}


def test_extra_column_of_our_own_export_is_unfolded() -> None:
    """What an import kept comes back under its own headers."""
    (row,) = read('id,email,extra\np1,a@b.example,"{""Owner"":""Kim"",""n"":7}"\n')
    assert isinstance(row, Row)
    assert row.extra == {"Owner": "Kim"}


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ('["\\u0000"]', "JSON holds a control character U+0000"),
        ('["\\ud800"]', "JSON holds a lone surrogate U+D800"),
        ('[{"\\u0007":1}]', "JSON holds a control character U+0007"),
        ("[NaN]", "JSON holds a number that is not finite"),
        ("[1e999]", "JSON holds a number that is not finite"),
        ("[1e300]", "JSON holds a number that is too large"),
        ("[9223372036854775808]", "JSON holds a number that is too large"),
        ("[" + "9" * 5_000 + "]", "JSON holds a number that is too large"),
        ("[" * 33 + "]" * 33, "JSON is nested deeper than 32"),
        ("[" * 50_000 + "]" * 50_000, "JSON is nested deeper than 32"),
    ],
)
def test_json_that_no_database_stores_refuses_its_row(cell: str, rule: str) -> None:
    """Escapes and numbers must not bring in what plain text may not."""
    text = 'Email,Skills\na@b.example,"' + cell.replace('"', '""') + '"\n'
    (refusal,) = read(text)
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith(f"column 'Skills': {rule}")


def test_apostrophe_of_our_own_export_is_taken_off() -> None:
    """An export guards cells that look like formulas; reading takes exactly that guard off."""
    (row,) = read("Email,Name,Phone,Notes\na@b.example,'O'Neil,'+49 30 1,'=1+1\n")
    assert isinstance(row, Row)
    assert (row.fields["full_name"], row.fields["phone"], row.extra["Notes"]) == ("'O'Neil", "+49 30 1", "=1+1")


# Everything together


@given(st.binary(max_size=400))
def test_any_bytes_give_rows_refusals_or_a_csv_error(data: bytes) -> None:
    """Whatever is uploaded, nothing else is raised, and what is read may be stored."""
    for start in (b"", b"Email,Name,Skills\n", b"\xff\xfe" + "Email;Skills\n".encode("utf-16-le")):
        try:
            rows = read(start + data)
        except CsvError:
            continue
        for row in rows:
            text = row.reason if isinstance(row, Refusal) else repr(row.fields)
            assert find_bad_character(text) is None
            assert isinstance(row, Refusal) or is_entity_id(row.id)


@given(st.text(alphabet="a,;\"\n\r '=é", max_size=60))
def test_text_of_quotes_and_separators_never_loses_the_line_after_it(text: str) -> None:
    """However quotes are broken, a sound row some lines below is read."""
    rows = read(f"Email,Name,City\n{text}\n\n" + 'x,"y"\n' + "last@b.example,Last,Bonn\n")
    last = rows[-1]
    assert isinstance(last, Row)
    assert last.fields == {"email": "last@b.example", "full_name": "Last", "location_city": "Bonn"}


def test_memory_stays_constant_over_a_long_file() -> None:
    """Memory does not grow with the file: the blocks and one record are all that is held."""
    header = b"First Name,Last Name,Email,Company,Keywords,Owner\n"
    line = 'Änne,Müller,anne@muster.example,"Muster, GmbH","a, b, c",Kim\n'.encode() + b""
    peaks = []
    for count in (5_000, 15_000):
        tracemalloc.start()
        rows = sum(1 for _ in CsvReader(cast(BinaryIO, Endless(header, line, count)), "person"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert rows == count
    assert peaks[1] < peaks[0] + 50_000
    assert peaks[1] < 2_000_000


# The sample lists


def demo(name: str, entity_type: EntityType) -> tuple[CsvReader, list[Row], list[Refusal]]:
    csv_reader = reader((files("app.demo") / name).read_bytes(), entity_type)
    outcomes = list(csv_reader)
    rows = [outcome for outcome in outcomes if isinstance(outcome, Row)]
    return csv_reader, rows, [outcome for outcome in outcomes if isinstance(outcome, Refusal)]


def test_demo_companies_are_read_with_the_intended_refusals() -> None:
    """The sample is as messy as real lists, and broken only where it is meant to be."""
    csv_reader, rows, refusals = demo("companies.csv", "company")
    assert (csv_reader.delimiter, csv_reader.encoding) == (",", "utf-8-sig")
    assert len(rows) >= 145
    assert [refusal.reason for refusal in refusals] == [
        "the row needs an id, or a domain, a website, a LinkedIn URL or a name",
        "the row has 23 cells, the header 22",
    ]
    assert len({row.id for row in rows}) == len(rows) - 3
    assert {"Lead Score", "Owner"} <= {name for row in rows for name in row.extra}


def test_demo_people_are_read_with_the_intended_refusals() -> None:
    """The sample is as messy as real lists, and broken only where it is meant to be."""
    csv_reader, rows, refusals = demo("people.csv", "person")
    assert (csv_reader.delimiter, csv_reader.encoding) == (";", "utf-8")
    assert len(rows) >= 245
    assert [refusal.reason for refusal in refusals] == [
        "the row needs an id, or a LinkedIn URL, an email address, or a name together with a company",
        "malformed quotes: a quoted cell ends with its quote, and a quote inside is doubled",
        "column 'First Name': control character U+000B at position 5",
    ]
    assert len({row.id for row in rows}) == len(rows) - 3


_ODD_CELLS = (
    *("N/A", "unknown", "(blank)", "'=1+2", '="0123"', "Jo&euml;l", "a@b.example; c@d.example", "1.5E+11", "4930.0"),
    *("https://www.linkedin.com/in/ida", "linkedin.com/sales/people/1", "nordlicht.example", "info@nordlicht.example"),
)
_CELLS = st.text(alphabet="aB1 .,;|@&'=-+/\u00a0\u200b\u00fc", max_size=8) | st.sampled_from(_ODD_CELLS)
_COLUMNS = ("First Name", "Last Name", "Email", "Phone", "Company", "Company Domain", "LinkedIn URL", "Notes")


@given(rows=st.lists(st.lists(_CELLS, min_size=len(_COLUMNS) - 1, max_size=len(_COLUMNS) - 1), min_size=1, max_size=6))
def test_a_row_says_the_same_whether_it_is_read_by_columns_or_by_itself(rows: list[list[str]]) -> None:
    """A list in a row has its cells read one by one; without it the columns are looked at, with the same result."""

    def outcomes(header: tuple[str, ...], cells: tuple[str, ...]) -> list[Any]:
        table = io.StringIO()
        csv.writer(table).writerows([header, *(["Ida", *row, *cells] for row in rows)])
        read_rows = read(table.getvalue())
        for row in read_rows:
            if isinstance(row, Row):
                row.fields.pop("departments", None)
        return [
            (row.reason, row.line)
            if isinstance(row, Refusal)
            else (row.id, list(row.fields.items()), list(row.extra.items()), row.remarks, row.former_id, row.line)
            for row in read_rows
        ]

    assert outcomes(_COLUMNS, ()) == outcomes((*_COLUMNS, "Departments"), ("sales; marketing",))


def test_rows_before_a_break_are_read() -> None:
    """If a stream breaks off, what was read before it is there first, though rows are read many at a time."""

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() == len(self.getvalue()):
                raise OSError("gone")
            return super().read(size)

    rows = b"".join(b"ida.%d@nordlicht.example,Brandt\n" % number for number in range(10_000))
    found = []
    with pytest.raises(OSError, match="gone"):
        for row in CsvReader(cast(BinaryIO, Broken(b"Email,Last Name\n" + rows)), "person"):
            found.append(row)
    # But for the line that the break may have cut, and the last, short block of bytes.
    assert 7_500 < len(found) <= 10_000

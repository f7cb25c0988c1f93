"""Reading a command file: bytes to records, records to staged rows, failed records to the tryback."""

import csv
import io
import tracemalloc
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolsync.reading import records as reading
from toolsync.reading.command_file import CommandFile
from toolsync.reading.encodings import CODECS
from toolsync.reading.problems import FileRejected
from toolsync.reading.staging import Stager
from toolsync.reading.suite import load_suite, parse_suite
from toolsync.reading.tryback import TrybackWriter

USERS = load_suite("users")
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def read(tmp_path):
    """Write a file, and open it."""

    def opened(content, **options):
        path = tmp_path / "users.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return CommandFile.open(path, **{"suite": USERS, **options})

    return opened


@pytest.fixture
def rejection(read):
    """The message of a file that is rejected."""

    def message(content, **options):
        with pytest.raises(FileRejected) as raised:
            read(content, **options)
        return str(raised.value)

    return message


def records(file, **options):
    return [record for chunk in file.records(**options) for record in chunk]


def values(file):
    return [record.values for record in records(file)]


def only_problem(file):
    [problem] = [record.problem for record in records(file) if record.problem]
    return problem


# Delimiters, encodings, line ends


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(read, delimiter):
    file = read(f"username{delimiter}city\na{delimiter}b\n")
    assert file.delimiter == delimiter
    assert values(file) == [["a", "b"]]


def test_the_delimiter_that_makes_most_cells_known_columns_wins(read):
    file = read('username;"city";a,b,c,d,e\nx;y;z,z\n', ignore_unknown_columns=True)
    assert file.delimiter == ";"
    assert values(file) == [["x", "y", "z,z"]]


@pytest.mark.parametrize(("name", "character"), [("tab", "\t"), ("\t", "\t"), (";", ";")])
def test_the_delimiter_may_be_given(read, name, character):
    assert read(f"username{character}city\na{character}b\n", delimiter=name).delimiter == character


def test_a_wrong_delimiter_is_named(rejection):
    assert rejection("username;city\na;b\n", delimiter=",").endswith(
        "its cells look separated by semicolon, set Param delimiter"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252"])
def test_encodings(read, encoding):
    file = read("username,city\na,Évry\n".encode(CODECS[encoding]), encoding=encoding)
    assert values(file) == [["a", "Évry"]]


def test_the_euro_sign_of_windows(read):
    assert values(read(b"username,city\na,\x80uro\n", encoding="windows-1252")) == [["a", "€uro"]]


def test_a_byte_order_mark_is_tolerated(read):
    file = read(b"\xef\xbb\xbfusername,city\r\na,b\r\n")
    assert file.header.written == ("username", "city")
    assert (file.before, file.header_raw) == (b"\xef\xbb\xbf", b"username,city\r\n")
    assert records(file)[0].line == 2


@pytest.mark.parametrize("marks", [2, 3])
def test_further_byte_order_marks_are_skipped(read, marks):
    file = read(b"\xef\xbb\xbf" * marks + b"username,city\na,b\nc,\xff\n")
    assert file.header.written == ("username", "city")
    assert tryback(file, {3})[0] == b"\xef\xbb\xbf" * marks + b"username,city\nc,\xff\n"


def test_a_byte_order_mark_within_the_header_is_named(rejection):
    assert rejection(b"city,\xef\xbb\xbfusername\na,b\n") == (
        "unknown column U+FEFFusername: its name holds U+FEFF, which nobody sees; is it username?"
    )
    assert "U+200Busername" in rejection("\u200busername\na\n")


def test_invisible_characters_do_not_fool_the_guess_of_the_delimiter(rejection):
    assert rejection("\u200busername;\u200bcity;shoe,size\na;b;c\n").startswith("unknown column U+200Busername:")


def test_a_header_with_an_invisible_character_is_no_identifier(rejection):
    message = rejection("\u200bidnumber\nC101\n", suite=load_suite("courses_delete"))
    assert message.startswith(
        "unknown column U+200Bidnumber: its name holds U+200B, which nobody sees; is it idnumber?"
    )


def test_invisible_characters_are_part_of_a_value(read):
    assert values(read("username,city\nu002\u200b, \u00a0\u200bx\u2003\n")) == [["u002\u200b", "\u200bx"]]


# The line that tells Excel the delimiter


@pytest.mark.parametrize("bom", ["", "\ufeff", "\ufeff\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("line", "delimiter"),
    [("sep=;", ";"), ("SEP=,", ","), ('"sep=;"', ";"), ("sep=\t", "\t"), ("Sep=|", "|"), ("sep=;;;;", ";"), ('"sep=,",,', ","), ("sep=; ", ";")],
)  # fmt: skip
def test_the_line_sep_tells_the_delimiter(read, bom, end, line, delimiter):
    lines = [line, f"username{delimiter}city", f"a{delimiter}b", "", f"c{delimiter}d{delimiter}x"]
    text = bom + end.join(lines) + end
    file = read(text)
    assert (file.delimiter, file.header.written, file.line_end) == (delimiter, ("username", "city"), end.encode())
    assert [(record.line, record.values) for record in records(file)] == [(3, ["a", "b"]), (5, None)]
    assert only_problem(file).line == 5
    again = tryback(file, {5})[0]
    assert again == (bom + end.join([*lines[:2], lines[4]]) + end).encode()
    assert [record.line for record in records(read(again))] == [3]


def test_the_line_sep_wins_over_a_header_that_looks_otherwise(read):
    file = read("sep=;\nusername;city,country\na;b\n", ignore_unknown_columns=True)
    assert values(file) == [["a", "b"]]
    assert values(read("sep=;\nusername\na\n")) == [["a"]]
    assert read("sep=;\nusername\na\n").delimiter == ";"


@pytest.mark.parametrize("delimiter", [";", "auto"])
def test_the_line_sep_that_agrees_with_the_param(read, delimiter):
    assert values(read("sep=;\nusername;city\na;b\n", delimiter=delimiter)) == [["a", "b"]]


@pytest.mark.parametrize(
    ("line", "delimiter", "message"),
    [
        ("sep=;", ",", "line 1, sep=, says that the delimiter is a semicolon, and Param delimiter that it is a comma: correct one of them"),
        ("sep=,", "tab", "line 1, sep=, says that the delimiter is a comma, and Param delimiter that it is a tab: correct one of them"),
        ("sep=:", "auto", "line 1, sep=, names no delimiter that is known (comma, semicolon, tab, vertical bar)"),
        ("sep=", "auto", "line 1, sep=, names no delimiter that is known (comma, semicolon, tab, vertical bar)"),
        ("sep=,", "auto", "line 2 is not a header: it names no column of this type (username, firstname, lastname, email, idnumber, id …); "
         "its cells look separated by semicolon, correct line 1"),
    ],
)  # fmt: skip
def test_a_line_sep_that_can_not_be_right(rejection, line, delimiter, message):
    assert rejection(f"{line}\nusername;city\na;b\n", delimiter=delimiter) == message


def test_a_line_sep_alone(rejection):
    assert rejection("sep=;") == rejection("sep=;\n") == "the file holds nothing but blank lines and comments"


def test_line_numbers_after_the_line_sep(read):
    file = read(b'sep=,\nusername,city\na,"b\nc"\nd,\xff\n')
    assert [(record.line, record.values) for record in records(file)] == [(3, ["a", "b\nc"]), (5, None)]


def test_a_comment_before_the_header_after_a_byte_order_mark(read):
    assert values(read(b"\xef\xbb\xbf# hello\nusername\na\n")) == [["a"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(read, end, last):
    text = end.join(["username,city", "a,b", "", '"c', 'c",d', "e,f"]) + (end if last else "")
    file = read(text)
    assert [(record.line, record.values) for record in records(file)] == [
        (2, ["a", "b"]),
        (4, ["c\nc", "d"]),
        (6, ["e", "f"]),
    ]
    assert file.header_raw + b"".join(record.raw for record in records(file)) == text.replace(end * 2, end).encode()
    assert file.blank_lines == 1


def test_mixed_line_ends(read):
    assert values(read(b"username\r\na\rb\nc\r\r\nd")) == [["a"], ["b"], ["c"], ["d"]]


def test_a_crlf_cut_by_the_block_is_one_line_end(read, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK", 7)
    file = read(b"username\r\na\r\nbb\r\nccc\r\n")
    assert [record.line for record in records(file)] == [2, 3, 4]
    assert file.blank_lines == 0


# Records


def test_quoting(read):
    file = read('username,city,description\na,"x, y","He said ""no"""\nb , z,  "spaced, out"\nc,5" disk,\'q\'\n')
    assert values(file) == [["a", "x, y", 'He said "no"'], ["b", "z", "spaced, out"], ["c", '5" disk', "'q'"]]


def test_blank_and_comment_lines_are_skipped_and_counted(read):
    file = read('# one\n\nusername,city\n#two, x\n   \n,\na,b\n#"three\n\t\n;\n')
    assert values(file) == [["a", "b"], [";", ""]]
    assert (file.blank_lines, file.comment_lines) == (4, 3)


def test_a_hash_or_a_blank_line_within_a_value_belongs_to_it(read):
    assert values(read('username,city\na,"x\n#y\n\nz"\n')) == [["a", "x\n#y\n\nz"]]


def test_a_hash_that_does_not_begin_a_line_is_no_comment(read):
    assert values(read("username,city\n #a,#b\n")) == [["#a", "#b"]]


@pytest.mark.parametrize(
    ("text", "value"),
    [("a&#44b", "a,b"), ("a&#44; b", "a, b"), ("a&#59b", "a;b"), ("a&#59;b", "a;b"), ("1&#4420", "1,20"),
     ("&#4420;", "&#4420;"), ("&#45", "&#45"), ("&amp;#44", "&amp;#44"), ("&#44&#44", ",,")],
)  # fmt: skip
def test_old_escapes(read, text, value):
    assert values(read(f'username,city\nx,"{text}"\n')) == [["x", value]]


def test_values_are_trimmed(read):
    assert values(read("username,city\n \u00a0a\t, b \n")) == [["a", "b"]]


def test_cells_that_are_missing_at_the_end_are_empty(read):
    file = read("username,city,country\na\nb,c\nd,e,f\n")
    assert values(file) == [["a", "", ""], ["b", "c", ""], ["d", "e", "f"]]
    assert [record.raw for record in records(file)] == [b"a\n", b"b,c\n", b"d,e,f\n"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_surplus_cells_fail_their_line_only_unless_they_are_empty(read, delimiter):
    lines = ["username,city", "a,b,,", 'c,d, ,"",\u00a0', "e,f,,g", "h,i"]
    file = read("\n".join(lines).replace(",", delimiter) + "\n")
    assert values(file) == [["a", "b"], ["c", "d"], None, ["h", "i"]]
    name = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}[delimiter]
    message = f"cell 4 has a value, and the header has 2: put a value that holds a {name} in quotes"
    assert only_problem(file) == (4, None, None, message)
    assert records(file)[2].raw == f"{lines[3]}\n".replace(",", delimiter).encode()


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("ignore", [False, True])
def test_columns_without_a_name(read, delimiter, ignore):
    text = "username,,city,,,\na,,b,,,\nc\nd,x,e,,,\nf,,g,,y\nh,,i,,,,,\n,,,,,\n,,,z\n".replace(",", delimiter)
    file = read(text, ignore_unknown_columns=ignore)
    found = [(record.values and [record.values[0], record.values[2]]) for record in records(file)]
    if ignore:
        assert found == [["a", "b"], ["c", ""], ["d", "e"], ["f", "g"], ["h", "i"], ["", ""]]
        return
    assert found == [["a", "b"], ["c", ""], None, None, ["h", "i"], None]
    assert [(record.line, record.problem.message) for record in records(file) if record.problem] == [
        (line, f"column {column} has a value, but no name in the header: name it, or set Param ignore_unknown_columns")
        for line, column in ((4, 2), (5, 5), (8, 4))
    ]
    assert file.blank_lines == 1
    assert tryback(file, {4})[0].decode() == "\n".join([text.split("\n")[0], text.split("\n")[3], ""])


def test_a_value_without_a_column_that_nobody_sees(read):
    file = read("username,,city\na,\u200b,b\nc,,d,\u200b \ufeff\ne,,f,secret\n")
    assert [record.problem.message.partition(",")[0] for record in records(file)] == [
        "column 2 has a value (U+200B",
        "cell 4 has a value (U+200B U+FEFF",
        "cell 4 has a value",
    ]


def test_a_bad_byte_in_a_column_without_a_name(read):
    problem = only_problem(read(b"username,,city\na,\xff,b\n"))
    assert (problem.field, problem.message) == (None, "byte 0xFF in cell 2 is not valid utf-8: check Param encoding")


def test_a_byte_that_is_not_valid_fails_its_line_only(read):
    file = read(b"username,firstname,city\na,b,c\nd,\xe9,f\ng,h,i\n")
    problem = only_problem(file)
    assert (problem.line, problem.field, problem.message) == (
        3,
        "firstname",
        "byte 0xE9 is not valid utf-8: check Param encoding",
    )
    assert [record.line for record in records(file) if record.values] == [2, 4]
    assert records(file)[1].raw == b"d,\xe9,f\n"


def test_a_bad_byte_in_a_later_line_of_a_record(read):
    problem = only_problem(read(b'username,city\na,"x\ny\n\xff z"\nb,c\n'))
    assert (problem.line, problem.field, problem.message) == (
        2,
        "city",
        "byte 0xFF in line 4 is not valid utf-8: check Param encoding",
    )


@pytest.mark.parametrize(("encoding", "byte"), [("windows-1252", 0x81), ("iso-8859-1", 0x92), ("utf-8", 0xC3)])
def test_bytes_that_are_not_valid(read, encoding, byte):
    problem = only_problem(read(b"username,city\na," + bytes([byte]) + b"\nb,c\n", encoding=encoding))
    assert (problem.line, problem.field) == (2, "city")
    assert f"0x{byte:02X}" in problem.message


def test_a_nul_byte_fails_its_line_only(read):
    file = read(b"username,city\na\0,b\nc,d\n")
    assert only_problem(file)[:2] == (2, "username")
    assert only_problem(file).message == "a NUL byte is not text: remove it"
    assert values(file)[1] == ["c", "d"]


def test_a_comment_may_hold_anything(read):
    assert values(read(b'username\n# \xff\0 "\na\n')) == [["a"]]


def test_a_bad_byte_never_shows_a_password(read):
    problem = only_problem(read(b"username,password\na,secret\xff\n"))
    assert (problem.field, problem.value) == ("password", None)
    assert "secret" not in problem.message


# Unbalanced quotes


def test_a_quote_never_closed_takes_the_rest_of_the_file(read):
    file = read('username,city\na,b\nc,"d\ne,f\ng,h\n')
    problem = only_problem(file)
    assert (problem.line, problem.message) == (3, "the quote that opens in line 3 is never closed")
    assert [record.raw for record in records(file)] == [b"a,b\n", b'c,"d\ne,f\ng,h\n']


def test_the_message_names_the_quote_that_is_not_closed(read):
    file = read('username,city,description\na,"x\ny","z\nb,c,d\n')
    assert only_problem(file).message == "the quote that opens in line 3 is never closed"


def test_text_after_a_closing_quote(read):
    file = read('username,city\na,"b" c\nd,e\n')
    assert only_problem(file).line == 2
    assert "text follows" in only_problem(file).message
    assert values(file) == [None, ["d", "e"]]


def test_quoted_lines_after_an_unreadable_line_belong_to_it(read):
    file = read('username,description\n"a" ,"x\nb,c\ny"\nd,e\n')
    assert b"".join(record.raw for record in records(file)) == b'"a" ,"x\nb,c\ny"\nd,e\n'
    assert [(record.line, record.values, record.continued) for record in records(file)] == [
        (2, None, False),
        (2, None, True),
        (2, None, True),
        (5, ["d", "e"], False),
    ]


def test_a_stray_quote_that_another_quote_closes_lines_later(read):
    file = read('username,city\na,"b\nc,d\ne,"f"\ng,h\n')
    assert [(record.line, record.raw) for record in records(file)] == [(2, b'a,"b\nc,d\ne,"f"\n'), (5, b"g,h\n")]
    assert only_problem(file).message.startswith("text follows where the quote that opens in line 2 closes")


# Size


def test_a_line_of_ten_megabytes(read):
    text = "x" * 10_000_000
    assert values(read(f"username,description\na,{text}\nb,c\n")) == [["a", text], ["b", "c"]]


def test_a_thousand_columns(read):
    names = [f"profile_field_{number}" for number in range(999)]
    file = read(",".join(["username", *names]) + "\n" + ",".join(str(n) for n in range(1000)) + "\n")
    assert values(file) == [[str(number) for number in range(1000)]]


@pytest.fixture
def small_limit(monkeypatch):
    monkeypatch.setattr(reading, "RECORD_LIMIT", 1000)
    monkeypatch.setattr(reading, "BLOCK", 100)


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("length", [990, 1000, 1050, 5000])
def test_a_record_that_is_too_long_fails_alone(read, end, length):
    long = f"a,{'x' * length}{end}".encode()
    content = f"username,city{end}".encode() + long + f"b,c{end}".encode()
    file = read(content)
    found = records(file)
    assert file.header_raw + b"".join(record.raw for record in found) == content
    assert [record.line for record in found if not record.continued] == [2, 3]
    assert found[-1].values == ["b", "c"]
    assert (found[0].problem is None) == (len(long) <= 1000)
    assert all(record.line == 2 and record.problem is None for record in found if record.continued)


@pytest.mark.usefixtures("small_limit")
def test_a_quote_never_closed_in_a_large_file(read):
    rest = "".join(f"user{number},city\n" for number in range(500))
    file = read(f'username,city\na,"b\n{rest}')
    found = records(file)
    assert b"".join(record.raw for record in found) == f'a,"b\n{rest}'.encode()
    assert {record.line for record in found} == {2}
    assert only_problem(file).message == "the record is longer than 0 MiB; is the quote that opens in line 2 closed?"


@pytest.mark.usefixtures("small_limit")
def test_reading_goes_on_after_a_quoted_value_that_is_too_long(read):
    text = "line of text\n" * 200
    file = read(f'username,description\na,"{text}"\nb,c\n')
    assert records(file)[-1].values == ["b", "c"]
    assert records(file)[-1].line == 203
    assert b"".join(record.raw for record in records(file)) == f'a,"{text}"\nb,c\n'.encode()


@pytest.mark.usefixtures("small_limit")
def test_a_comment_may_be_of_any_length(read):
    file = read(f"username\n#{'x' * 5000}\na\n")
    assert [(record.line, record.values) for record in records(file)] == [(3, ["a"])]


def test_memory_is_flat(read):
    lines = "".join(f"user{number},Somewhere\n" for number in range(200_000))
    file = read(f"username,city\n{lines}")
    tracemalloc.start()
    count = sum(len(chunk) for chunk in file.records(1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 30_000_000


def test_chunks(read):
    file = read("username\n" + "a\n" * 25)
    assert [len(chunk) for chunk in file.records(10)] == [10, 10, 5]
    assert [len(chunk) for chunk in file.records(10)] == [10, 10, 5]


# Files that are rejected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file holds nothing but blank lines and comments"),
        (b"\n\r\n  \n", "the file holds nothing but blank lines and comments"),
        (b"# a\n# b", "the file holds nothing but blank lines and comments"),
        (b";;;\n;;;\n", "the file holds nothing but blank lines and comments"),
        (b"username;city\n;\n;;\n", "the file has a header but no line after it"),
        (b"username,city", "the file has a header but no line after it"),
        (b"username,city\n# a\n\n", "the file has a header but no line after it"),
        (b"username,city,city\na,b,c\n", "the column city is given twice"),
        (b"username,town\na,b\n", "unknown column town"),
        (b"city,town,town2\nb\n", "unknown column town; unknown column town2"),
        (b"username,\xe9\na,b\n", "line 1, the header: byte 0xE9 in cell 2 is not valid utf-8: check Param encoding"),
        (b'# x\nusername,"city\na,b\n', "line 2, the header: the quote that opens in line 2 is never closed"),
        (b'username,"city" x\na,b\n', "line 1, the header: text follows where the quote that opens in line 1 closes"),
        (b"user\0name,city\na,b\n", "line 1, the header: a NUL byte in cell 1 is not text"),
        ("username,city\na,b\n".encode("utf-16"), "the file is UTF-16: save it as UTF-8"),
        (
            b"PK\x03\x04\x14\x00\n",
            "the file is a spreadsheet or an archive: save it as CSV; pictures go to the inbox of user_pictures",
        ),
    ],
)
def test_a_file_that_can_not_be_used(rejection, content, message):
    assert message in rejection(content)


@pytest.mark.parametrize("name", ["users", "courses_check", "courses_delete", "courses_restore"])
@pytest.mark.parametrize("content", [",,,\n", ",,,\r\n,,,", ";\n;;", "\t\t", "|", '""\n" "', '"",""', " , \n\f\n#\n"])
def test_a_file_of_empty_cells_is_empty_with_and_without_a_header(rejection, name, content):
    assert rejection(content, suite=load_suite(name)) == "the file holds nothing but blank lines and comments"


def test_the_short_name_of_a_field_is_as_long_as_it_can_be_staged(read, rejection):
    read(f"username,profile_field_{'x' * 255}\na,b\n")
    assert rejection(f"username,profile_field_{'x' * 256}\na,b\n").startswith("unknown column profile_field_xxx")


def test_the_key_is_required(rejection):
    assert rejection("city\nb\n", key_column="username") == "the column username is missing"


def test_the_message_on_a_missing_header_does_not_repeat_the_line(rejection):
    message = rejection("ada,Secret-1\nbob,Secret-2\n")
    assert message.startswith("line 1 is not a header: it names no column of this type (username, firstname")
    assert "Secret" not in message


def test_a_byte_order_mark_of_another_encoding(rejection):
    assert "set Param encoding to utf-8" in rejection(b"\xef\xbb\xbfusername\na\n", encoding="iso-8859-1")


def test_a_file_of_failing_lines_is_not_rejected(read):
    assert values(read("username,city\na,b,c\n")) == [None]


def test_unknown_columns_may_be_ignored(read):
    file = read("shoe,username,size\n1,a,2\n", ignore_unknown_columns=True)
    assert values(file) == [["1", "a", "2"]]


# Without a header

COURSES = parse_suite(
    {
        "name": "courses_check",
        "meta": {
            "toolsync": {
                "key": {"param": "course_id_field", "columns": ["shortname", "idnumber", "id"]},
                "headerless": ["description"],
                "columns": [{"name": "shortname"}, {"name": "idnumber"}, {"name": "id"}, {"name": "description"}],
            }
        },
    }
)


def test_a_file_without_a_header(read):
    file = read("# end of term\nC101;the living one\nC102\n\nC103;\n", suite=COURSES, key_column="idnumber")
    assert values(file) == [["C101", "the living one"], ["C102", ""], ["C103", ""]]
    assert [record.line for record in records(file)] == [2, 3, 5]
    assert list(file.header.plain) == ["idnumber", "description"]
    assert file.header_raw == b""
    assert (file.comment_lines, file.blank_lines) == (1, 1)


def test_identifiers_in_a_file_without_a_header_may_hold_commas(read):
    assert values(read("Physics, advanced\nC1\n", suite=COURSES)) == [["Physics, advanced", ""], ["C1", ""]]


def test_too_many_cells_in_a_file_without_a_header(read):
    file = read("C1;x;y\nC2\nC3;x;;\n", suite=COURSES)
    assert only_problem(file).message == "cell 3 has a value, and at most 2 are expected"
    assert values(file) == [None, ["C2", ""], ["C3", "x"]]


def test_a_header_that_names_an_identifier_is_recognised(read):
    file = read("idnumber,description\nC1,x\n", suite=COURSES, key_column="shortname")
    assert list(file.header.plain) == ["idnumber", "description"]
    assert values(file) == [["C1", "x"]]


def test_an_unreadable_first_line_of_a_file_without_a_header_fails_alone(read):
    file = read(b"C\xff1\nC2\n", suite=COURSES)
    assert only_problem(file).line == 1
    assert values(file) == [None, ["C2", ""]]


# Tryback


def tryback(file, lines):
    stream = io.BytesIO()
    writer = TrybackWriter(file, stream)
    for record in records(file):
        if record.line in lines:
            writer.write(record)
    writer.finish()
    return stream.getvalue(), writer.count


def test_the_tryback_holds_the_lines_byte_for_byte(read):
    content = b'\xef\xbb\xbf# note\r\nUserName ;city\r\n"a" ; "x\r\ny"\r\n#c\r\nb;c\r\nd;\xff'
    file = read(content)
    assert tryback(file, {3, 7}) == (b'\xef\xbb\xbfUserName ;city\r\n"a" ; "x\r\ny"\r\nd;\xff\r\n', 2)
    assert tryback(file, set()) == (b"", 0)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_last_line_without_a_line_end_gets_that_of_the_header(read, end):
    assert tryback(read(end.join([b"username,city", b"a,b"])), {2})[0] == end.join([b"username,city", b"a,b", b""])


def test_a_tryback_can_be_run_again(read):
    file = read(b'username|city\na|"b\nc|\xff\n')
    content, count = tryback(file, {2})
    again = read(content)
    assert [record.raw for record in records(again)] == [record.raw for record in records(file)]


@pytest.mark.usefixtures("small_limit")
def test_a_record_that_is_too_long_comes_back_whole(read):
    content = b"username,city\na," + b"x" * 5000 + b"\nb,c\n"
    assert tryback(read(content), {2}) == (content.removesuffix(b"b,c\n"), 1)
    unfinished = b'username,city\na,"' + b"x\n" * 5000 + b"x"
    assert tryback(read(unfinished), {2}) == (unfinished + b"\n", 1)


def test_a_tryback_without_a_header(read):
    assert tryback(read("C1\nC2", suite=COURSES), {2})[0] == b"C2\n"


@pytest.mark.parametrize("file_type", ["courses_check", "courses_delete", "courses_restore"])
@pytest.mark.parametrize(
    ("content", "delimiter", "failing", "begin"),
    [
        (b"C1;x\nC2\nC3;y\n", "auto", {2}, b""),
        (b"C1\tx\nC2\ty\n", "auto", {2}, b""),
        (b"C1|x\r\nC2\r\nC3;a|y", "auto", {2, 3}, b"shortname|description\r\n"),
        (b"C1\nC2|x\n", "auto", {2}, b"shortname;description\n"),
        (b"C1\nC2\tx\n", "auto", {2}, b"shortname;description\n"),
        (b"C1,x\nC2,y\n", ",", {2}, b"shortname,description\n"),
        (b"C1|x\nC2\n", "|", {2}, b"shortname|description\n"),
        (b"C1;x\nid\n3\n", "auto", {2, 3}, b"shortname;description\n"),
        (b"C1\n\xef\xbb\xbfC2\n", "auto", {2}, b"shortname;description\n"),
        (b"\xef\xbb\xbfC1|x\nC2\n", "auto", {2}, b"\xef\xbb\xbfshortname|description\n"),
        (b"sep=|\nC1|x\nC2;a|y\n", "auto", {3}, b"sep=|\n"),
        (b"\xef\xbb\xbfsep=,\nC1\nC2\n", "auto", {3}, b"\xef\xbb\xbfsep=,\n"),
        (b"sep=;\nC1\nsep=,\n", "auto", {3}, b"sep=;\n"),
        (b"C1\nsep=,\n", "auto", {2}, b"shortname;description\n"),
        (b"C1\nPK\3;x\n", "auto", {2}, b"shortname;description\n"),
        (b"C1\nC\xff2\n", "auto", {2}, b""),
    ],
)
def test_a_tryback_without_a_header_is_read_as_its_file_was(read, file_type, content, delimiter, failing, begin):
    suite = load_suite(file_type)
    file = read(content, suite=suite, delimiter=delimiter, key_column="shortname")
    header = begin.replace(b"description", b"description" + file.delimiter.encode() + b"bundle")
    begin = header if file_type == "courses_restore" else begin
    failed = [record for record in records(file) if record.line in failing]
    text = tryback(file, failing)[0]
    assert text.removesuffix(file.line_end) == begin + b"".join(r.raw for r in failed).removesuffix(file.line_end)
    again = read(text, suite=suite, key_column="shortname")
    assert again.delimiter == file.delimiter and again.header.plain == file.header.plain
    assert values(again) == [record.values for record in failed]


# Any file

ENCODINGS = st.sampled_from(["utf-8", "iso-8859-1", "windows-1252"])
LETTERS = st.characters(codec="latin-1", exclude_categories=["Cc"])
CELLS = st.text(LETTERS | st.sampled_from("\n,;|\t\"'# "), max_size=12)


def is_plain(text):
    return "&#" not in text and text == text.strip()


@st.composite
def written_files(draw):
    encoding = draw(ENCODINGS)
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    names = ["username", "city", "profile_field_x"][: draw(st.integers(1, 3))]
    rows = draw(st.lists(st.tuples(*[CELLS.filter(is_plain) for _ in names]).filter(any), min_size=1, max_size=8))
    stream = io.StringIO()
    writers = [
        csv.writer(stream, delimiter=delimiter, lineterminator="\n", quoting=quoting)
        for quoting in (draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])), csv.QUOTE_ALL)
    ]
    writers[0].writerow(names)
    for row in rows:
        # A first cell that begins with a hash has to be quoted, or the line is a comment.
        writers[row[0].startswith("#")].writerow(row)
    text = stream.getvalue().removesuffix("\n") + draw(st.sampled_from(["", "\n"]))
    content = text.replace("\n", end).encode(CODECS[encoding])
    return content, encoding, delimiter, [list(row) for row in rows]


@settings(max_examples=300, deadline=None)
@given(written_files())
def test_a_written_file_reads_back(tmp_path_factory, written):
    content, encoding, delimiter, rows = written
    path = tmp_path_factory.mktemp("written") / "file.csv"
    path.write_bytes(content)
    file = CommandFile.open(path, suite=USERS, encoding=encoding, delimiter=delimiter)
    assert values(file) == rows
    assert file.header_raw + b"".join(record.raw for record in records(file)) == content


def is_skipped(line):
    return line.startswith(b"#") or not line.strip(b' ",')


PIECES = [b'"', b'""', b",", b";", b"\n", b"\r", b"a", b"#", b" ", b"\xff", b"\0", b"\xc3\xa9"]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=60)


@settings(max_examples=500, deadline=None)
@given(HOSTILE, st.sampled_from([4, 16, 1 << 20]), st.sampled_from([20, 1 << 25]))
def test_any_bytes_after_a_header_come_back_in_records(tmp_path_factory, pieces, block, limit):
    body = b"x,y\n" + b"".join(pieces)
    path = tmp_path_factory.mktemp("hostile") / "file.csv"
    path.write_bytes(b"username,city\n" + body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BLOCK", block)
        patch.setattr(reading, "RECORD_LIMIT", limit)
        file = CommandFile.open(path, suite=USERS)
        found = records(file)
    wholes: list[bytes] = []
    for record in found:
        if record.continued:
            wholes[-1] += record.raw
        else:
            wholes.append(record.raw)
    starts = [0, *(match.end() for match in reading.LINE_END.finditer(body))]
    position = 0
    for whole, record in zip(wholes, (record for record in found if not record.continued), strict=True):
        start = starts[record.line - 2]
        assert body.startswith(whole, start)
        assert all(map(is_skipped, body[position:start].splitlines()))
        position = start + len(whole)
    assert all(map(is_skipped, body[position:].splitlines()))
    lines = [record.line for record in found if not record.continued]
    assert lines == sorted(set(lines))
    assert all((record.values is None) != (record.problem is None) for record in found if not record.continued)


# Staging


def staged(file):
    stager = Stager(USERS, file.header, PARIS)
    return [stager.values(record) for record in records(file)]


def test_plain_columns_are_staged_in_the_order_of_the_suite(read):
    file = read("suspended,username,city,mailformat,idnumber\nyes,a,,1,\n,b,Lyon,,x\n")
    names = [spec.name for spec in USERS.plain_columns]
    rows = [dict(zip(names, row, strict=True)) for row, _ in staged(file)]
    assert "icq" not in names and "course#" not in names
    given = {name: rows[0][name] for name in ("username", "suspended", "city", "mailformat", "idnumber")}
    assert given == {"username": "a", "suspended": 1, "city": "", "mailformat": 1, "idnumber": ""}
    assert (rows[1]["suspended"], rows[1]["mailformat"], rows[1]["city"]) == (None, None, "Lyon")
    assert rows[0]["firstname"] is None and rows[0]["deleted"] is None


def test_families_are_staged_as_cells(read):
    file = read("username,Course2,enroltimestart2,user_profile_News,cohort1\na,C101,2026-09-01,Yes,\n")
    [(_, cells)] = staged(file)
    assert cells == [
        ("Course2", "course#", 2, None, "C101", None, None),
        ("enroltimestart2", "start#", 2, None, "2026-09-01", 1788213600, None),
        ("user_profile_News", "profile_field_*", None, "News", "Yes", None, 1),
        ("cohort1", "cohort#", 1, None, "", None, None),
    ]


def test_columns_that_are_ignored_are_not_staged(read):
    file = read("shoe,icq,username,wwwroot1\n1,2,a,3\n", ignore_unknown_columns=True)
    [(row, cells)] = staged(file)
    assert [value for value in row if value is not None] == ["a"]
    assert cells == []


def test_a_file_that_is_cut_off_within_a_line_does_nothing_of_that_line(read):
    """Without its last cell, `del` of a member would be `del` of the cohort."""
    file = read("username,firstname,lastname\nu001,A,B\nu002,A")
    [[whole, cut]] = list(file.records())
    assert whole.values == ["u001", "A", "B"]
    assert cut.values is None
    assert cut.problem.message.startswith(
        "the file ends within this line, which has 2 cells, and the header has 3: is it cut off?"
    )
    [[_, short]] = list(read("username,firstname,lastname\nu001,A,B\nu002,A\n").records())
    assert short.values == ["u002", "A", ""]

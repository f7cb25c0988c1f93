"""Validating a file with its suite, and the Data Docs of it."""

import html
import io
import json
import re
import time
from datetime import UTC, datetime

import pytest

from toolsync.reading.command_file import CommandFile
from toolsync.reading.data_docs import build_data_docs
from toolsync.reading.problems import FileRejected, Problem
from toolsync.reading.suite import load_suite, parse_suite
from toolsync.reading.validator import Validator
from toolsync.reading.values import A_MOMENT, A_YESNO
from toolsync.settings import INCLUDE

USERS = load_suite("users")


class Upload:
    """A file in memory."""

    def __init__(self, content):
        self.content = content

    def open(self, mode):
        assert mode == "rb"
        return io.BytesIO(self.content)


def validated(text, suite=USERS, chunk_lines=50_000):
    """Validate a file.

    :return: the validator, the problems, the notes.
    """
    file = CommandFile.open(Upload(text.encode()), suite=suite)
    validator = Validator(suite, file.header)
    found = [validator.check(chunk) for chunk in file.records(chunk_lines)] + [validator.finish()]
    return validator, [p for f in found for p in f.problems], [n for f in found for n in f.notes]


def problems(text, **options):
    return validated(text, **options)[1]


def things(*expectations):
    """A suite with those expectations."""
    columns = [{"name": "name"}, {"name": "size"}, {"name": "pin", "secret": True}, {"name": "tag#"}]
    complete = [{"kwargs": {}, **expectation} for expectation in expectations]
    return parse_suite({"name": "things", "expectations": complete, "meta": {"toolsync": {"columns": columns}}})


def on(column, kind, **more):
    settings = {name: more.pop(name) for name in ("severity", "description", "meta", "notes") if name in more}
    return {"type": kind, "kwargs": {"column": column, **more}, **settings}


# The users suite


def test_valid_lines_have_no_problem():
    validator, found, notes = validated(
        "username,firstname,email,country,lang,timezone,suspended,deleted,mailformat,maildisplay,course1,start1,type1\n"
        "ada,Ada,Ada.L+x@Example.org,gb,en,Europe/London,0,no,1,2,C101,2026-09-01,1\n"
        "bob,,,,,,,,,,,,\n"
        "c,O'Neil,o'neil@x.co.uk,FR,pt_br,99,OUI,False,0,0,C,0,3\n"
    )
    assert (found, notes, validator.warnings) == ([], [], [])


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("firstname", "x" * 101, "expected: at most 100 characters"),
        ("firstname", "<b>Ada</b>", "expected: no HTML"),
        ("city", "é" * 121, "expected: at most 120 characters"),
        ("phone1", "1" * 21, "expected: at most 20 characters"),
        ("email", "not-an-address", "expected: an address such as ada@example.org"),
        ("email", "a@b", "expected: an address such as ada@example.org"),
        ("country", "France", "expected: a two-letter country code such as FR"),
        ("country", "XX", "expected: a two-letter country code such as FR"),
        ("lang", "english!", "expected: a language code such as fr or pt_br"),
        ("timezone", "Paris time", "expected: a time zone such as Europe/Paris, or 99"),
        ("timezone", "Nowhere/City", "expected: a time zone such as Europe/Paris, or 99"),
        ("timezone", "europe/paris", "expected: a time zone such as Europe/Paris, or 99; is it Europe/Paris?"),
        ("auth", "ma nual", "expected: an authentication method such as manual"),
        ("suspended", "perhaps", f"expected: {A_YESNO}"),
        ("mailformat", "2", "expected: 0 or 1"),
        ("mailformat", "html", "expected: a whole number; expected: 0 or 1"),
        ("maildigest", "3", "expected: 0, 1 or 2"),
        ("mnethostid", "localhost", "expected: a whole number"),
        ("Start1", "2026-02-30", "there is no such date or time"),
        ("enroltimestart2", "2026-09-01 8h", f"expected: {A_MOMENT}"),
        ("start2", "46266", "this looks like a spreadsheet's number for 2026-09-01: write the date"),
        ("end1", "46266.5", "this looks like a spreadsheet's number for 2026-09-01 12:00: write the date"),
        ("end1", "-1", f"expected: {A_MOMENT}"),
        ("enrolstatus1", "2", "expected: 0 or 1"),
        ("type3", "4", "expected: 1, 2 or 3"),
        ("enrolperiod1", "36501", "expected: a number of days, at most 36500"),
        ("GROUP2", "g" * 255, "expected: at most 254 characters"),
    ],
)
def test_an_unexpected_value_fails_its_line(column, value, message):
    [problem] = problems(f"username,{column}\na,\nb,{value}\n")
    assert problem._replace(value=None) == Problem(3, column, None, message)
    assert problem.value is not None and value.startswith(problem.value.removesuffix("…"))


@pytest.mark.parametrize("column", ["city", "department", "address", "institution"])
def test_multi_language_text_is_allowed_where_moodle_allows_it(column):
    assert not problems(f"username,{column}\na,<span lang=fr class=multilang>x</span>\n")


def test_a_description_may_hold_anything():
    assert not problems(f"username,description\na,<p>{'x' * 300_000}</p>\n")


def test_problems_of_the_reader_and_of_the_suite_come_in_the_order_of_the_lines():
    found = problems("username,email,country\na,x,XX\nb,,,x\n\nc,y,FR\nd,,ZZ\n")
    assert [(problem.line, problem.field) for problem in found] == [
        (2, "email"), (2, "country"), (3, None), (5, "email"), (6, "country"),
    ]  # fmt: skip


DATES = [
    (path.stem, spec.name.replace("#", "1"))
    for path in sorted((INCLUDE / "expectations").glob("*.json"))
    for spec in load_suite(path.stem).columns
    if spec.type == "moment"
]


@pytest.mark.parametrize(("name", "column"), DATES)
def test_every_date_of_every_type(name, column):
    suite = load_suite(name)
    columns = [column, *(required for required in suite.required() if required != column)]
    lines = [
        f"{value}{',x' * (len(columns) - 1)}" for value in ("2026-09-01", "0", "1788220800", '"46266,5"', "46266", "9")
    ]
    found = problems("\n".join([",".join(columns), *lines, ""]), suite=suite)
    assert [problem.line for problem in found if problem.field == column] == [5, 6, 7]


def test_a_nonexistent_timezone_does_not_slow_the_check_down():
    started = time.perf_counter()
    found = problems("username,timezone\n" + "".join(f"u{n},Nowhere/City{n}\n" for n in range(20_000)))
    assert len(found) == 20_000
    assert time.perf_counter() - started < 10


def test_a_secret_date_is_not_told():
    columns = [{"name": "name"}, {"name": "born", "type": "moment", "secret": True}]
    suite = parse_suite({"name": "things", "expectations": [], "meta": {"toolsync": {"columns": columns}}})
    assert problems("name,born\na,46266\n", suite=suite) == [Problem(2, "born", None, f"expected: {A_MOMENT}")]


def test_values_are_shown_with_what_nobody_sees():
    [problem] = problems("username,email\nu001,a\u200b@x.org\n")
    assert problem.value == "aU+200B@x.org"


def test_columns_without_a_name_are_no_columns():
    validator, found, _ = validated("username,,email,,\na,,a@x.org,,\nb\nc,,c,,\nd,,,x\n")
    assert [(problem.line, problem.field) for problem in found] == [(4, "email"), (5, None)]
    assert validator.warnings == [] and validator.lines == 4


def test_a_password_is_never_shown():
    password = "s3cret" * 50
    validator, [problem], _ = validated(f"username,Password\na,{password}\n")
    assert problem == Problem(2, "Password", None, "expected: at most 128 characters")


def test_long_values_are_shortened():
    [problem] = problems(f"username,city\na,{'x' * 100_000}\n")
    assert len(problem.value) == 200


def test_long_values_do_not_slow_the_regular_expressions_down():
    started = time.perf_counter()
    found = problems(f"username,timezone,email,lang\na,{'a' * 100_000}!,{'a.' * 50_000}@,{'a_' * 50_000}!\n")
    assert {problem.field for problem in found} == {"timezone", "email", "lang"}
    assert time.perf_counter() - started < 5


def test_a_record_of_several_lines_is_named_by_its_first():
    assert [p.line for p in problems('username,country,city\n# x\na,FR,"x\ny"\nb,XX,"x\n\ny"\nc,XX,\n')] == [5, 8]


def test_every_expectation_of_the_users_suite_can_be_evaluated():
    names = [spec.name.replace("#", "1").replace("*", "x") for spec in USERS.columns if spec.type != "ignored"]
    row = ["0" if name in ("id", "mnethostid") else "" for name in names]
    validator, found, _ = validated(",".join(names) + "\n" + ",".join(row) + "\n")
    assert (found, validator.warnings) == ([], [])
    given = {json.dumps(expectation["kwargs"]["column"]) for expectation in USERS.expectations}
    assert len(validator.rules) >= len(USERS.expectations) >= len(given)


# Expectations that people add


def test_expectations_of_every_shape():
    suite = things(
        on("name", "expect_column_values_to_not_be_null"),
        on("name", "expect_column_values_to_not_match_regex", regex="^x", description="no x at the beginning"),
        on("tag#", "expect_column_values_to_be_in_set", value_set=["red", "blue"]),
        {"type": "expect_column_pair_values_to_be_equal", "kwargs": {"column_A": "name", "column_B": "size"}},
        {"type": "expect_select_column_values_to_be_unique_within_record", "kwargs": {"column_list": ["tag1", "tag2"]}},
    )
    validator, found, _ = validated("Name,size,tag1,tag2\na,a,red,blue\n,1,red,red\nxa,xa,green,\n", suite=suite)
    assert found == [
        Problem(3, "Name", None, "expected: column values to not be null"),
        Problem(3, "Name, size", None, "expected: column pair values to be equal"),
        Problem(3, "tag1, tag2", None, "expected: select column values to be unique within record (column_list=['tag1', 'tag2'])"),
        Problem(4, "Name", "xa", "expected: no x at the beginning"),
        Problem(4, "tag1", "green", "expected: column values to be in set (value_set=['red', 'blue'])"),
    ]  # fmt: skip
    assert not validator.warnings


def test_our_own_expectations_work_on_any_column():
    suite = things(on("tag#", "expect_column_values_to_be_moment"), on("size", "expect_column_values_to_be_yes_or_no"))
    found = problems("name,size,tag7\na,yes,2026-09-01\nb,some,soon\n", suite=suite)
    assert [(problem.line, problem.field) for problem in found] == [(3, "size"), (3, "tag7")]


@pytest.mark.parametrize("severity", ["warning", "info"])
def test_an_expectation_that_is_not_critical_makes_a_note(severity):
    suite = things(on("name", "expect_column_values_to_match_regex", regex="^a", severity=severity, description="an a"))
    _, found, notes = validated("name\nab\nba\n", suite=suite)
    assert found == []
    assert notes == [Problem(3, "name", "ba", "expected: an a")]


@pytest.mark.parametrize(
    ("expectation", "named"),
    [
        (on("name", "expect_column_values_to_match_regex", regex="(["), "expect_column_values_to_match_regex on name"),
        (on("name", "expect_pigs_to_fly"), "expect_pigs_to_fly on name"),
        (on("name", "expect_column_values_to_be_in_set", values=["a"]), "expect_column_values_to_be_in_set on name"),
        (on("name", "expect_column_values_to_be_between", min_value=3), "expect_column_values_to_be_between on name"),
        (on("name", "expect_column_max_to_be_between", max_value=3), "expect_column_max_to_be_between on name"),
        (on("name", "expect_column_values_to_match_regex", regex="a", severity="fatal"), "on name can't be evaluated"),
        (on("colour", "expect_column_values_to_match_regex", regex="a"), "the suite describes no column colour"),
        (on(["name"], "expect_column_values_to_match_regex", regex="a"), "the suite describes no column ['name']"),
        ({"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": 5}},
         "suite things: expect_compound_columns_to_be_unique can't be evaluated and was skipped"),
        (on("name", "expect_column_values_to_match_regex", regex="a", row_condition="no such thing",
            condition_parser="pandas"), "expect_column_values_to_match_regex on name"),
        ({"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "SELECT 1 FROM {batch}"}},
         "unexpected_rows_expectation can't be evaluated"),
    ],
)  # fmt: skip
def test_an_expectation_that_can_not_be_evaluated_makes_a_warning_and_the_others_count(expectation, named):
    suite = things(expectation, on("name", "expect_column_values_to_not_match_regex", regex="b"))
    validator, found, _ = validated("name,size\na,1\nb,2\nc,3\n", suite=suite, chunk_lines=2)
    assert [problem.line for problem in found] == [3]
    assert len(validator.warnings) == 1
    assert named in validator.warnings[0]


def test_an_expectation_on_a_column_that_the_file_lacks_is_skipped():
    validator, found, _ = validated("size\n1\n", suite=things(on("name", "expect_column_values_to_not_be_null")))
    assert (found, validator.warnings, validator.rules) == ([], [], [])


def test_the_warning_on_a_secret_column_does_not_show_its_values(caplog):
    suite = things(on("pin", "expect_column_values_to_be_between", min_value=3))
    validator, _, _ = validated("name,pin\na,hunter2\n", suite=suite)
    assert caplog.text == ""
    assert validator.warnings == [
        "suite things: expect_column_values_to_be_between on pin can't be evaluated and was skipped"
    ]


def test_uniqueness_is_checked_across_chunks():
    suite = things(on("name", "expect_column_values_to_be_unique", description="given once"))
    found = problems(
        "name,size\n" + "".join(f"n{number % 90},1\n" for number in range(100)), suite=suite, chunk_lines=7
    )
    assert len(found) == 20
    assert found[0] == Problem(2, "name", "n0", "expected: given once")


def test_mostly_applies_to_the_whole_file():
    suite = things(on("name", "expect_column_values_to_match_regex", regex="^a", mostly=0.9))
    good = "name\n" + "a\n" * 95 + "b\n" * 5
    assert problems(good, suite=suite, chunk_lines=10) == []
    assert [p.line for p in problems(good + "b\n" * 10, suite=suite, chunk_lines=10)] == list(range(97, 112))


def test_a_critical_expectation_on_the_whole_file_rejects_it():
    suite = things(
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"max_value": 3}, "description": "at most 3 lines"},
        on("name", "expect_column_unique_value_count_to_be_between", max_value=9),
    )
    assert problems("name\na\nb\nc\n", suite=suite) == []
    with pytest.raises(FileRejected, match="expected of the whole file: at most 3 lines") as raised:
        validated("name\na\nb\nc\nd\n", suite=suite, chunk_lines=2)
    assert len(raised.value.problems) == 1


def test_an_expectation_on_the_whole_file_that_is_not_critical_makes_a_warning():
    suite = things(
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"max_value": 1}, "severity": "warning"},
        on(
            "name",
            "expect_column_unique_value_count_to_be_between",
            max_value=1,
            severity="info",
            description="one name",
        ),
    )
    validator, found, _ = validated("name\na\nb\n", suite=suite, chunk_lines=1)
    assert found == []
    assert validator.warnings == [
        "expected of the whole file: table row count to be between (max_value=1)",
        "column name, expected of the whole file: one name",
    ]


def test_a_condition_may_name_another_column():
    suite = things(
        on("name", "expect_column_values_to_be_unique", row_condition='size=="1"', condition_parser="pandas")
    )
    assert [p.line for p in problems("name,size\na,1\na,2\na,1\nb,1\n", suite=suite, chunk_lines=2)] == [2, 4]


def test_a_file_of_unreadable_lines_only():
    suite = things(on("name", "expect_column_values_to_be_unique"))
    assert [problem.line for problem in problems("name,size\na,b,c\nb,,c\n", suite=suite)] == [2, 3]


# Data Docs


def data_docs(text, suite=USERS, file_name="users.csv"):
    validator, _, _ = validated(text, suite=suite, chunk_lines=2)
    page = io.BytesIO()
    build_data_docs(validator, page, file_name=file_name, run_name="manual__1", time=datetime(2026, 9, 1, tzinfo=UTC))
    return page.getvalue().decode()


def rows_of(page):
    """The rows of its tables of expectations: whether it was met, the expectation, what was observed."""
    rows = [row for row in re.findall("<tr.*?</tr>", page, re.DOTALL) if "fas fa-" in row]
    texts = [" ".join(html.unescape(re.sub("<[^>]*>", " ", row)).split()) for row in rows]
    return [f"{'not ' * ('text-success' not in row)}met: {text}" for row, text in zip(rows, texts, strict=True)]


def test_data_docs_hold_counts_and_no_value_of_the_file():
    page = data_docs(
        f"username,password,email,firstname\nada,{'s3cret' * 30},nowhere,Augusta\nbob,x,elsewhere,\ncy,y,c@x.org,\n"
    )
    for value in ("s3cret", "nowhere", "elsewhere", "Augusta", "c@x.org"):
        assert value not in page
    assert "users.csv" in page
    assert "an address such as ada@example.org" in page
    assert "2 unexpected values found" in page
    assert "of 3 total rows" in page


def test_data_docs_need_no_other_file():
    page = data_docs("username\na\n")
    assert "../" not in page
    assert "<img" not in page


def test_data_docs_of_an_expectation_that_can_not_be_evaluated():
    suite = things(on("name", "expect_column_values_to_be_between", min_value=3))
    page = data_docs("name,size\nAugusta,\nBob,\nCy,\n", suite=suite)
    assert "It can't be evaluated" in html.unescape(page)
    assert "0% unexpected" not in page
    assert "Augusta" not in page


def test_data_docs_show_what_an_expectation_on_the_whole_file_counted():
    suite = things({"type": "expect_table_row_count_to_be_between", "kwargs": {"max_value": 1}, "severity": "warning"})
    [row] = rows_of(data_docs("name\na\nb\nc\n", suite=suite))
    assert row == "not met: Must have less than or equal to 1 rows. 3"


def test_data_docs_show_columns_as_they_were_found():
    suite = things(
        on("name", "expect_column_to_exist", column_index=1, severity="warning"),
        on("size", "expect_column_to_exist"),
        on("pin", "expect_column_to_exist", severity="warning"),
        on("tag#", "expect_column_to_exist", severity="warning"),
    )
    assert rows_of(data_docs("name,size,tag7\na,,\n", suite=suite)) == [
        "not met: must be the 1st field. --",
        "not met: is a required field. --",
        "met: is a required field. --",
        "met: is a required field. --",
    ]


def test_data_docs_show_nothing_that_was_not_evaluated():
    suite = things(
        on("size", "expect_column_to_exist"),
        on("name", "expect_column_values_to_match_regex", regex="^a"),
        on("name", "expect_column_values_to_be_unique"),
    )
    page = data_docs("name,size\nun,read,able\n", suite=suite)
    assert rows_of(page) == ["met: is a required field. --"]


def test_data_docs_count_the_lines_that_the_expectations_did_not_see():
    page = data_docs("name,size\nun,read,able\na,1\nb,2\n", suite=things())
    text = " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).split())
    assert "lines 3 unreadable_lines 1" in text


def test_names_are_text_and_not_html():
    assert "<script>alert" not in data_docs("username\na\n", file_name="<script>alert(1)</script>.csv")


# The sample


def test_the_sample_meets_the_suite():
    sample = INCLUDE / "samples" / "users.csv"
    validator, found, notes = validated(sample.read_text(encoding="utf-8"))
    assert (found, notes, validator.warnings) == ([], [], [])

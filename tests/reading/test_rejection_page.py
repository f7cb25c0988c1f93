"""The page of a rejected file."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolsync.reading.command_file import CommandFile
from toolsync.reading.problems import FileProblem, FileRejected
from toolsync.reading.rejection_page import write_rejection_page
from toolsync.reading.suite import load_suite

USERS = load_suite("users")


@pytest.fixture
def page(tmp_path: Path):
    """The page of a file that is rejected; its text, as a browser shows it."""

    def written(content: bytes, file_name: str = "people.csv") -> str:
        path = tmp_path / "people.csv"
        path.write_bytes(content)
        with pytest.raises(FileRejected) as raised:
            CommandFile.open(path, suite=USERS, key_column="username")
        return write(tmp_path / "page.html", raised.value.problems, file_name)

    return written


def write(target: Path, problems: list[FileProblem], file_name: str = "people.csv", suite=USERS) -> str:
    time = datetime(2026, 9, 1, 8, tzinfo=UTC)
    with target.open("wb") as stream:
        write_rejection_page(
            stream, problems=problems, suite=suite, file_name=file_name, size=1234, run_name="id-1", time=time
        )
    return target.read_text(encoding="utf-8")


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub("<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)).split())


def test_it_counts_the_problems_and_says_what_to_do(page):
    text = text_of(page("firstname,town,shoe,city,City,\u200blang\nA,B,C,D,E,F\n".encode()))
    assert "Rejected: nothing of this file was applied. 1,234 bytes, checked 2026-09-01 08:00:00 UTC, run id-1" in text
    assert "2 unknown columns, 1 column given twice, 1 column name with invisible characters, 1 missing column" in text
    assert "unknown column town Rename or remove the column, or set Param ignore_unknown_columns." in text
    assert "the column city is given twice Keep one of the two columns." in text
    assert (
        "unknown column U+200Blang: its name holds U+200B, which nobody sees; is it lang? Type the name anew." in text
    )
    assert "the column username is missing Add the column." in text


def test_it_lists_the_columns_of_the_type(page):
    text = text_of(page(b"town\nx\n"))
    assert "Param user_id_field chooses the one that is required: username, idnumber, email, id." in text
    assert "firstname text, at most 100 characters, no HTML" in text
    assert "startN , enroltimestartN date" in text


def test_it_marks_required_columns(tmp_path):
    text = text_of(write(tmp_path / "page.html", [], suite=load_suite("group_members")))
    assert "courseid text, not empty, required" in text


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"", "Send a file that holds lines."),
        ("username\na\n".encode("utf-16"), "Save the file as CSV in UTF-8, or set Param encoding to what the file uses."),
        (b"username,\xe9\na,b\n", "Correct the header, or set Params delimiter and encoding to what the file uses."),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_read_has_a_page(page, content, advice):
    assert advice in text_of(page(content))


def test_no_value_of_the_file_is_shown(page):
    shown = page(b"ada,Secret-1\nbob,Secret-2\n")
    assert "line 1" in shown
    assert "Secret" not in shown


def test_names_are_text_and_not_html(page):
    shown = page(b"username,<script>alert(1)</script>\na,b\n", "<script>alert(2)</script>.csv")
    assert "<script" not in shown
    assert "unknown column <script>alert(1)</script>" in text_of(shown)


def test_the_page_needs_no_other_file(page):
    assert not re.search("src=|href=|url[(]|@import", page(b"town\nx\n"))


def test_a_type_without_columns_has_a_page(tmp_path):
    text = text_of(write(tmp_path / "page.html", [FileProblem("archive", "", "it can't be read")], suite=None))
    assert "1 problem Problem What to do it can't be read" in text
    assert "Columns of" not in text

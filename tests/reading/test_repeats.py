"""Lines about the same account that contradict each other."""

import pytest

from toolsync.reading.command_file import CommandFile
from toolsync.reading.repeats import Repeats
from toolsync.reading.suite import load_suite

SUITE = load_suite("users")


@pytest.fixture
def told(tmp_path):
    """What is noted of a file: line and message."""

    def notes(text, key="username", leave_out=()):
        path = tmp_path / "users.csv"
        path.write_text(text)
        file = CommandFile.open(path, suite=SUITE)
        repeats = Repeats(file, key)
        for records in file.records():
            repeats.look(records)
        return [(note.line, note.value, note.message.partition(":")[0]) for note in repeats.notes(leave_out)]

    return notes


def test_each_contradiction_names_the_line_before(told):
    text = "username,firstname,city,course1\nada,Ada,Rome,C1\nbob,Bob,,C1\nADA,Ida,,C2\nada,Ida,Bonn,\nbob,Bob,Ulm,C9\n"
    assert told(text) == [
        (4, "ADA", "line 2 has the same username, and other values in firstname"),
        (5, "ada", "line 2 has the same username, and other values in city"),
    ]
    assert told(text, leave_out={4}) == [
        (5, "ada", "line 2 has the same username, and other values in firstname, city")
    ]


def test_a_list_of_courses_says_nothing_else_of_them(tmp_path):
    (path := tmp_path / "old.csv").write_text("shortname,description\nC1,end of term\nC1,asked for by Ada\n")
    file = CommandFile.open(path, suite=load_suite("courses_delete"))
    repeats = Repeats(file, "shortname")
    for records in file.records():
        repeats.look(records)
    assert repeats.notes(()) == []


def test_what_adds_up_or_is_said_again_or_of_nobody_is_no_contradiction(told):
    assert told('username,city,course1\nada,Rome,C1\nada,Rome,C2\nada,,C3\n,Bonn,\n,Ulm,\n"x" y,Ulm,\n') == []
    assert told("idnumber,city\nA1,Rome\na1,Bonn\n", key="idnumber") == []
    assert told("idnumber,city\nA1,Rome\nA1,Bonn\n", key="username") == []


def test_a_secret_value_is_compared_and_not_told(told):
    assert told("username,password\nada,S3cret-1\nada,S3cret-2\n") == [
        (3, "ada", "line 2 has the same username, and other values in password")
    ]

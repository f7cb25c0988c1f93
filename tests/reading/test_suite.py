"""A suite, and how it matches the columns of a file."""

import json
import os
import re

import pytest

from toolsync.reading.columns import TYPES
from toolsync.reading.suite import SuiteError, load_suite, parse_suite


def document(columns, **more):
    return {
        "name": "things",
        "expectations": more.pop("expectations", []),
        "meta": {"toolsync": {"columns": columns, **more}},
    }


def kinds(header):
    return [(problem.kind, problem.column) for problem in header.problems]


@pytest.fixture
def users():
    return load_suite("users")


def test_names_are_trimmed_and_case_insensitive(users):
    header = users.match_header([" UserName ", "FIRSTNAME"], key_column="username")
    assert not header.problems
    assert list(header.plain) == ["username", "firstname"]
    assert header.plain["username"].written == "UserName"
    assert header.written == ("UserName", "FIRSTNAME")


def test_families(users):
    names = [
        "username",
        "Course2",
        "role02",
        "user_profile_Level",
        "profile_field_x_1",
        "cohort",
        "cohort1",
        "sysrole0",
    ]
    header = users.match_header(names, key_column="username")
    assert not header.problems
    assert [
        (column.written, column.spec.name, column.name, column.number, column.shortname) for column in header.cells
    ] == [
        ("Course2", "course#", "course2", 2, None),
        ("role02", "role#", "role2", 2, None),
        ("user_profile_Level", "profile_field_*", "profile_field_Level", None, "Level"),
        ("profile_field_x_1", "profile_field_*", "profile_field_x_1", None, "x_1"),
        ("cohort1", "cohort#", "cohort1", 1, None),
        ("sysrole0", "sysrole#", "sysrole0", 0, None),
    ]
    assert header.families == {"course#", "role#", "profile_field_*", "cohort#", "sysrole#"}
    assert list(header.plain) == ["username", "cohort"]
    assert [column.name for column in header.named("course#")] == ["course2"]
    assert [column.name for column in header.named("PROFILE_FIELD_level")] == ["profile_field_Level"]
    assert [column.name for column in header.named("user_profile_Level")] == ["profile_field_Level"]
    assert [column.name for column in header.named("USERNAME")] == ["username"]
    assert header.named("city") == []


def test_the_names_of_moodles_own_upload_are_known(users):
    header = users.match_header(["username", "enroltimestart1", "enrolperiod1", "enrolstatus1", "type1"])
    assert not header.problems
    assert [column.name for column in header.cells] == ["start1", "enrolperiod1", "enrolstatus1", "type1"]


@pytest.mark.parametrize(
    "names", [["city", "City"], ["course1", "course01"], ["start1", "enroltimestart1"], ["icq", "icq"],
              ["profile_field_a", "user_profile_A"]]
)  # fmt: skip
def test_a_column_given_twice(users, names):
    assert kinds(users.match_header(["username", *names], key_column="username")) == [("duplicate", names[1])]


def test_a_column_given_under_two_names_is_reported_with_both(users):
    [problem] = users.match_header(["start1", "enroltimestart1"]).problems
    assert problem.message == "the column start1 is given twice (as start1 and as enroltimestart1)"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("emial", "email"), ("cours1", "course1"), ("profile_field_<script>", None), ("profile_field_", None), ("course²", "course1"),
     ("user_name", "username"), ("gender", None),
     ("sysroles3", "sysrole3"), ("course", "course1"), ("course#", "course1"), ("courseN", "course1")],
)  # fmt: skip
def test_the_message_on_an_unknown_column_suggests_the_nearest(users, name, nearest):
    [problem] = users.match_header(["username", name]).problems
    assert (problem.kind, problem.column) == ("unknown", name)
    assert problem.message == f"unknown column {name}{f'; is it {nearest}?' if nearest else ''}"


@pytest.mark.parametrize(
    ("names", "nameless", "which"),
    [
        (["username", ""], (1,), "column 2 has no name and is"),
        (["username", " ", "city", "", "\u00a0", ""], (1, 3, 4, 5), "columns 2, 4 to 6 have no name and are"),
        (["", "", "username"], (0, 1), "columns 1, 2 have no name and are"),
    ],
)
def test_columns_without_a_name_have_to_be_empty(users, names, nameless, which):
    header = users.match_header(names)
    assert (header.problems, header.nameless) == ((), nameless)
    assert header.notes == (f"{which} ignored; a line with a value there fails",)
    header = users.match_header(names, ignore_unknown_columns=True)
    assert (header.problems, header.nameless, header.notes) == ((), (), (f"{which} ignored",))


@pytest.mark.parametrize("ignore", [True, False])
@pytest.mark.parametrize(
    ("written", "codes", "name"),
    [
        ("\u200busername", "U+200B", "username"),
        ("user\u00adname\u200b\ufeff", "U+00AD, U+200B, U+FEFF", "username"),
        ("Course\u200e1", "U+200E", "Course1"),
        ("profile_field_x\u2060", "U+2060", "profile_field_x"),
        ("first\u00a0name", "U+00A0", "firstname"),
    ],
)
def test_a_name_with_invisible_characters_is_never_ignored(users, written, codes, name, ignore):
    assert users.recognises(written)
    [problem] = users.match_header([written], key_column=name.lower(), ignore_unknown_columns=ignore).problems
    assert (problem.kind, problem.column) == ("unseen", written)
    assert problem.message == f"unknown column {written}: its name holds {codes}, which nobody sees; is it {name}?"


def test_an_unknown_name_with_invisible_characters(users):
    names = ["e\u200bmial", "\u200b"]
    assert [problem.message for problem in users.match_header(names).problems] == [
        "unknown column e\u200bmial: its name holds U+200B, which nobody sees; is it email?",
        "unknown column \u200b: its name holds U+200B, which nobody sees",
    ]
    assert not users.match_header(names, ignore_unknown_columns=True).problems


def test_unknown_columns_may_be_ignored(users):
    header = users.match_header(["shoe size", "username", "shoe size", ""], ignore_unknown_columns=True)
    assert not header.problems
    assert header.plain["username"].position == 1
    assert len(header.notes) == 3


def test_ignored_columns_are_noted(users):
    header = users.match_header(["username", "icq", "wwwroot3"])
    assert not header.problems
    assert [re.split(r"[: ]", note)[2] for note in header.notes] == ["icq", "wwwroot3"]
    assert not header.cells


def test_the_key_is_required(users):
    assert kinds(users.match_header(["firstname"], key_column="idnumber")) == [("missing", "idnumber")]


def test_required_columns_come_from_the_expectations():
    suite = parse_suite(
        document(
            [{"name": "uid"}, {"name": "cid"}, {"name": "g#"}],
            expectations=[
                {"type": "expect_column_to_exist", "kwargs": {"column": "cid"}},
                {"type": "expect_column_to_exist", "kwargs": {"column": "g#"}, "severity": "warning"},
            ],
        )
    )
    header = suite.match_header(["uid"])
    assert kinds(header) == [("missing", "cid")]
    assert header.notes == ("the column gN is missing",)
    assert not suite.match_header(["cid", "g1"]).notes


def headerless():
    return parse_suite(
        document(
            [{"name": "shortname"}, {"name": "idnumber"}, {"name": "description"}],
            key={"param": "course_id_field", "columns": ["shortname", "idnumber"]},
            headerless=["description"],
        )
    )


def test_a_file_without_a_header():
    header = headerless().match_headerless("idnumber")
    assert [column.name for column in header.columns] == ["idnumber", "description"]
    assert not header.problems


def test_a_headerless_type_accepts_any_column_of_its_key():
    assert not headerless().match_header(["idnumber"], key_column="shortname").problems
    assert kinds(headerless().match_header(["description"], key_column="shortname")) == [("missing", "shortname")]


def test_the_manual_lists_every_column_and_its_limits(users):
    manual = users.manual()
    rows = manual.splitlines()[2:]
    assert len(rows) == len(users.columns)
    assert all(re.fullmatch(r"\|[^|]+(\\\|[^|]*)*\|[^|]+(\\\|[^|]*)*\|[^|]+(\\\|[^|]*)*\|", row) for row in rows)
    assert "| `startN`, `enroltimestartN` | date |" in manual
    assert "| `firstname` | text, at most 100 characters, no HTML |" in manual
    assert "`profile_field_<shortname>`" in manual


def test_the_users_suite_has_the_columns_of_the_contract(users):
    names = """
        username firstname lastname email idnumber auth password oldusername suspended deleted mnethostid city
        country lang timezone institution department phone1 phone2 address description mailformat maildisplay maildigest
        autosubscribe trackforums emailstop theme interests middlename alternatename firstnamephonetic lastnamephonetic
        profile_field_any user_profile_any cohort cohortid cohort1 course1 group1 role1 enrol1 start1 end1
        enroltimestart2 enrolperiod1 enrolstatus1 type1 sysrole1 icq url htmleditor wwwroot1
    """
    header = users.match_header(names.split())
    assert {problem.kind for problem in header.problems} == {
        "duplicate"
    }  # profile_field_any is given under both of its names
    assert users.spec("password").secret
    assert all(spec.type in TYPES and spec.doc for spec in users.columns)
    assert users.key is not None and users.key.columns == ("username", "idnumber", "email", "id")


def test_a_suite_is_read_again_when_its_file_changes(tmp_path):
    path = tmp_path / "things.json"
    path.write_text(json.dumps(document([{"name": "a"}])))
    first = load_suite("things", tmp_path)
    assert load_suite("things", tmp_path) is first
    path.write_text(json.dumps(document([{"name": "b"}])))
    os.utime(path, ns=(1, 1))
    assert load_suite("things", tmp_path).columns[0].name == "b"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"name": "x", "meta": {}}),
        json.dumps(document([{"name": "a", "type": "colour"}])),
        json.dumps(document([{"name": "a"}, {"name": "A"}])),
        json.dumps(document([{"name": "a", "colour": "red"}])),
        json.dumps(document([{"name": "a"}], expectations=[{"type": "x"}])),
    ],
)
def test_the_message_on_a_broken_suite_names_the_file(tmp_path, text):
    (tmp_path / "things.json").write_text(text)
    with pytest.raises(SuiteError, match=r"things\.json"):
        load_suite("things", tmp_path)

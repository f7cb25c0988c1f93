"""Courses: any file does what its lines do one by one, and nothing the second time; Moodle's repair functions find nothing to repair; the answers of the check."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.clock import ParisSite
from tests.support.course_sandbox import CourseSandbox
from tests.support.generated import File
from tests.support.samples import examples
from tests.support.sandbox import EXAMPLES
from tests.support.site import Site
from toolsync.course.dates import tomorrow, week_ends
from toolsync.course.order import places, runs
from toolsync.moodle.enrolment_keys import generate, weak
from toolsync.moodle.hook import MoodleHook
from toolsync.running.state import RunState

CATEGORIES = {
    "path": [
        "Science", "science", "Science / Physics", "New", "new", "New / Deep", "NEW / deep / er", "Humanities/New", "Hidden archive",
        "Hidden archive / Sub", "Arts/Crafts / X", "Arts/Crafts", "Twin", "Bad /  / path", "", "Sciénce", "NÉW / deep", "N\\/A", "n/a", "7", "7/8", "７",
    ],
    "idnumber": ["SCI", "sci", "HUM", "HID", "nothing", "", "ＳCI"],
    "id": ["2", "5", "10", "99", "x", ""],
}  # fmt: skip
ALWAYS = {
    "shortname": [
        "C101",
        "c101",
        "C102",
        "C102",
        "C103",
        "C105",
        "C106",
        "C107",
        "C108",
        "N1",
        "N1",
        "n1",
        "Ñ1",
        "Ｃ101",
        "N2",
        "N2",
        "N3",
        "R1",
        "",
        "oracle51",
    ],
    "fullname": ["A", "B", "B", ""],
}
SOMETIMES: list[dict[str, list[str]]] = [
    {"idnumber": ["", "IDC101", "idc102", "IDC105", "X1", "X1", "x1", "X2", "Ｘ1"]},
    {"id": ["3", "4", "7", "999", ""]},
    {"rename": ["", "", "N1", "C102", "R1", "R2", "c101", "Ｒ1"]},
    {"visible": ["", "0", "1"]},
    {"format": ["", "topics", "weeks", "social", "singleactivity", "nosuch"], "newsitems": ["", "0", "3"], "numsections": ["", "0", "7"]},
    {"hiddensections": ["", "0", "1"], "automaticenddate": ["", "0", "1"], "activitytype": ["", "quiz", "nosuch"], "numdiscussions": ["", "4"]},
    {"startdate": ["", "2026-02-02", "2027-03-27", "0"], "enddate": ["", "", "0", "2026-03-01", "2028-01-01"]},
    {"sortorder": ["", "", "0", "1", "2", "3", "60003", "9999"]},
    {"tags": ["", "physics", "Physics,robots", "Robots", "robots,living", "living", "róbots, Robots", "lívíng"]},
    {"customfield_costcentre": ["", "CC-101", "cc-102", "X"], "customfield_modality": ["", "Online", "online"], "customfield_audit": ["", "2026-05-05", "x"]},
    {"role_student": ["", "Learner", "learner", "0"], "role_nobody": ["", "", "", "x"]},
    {"topic1": ["", "One", "One|<p>1</p>", "|<p>only</p>"], "topic6": ["", "", "Six"]},
    {"teacher1_account": ["", "u001", "u036", "u040", "nobody", "guest"], "teacher1_role": ["", "teacher", "norole"]},
    {"self": ["", "1", "0"], "guest": ["", "1", "0"]},
    {
        "enrolment_1": ["", "manual", "self", "guest", "paypal"],
        "enrolment_1_role": ["", "student", "teacher"],
        "enrolment_1_disable": ["", "1"],
        "enrolment_1_delete": ["", "", "1"],
        "enrolment_1_startdate": ["", "2026-10-01"],
        "enrolment_1_enddate": ["", "", "2026-09-30", "2026-11-30"],
        "enrolment_1_enrolperiod": ["", "30 days"],
    },
    {
        "enrolment_2": ["", "cohort", "meta"],
        "enrolment_2_role": ["student", "teacher", ""],
        "enrolment_2_cohortidnumber": ["COH1", "COH3", "nothing", ""],
        "enrolment_2_metacoursename": ["C101", "N1", "C102", "c102", ""],
        "enrolment_2_addtogroup": ["", "1"],
        "enrolment_2_disable": ["", "1"],
        "enrolment_2_delete": ["", "", "1"],
    },
]  # fmt: skip
WORLDS: list[tuple[str | File, ...]] = [
    (),
    (),
    ("UPDATE {customfield_field} SET configdata = JSON_SET(configdata, '$.uniquevalues', 1) WHERE id = 1",),
    (
        "INSERT INTO {course_categories} (name, parent, sortorder, depth, path, timemodified) VALUES ('Twin', 0, 110000, 1, '/901', 1), ('Twin', 0, 120000, 1, '/902', 1)",
        "UPDATE {course_categories} SET path = CONCAT('/', id) WHERE name = 'Twin'",
        "INSERT INTO {context} (contextlevel, instanceid, depth) SELECT 40, id, 2 FROM {course_categories} WHERE name = 'Twin'",
        "UPDATE {context} SET path = CONCAT('/1/', id) WHERE path IS NULL",
    ),
    (
        File("cohort_bindings", ("cohort", "course"), (("COH1", "C102"), ("COH2", "C101"))),
        File("course_meta_links", ("master", "meta"), (("C102", "C103"),)),
    ),
]


@st.composite
def files(draw: st.DrawFn, repeatable: bool = False) -> File:
    """Files about few courses, so that their lines interfere.

    :param repeatable: only lines that change nothing when the file is run again: none undoes another, and none gives a sort order.
    """
    options: dict[str, Any] = {
        "course_id_field": draw(st.sampled_from(["shortname", "shortname", "shortname", "idnumber", "id"])),
        "category_id_field": draw(st.sampled_from(["path", "path", "idnumber", "id"])),
        "force_update": draw(st.sampled_from([True, True, True, False])),
        "protect_category": draw(st.sampled_from([False, False, True])),
        "new_categories_visible": draw(st.booleans()),
    }
    options["default_category"] = draw(st.sampled_from(["", CATEGORIES[options["category_id_field"]][0]]))
    columns = {**ALWAYS, "category": CATEGORIES[options["category_id_field"]]}
    for group in SOMETIMES:
        if options["course_id_field"] in group or (
            draw(st.integers(0, 3)) == 0 and not (repeatable and group.keys() & {"sortorder", "rename"})
        ):
            columns |= group
    rows = draw(st.lists(st.tuples(*map(st.sampled_from, columns.values())), min_size=1, max_size=6))
    if repeatable:
        named = [_names(columns, row) for row in rows]
        rows = [
            row for n, row in enumerate(rows) if not any(named[n] & other for m, other in enumerate(named) if m != n)
        ]
        assume(rows)
    return File("courses", tuple(columns), tuple(rows), options, draw(st.sampled_from(WORLDS)))


def _names(columns: dict[str, list[str]], row: tuple[str, ...]) -> set[str]:
    line = dict(zip(columns, row, strict=True))
    return {
        f"{column} {normalize('NFKD', line[column]).encode('ascii', 'ignore').decode().casefold()}"
        for column in ("shortname", "idnumber", "id")
        if line.get(column)
    }


@pytest.fixture
def sandbox(site: Site, pristine: Site) -> Iterator[CourseSandbox]:
    with MoodleHook().session(lock_seconds=1) as session:
        yield CourseSandbox(session, pristine)


def test_a_file_does_what_its_lines_do_one_by_one(sandbox: CourseSandbox):
    @settings(EXAMPLES, max_examples=examples(15))
    @given(files())
    def check(file: File) -> None:
        with sandbox.made(file):
            whole = sandbox.result(file)
            assert sandbox.disorder() == []
            assert whole == sandbox.result(file, batch_lines=1)
            if len(file.rows) > 3:
                assert whole == sandbox.result(file, batch_lines=3)

    check()


def test_the_same_file_again_changes_nothing(sandbox: CourseSandbox):
    @settings(EXAMPLES, max_examples=examples(10))
    @given(files(repeatable=True))
    def check(file: File) -> None:
        with sandbox.made(file):
            first = sandbox.result(file)
            assert [line[:2] for line in sandbox.execute(file).lines] == [
                (line, "failed" if status == "failed" else "unchanged") for line, status, _ in first.lines
            ]

    check()


def test_lines_that_share_nothing_run_together_and_others_wait():
    plain = [(line, "course", line, "") for line in range(2, 7)]
    assert {mode for _, _, mode in runs(plain)} == {"0"}
    # Line 2's course has name 9. Line 4 renames that course, which frees the name, and line 5 takes it: each in its turn.
    rows = [
        (2, "course", 1, ""),
        (2, "name", 9, ""),
        (3, "course", 2, ""),
        (4, "course", 1, ""),
        (4, "name", 8, ""),
        (5, "course", 3, ""),
        (5, "name", 9, ""),
    ]
    assert runs(rows) == [(2, "run", "0"), (3, "run", "0"), (4, "run", "1"), (5, "run", "2")]


def test_what_is_shared_in_the_same_way_runs_together():
    rows = [
        (2, "course", 1, ""),
        (2, "thing", 7, "make"),
        (3, "course", 2, ""),
        (3, "thing", 7, "make"),
        (4, "course", 3, ""),
        (4, "thing", 7, "gone"),
    ]
    assert [mode for _, _, mode in runs(rows)] == ["0", "0", "1"]


MOST = 10000


@given(
    st.lists(
        st.tuples(
            st.integers(0, 7), st.integers(0, 2), st.one_of(st.none(), st.integers(0, 9), st.integers(20000, 20009))
        ),
        max_size=8,
        unique_by=lambda event: event[0],
    )
)
def test_courses_stand_where_moodle_puts_them_line_by_line(events: list[tuple[int, int, int | None]]):
    # Courses 1 to 5 exist, each in the category that is its number modulo 3; the others are new.
    before = {course: (course % 3, place) for course, place in ((1, 1), (4, 2), (2, 1), (5, 2), (3, 1))}
    about = {
        course: (line, category, given) for line, (course, category, given) in enumerate(events, start=2) if course > 0
    }
    about |= {course + 100: about.pop(course) for course in list(about) if course > 5}
    rows: list[Any] = []
    for course in {*before, *about}:
        line, target, given = about.get(course, (None, before.get(course, (0, 0))[0], None))
        category, place = before.get(course, (target, 0))
        rows.append(
            (course, category, place, int(course not in before), target, None if course > 5 else given, MOST, line)
        )
    assert {course: place for course, _, place, _ in places(rows)} == one_by_one(before, about)


def one_by_one(before: dict[int, tuple[int, int]], about: dict[int, tuple[int, int, int | None]]) -> dict[int, int]:
    """Moodle's own algorithm: the sort order of the course is written, then the courses of its category are renumbered by sort order, newest first."""
    state = dict(before)
    for course, (_, target, wanted) in sorted(about.items(), key=lambda item: item[1][0]):
        place = 0 if course not in state else state[course][1] if wanted is None else wanted % MOST
        state[course] = (target, place)
        for category in range(3):
            inside = sorted(
                (course for course in state if state[course][0] == category),
                key=lambda course: (state[course][1], -course),
            )
            state |= {course: (category, number) for number, course in enumerate(inside, start=1)}
    touched = {category for category, _ in state.values()}
    return {course: place for course, (category, place) in state.items() if category in touched}


def test_old_sites_store_hours_from_utc(site: Site):
    assert tomorrow([(0, "-3.0"), (0, "5.5")], ParisSite()) == [(10800,), (66600,)]
    site.rows("UPDATE {config} SET value = '2' WHERE name = 'timezone'")
    site.run("toolsync_courses", "shortname,startdate\nC103,2026-09-01\n", force_update=True)
    assert site.value("SELECT startdate FROM {course} WHERE shortname = 'C103'") == 1788220800 - 2 * 3600


def test_dates_follow_the_calendar_of_the_site():
    # 2026-03-28 23:30 in Paris, the day before the clocks change.
    assert tomorrow([(1774737000, "")], ParisSite()) == [(1774738800,)]
    assert tomorrow([(1774737000, "Asia/Tokyo")], ParisSite()) == [(1774796400,)]
    # Four weeks from 2026-03-09 00:00 in Paris end at midnight in summer time; a course without sections lasts a week.
    assert week_ends([(7, 1773010800, 4, ""), (8, 1773010800, 0, "nowhere")], ParisSite()) == [
        (7, 1775426400),
        (8, 1773615600),
    ]


def test_enrolment_keys_are_random_and_mixed():
    keys = [key for _, _, key in generate([(3, "self"), (4, "guest")])]
    assert len(set(keys)) == 2
    for key in keys:
        assert (
            len(key) == 20
            and any(map(str.islower, key))
            and any(map(str.isupper, key))
            and any(map(str.isdigit, key))
            and not key.isalnum()
        )


@pytest.mark.parametrize(
    ("key", "lacks"),
    [
        ("a", "at least 8 characters, at least 1 digit, at least 1 capital, at least 1 other character"),
        ("12345678", "at least 1 small letter, at least 1 capital, at least 1 other character"),
        ("aaaA1-bbbbb", "no character more than 3 times in a row"),
        ("Secret1!", ""),
        ("\u00c0\u00c912\u00ee\u00f4--", ""),
        ("\u0661\u0662\u0663aB-xyz", ""),  # digits of another script
        ("\u2167a1A-xyz", ""),
    ],
)
def test_keys_are_weak_that_moodle_calls_weak(key: str, lacks: str):
    expected = [(2, 1, f"expected a key that meets the site's password policy: {lacks}")] if lacks else []
    assert weak([(2, 1, key, 8, 1, 1, 1, 1, 3)]) == expected


def test_a_key_that_moodle_refuses_fails_its_line(site: Site):
    site.rows("UPDATE {enrol} SET customint1 = 1 WHERE courseid = 3 AND enrol = 'self'")
    site.rows("UPDATE {groups} SET enrolmentkey = 'Secret1!' WHERE courseid = 3 LIMIT 1")
    lines = "C101,self,Secret1!\nC101,self,secret1!\nC102,self,weak\nC103,guest,weak\n"
    text = f"shortname,enrolment_1,enrolment_1_password\n{lines}"
    result = site.run("toolsync_courses", text, force_update=True)
    assert (result["counts"]["failed"], result["counts"]["updated"]) == (1, 3)
    report = Path(result["report"]).read_text()
    assert "enrolment_1_password: a group of the course has this enrolment key" in report
    assert "Secret1!" not in report
    site.rows(
        "DELETE FROM {config_plugins} WHERE plugin IN ('enrol_self', 'enrol_guest') AND name = 'usepasswordpolicy'"
    )
    site.rows(
        "INSERT INTO {config_plugins} (plugin, name, value) VALUES ('enrol_self', 'usepasswordpolicy', '1'), ('enrol_guest', 'usepasswordpolicy', '0')"
    )
    result = site.run("toolsync_courses", text, force_update=True)
    assert (result["counts"]["failed"], result["counts"]["unchanged"]) == (3, 1)
    assert Path(result["report"]).read_text().count("at least 8 characters") == 1


def before_writing(monkeypatch: pytest.MonkeyPatch, site: Site, sql: str) -> None:
    """Have somebody else change the site once, in the moment before a run first writes to it."""
    done: list[str] = []
    locks_from_now = RunState.locks_from_now

    def writing(state: RunState) -> None:
        if not done:
            done.append(sql)
            site.rows(sql)
        locks_from_now(state)

    monkeypatch.setattr(RunState, "locks_from_now", writing)


@pytest.mark.usefixtures("airflow")
class TestThroughTheDag:
    HEADER = "shortname,fullname,category,startdate,enddate\n"

    def test_a_simulation_changes_nothing_and_says_the_same(self, site: Site, pristine: Site):
        text = (
            self.HEADER
            + "N1,One,New / Deep,2026-09-01,2027-06-30\nC102,Renamed,Science,2026-01-12,2026-12-31\nN1,Twice,Science,,\nN2,,,,\n"
        )
        simulated = site.run("toolsync_courses", text, simulate=True, force_update=True)
        assert site.changed(pristine) == []
        assert site.run("toolsync_courses", text, force_update=True)["counts"] == simulated["counts"]
        assert simulated["counts"]["created"] == simulated["counts"]["failed"] == 1

    def test_existing_courses_are_left_alone_unless_told(self, site: Site, pristine: Site):
        result = site.run(
            "toolsync_courses", "shortname,fullname,category,tags,teacher1_account\nC102,Other,New / Path,x,u001\n"
        )
        assert result["counts"]["unchanged"] == 1
        assert site.changed(pristine) == []

    def test_what_somebody_edits_meanwhile_stays(self, site: Site, monkeypatch: pytest.MonkeyPatch):
        """The line names the full name only; the summary is edited between the look-up and the write."""
        before_writing(
            monkeypatch, site, "UPDATE mdl_course SET summary = 'Theirs', groupmode = 2 WHERE shortname = 'C102'"
        )
        result = site.run("toolsync_courses", "shortname,fullname\nC102,Ours\n", force_update=True)
        assert result["counts"]["updated"] == 1
        found = site.rows("SELECT fullname, summary, groupmode FROM {course} WHERE shortname = 'C102'")
        assert found == [("Ours", "Theirs", 2)]

    def test_a_course_that_somebody_deletes_meanwhile_is_not_written_to(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ):
        """The batch begins again, and its line finds no course."""
        before_writing(monkeypatch, site, "DELETE FROM mdl_course WHERE shortname = 'C103'")
        text = "shortname,fullname\nC102,Ours\nC103,Ours\n"
        result = site.run("toolsync_courses", text, force_update=True)
        assert (result["counts"]["updated"], result["counts"]["failed"]) == (1, 1)

    def test_a_category_that_somebody_deletes_meanwhile_is_made_again(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ):
        before_writing(monkeypatch, site, "DELETE FROM mdl_course_categories WHERE name = 'Lab'")
        result = site.run("toolsync_courses", "shortname,fullname,category\nN1,New,Science / Physics / Lab\n")
        assert result["counts"]["created"] == 1
        query = "SELECT k.name FROM {course} c JOIN {course_categories} k ON k.id = c.category WHERE c.shortname = 'N1'"
        assert site.value(query) == "Lab"

    def test_what_belongs_to_other_dags_rejects_the_file(self, site: Site):
        result = site.run("toolsync_courses", "shortname,fullname,category,reset,delete\nN1,One,Science,,\n")
        assert (
            result["state"] == "failed"
            and "reset" in " ".join(result["rejected"])
            and "delete" in " ".join(result["rejected"])
        )

    def test_a_file_of_the_older_tool(self, site: Site):
        text = (
            "# comment\nshortname;category;fullname;format;marker\nTESTCOURSE1;Miscellaneous/Tests;Test course 1;topics;0\n"
            "TESTCOURSE2;/Miscellaneous/Tests/;Test course 2;weeks;0\n"
        )
        assert site.run("toolsync_courses", text)["counts"]["created"] == 2
        names = "SELECT c.shortname, k.name, p.name FROM {course} c JOIN {course_categories} k ON k.id = c.category JOIN {course_categories} p ON p.id = k.parent"
        assert site.rows(f"{names} WHERE c.shortname LIKE 'TESTCOURSE%%' ORDER BY 1") == [
            ("TESTCOURSE1", "Tests", "Miscellaneous"),
            ("TESTCOURSE2", "Tests", "Miscellaneous"),
        ]

    def test_a_slash_in_the_name_of_a_category_that_exists(self, site: Site):
        site.run("toolsync_courses", self.HEADER + "N1,One,Arts/Crafts / Year 1,,\n")
        site.run("toolsync_courses", self.HEADER + "N2,Two,Arts/Crafts,,\n")
        assert (
            site.value(
                "SELECT k.name FROM {course} c JOIN {course_categories} k ON k.id = c.category WHERE c.shortname = 'N2'"
            )
            == "Arts/Crafts"
        )

    def test_a_site_that_wants_keys_gets_them(self, site: Site):
        site.rows(
            "UPDATE {config_plugins} SET value = '1' WHERE plugin IN ('enrol_self', 'enrol_guest') AND name = 'requirepassword'"
        )
        site.run("toolsync_courses", self.HEADER + "N1,One,Science,,\n")
        keys = site.rows(
            "SELECT e.password FROM {enrol} e JOIN {course} c ON c.id = e.courseid WHERE c.shortname = 'N1' AND e.enrol <> 'manual'"
        )
        assert len(keys) == 2 and all(len(key) == 20 for (key,) in keys)

    def test_default_blocks_of_the_site(self, site: Site):
        site.rows(
            "INSERT INTO {config} (name, value) VALUES ('defaultblocks_topics', 'html,nosuchblock,calendar_month:news_items')"
        )
        site.run("toolsync_courses", self.HEADER + "N1,One,Science,,\n")
        blocks = site.rows(
            "SELECT b.blockname, b.defaultregion, b.defaultweight, x.path = CONCAT(p.path, '/', x.id) FROM {block_instances} b JOIN {context} p ON p.id = b.parentcontextid "
            "AND p.contextlevel = 50 JOIN {course} c ON c.id = p.instanceid JOIN {context} x ON x.contextlevel = 80 AND x.instanceid = b.id WHERE c.shortname = 'N1' ORDER BY b.id"
        )
        assert blocks == [
            ("html", "side-pre", 0, 1),
            ("calendar_month", "side-pre", 1, 1),
            ("news_items", "side-post", 0, 1),
        ]

    def test_a_duplicate_idnumber_is_reported(self, site: Site):
        site.rows("UPDATE {course} SET idnumber = 'TWICE' WHERE id IN (4, 5)")
        result = site.run(
            "toolsync_courses", "idnumber,fullname\nTWICE,New name\n", course_id_field="idnumber", force_update=True
        )
        assert "2 courses have this idnumber" in Path(result["report"]).read_text()


@pytest.mark.usefixtures("airflow")
class TestCheck:
    def answers(self, result: dict[str, Any]) -> list[dict[str, str]]:
        with open(result["attachments"]["answer"], newline="") as stream:
            return list(csv.DictReader(stream))

    def test_found_and_missing_are_answers(self, site: Site, pristine: Site):
        result = site.run("toolsync_courses_check", "C101;the living one\nNOWHERE;not made yet\nc103\n")
        assert result["counts"]["unchanged"] == 3 and result["tryback"] is None
        found, missing, plain = self.answers(result)
        assert found == {
            "line": "1", "asked": "C101", "answer": "found", "id": "3", "shortname": "C101", "idnumber": "IDC101", "fullname": "Living course 101", "description": "the living one",
        }  # fmt: skip
        assert (missing["answer"], missing["id"], missing["description"]) == ("missing", "", "not made yet")
        assert (plain["answer"], plain["shortname"], plain["description"]) == ("found", "C103", "")
        report = Path(result["report"]).read_text()
        assert (
            "found: id 3, shortname C101, idnumber IDC101, Living course 101" in report
            and "missing: no course has this shortname" in report
        )
        assert site.changed(pristine) == []

    @pytest.mark.parametrize(
        ("text", "params"),
        [
            ("IDC101\n", {"course_id_field": "idnumber"}),
            ("idnumber;description\nIDC101;x\n", {}),
            ("3\n", {"course_id_field": "id"}),
        ],
    )
    def test_by_other_identifiers(self, site: Site, text: str, params: dict[str, str]):
        (answer,) = self.answers(site.run("toolsync_courses_check", text, **params))
        assert (answer["answer"], answer["shortname"]) == ("found", "C101")

    def test_a_line_that_asks_nothing_comes_back(self, site: Site):
        site.rows("UPDATE {course} SET idnumber = 'TWICE' WHERE id IN (4, 5)")
        result = site.run(
            "toolsync_courses_check", "idnumber,description\nTWICE,\n,nothing asked\noracle51,the front page\n"
        )
        assert (result["counts"]["failed"], result["counts"]["unchanged"]) == (2, 1)
        assert Path(result["tryback"]).read_text() == "idnumber,description\nTWICE,\n,nothing asked\n"
        assert [answer["answer"] for answer in self.answers(result)] == ["missing"]

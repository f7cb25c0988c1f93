"""Sites whose tables have several collations: a run works, or begins with a sentence, and its file goes back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.support.inbox import dropped
from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.collations import SEARCHED, Collations
from toolsync.moodle.hook import MoodleHook

pytestmark = pytest.mark.usefixtures("airflow")

ENROLMENTS = "cmd,rolename,uid,cid,gcmd,g1\nadd,student,u041,C103,gaddcreate,Red\nadd,student,u042,C102,gadd,G1\n"
USERS = "username,city,cohort1,course1,group1\nu001,Paris,COH1,C103,Red\n"
CONVERT = "ALTER TABLE {{{}}} CONVERT TO CHARACTER SET {} COLLATE {}"


class Mixed:
    """A site some of whose tables are converted for a test."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.converted: list[str] = []

    def convert(self, *tables: str, collation: str = "utf8mb4_general_ci") -> None:
        for table in tables:
            self.site.rows(CONVERT.format(table, collation.partition("_")[0], collation))
        self.converted += tables

    def mend(self) -> None:
        for table in self.converted:
            self.site.rows(CONVERT.format(table, "utf8mb4", self.site.collation))
        self.converted.clear()


@pytest.fixture
def mixed(site: Site) -> Iterator[Mixed]:
    mixed = Mixed(site)
    yield mixed
    mixed.mend()


def files_in(cabinet: Cabinet, folder: str) -> list[str]:
    return sorted(path.name for path in cabinet.folder(folder).rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("file_type", "text", "tables", "named"),
    [
        ("enrolments", ENROLMENTS, ("groups", "cohort", "role"), "mdl_groups, mdl_role"),
        ("users", USERS, ("user",), "mdl_user"),
        (
            "courses",
            "shortname,fullname,category\nN1,New,Science / Physics\n",
            ("course_categories",),
            "mdl_course_categories",
        ),
        ("courses_check", "C101\nC102\n", ("course",), "mdl_course"),
        ("cohorts", "cid,cname,userid\nNEW,New,u001\n", ("cohort",), "mdl_cohort"),
        ("groups", "courseid,name\nC101,New\n", ("groups",), "mdl_groups"),
    ],
)
def test_a_file_whose_texts_cannot_be_compared_goes_back(
    site: Site, mixed: Mixed, file_type: str, text: str, tables: tuple[str, ...], named: str
):
    mixed.convert(*tables)
    cabinet = dropped(file_type, text)
    ended = site.run(f"toolsync_{file_type}")
    [said] = {message for message in ended["messages"] if "was not executed" in message}
    assert ended["state"] == "failed"
    assert named in said and f"php admin/cli/mysql_collation.php --collation={site.collation}" in said
    assert (files_in(cabinet, "inbox"), files_in(cabinet, "work")) == (["file.csv"], [])
    [report] = cabinet.folder("report").glob("*.txt")
    assert "NOT EXECUTED: nothing was done" in report.read_text() and named in report.read_text()

    mixed.mend()
    assert site.run(f"toolsync_{file_type}")["state"] == "success"
    assert (files_in(cabinet, "inbox"), files_in(cabinet, "work")) == ([], [])
    assert len(files_in(cabinet, "archive")) == 1


def test_a_plan_is_not_made_either(site: Site, mixed: Mixed):
    mixed.convert("course")
    cabinet = dropped("courses_delete", "C103\n")
    ended = site.run("toolsync_courses_delete", approve="yes")
    assert ended["state"] == "failed"
    assert files_in(cabinet, "inbox") == ["file.csv"] and files_in(cabinet, "work") == []
    assert site.value("SELECT COUNT(*) FROM {course} WHERE shortname = 'C103'") == 1


def test_a_simulation_leaves_its_file_where_it_is(site: Site, mixed: Mixed):
    mixed.convert("user")
    cabinet = dropped("users", USERS)
    assert site.run("toolsync_users", simulate=True)["state"] == "failed"
    assert (
        files_in(cabinet, "inbox") == ["file.csv"] and files_in(cabinet, "work") == files_in(cabinet, "archive") == []
    )


@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb3_general_ci"])
def test_tables_that_a_file_does_not_compare_stop_nobody(site: Site, mixed: Mixed, collation: str):
    mixed.convert("logstore_standard_log", "quiz", "config", "cohort", collation=collation)
    cabinet = dropped("groups", "courseid,name,description\nC101,New,x\n")
    assert site.run("toolsync_groups")["state"] == "success"
    assert len(files_in(cabinet, "archive")) == 1
    assert site.value("SELECT COUNT(*) FROM {groups} WHERE name = 'New'") == 1


def test_tables_of_three_bytes_a_character_are_refused_where_they_are_searched(site: Site, mixed: Mixed):
    mixed.convert("groups", collation="utf8mb3_unicode_ci")
    cabinet = dropped("groups", "courseid,name\nC101,New\n")
    ended = site.run("toolsync_groups")
    assert re.search(
        "1 table has utf8(mb3)?_unicode_ci: mdl_groups.", " ".join(ended["messages"])
    )  # utf8 until MySQL 8.0.30
    assert files_in(cabinet, "inbox") == ["file.csv"]


def test_columns_that_are_compared_byte_by_byte_do_not_count(site: Site):
    site.rows(
        "ALTER TABLE {groups} MODIFY idnumber VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT ''"
    )
    try:
        with MoodleHook().session() as session:
            assert session.collations == Collations(site.collation, {})
        assert site.run("toolsync_groups", "courseid,name,idnumber\nC101,New,N1\n")["state"] == "success"
    finally:
        site.rows(
            "ALTER TABLE {groups} MODIFY idnumber VARCHAR(100) CHARACTER SET utf8mb4 COLLATE "
            f"{site.collation} NOT NULL DEFAULT ''"
        )


def test_a_column_that_the_site_compares_byte_by_byte_finds_what_is_written_so_and_nothing_else(site: Site):
    alter = "ALTER TABLE {{groups}} MODIFY name VARCHAR(254) CHARACTER SET utf8mb4 COLLATE {} NOT NULL"
    site.rows(alter.format("utf8mb4_bin"))
    try:
        assert site.run("toolsync_groups", "courseid,name\nC101,Ȼlub\n")["counts"]["created"] == 1
        gone = "cmd,courseid,type,name\ndel,C101,group,{}\n"
        assert site.run("toolsync_groups", gone.format("ȼLUB"))["counts"]["failed"] == 1
        assert site.run("toolsync_groups", gone.format("Ȼlub"))["counts"]["deleted"] == 1
    finally:
        site.rows(alter.format(site.collation))


@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_unicode_520_ci"])
def test_a_site_whose_flags_have_another_collation_runs_what_sets_none(site: Site, mixed: Mixed, collation: str):
    mixed.convert("cache_flags", collation=collation)
    assert site.run("toolsync_users", "username,city\nu001,Paris\n")["state"] == "success"
    assert site.run("toolsync_groups", "courseid,name\nC101,New\n")["state"] == "success"
    said = " ".join(site.run("toolsync_enrolments", ENROLMENTS)["messages"])
    assert "mdl_cache_flags" in said


def test_half_a_conversion_leaves_the_half_that_is_searched_to_work_with(site: Site, mixed: Mixed):
    """Nine of ten tables are not converted yet, but those of people and courses are."""
    mixed.convert(*SEARCHED, "course_sections", "context", "config", "config_plugins")
    with MoodleHook().session() as session:
        assert session.collations.usual == "utf8mb4_general_ci"
    assert site.run("toolsync_groups", "courseid,name\nC101,New\n")["state"] == "success"


def test_a_table_that_is_converted_meanwhile_is_named(site: Site, mixed: Mixed, monkeypatch: pytest.MonkeyPatch):
    mixed.convert("groups", "cohort")
    monkeypatch.setattr("toolsync.running.execution.Execution.check_collations", lambda self: None)
    cabinet = dropped("groups", "courseid,name\nC101,New\n")
    said = " ".join(site.run("toolsync_groups")["messages"])
    assert "2 tables have utf8mb4_general_ci: mdl_cohort, mdl_groups." in said
    assert files_in(cabinet, "inbox") == ["file.csv"] and files_in(cabinet, "work") == []


def test_a_file_that_is_half_done_stays_in_the_work_folder(site: Site, mixed: Mixed, monkeypatch: pytest.MonkeyPatch):
    """The next run goes on behind what is done."""
    from toolsync.running.execution import Execution

    run, done = Execution.run, list[int]()

    def run_then_convert(self: Execution, lines, **more):
        if done:
            mixed.convert("groups")
        done.append(len(lines))
        return run(self, lines, **more)

    monkeypatch.setattr(Execution, "run", run_then_convert)
    monkeypatch.setattr("toolsync.running.batches.BatchRun.batch_size", lambda self: 1)
    cabinet = dropped("groups", "courseid,name\nC101,New\nC101,Newer\n")
    assert "mdl_groups" in " ".join(site.run("toolsync_groups")["messages"])
    assert files_in(cabinet, "inbox") == []
    monkeypatch.setattr(Execution, "run", run)
    mixed.mend()
    assert site.run("toolsync_groups")["state"] == "success"
    assert site.value("SELECT COUNT(*) FROM {groups} WHERE name IN ('New', 'Newer')") == 2


def test_looking_at_the_collations_costs_little(site: Site):
    with MoodleHook().session() as session:
        started = time.perf_counter()
        Collations.of(session.rows, session.prefix)
        assert time.perf_counter() - started < 1


def test_the_first_tables_are_named_and_the_others_counted():
    others = {f"mdl_t{n}": {"name": "utf8mb4_general_ci"} for n in range(7)}
    said = Collations("utf8mb4_unicode_ci", others).told()
    assert "7 tables have utf8mb4_general_ci: mdl_t0, mdl_t1, mdl_t2, mdl_t3, mdl_t4 and 2 more." in said


def test_the_sql_of_every_type_can_be_prepared(site: Site, mixed: Mixed):
    """A table that nothing compares makes each type look at all its statements."""
    mixed.convert("logstore_standard_log")
    for name in (
        "users-update",
        "courses-update",
        "enrolments-groups",
        "cohorts-by-name",
        "groups-plain",
        "cohort-bindings-add",
    ):
        scenario = SCENARIOS[name]
        assert scenario.run(site)["state"] == "success", name

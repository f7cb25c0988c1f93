"""Courses restored from backup files: each once, and none for a line that fails. `php` is a stand-in that creates a course as Moodle's program does."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import killed
from tests.support.course_sandbox import DISORDER
from tests.support.faults import CONFLICTS, Statements
from tests.support.samples import EVERYTHING, sample
from tests.support.site import Site
from tests.support.torture import seeds
from toolsync.cabinet.folders import Cabinet
from toolsync.course import backup_files

pytestmark = pytest.mark.usefixtures("airflow")

DAG = "toolsync_courses"
HEADER = "shortname,fullname,category,template\n"
START, END = 1756677600, 1782856800  # the dates in the backup

# The name of the file tells it how to behave.
STAND_IN = """#!{python}
import sys
import MySQLdb

if not sys.argv[1:]:
    sys.exit(print("Tool Sync: caches purged"))
program, file, category = sys.argv[1:]
assert program == "admin/cli/restore_backup.php"
file, category = file.removeprefix("--file="), int(category.removeprefix("--categoryid="))
with open({calls!r}, "a") as stream:
    print(file, category, file=stream)
if "missing" in file:
    sys.exit("!!! Cannot find the specified file !!!")
db = MySQLdb.connect(db={database!r}, user={user!r}, passwd={password!r}, unix_socket={socket!r}, charset="utf8mb4", autocommit=True)
cursor = db.cursor()
cursor.execute("INSERT INTO mdl_course (category, sortorder, fullname, shortname, visible, timecreated, startdate, enddate) "
               "VALUES (%s, 0, 'Of the backup', 'BACKUP', 0, 1, {start}, {end})", (category,))
course = cursor.lastrowid
cursor.execute("UPDATE mdl_course SET shortname = CONCAT('BACKUP_', id), fullname = CONCAT('Of the backup ', id) WHERE id = %s", (course,))
cursor.execute("UPDATE mdl_course_categories SET coursecount = coursecount + 1 WHERE id = %s", (category,))
cursor.execute("INSERT INTO mdl_context (contextlevel, instanceid, depth) VALUES (50, %s, 0)", (course,))
context = cursor.lastrowid
cursor.execute("UPDATE mdl_context x JOIN mdl_context k ON k.contextlevel = 40 AND k.instanceid = %s "
               "SET x.path = CONCAT(k.path, '/', x.id), x.depth = k.depth + 1 WHERE x.id = %s", (category, context))
status = 800 if "half" in file or "broken" in file else 1000
cursor.execute("INSERT INTO mdl_backup_controllers (backupid, operation, type, itemid, interactive, purpose, userid, status, execution, executiontime, "
               "timecreated, timemodified, controller) VALUES (%s, 'restore', 'course', %s, 0, 10, 2, %s, 1, 0, 1, 1, '')", (course, course, status))
for section in range(3):
    cursor.execute("INSERT INTO mdl_course_sections (course, section, name, summary, summaryformat, sequence) VALUES (%s, %s, %s, '', 1, '')",
                   (course, section, f"Section {{section}} of the backup"))
cursor.execute("INSERT INTO mdl_course_format_options (courseid, format, sectionid, name, value) VALUES (%s, 'topics', 0, 'hiddensections', '0')", (course,))
cursor.execute("INSERT INTO mdl_enrol (enrol, status, courseid, sortorder, roleid) VALUES ('manual', 0, %s, 0, 5)", (course,))
print("== Extracting backup file to: /tmp/backup/1234567890 ==")
if "broken" in file:
    sys.exit("!!! error/cannot_read_backup: it ends too early !!!")
if "silent" not in file:
    print(f"== ID du cours restauré : {{course}} ==")
if "lost" in file:
    sys.exit(255)
"""

Connect = Callable[..., None]


@pytest.fixture
def connect(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Makes the connection `moodle_cli` to the stand-in."""

    def connect(**fields: Any) -> None:
        directory = tmp_path / "the site"
        directory.mkdir(exist_ok=True)
        php = tmp_path / "php"
        info = site.info
        php.write_text(
            STAND_IN.format(
                python=sys.executable,
                calls=str(tmp_path / "calls"),
                database=site.database,
                user=info.admin_user,
                password=info.admin_password,
                socket=info.socket,
                start=START,
                end=END,
            )
        )
        php.chmod(0o755)
        connection = {"conn_type": "generic", "extra": {"path": str(directory), "php": str(php)}, **fields}
        monkeypatch.setenv("AIRFLOW_CONN_MOODLE_CLI", json.dumps(connection))

    monkeypatch.delenv("AIRFLOW_CONN_MOODLE_CLI", raising=False)
    return connect


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[str]]:
    """The calls of the program so far."""

    def calls() -> list[str]:
        file = tmp_path / "calls"
        return file.read_text().splitlines() if file.exists() else []

    return calls


Calls = Callable[[], list[str]]


def counts(result: dict[str, Any]) -> dict[str, int]:
    return {outcome: count for outcome, count in result["counts"].items() if count}


def report(result: dict[str, Any]) -> str:
    return Path(result["report"]).read_text()


def disorder(site: Site) -> list[str]:
    return [what for what, query in DISORDER.items() if site.rows(query)]


def course(site: Site, shortname: str) -> tuple[Any, ...]:
    [row] = site.rows(
        "SELECT c.fullname, k.name, (SELECT COUNT(*) FROM {course_sections} s WHERE s.course = c.id) FROM {course} c "
        "JOIN {course_categories} k ON k.id = c.category WHERE c.shortname = %s",
        (shortname,),
    )
    return row


def test_the_backup_is_restored_and_the_line_is_done_to_it(site: Site, connect: Connect, calls: Calls, tmp_path: Path):
    connect()
    result = site.run(
        DAG,
        "shortname,fullname,category,template,idnumber,visible,topic1,topic5,teacher1_account,tags,customfield_costcentre,self,sortorder\n"
        "N1,One,Science,backups/Physics.MBZ,ID1,1,Waves,Last,u001,physics,CC-9,yes,3\n"
        "N2,Two,Science,/backups/other.mbz,,,,,,,,,\n",
    )
    assert result["counts"]["created"] == 2, report(result)
    assert calls() == [f"{tmp_path}/the site/backups/Physics.MBZ 2", "/backups/other.mbz 2"]
    assert course(site, "N1") == ("One", "Science", 6)
    assert course(site, "N2") == ("Two", "Science", 3)
    assert site.rows("SELECT idnumber, visible, startdate, enddate FROM {course} WHERE shortname = 'N1'") == [
        ("ID1", 1, START, END)
    ]
    id = site.value("SELECT id FROM {course} WHERE shortname = 'N1'")
    sections = "SELECT section, name FROM {course_sections} WHERE course = %s AND section IN (0, 1, 5) ORDER BY section"
    assert site.rows(sections, (id,)) == [(0, "Section 0 of the backup"), (1, "Waves"), (5, "Last")]
    assert site.value("SELECT COUNT(*) FROM {enrol} WHERE courseid = %s AND enrol = 'self' AND status = 0", (id,)) == 1
    assert (
        site.value(
            "SELECT COUNT(*) FROM {user_enrolments} u JOIN {enrol} e ON e.id = u.enrolid WHERE e.courseid = %s", (id,)
        )
        == 1
    )
    assert site.value("SELECT value FROM {customfield_data} WHERE instanceid = %s AND charvalue = 'CC-9'", (id,))
    # As always among new courses, the one of the later line comes first.
    order = "SELECT shortname FROM {course} WHERE category = 2 ORDER BY sortorder LIMIT 2"
    assert site.rows(order) == [("N2",), ("N1",)]
    assert disorder(site) == []


@pytest.mark.parametrize("key", ["shortname", "idnumber"])
def test_courses_are_found_by_any_column(site: Site, connect: Connect, key: str):
    connect()
    text = "idnumber,shortname,fullname,category,template\nI1,N1,One,Science,a.mbz\n"
    assert site.run(DAG, text, course_id_field=key)["counts"]["created"] == 1
    assert site.rows("SELECT fullname, idnumber FROM {course} WHERE shortname = 'N1'") == [("One", "I1")]


@pytest.mark.parametrize(
    ("category", "given"),
    [("Science / Physics / New", "Physics"), ("New / Deep", "Category 1"), ("Humanities", "Humanities")],
    ids=["below another", "a tree of its own", "there"],
)
def test_a_category_that_does_not_exist_yet(site: Site, connect: Connect, calls: Calls, category: str, given: str):
    connect()
    result = site.run(DAG, HEADER + f"N1,One,{category},a.mbz\n", protect_category=True)
    assert result["counts"]["created"] == 1, report(result)
    assert site.value("SELECT name FROM {course_categories} WHERE id = %s", (calls()[0].split()[-1],)) == given
    assert course(site, "N1") == ("One", category.split(" / ")[-1], 3)
    assert disorder(site) == []


def test_a_conflict_restores_no_backup_twice(site: Site, pristine: Site, connect: Connect, calls: Calls):
    """Wherever it happens: when the lines are rehearsed, or when they are done."""
    connect()
    text = HEADER + "N1,One,New,a.mbz\nN2,Two,,a.mbz\nN3,Three,Science,b.mbz\n"
    with Statements().watched() as usual:
        expected = counts(site.run(DAG, text))
    assert expected == {"created": 2, "failed": 1}
    courses, restored = [course(site, name) for name in ("N1", "N3")], len(calls())
    for seed in seeds(3):
        site.restore(pristine)
        chance = random.Random(f"backups {seed}")
        phase = ("touches", "work", "around")[seed % 3]
        number, strike = chance.randrange(usual.seen[phase]), chance.choice(CONFLICTS)
        before = len(calls())
        with Statements(phase, number, strike).watched() as statements:
            result = site.run(DAG, text)
        told = f"{strike.__name__} at statement {number} of {phase}"
        assert statements.struck and counts(result) == expected, told
        assert [course(site, name) for name in ("N1", "N3")] == courses, told
        assert len(calls()) == before + restored, told
        assert disorder(site) == [], told


def test_lines_that_fail_restore_nothing(site: Site, connect: Connect, calls: Calls):
    connect()
    result = site.run(
        DAG,
        "shortname,fullname,category,template,teacher1_account\n"
        "N1,,Science,a.mbz,\nN2,Two,,a.mbz,\nN3,Three,Science,a.mbz,nobody\nC102,Other,Science,a.mbz,\nN4,Four,Science,TPL.mb,\n"
        "N5,Five,Science,,\nN5,Five,Science,a.mbz,\n",
    )
    assert counts(result) == {"failed": 4, "unchanged": 2, "created": 1}, report(result)
    assert calls() == []
    assert "not used: the course exists" in report(result)


def test_a_missing_connection_is_reported(site: Site, connect: Connect, calls: Calls):
    result = site.run(DAG, HEADER + "N1,One,Science,a.mbz\nN2,Two,Science,\nC102,Other,Science,a.mbz\n")
    assert counts(result) == {"failed": 1, "created": 1, "unchanged": 1}
    assert "template" in report(result) and "There is no connection moodle_cli. See docs/settings.md" in report(result)
    assert "no connection moodle_cli. See docs/settings.md" in report(
        site.run(DAG, HEADER + "N1,One,Science,a.mbz\n", simulate=True)
    )


def test_a_faulty_connection_is_reported(site: Site, connect: Connect, calls: Calls):
    connect(extra={})
    result = site.run(DAG, HEADER + "N1,One,Science,a.mbz\n")
    assert result["counts"]["failed"] == 1
    assert "its extra needs `path`" in report(result)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("missing.mbz", "ended with status 1 and said: !!! Cannot find the specified file !!!"),
        ("broken.mbz", "it ends too early !!! / == Extracting"),
        ("silent.mbz", "status 0 and said: == Extracting"),
    ],
)
def test_an_error_of_the_program_fails_its_line_alone(site: Site, connect: Connect, calls: Calls, file: str, said: str):
    connect()
    result = site.run(DAG, HEADER + f"N1,One,Science,{file}\nN2,Two,Science,good.mbz\nN3,Three,Science,\n")
    assert counts(result) == {"failed": 1, "created": 2}, report(result)
    assert said in report(result)
    half = site.value("SELECT MIN(id) FROM {course} WHERE shortname LIKE 'BACKUP%%'")
    assert (f"to be deleted: course {half} (BACKUP_{half})" in report(result)) == bool(half) == (file != "missing.mbz")


@pytest.mark.parametrize(("file", "outcome"), [("lost.mbz", "created"), ("half lost.mbz", "failed")])
def test_a_connection_that_is_lost_meanwhile(
    site: Site, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, outcome: str
):
    connect(conn_type="ssh", host="moodle")
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nfor word in "$@"; do last=$word; done\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    result = site.run(DAG, HEADER + f"N1,One,Science,{file}\n")
    assert result["counts"][outcome] == 1, report(result)
    assert ("nobody can say whether" in report(result)) == (outcome == "failed")


def test_a_program_that_takes_too_long(site: Site, connect: Connect, monkeypatch: pytest.MonkeyPatch):
    connect()

    def hang(*args: object, **options: object) -> None:
        raise backup_files.site_php.DidNotEnd("php did not end within 3600 s.")

    monkeypatch.setattr(backup_files.site_php, "run", hang)
    result = site.run(DAG, HEADER + "N1,One,Science,a.mbz\nN2,Two,Science,\n")
    assert counts(result) == {"failed": 1, "created": 1}
    assert "did not end within 3600 s.). Courses of the category 'Science' with an id above" in report(result)
    assert ": none. Once the restore can no longer be running, delete" in report(result)


def test_a_simulation_restores_nothing(site: Site, pristine: Site, connect: Connect, calls: Calls):
    connect()
    result = site.run(DAG, HEADER + "N1,One,New / Deep,a.mbz\n", simulate=True)
    assert result["counts"]["created"] == 1
    assert "this backup would be restored" in report(result)
    assert site.changed(pristine) == [] and calls() == []


@pytest.mark.parametrize(
    ("dates", "stored"),
    [
        ("2026-09-01,", (1788220800, END + 1788220800 - START)),
        ("2026-09-01,2026-12-01", (1788220800, 1796083200)),
        (",2026-12-01", (START, 1796083200)),
        (",2026-01-05", (START, 1767571200)),
        ("0,", (0, 0)),
    ],
)
def test_dates_of_the_line(site: Site, connect: Connect, dates: str, stored: tuple[int, int]):
    connect()
    text = f"shortname,fullname,category,template,startdate,enddate\nN1,One,Science,a.mbz,{dates}\n"
    result = site.run(DAG, text, timezone="UTC")
    assert result["counts"]["created"] == 1, report(result)
    assert site.rows("SELECT startdate, enddate FROM {course} WHERE shortname = 'N1'") == [stored]
    assert ("dates inside the course are those of the backup" in report(result)) == (not dates.startswith(","))


def test_a_line_that_fails_after_all_says_what_is_left(site: Site, connect: Connect, monkeypatch: pytest.MonkeyPatch):
    connect()
    restore = backup_files.Restorer.restore

    def then_somebody_takes_the_name(self: backup_files.Restorer, *args: Any) -> backup_files.RestoreResult:
        restored = restore(self, *args)
        site.rows("UPDATE {course} SET shortname = 'N1' WHERE shortname = 'C102'")
        return restored

    monkeypatch.setattr(backup_files.Restorer, "restore", then_somebody_takes_the_name)
    result = site.run(
        DAG, "idnumber,shortname,fullname,category,template\nI1,N1,One,Science,a.mbz\n", course_id_field="idnumber"
    )
    assert result["counts"]["failed"] == 1
    left = site.value("SELECT MAX(id) FROM {course}")
    assert (
        f"another course has it: N1 (its backup was restored as course {left}: delete that course, or give it"
        in report(result)
    )
    assert site.value("SELECT shortname FROM {course} WHERE id = %s", (left,)) == f"BACKUP_{left}"


def test_a_restored_course_is_a_template_of_a_later_line(site: Site, connect: Connect, calls: Calls):
    connect()
    result = site.run(DAG, HEADER + "N1,One,Science,a.mbz\nN2,Two,New,N1\n")
    assert result["counts"]["created"] == 2, report(result)
    assert course(site, "N2") == ("Two", "New", 3)
    assert len(calls()) == 1


def test_only_a_new_course_is_restored(site: Site, connect: Connect, calls: Calls):
    connect()
    text = HEADER + "C102,Other,Science,a.mbz\n"
    result = site.run(DAG, text, force_update=True, template_mode="add")
    assert counts(result) == {"failed": 1} and calls() == []
    assert "only a new course can be restored from a backup" in report(result)


def test_beside_a_course_whose_content_is_replaced(site: Site, connect: Connect, calls: Calls):
    connect()
    text = HEADER + "N1,One,Science,a.mbz\nC102,Other,Science,TPL1\n"
    options: dict[str, Any] = {"force_update": True, "template_mode": "replace"}
    assert site.run(DAG, text, approve="no", **options)["state"] == "not approved"
    assert calls() == []
    result = site.run(DAG, text, approve="yes", **options)
    assert counts(result) == {"created": 1, "updated": 1}, report(result)
    assert len(calls()) == 1
    assert len(list(Cabinet("courses").folder("undo").glob("*.json"))) == 1


# Where the run is killed.
MOMENTS = [
    ("toolsync.course.backup_files:Restorer._record", "before"),
    ("toolsync.course.backup_files:Restorer._record", "after"),
    ("toolsync.moodle.session:MoodleSession.commit", "after"),
]


@pytest.mark.parametrize(("where", "when"), sample(MOMENTS, 2))
def test_killed_at_any_moment_each_is_restored_once(
    site: Site, connect: Connect, calls: Calls, tmp_path: Path, where: str, when: str
):
    connect()
    file = tmp_path / "courses.csv"
    file.write_text(HEADER + "N1,One,New / Deep,a.mbz\nN2,Two,Science,b.mbz\nN3,,Science,c.mbz\n")
    killed(where, when, DAG, file, real=EVERYTHING and (where, when) == MOMENTS[0])
    result = site.run(DAG)
    assert result["state"] == "success"
    [path] = Cabinet("courses").folder("report").glob("*.txt")
    assert "3 lines: 2 created, 1 failed" in path.read_text()
    assert len(calls()) == 2
    assert course(site, "N1") == ("One", "Deep", 3)
    assert course(site, "N2") == ("Two", "Science", 3)
    assert site.value("SELECT COUNT(*) FROM {course} WHERE shortname LIKE 'BACKUP%%'") == 0
    assert disorder(site) == []


@pytest.mark.parametrize(
    ("where", "file", "seen"),
    [
        ("toolsync.moodle.php:run", "a.mbz", "none"),
        ("toolsync.course.backup_files:Restorer._record", "half.mbz", "course"),
    ],
    ids=["before it made a course", "before it was done"],
)
def test_killed_while_moodle_restores_a_person_has_to_look(
    site: Site, connect: Connect, calls: Calls, tmp_path: Path, where: str, file: str, seen: str
):
    connect()
    before = site.value("SELECT MAX(id) FROM {course}")
    path = tmp_path / "courses.csv"
    path.write_text(HEADER + f"N1,One,Science,{file}\nN2,Two,Science,good.mbz\n")
    killed(where, "before", DAG, path)
    called = len(calls())
    site.run(DAG)
    assert len(calls()) == called + 1
    [text] = Cabinet("courses").folder("report").glob("*.txt")
    assert "1 created, 1 failed" in text.read_text()
    assert (
        f"the run died meanwhile). Courses of the category 'Science' with an id above {before}: {seen}"
        in text.read_text()
    )


def test_a_deadlock_restores_nothing_twice(site: Site, connect: Connect, calls: Calls, monkeypatch: pytest.MonkeyPatch):
    import MySQLdb

    from toolsync.running.batches import BatchRun

    connect()
    attempt = BatchRun._try

    def first_a_deadlock(self: Any, *args: Any) -> Any:
        monkeypatch.setattr(BatchRun, "_try", attempt)
        raise MySQLdb.OperationalError(1213, "Deadlock found")

    monkeypatch.setattr(BatchRun, "_try", first_a_deadlock)
    assert site.run(DAG, HEADER + "N1,One,Science,a.mbz\n")["counts"]["created"] == 1
    assert len(calls()) == 1

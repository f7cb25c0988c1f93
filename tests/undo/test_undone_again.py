"""An undo that is undone leaves the site as the first run had left it. What was there when rows came back is no use of them since."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bench.people import numbers
from tests.support.repairs import to_repair
from tests.support.site import Site
from tests.support.undo import delete, differing, restore, state_of
from tests.undo.test_conflicts import stays, undo
from toolsync.cabinet.bundles import Bundle, part_name
from toolsync.cabinet.folders import Cabinet

pytestmark = pytest.mark.usefixtures("airflow")

CONTEXT = "SELECT id FROM {context} WHERE contextlevel = 50 AND instanceid = 4"
# Rows that Moodle leaves when it deletes course 4, C102: some with a time, some without, and one by which another course takes its people.
LEFT = [
    "INSERT INTO {forum_grades} (forum, itemnumber, userid, grade, timecreated, timemodified) SELECT id, 1, 28, 50, 1, 1 FROM {forum} WHERE course = 4",
    "INSERT INTO {forum_track_prefs} (userid, forumid) SELECT 28, id FROM {forum} WHERE course = 4",
    f"INSERT INTO {{favourite}} (component, itemtype, itemid, contextid, userid, timecreated, timemodified) SELECT 'core_probe', 'x', 1, ({CONTEXT}), 28, 1, 1",
    "INSERT INTO {bigbluebuttonbn_logs} (courseid, bigbluebuttonbnid, userid, timecreated, meetingid, log) VALUES (4, 1, 28, 1, '', 'Join')",
    "INSERT INTO {block_recent_activity} (action, timecreated, courseid, cmid, userid) VALUES (0, 1, 4, 1, 28)",
    "INSERT INTO {enrol} (enrol, status, courseid, customint1, timecreated, timemodified) SELECT 'meta', 1, id, 4, 1, 1 FROM {course} WHERE shortname = 'C103'",
]
PEOPLE = "SELECT COUNT(*) FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid AND e.courseid = 4"
ROLES = f"SELECT COUNT(*) FROM {{role_assignments}} WHERE contextid = ({CONTEXT})"

# Large tables, with a column in which each row of another course has something else.
MANY = 3_000
LARGE = {
    "assign_submission": "userid", "comments": "itemid", "course_modules_completion": "userid", "data_records": "userid", "event": "userid", "files": "itemid",
    "forum_discussions": "userid", "forum_posts": "userid", "grade_grades": "userid", "groups_members": "userid", "messages": "useridfrom", "quiz_grades": "userid",
    "question_attempt_step_data": "attemptstepid", "rating": "userid", "role_assignments": "userid", "tag_instance": "itemid", "user_enrolments": "userid",
    "user_lastaccess": "userid", "user_preferences": "userid",
}  # fmt: skip
ROWS_READ = {
    "MySQL": "SELECT object_name, count_fetch FROM performance_schema.table_io_waits_summary_by_table WHERE object_schema = DATABASE()",
    "MariaDB": "SELECT table_name, rows_read FROM information_schema.table_statistics WHERE table_schema = DATABASE()",
}
Since = Callable[[Site, dict[str, Any]], None]


def gone(site: Site) -> dict[str, Any]:
    for sql in LEFT:
        site.rows(sql)
    return delete(site, "shortname", "C102")


@pytest.mark.parametrize("way", ["undo", "restore"])
def test_what_moodle_had_left_holds_nothing_back(site: Site, way: str):
    deleted = gone(site)
    before = state_of(site)
    undone = undo(site, undo(site, deleted) if way == "undo" else restore(site, "shortname", "C102"))
    assert stays(undone) == []
    assert differing(site, before) == set()


def graded(site: Site, back: dict[str, Any]) -> None:
    site.rows(
        "UPDATE {forum_grades} g JOIN {forum} f ON f.id = g.forum AND f.course = 4 SET g.grade = 90, g.timemodified = UNIX_TIMESTAMP() + 60"
    )


def tracked(site: Site, back: dict[str, Any]) -> None:
    site.rows("INSERT INTO {forum_track_prefs} (userid, forumid) SELECT 29, id FROM {forum} WHERE course = 4")


def unknown(site: Site, back: dict[str, Any]) -> None:
    """As in a bundle of a version that did not note what was there."""
    path = Path(Bundle(Cabinet("undo"), back["claim"]).folder / part_name(0))
    head, *lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    said = json.loads(head)
    del said["highest"]
    path.write_bytes(gzip.compress(b"".join([json.dumps(said).encode() + b"\n", *lines])))


@pytest.mark.parametrize("since", [graded, tracked, unknown])
def test_a_course_in_which_somebody_has_worked_since_stays_with_its_people(site: Site, since: Since):
    back = undo(site, gone(site))
    since(site, back)
    before = state_of(site)
    counted = [site.value(PEOPLE), site.value(ROLES)]
    undone = undo(site, back)
    assert ("course", "C102") in {(name, about) for name, about, _ in stays(undone)}
    assert [site.value(PEOPLE), site.value(ROLES)] == counted and all(counted)
    assert differing(site, before) <= {"grade_items"}
    assert to_repair(site) == {}


def rows_read(site: Site) -> Counter[str]:
    server = "MySQL" if site.is_mysql else "MariaDB"
    return Counter({name.removeprefix("mdl_"): int(rows) for name, rows in site.rows(ROWS_READ[server])})


def test_no_large_table_is_gone_through(site: Site):
    connection = site.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = ''")
        for name, column in LARGE.items():
            more, values = (", pathnamehash", ", n") if name == "files" else ("", "")
            cursor.execute(f"INSERT INTO mdl_{name} ({column}{more}) SELECT n + 500000{values} FROM {numbers(MANY)}")
        cursor.execute(f"ANALYZE TABLE {', '.join(f'mdl_{name}' for name in LARGE)}")
    connection.close()
    deleted = gone(site)
    before = rows_read(site)
    undone = undo(site, undo(site, deleted))
    assert stays(undone) == []
    read = rows_read(site) - before
    assert {name: read[name] for name in LARGE if read[name] > MANY / 2} == {}

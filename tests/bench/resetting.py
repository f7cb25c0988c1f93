"""How fast courses are reset, and put back: a benchmark that `make bench` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.people import numbers
from tests.support.multiply import multiply

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench
    from tests.support.site import Site

COURSES, PEOPLE = 200, 100
HEADER = "shortname,startdate,roles,groups,events,completion,modules"


def resetting(bench: Bench, large: bool) -> None:
    """200 courses of 100 people with quizzes, forums and assignments: reset, put back."""
    from tests.bench.__main__ import show

    bench.restore()
    names = populated(bench.site)
    rows = (f"{name},2026-09-07,student,members,yes,yes,all" for name in names)
    show(f"reset: {COURSES} courses of {PEOPLE} people", bench.run("courses_reset", HEADER, rows))
    show("put back", bench.run("courses_restore", "shortname", names))


def populated(site: Site, courses: int = COURSES, people: int = PEOPLE) -> list[str]:
    """Copies of a course that so many people more worked in.

    :return: their short names.
    """
    people_of(site, people)
    return multiply(site, "C101", courses)


def people_of(site: Site, people: int) -> None:
    """Students of C101, each with an attempt at its quiz, posts and a submission."""
    first = site.value("SELECT MAX(id) FROM {user}")
    attempt = site.value(
        "SELECT MAX(a.id) FROM {quiz_attempts} a JOIN {quiz} q ON q.id = a.quiz WHERE q.course = 3 AND a.state = 'finished'"
    )
    usage = site.value("SELECT uniqueid FROM {quiz_attempts} WHERE id = %s", (attempt,))
    offset = 1_000_000
    for statement in (
        f"INSERT INTO {{user}} (username, mnethostid, confirmed, email) SELECT CONCAT('reset', n), 1, 1, CONCAT('reset', n, '@example.org') FROM {numbers(people)}",
        f"INSERT INTO {{user_enrolments}} (enrolid, userid, timecreated, timemodified) SELECT e.id, {first} + n, 1, 1 FROM {{enrol}} e, {numbers(people)} WHERE e.courseid = 3 AND e.enrol = 'manual'",
        f"INSERT INTO {{role_assignments}} (roleid, contextid, userid, timemodified, modifierid) SELECT 5, x.id, {first} + n, 1, 2 FROM {{context}} x, {numbers(people)} WHERE x.contextlevel = 50 AND x.instanceid = 3",
        f"INSERT INTO {{assign_submission}} (assignment, userid, timecreated, timemodified, status, latest) SELECT a.id, {first} + n, 1, 1, 'submitted', 1 FROM {{assign}} a, {numbers(people)} WHERE a.course = 3",
        f"INSERT INTO {{assignsubmission_onlinetext}} (assignment, submission, onlinetext, onlineformat) SELECT s.assignment, s.id, REPEAT('text ', 100), 1 FROM {{assign_submission}} s WHERE s.userid > {first}",
        f"INSERT INTO {{grade_grades}} (itemid, userid, rawgrade, finalgrade, rawgrademax) SELECT i.id, {first} + n, 7, 7, 10 FROM {{grade_items}} i, {numbers(people)} WHERE i.courseid = 3",
        f"INSERT INTO {{forum_posts}} (discussion, parent, userid, created, modified, subject, message, messageformat) SELECT d.id, d.firstpost, {first} + n, 1, 1, 'Re', REPEAT('post ', 60), 1 FROM {{forum_discussions}} d, {numbers(people)} WHERE d.course = 3",
        f"INSERT INTO {{question_usages}} (id, contextid, component, preferredbehaviour) SELECT {offset} + n, u.contextid, u.component, u.preferredbehaviour FROM {{question_usages}} u, {numbers(people)} WHERE u.id = {usage}",
        f"INSERT INTO {{quiz_attempts}} (quiz, userid, attempt, uniqueid, layout, state, timestart, timefinish, timemodified) SELECT a.quiz, {first} + n, 1, {offset} + n, a.layout, a.state, 1, 2, 2 FROM {{quiz_attempts}} a, {numbers(people)} WHERE a.id = {attempt}",
        f"INSERT INTO {{question_attempts}} (id, questionusageid, slot, behaviour, questionid, variant, maxmark, minfraction, maxfraction, timemodified) SELECT {offset} + n * 1000 + a.slot, {offset} + n, a.slot, a.behaviour, a.questionid, a.variant, a.maxmark, a.minfraction, a.maxfraction, 1 FROM {{question_attempts}} a, {numbers(people)} WHERE a.questionusageid = {usage}",
        f"INSERT INTO {{question_attempt_steps}} (id, questionattemptid, sequencenumber, state, timecreated) SELECT {offset} + n * 20000 + a.slot * 100 + s.sequencenumber, {offset} + n * 1000 + a.slot, s.sequencenumber, s.state, 1 FROM {{question_attempts}} a JOIN {{question_attempt_steps}} s ON s.questionattemptid = a.id, {numbers(people)} WHERE a.questionusageid = {usage}",
        f"INSERT INTO {{question_attempt_step_data}} (attemptstepid, name, value) SELECT {offset} + n * 20000 + a.slot * 100 + s.sequencenumber, d.name, d.value FROM {{question_attempts}} a JOIN {{question_attempt_steps}} s ON s.questionattemptid = a.id JOIN {{question_attempt_step_data}} d ON d.attemptstepid = s.id, {numbers(people)} WHERE a.questionusageid = {usage}",
    ):
        site.rows(statement)

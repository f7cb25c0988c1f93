"""What hangs on a row goes with it, and stays away with it: pages of a wiki with their versions, attempts with their steps, submissions with their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from tests.support.undo import changed
from tests.undo.test_conflicts import stays, undo
from tests.undo.test_use_since import WORK_SINCE

pytestmark = pytest.mark.usefixtures("airflow")

# u001 works in C101 again after its reset: in an assignment that teachers grade by a rubric, the wiki, the H5P activity and the quiz. All ids are 9000.
HANDED_IN = [
    "INSERT INTO {assign_submission} (id, assignment, userid, timecreated, timemodified, status, groupid, attemptnumber, latest) "
    "VALUES (9000, 6, 3, 1796062228, 1796062228, 'submitted', 0, 0, 1)",
    "INSERT INTO {assignsubmission_file} (id, assignment, submission, numfiles) VALUES (9000, 6, 9000, 1)",
    "INSERT INTO {comments} (id, contextid, component, commentarea, itemid, content, userid, timecreated) "
    "VALUES (9000, 143, 'assignsubmission_comments', 'submission_comments', 9000, 'New', 3, 1)",
    "INSERT INTO {assign_grades} (id, assignment, userid, timecreated, timemodified, grader, grade, attemptnumber) VALUES (9000, 6, 3, 1796062228, 1796062228, 38, 50, 0)",
    "INSERT INTO {assignfeedback_comments} (id, assignment, grade, commenttext, commentformat) VALUES (9000, 6, 9000, 'New', 1)",
    "INSERT INTO {grading_instances} (id, definitionid, raterid, itemid, status, timemodified) VALUES (9000, 2, 38, 9000, 1, 1796062228)",
    "INSERT INTO {gradingform_rubric_fillings} (id, instanceid, criterionid, levelid) VALUES (9000, 9000, 3, 7)",
]
PAGES = [
    "INSERT INTO {wiki_subwikis} (id, wikiid, groupid, userid) VALUES (9000, 3, 0, 0)",
    "INSERT INTO {wiki_pages} (id, subwikiid, title, cachedcontent, userid) VALUES (9000, 9000, 'Home', 'New', 3)",
    "INSERT INTO {wiki_versions} (id, pageid, content, version, userid) VALUES (9000, 9000, 'New', 1, 3)",
    "INSERT INTO {wiki_synonyms} (id, subwikiid, pageid, pagesynonym) VALUES (9000, 9000, 9000, 'Start')",
    "INSERT INTO {wiki_links} (id, subwikiid, frompageid, topageid) VALUES (9000, 9000, 9000, 9000)",
    "INSERT INTO {wiki_locks} (id, pageid, userid, lockedat) VALUES (9000, 9000, 3, 1)",
    "INSERT INTO {comments} (id, contextid, component, commentarea, itemid, content, userid, timecreated) VALUES (9001, 151, 'mod_wiki', 'wiki_page', 9000, 'New', 3, 1)",
    "INSERT INTO {tag_instance} (id, tagid, component, itemtype, itemid, contextid) VALUES (9000, 20, 'mod_wiki', 'wiki_pages', 9000, 151)",
]
ATTEMPTS = [
    "INSERT INTO {h5pactivity_attempts} (id, h5pactivityid, userid, timecreated, timemodified, attempt) VALUES (9000, 2, 3, 1796062228, 1796062228, 1)",
    "INSERT INTO {h5pactivity_attempts_results} (id, attemptid, timecreated, response) VALUES (9000, 9000, 1796062228, 'New')",
    "INSERT INTO {question_usages} (id, contextid, component, preferredbehaviour) VALUES (9000, 154, 'mod_quiz', 'deferredfeedback')",
    "INSERT INTO {quiz_attempts} (id, quiz, userid, attempt, uniqueid, layout, state) VALUES (9000, 2, 3, 1, 9000, '1,0', 'finished')",
    "INSERT INTO {question_attempts} (id, questionusageid, slot, behaviour, questionid, maxmark, minfraction, timemodified) "
    "SELECT 9000, 9000, 1, 'deferredfeedback', MIN(questionid), 1, 0, 1 FROM {question_versions}",
    "INSERT INTO {question_attempt_steps} (id, questionattemptid, sequencenumber, state, timecreated, userid) VALUES (9000, 9000, 0, 'todo', 1, 3)",
    "INSERT INTO {question_attempt_step_data} (id, attemptstepid, name, value) VALUES (9000, 9000, 'answer', 'New')",
]
FILE = (
    "INSERT INTO {files} (contenthash, pathnamehash, contextid, component, filearea, itemid, filepath, filename, filesize, timecreated, timemodified) "
    "SELECT SHA1(''), SHA1(CONCAT('/', x.id, '/', x.component, '/', x.area, '/', x.itemid, '/new.txt')), x.id, x.component, x.area, x.itemid, '/', 'new.txt', 0, 1, 1 "
    "FROM (SELECT %s AS id, %s AS component, %s AS area, %s AS itemid) x"
)
FILES = [
    (143, "assignsubmission_file", "submission_files", 9000),
    (143, "assignfeedback_comments", "feedback", 9000),
    (151, "mod_wiki", "attachments", 9000),
    (154, "question", "response_attachments", 9000),
]
# Of other things that have the same number, in the same activity and in another one.
THEIRS = [(143, "mod_assign", "introattachment", 9000), (146, "mod_forum", "attachment", 9000)]
LOST = {
    "question_usages": "x.id NOT IN (SELECT uniqueid FROM {quiz_attempts})",
    "question_attempts": "x.questionusageid NOT IN (SELECT id FROM {question_usages})",
    "question_attempt_steps": "x.questionattemptid NOT IN (SELECT id FROM {question_attempts})",
    "question_attempt_step_data": "x.attemptstepid NOT IN (SELECT id FROM {question_attempt_steps})",
    **dict.fromkeys(("wiki_versions", "wiki_synonyms", "wiki_locks"), "x.pageid NOT IN (SELECT id FROM {wiki_pages})"),
    "wiki_links": "x.topageid > 0 AND x.topageid NOT IN (SELECT id FROM {wiki_pages})",
    "comments": "x.component = 'mod_wiki' AND x.itemid NOT IN (SELECT id FROM {wiki_pages}) "
    "OR x.component = 'assignsubmission_comments' AND x.itemid NOT IN (SELECT id FROM {assign_submission})",
    "tag_instance": "x.itemtype = 'wiki_pages' AND x.itemid NOT IN (SELECT id FROM {wiki_pages})",
    "files": "x.component = 'question' AND x.filearea LIKE 'response%%' AND x.itemid NOT IN (SELECT id FROM {question_attempt_steps})",
}


def reset(site: Site) -> dict[str, Any]:
    lines = "shortname,assign,choice,feedback,h5pactivity,quiz,scorm,wiki,workshop,grades\nC101,yes,yes,yes,yes,yes,yes,yes,yes,grades\n"
    result = site.run("toolsync_courses_reset", lines, require_approval=False)
    assert result["counts"]["updated"] == 1, Path(result["report"]).read_text()
    return result


def work(site: Site) -> None:
    for sql in [*WORK_SINCE, *HANDED_IN, *PAGES, *ATTEMPTS]:
        site.rows(sql)
    for file in FILES:
        site.rows(FILE, file)


def test_what_makes_way_for_old_rows_goes_with_what_hangs_on_it(site: Site, pristine: Site):
    for file in THEIRS:
        site.rows(FILE, file)
    reset(site)
    work(site)
    restored = site.run("toolsync_courses_restore", "C101\n", overwrite_changes=True)
    assert restored["counts"]["updated"] == 1, Path(restored["report"]).read_text()
    assert site.rows("SELECT component FROM {files} WHERE itemid = 9000 ORDER BY id") == [(each[1],) for each in THEIRS]
    site.rows("DELETE FROM {files} WHERE itemid = 9000")
    assert changed(site, pristine) == set()


def test_what_hangs_on_rows_that_stay_away_stays_away(site: Site):
    site.rows(
        "INSERT INTO {tag_instance} (tagid, component, itemtype, itemid, contextid) VALUES (20, 'mod_wiki', 'wiki_pages', 3, 151)"
    )
    step = site.value(
        "SELECT MIN(s.id) FROM {question_attempt_steps} s JOIN {question_attempts} a ON a.id = s.questionattemptid AND a.questionusageid = 1"
    )
    site.rows(FILE, (154, "question", "response_attachments", step))
    result = reset(site)
    work(site)
    told = {name for name, _, _ in stays(undo(site, result))}
    assert told >= LOST.keys() | {"quiz_attempts", "wiki_pages"}
    lost = {name: site.rows(f"SELECT x.id FROM {{{name}}} x WHERE {which}") for name, which in LOST.items()}
    assert lost == dict.fromkeys(LOST, [])
    assert (
        site.value("SELECT COUNT(*) FROM {question_usages}") == site.value("SELECT COUNT(*) FROM {quiz_attempts}") == 17
    )

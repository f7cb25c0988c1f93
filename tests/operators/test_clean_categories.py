"""Cleaning categories deletes all empty ones and no others; a category that is filled between plan and execution is kept."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.course_sandbox import CourseSandbox
from tests.support.samples import examples
from tests.support.sandbox import EXAMPLES
from tests.support.scenarios import prepare
from tests.support.site import Site
from toolsync.cabinet.folders import Cabinet
from toolsync.functions import sql_folder
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.operators.approve import ApproveOperator
from toolsync.operators.clean_categories import find
from toolsync.reporting.outcomes import Outcomes
from toolsync.running.execution import Execution, StagedLine
from toolsync.running.sql_folder import Occasion
from toolsync.running.state import RunState
from toolsync.settings import ROOT

pytestmark = pytest.mark.usefixtures("airflow")

ANYWAY: dict[str, Any] = {"require_approval": False, "accept_stale_caches": True}
DAG = "toolsync_categories_clean"


def categories(site: Site) -> set[str]:
    return {name for (name,) in site.rows("SELECT name FROM {course_categories}")}


# Runs


def test_what_was_cleaned_stays_in_the_archive_and_the_report(site: Site):
    result = site.run(DAG, root_category_id_number="EMP", whole_branches=True, **ANYWAY)
    assert result["counts"]["deleted"] == 2
    assert Path(result["archive"]).read_text() == "id,path\n8,Empty branch / Empty leaf\n7,Empty branch\n"
    assert "'Empty branch / Empty leaf': deleted" in Path(result["report"]).read_text()
    assert "course index is an error page" in Path(result["report"]).read_text()
    with open(result["attachments"]["plan"], newline="") as stream:
        assert [row["name"] for row in csv.DictReader(stream)] == ["Empty branch / Empty leaf", "Empty branch"]


def test_a_run_that_finds_nothing_is_skipped(site: Site, pristine: Site):
    result = site.run(DAG, root_category_id_number="SCI", whole_branches=True, **ANYWAY)
    said = ["No category in the category with the idnumber 'SCI' is empty."]
    assert result == {"state": "success", "messages": said}
    assert site.changed(pristine) == []
    assert not any(Cabinet("categories_clean").folder("work").iterdir())


def test_a_simulation_changes_nothing_and_needs_no_connection(site: Site, pristine: Site):
    result = site.run(DAG, whole_branches=True, simulate=True)
    assert result["counts"]["deleted"] == 4
    assert site.changed(pristine) == []


def test_without_whole_branches_a_run_deletes_one_level(site: Site):
    assert site.run(DAG, root_category_id_number="EMP", **ANYWAY)["counts"]["deleted"] == 1
    assert site.run(DAG, root_category_id_number="EMP", **ANYWAY)["counts"]["deleted"] == 1
    assert not categories(site) & {"Empty branch", "Empty leaf"}


def test_a_person_decides_and_a_rejected_list_is_not_kept(site: Site, pristine: Site):
    params: dict[str, Any] = {"root_category_id_number": "EMP", "whole_branches": True, "accept_stale_caches": True}
    assert site.run(DAG, **params)["state"] == "awaiting approval"
    assert site.run(DAG, approve="no", **params)["state"] == "not approved"
    assert site.changed(pristine) == []
    cabinet = Cabinet("categories_clean")
    assert not any(cabinet.folder("inbox").iterdir()) and not any(cabinet.folder("work").iterdir())
    assert site.run(DAG, approve="yes", **params)["counts"]["deleted"] == 2


def test_it_takes_no_file(site: Site, pristine: Site):
    with pytest.raises(SystemExit):
        site.run(DAG, "id,path\n2,Science\n", **ANYWAY)
    assert site.changed(pristine) == []


@pytest.mark.parametrize(
    ("idnumber", "twin"), [("NOWHERE", False), ("EMP", True)], ids=["no category has it", "two have it"]
)
def test_the_root_category_must_be_unique(site: Site, idnumber: str, twin: bool):
    if twin:
        site.rows("UPDATE {course_categories} SET idnumber = 'EMP' WHERE id = 2")
    before = categories(site)
    assert site.run(DAG, root_category_id_number=idnumber, whole_branches=True, **ANYWAY)["state"] == "failed"
    assert categories(site) == before


@pytest.mark.parametrize(
    ("connection", "state"),
    [
        (None, "failed"),
        ({"conn_type": "generic", "extra": {}}, "failed"),
        ({"conn_type": "ssh", "host": "moodle", "extra": {"path": "moodle"}}, "failed"),
        ({"conn_type": "generic", "extra": {"path": "/", "php": "stand-in"}}, "success"),
    ],
    ids=["none", "no path", "relative path", "a good one"],
)
def test_nothing_is_changed_if_the_caches_cannot_be_purged(
    site: Site, pristine: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connection: Any, state: str
):
    monkeypatch.delenv("AIRFLOW_CONN_MOODLE_CLI", raising=False)
    if connection:
        php = tmp_path / "php"
        php.write_text("#!/bin/sh\ncat > /dev/null\necho 'Tool Sync: caches purged'\n")
        php.chmod(0o755)
        connection["extra"] = {key: str(php) if key == "php" else value for key, value in connection["extra"].items()}
        monkeypatch.setenv("AIRFLOW_CONN_MOODLE_CLI", json.dumps(connection))
    result = site.run(DAG, root_category_id_number="EMP", whole_branches=True, require_approval=False)
    assert result["state"] == state
    assert bool(site.changed(pristine)) == (state == "success")
    assert not any(Cabinet("categories_clean").folder("work").iterdir())


# What keeps a category


IN_LEAF = {
    "UPDATE {course} SET category = 8, visible = 0 WHERE shortname = 'C108'": None,
    "INSERT INTO {course_request} (fullname, shortname, summary, category, reason, requester) VALUES ('X', 'X', '', 8, '', 3)": "1 course request",
    "INSERT INTO {tool_recyclebin_category} (categoryid, shortname, fullname, timecreated) VALUES (8, 'X', 'X', 1), (8, 'Y', 'Y', 1)": "2 courses in its recycle bin",
    "UPDATE {cohort} SET contextid = 17 WHERE idnumber IN ('COH1', 'COH2')": "2 cohorts",
    "UPDATE {question_categories} SET contextid = 17 WHERE id = (SELECT MIN(questioncategoryid) FROM {question_bank_entries})": "question",
    "UPDATE {contentbank_content} SET contextid = 17": "in its content bank",
    "UPDATE {competency_framework} SET contextid = 17": "competency frameworks",
    "UPDATE {competency_template} SET contextid = 17": "learning plan templates",
    "INSERT INTO {payment_accounts} (name, contextid, timecreated, timemodified) VALUES ('X', 17, 1, 1)": "1 payment account",
}  # fmt: skip


@pytest.mark.parametrize("content", IN_LEAF)
def test_what_keeps_a_category(session: MoodleSession, content: str):
    params, state = {"root_category_id_number": "EMP", "whole_branches": True}, RunState(session)
    assert find(state, params) == ([(8, "Empty branch / Empty leaf"), (7, "Empty branch")], [])
    assert session.execute(content) > 0
    empty, why = find(state, params)
    assert empty == []
    if says := IN_LEAF[content]:  # where there are courses, nobody asks why it stays
        [(name, what)] = why
        assert name == "Empty branch / Empty leaf" and says in what
    else:
        assert why == []


def test_an_empty_category_that_was_moved_is_deleted_before_its_parent(session: MoodleSession):
    session.execute("UPDATE {course_categories} SET parent = 8 WHERE id = 10")
    empty, _ = find(RunState(session), {"root_category_id_number": "EMP", "whole_branches": True})
    assert [id for id, _ in empty] == [10, 8, 7]


def test_question_categories_without_questions_are_deleted_with_a_category(site: Site):
    site.rows(
        "INSERT INTO {question_categories} (name, contextid, info, infoformat, stamp, parent, sortorder) VALUES ('top', 17, '', 0, 'x', 0, 0)"
    )
    result = site.run(DAG, root_category_id_number="EMP", whole_branches=True, **ANYWAY)
    assert result["counts"]["deleted"] == 2
    assert not site.rows("SELECT id FROM {question_categories} WHERE contextid = 17")


def test_files_from_a_repository_of_a_category_become_copies(site: Site):
    prepare(site, ROOT / "tests/conformance/courses-delete-repository/before.sql")
    for sql in (
        "UPDATE {repository_instances} ri, {course_categories} k, {context} x SET ri.contextid = x.id"
        " WHERE ri.id = 9002 AND k.name = 'Empty leaf' AND x.contextlevel = 40 AND x.instanceid = k.id",
        "UPDATE {files} SET filesize = 0 WHERE id = 9007",
    ):
        site.rows(sql)
    result = site.run(DAG, root_category_id_number="EMP", **ANYWAY)
    assert site.value("SELECT referencefileid FROM {files} WHERE id = 9007") is None
    assert site.value("SELECT COUNT(*) FROM {files_reference}") == 0
    said = "the file ofcourse.txt (id 9007) came from a repository of the category and was never downloaded: it is empty now"
    assert said in Path(result["report"]).read_text()


def test_one_category_of_the_site_always_stays(site: Site):
    site.rows("DELETE FROM {course} WHERE category <> 0")
    site.rows("UPDATE {cohort} SET contextid = 1")
    site.rows("DELETE FROM {contentbank_content}")
    site.rows("UPDATE {config} SET value = 4 WHERE name = 'defaultrequestcategory'")
    site.rows("DELETE q FROM {question_bank_entries} q JOIN {question_categories} k ON k.id = q.questioncategoryid")
    result = site.run(DAG, whole_branches=True, **ANYWAY)
    assert (result["state"], result["counts"]["deleted"], result["counts"]["failed"]) == ("success", 9, 0)
    assert categories(site) == {"Science"}
    assert site.value("SELECT value FROM {config} WHERE name = 'defaultrequestcategory'") == "2"


def test_the_last_category_stays_if_the_others_are_deleted_meanwhile(site: Site, monkeypatch: pytest.MonkeyPatch):
    site.rows("DELETE FROM {course} WHERE category <> 0")
    meanwhile(monkeypatch, site, "DELETE FROM {course_categories} WHERE parent <> 0 OR id > 1")
    result = site.run(DAG, root_category_id_number="", **ANYWAY)
    assert result["counts"]["failed"] == 1
    assert "last category of the site" in Path(result["report"]).read_text()
    assert categories(site) == {"Category 1"}


def meanwhile(monkeypatch: pytest.MonkeyPatch, site: Site, sql: str) -> None:
    """Let somebody change the site while the plan waits for approval."""
    process = ApproveOperator.process

    def process_later(self: Any, *args: Any) -> Any:
        site.rows(sql)
        return process(self, *args)

    monkeypatch.setattr(ApproveOperator, "process", process_later)


def test_a_category_filled_after_the_plan_is_kept(site: Site, monkeypatch: pytest.MonkeyPatch):
    meanwhile(monkeypatch, site, "UPDATE {course} SET category = 8 WHERE shortname IN ('C102', 'C103')")
    result = site.run(DAG, root_category_id_number="EMP", whole_branches=True, **ANYWAY)
    assert (result["state"], result["counts"]["failed"], result["counts"]["deleted"]) == ("success", 2, 0)
    report = Path(result["report"]).read_text()
    assert "this category is not empty: it holds 2 courses" in report
    assert "this category is not empty: it holds 1 category" in report
    assert result["tryback"] is None
    assert {"Empty branch", "Empty leaf"} <= categories(site)


def test_a_category_deleted_meanwhile_is_unchanged(site: Site, monkeypatch: pytest.MonkeyPatch):
    meanwhile(monkeypatch, site, "DELETE FROM {course_categories} WHERE id = 8")
    result = site.run(DAG, root_category_id_number="EMP", whole_branches=True, **ANYWAY)
    assert (result["counts"]["unchanged"], result["counts"]["deleted"]) == (1, 1)


# Any tree


@pytest.fixture
def session(site: Site) -> Iterator[MoodleSession]:
    prepare(site, ROOT / "tests/conformance/categories.sql")
    with MoodleHook().session(lock_seconds=1) as session:
        yield session


def grow(session: MoodleSession, parents: list[int], contents: list[str]) -> dict[int, tuple[int, str]]:
    """Create a tree of categories.

    :param parents: for each category the number of an earlier one, or -1.
    :return: by id, the parent's id and what the category holds.
    """
    tree: dict[int, tuple[int, str]] = {}
    ids: list[int] = []
    for number, (parent, content) in enumerate(zip(parents, contents, strict=True)):
        above = ids[parent] if parent >= 0 else 0
        path, depth = (
            session.rows("SELECT path, depth FROM {course_categories} WHERE id = %s", (above,))[0] if above else ("", 0)
        )
        session.execute(
            "INSERT INTO {course_categories} (name, parent, sortorder, depth, path, timemodified) VALUES (%s, %s, %s, %s, '', 1)",
            (f"N{number}", above, 200000 + number * 10000, depth + 1),
        )
        id = session.conn.insert_id()
        session.execute("UPDATE {course_categories} SET path = %s WHERE id = %s", (f"{path}/{id}", id))
        session.execute(
            "INSERT INTO {context} (contextlevel, instanceid, depth, path) VALUES (40, %s, 2, '/1/9')", (id,)
        )
        ids.append(id)
        tree[id] = (above, content)
        if content == "course":
            session.execute("UPDATE {course} SET category = %s WHERE id = 4", (id,))
        elif content == "cohort":
            session.execute(
                "INSERT INTO {cohort} (contextid, name, descriptionformat, timecreated, timemodified) "
                "SELECT id, 'C', 1, 1, 1 FROM {context} WHERE contextlevel = 40 AND instanceid = %s",
                (id,),
            )
    return tree


def expected(tree: dict[int, tuple[int, str]], root: int, whole: bool) -> set[int]:
    """The categories to delete, by the definition."""
    children: dict[int, list[int]] = {id: [] for id in (0, *tree)}
    for id, (parent, _) in tree.items():
        children[parent].append(id)
    last_course = max((id for id, (_, content) in tree.items() if content == "course"), default=0)

    def empty(id: int) -> bool:
        held = tree[id][1]
        if held == "cohort" or (held == "course" and id == last_course):
            return False
        return all(whole and empty(child) for child in children[id])

    def below(id: int) -> Iterator[int]:
        yield id
        for child in children[id]:
            yield from below(child)

    return {id for id in below(root) if id and empty(id)}


def clean(state: RunState, params: dict[str, Any]) -> Outcomes:
    """Find and delete, as the DAG does."""
    found, _ = find(state, params)
    state.session.execute("SET @now = 1800000000, @actor = 2")
    folder = sql_folder("categories_clean", state, Occasion(columns={"id", "path"}, options=params))
    lines = [StagedLine(line, category, ()) for line, category in enumerate(found, start=2)]
    return Execution(folder, [("id", "integer"), ("path", "text")]).run(lines)


def test_all_empty_categories_and_no_others_are_deleted(session: MoodleSession, pristine: Site):
    sandbox, state = CourseSandbox(session, pristine), RunState(session)

    @settings(EXAMPLES, max_examples=examples(40))
    @given(
        st.lists(
            st.tuples(st.integers(-1, 9), st.sampled_from(["", "", "", "course", "cohort"])), min_size=1, max_size=10
        ),
        st.booleans(),
        st.integers(0, 10),
    )
    def check(drawn: list[tuple[int, str]], whole: bool, start: int) -> None:
        state.rollback()
        parents = [min(parent, number - 1) for number, (parent, _) in enumerate(drawn)]
        tree = grow(session, parents, [content for _, content in drawn])
        root = list(tree)[start - 1] if 0 < start <= len(tree) else 0
        if root:
            session.execute("UPDATE {course_categories} SET idnumber = 'ROOT' WHERE id = %s", (root,))
        params = {"root_category_id_number": "ROOT" if root else "", "whole_branches": whole}
        wanted = expected(tree, root, whole)
        outcomes = clean(state, params)
        left = {id for (id,) in session.rows("SELECT id FROM {course_categories}")}
        assert {status for _, status, *_ in outcomes.lines} <= {"deleted"}
        assert set(tree) - left == wanted
        assert {id for (id,) in session.rows("SELECT instanceid FROM {context} WHERE contextlevel = 40")} == left
        if whole and root not in wanted:
            assert find(state, params)[0] == []
        assert not [what for what in sandbox.disorder() if "path" in what and "context" not in what]

    check()

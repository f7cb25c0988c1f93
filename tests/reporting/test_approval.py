"""A file that deletes things shows a plan first, and then does exactly what was approved."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.running.test_broken_sites import altered
from tests.support.command import killed, run_command, run_real_command
from tests.support.samples import EVERYTHING, sample
from tests.support.site import Site
from tests.support.statsd import listening
from toolsync.by_hand import user_name
from toolsync.cabinet.folders import Cabinet
from toolsync.reporting.plan import SHOWN, Totals, cell, markdown, plan_lines, size
from toolsync.run import load_dag
from toolsync.running.sql_folder import Occasion
from toolsync.settings import settings

pytestmark = pytest.mark.usefixtures("airflow")

DAG_ID = "toolsync_courses_delete"
FILE = "shortname\nC106\nC107\nNOWHERE\n"
GONE = "SELECT COUNT(*) FROM {course} WHERE shortname IN ('C106', 'C107')"
WITHOUT: dict[str, Any] = {"require_approval": False}


@pytest.fixture
def cabinet(site: Site) -> Cabinet:
    return Cabinet("courses_delete")


def found(cabinet: Cabinet, *folders: str) -> list[str]:
    """The files in these folders; by default, in all that hold command files or undo bundles."""
    names = folders or ("inbox", "work", "tryback", "archive", "undo")
    paths = (path for name in names if cabinet.folder(name).exists() for path in cabinet.folder(name).rglob("*"))
    return sorted(str(path.relative_to(cabinet.root)) for path in paths if path.is_file())


def drop(cabinet: Cabinet, tmp_path: Path, text: str = FILE, name: str = "old courses.csv") -> None:
    (tmp_path / name).write_text(text)
    cabinet.put(tmp_path / name)


@contextmanager
def in_airflow(monkeypatch: pytest.MonkeyPatch, answer: str, **event: Any) -> Iterator[list[Any]]:
    """Run as under a scheduler, with a person who answers at once. The operator with the form is appended to the list."""
    from airflow.providers.standard.operators import hitl

    from toolsync.operators.approve import ApproveOperator

    asked: list[Any] = []

    def wait(self: ApproveOperator, context: Any) -> Any:
        asked.append(self)
        user = {"id": "7", "name": "ana"}
        given = {"chosen_options": [answer], "params_input": {"reason": "spring cleaning"}, "responded_by_user": user}
        return self.execute_complete(context, {**given, "responded_at": hitl.utcnow(), "timedout": False, **event})

    with monkeypatch.context() as patch:
        patch.setattr("airflow.providers.standard.operators.hitl.ApprovalOperator.execute", wait)
        patch.setattr("airflow.providers.standard.operators.hitl.ApprovalOperator.skip", lambda *args, **kwargs: None)
        patch.delenv("TOOLSYNC_RUN_PID", raising=False)
        yield asked


def test_plan_and_approve_come_before_execute():
    group = load_dag(DAG_ID).task_group_dict["file"]
    order = ["validate", "plan", "approve", "execute", "tryback", "archive"]
    assert [task.task_id for task in group.topological_sort()] == [f"file.{name}" for name in order]


# By hand


def test_without_an_answer_only_the_plan_is_made(site: Site, pristine: Site, cabinet: Cabinet):
    result = site.run(DAG_ID, FILE)
    assert result["state"] == "awaiting approval"
    assert site.changed(pristine) == []
    assert found(cabinet) == []
    assert result["counts"]["deleted"] == 0 and result["planned"]["counts"]["deleted"] == 2
    assert [(row["line"], row["shortname"], row["people"]) for row in result["plan_rows"]] == [
        (2, "C106", 1),
        (3, "C107", 0),
    ]
    assert result["approval"] == {
        "needed": True, "why": ["Param require_approval is set"], "answer": None, "by": None, "at": None, "reason": None,
    }  # fmt: skip
    text = Path(result["report"]).read_text()
    assert "NOT APPROVED" in text and "C106 Manual disabled 106 (Humanities / History): 1 person enrolled" in text
    with open(result["plan"], newline="") as stream:
        assert [row["fullname"] for row in csv.DictReader(stream)] == ["Manual disabled 106", "No manual instance 107"]
    with open(result["lines"], newline="") as stream:
        outcomes = [row["outcome"] for row in csv.DictReader(stream)]
    assert outcomes == ["not approved", "not approved", "failed"]


def test_yes_in_advance_executes_and_names_the_caller(site: Site, cabinet: Cabinet):
    result = site.run(DAG_ID, FILE, approve="yes")
    assert result["state"] == "success"
    assert site.value(GONE) == 0
    assert result["counts"]["deleted"] == 2
    assert (result["approval"]["answer"], result["approval"]["by"]) == ("yes", user_name())
    assert Path(result["tryback"]).read_text() == "shortname\nNOWHERE\n"
    assert f"Approved by {user_name()}" in Path(result["report"]).read_text()
    assert found(cabinet, "inbox", "work") == []


@pytest.mark.parametrize("params", [{}, WITHOUT])
def test_no_in_advance_changes_nothing_even_if_no_approval_is_needed(
    site: Site, pristine: Site, cabinet: Cabinet, params: dict[str, Any]
):
    result = site.run(DAG_ID, FILE, approve="no", **params)
    assert result["state"] == "not approved"
    assert site.changed(pristine) == []
    assert found(cabinet) == []


def test_nobody_is_asked_if_neither_the_param_nor_a_limit_says_so(site: Site):
    result = site.run(DAG_ID, FILE, **WITHOUT)
    assert result["state"] == "success"
    assert site.value(GONE) == 0
    assert result["approval"]["needed"] is False
    assert "No approval was needed." in Path(result["report"]).read_text()


@pytest.mark.parametrize(
    ("limit", "value", "says"),
    [
        ("approve_over_courses", 1, "the plan has 2 courses, more than 1 (approve_over_courses)"),
        ("approve_active_days", 30, "1 course used within the last 30 days (approve_active_days): C106"),
    ],
)
def test_a_plan_over_a_limit_needs_approval_whatever_the_param_says(
    site: Site, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, says: str
):
    visit(site, days_ago=20)
    monkeypatch.setitem(settings(), "protection", {**settings()["protection"], limit: value})
    result = site.run(DAG_ID, FILE, **WITHOUT)
    assert (result["state"], site.value(GONE)) == ("awaiting approval", 2)
    assert any(says in reason for reason in result["approval"]["why"])
    monkeypatch.setitem(settings(), "protection", dict.fromkeys(settings()["protection"]))
    assert site.run(DAG_ID, FILE, **WITHOUT)["state"] == "success"


def test_a_file_that_would_change_nothing_needs_no_approval(site: Site, pristine: Site):
    result = site.run(DAG_ID, "shortname\nNOWHERE\n")
    assert (result["state"], result["approval"]["needed"]) == ("success", False)
    assert site.changed(pristine) == []


def test_a_simulation_shows_the_plan_and_asks_nobody(site: Site, pristine: Site, cabinet: Cabinet):
    result = site.run(DAG_ID, FILE, simulate=True)
    assert result["state"] == "success"
    assert result["planned"]["things"] == 2
    assert "In the plan: 2 courses" in Path(result["report"]).read_text()
    assert site.changed(pristine) == []
    assert found(cabinet) == []


def test_files_of_the_inbox_go_back_to_it(site: Site, pristine: Site, cabinet: Cabinet, tmp_path: Path):
    drop(cabinet, tmp_path)
    assert site.run(DAG_ID)["state"] == "awaiting approval"
    assert found(cabinet) == ["inbox/old courses.csv"]
    assert (cabinet.folder("inbox") / "old courses.csv").read_text() == FILE
    assert site.changed(pristine) == []
    assert site.run(DAG_ID, approve="yes")["state"] == "success"
    assert site.value(GONE) == 0


def test_pasted_rows_that_are_not_approved_are_kept_in_the_archive(site: Site, pristine: Site, cabinet: Cabinet):
    result = site.run(DAG_ID, content=FILE, approve="no")
    assert result["state"] == "not approved"
    assert Path(result["archive"]).read_text() == FILE
    assert found(cabinet, "inbox", "work", "tryback") == []


def test_the_exit_status_of_the_command(site: Site, pristine: Site, tmp_path: Path):
    (tmp_path / "old.csv").write_text(FILE)
    arguments = [str(tmp_path / "old.csv"), "--format", "json"]
    for run, answer, status, state in (
        (run_command, [], 3, "awaiting approval"),
        (run_real_command, ["--approve", "no"], 3, "not approved"),
        (run_command, ["--approve", "yes"], 0, "success"),
    ):
        ended = run(DAG_ID, *arguments, *answer)
        assert ended.status == status, ended.stderr[-2000:]
        assert json.loads(ended.stdout)["state"] == state
    ended = run_command("toolsync_groups", *arguments, "--approve", "no")
    assert (ended.status, ended.stdout) == (2, "")
    assert "deletes nothing" in ended.stderr


# In Airflow


def test_a_person_approves_in_airflow(site: Site, cabinet: Cabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    drop(cabinet, tmp_path)
    with in_airflow(monkeypatch, "Approve") as asked:
        assert site.run(DAG_ID)["state"] == "success"
    [form] = asked
    assert "2 courses: 1 person enrolled" in form.subject
    assert "| 2 | 8 | C106 | Manual disabled 106 |" in form.body
    assert site.value(GONE) == 0
    [report] = cabinet.folder("report").glob("*.txt")
    assert "Approved by ana on " in report.read_text() and ": spring cleaning\n" in report.read_text()


def test_a_person_rejects_in_airflow(
    site: Site, pristine: Site, cabinet: Cabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    drop(cabinet, tmp_path)
    with in_airflow(monkeypatch, "Reject"), listening() as statsd:
        assert site.run(DAG_ID)["state"] == "not approved"
        heard = statsd.heard()
    assert heard["toolsync.waiting.courses_delete.approval"] == ["1|g", "0|g"]
    assert heard["toolsync.files.courses_delete.refused"] == ["1|c"]
    assert heard.keys() >= {f"toolsync.duration.courses_delete.{step}" for step in ("validate", "plan", "archive")}
    assert not [name for name in heard if name.startswith("toolsync.lines")], "the file comes again"
    assert site.changed(pristine) == []
    assert found(cabinet) == ["inbox/old courses.csv"]
    assert (cabinet.folder("inbox") / "old courses.csv").read_text() == FILE
    [report] = cabinet.folder("report").glob("*.txt")
    assert "Rejected by ana on " in report.read_text()


def test_a_file_put_back_overwrites_no_other(
    site: Site, cabinet: Cabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from toolsync.operators.approve import ApproveOperator

    drop(cabinet, tmp_path)
    form = ApproveOperator._tell

    def drop_another(self: ApproveOperator, approval: Any) -> Any:
        drop(cabinet, tmp_path, "shortname\nOTHER\n")
        return form(self, approval)

    monkeypatch.setattr(ApproveOperator, "_tell", drop_another)
    assert site.run(DAG_ID, approve="no")["returned"].endswith("inbox/old courses~2.csv")
    assert (cabinet.folder("inbox") / "old courses.csv").read_text() == "shortname\nOTHER\n"
    assert (cabinet.folder("inbox") / "old courses~2.csv").read_text() == FILE


def test_nobody_answers_in_time(
    site: Site, pristine: Site, cabinet: Cabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(settings(), "protection", {**settings()["protection"], "answer_within_hours": 48})
    drop(cabinet, tmp_path)
    with in_airflow(monkeypatch, "Reject", responded_by_user=None, params_input={}, timedout=True) as asked:
        result = site.run(DAG_ID)
    assert asked[0].response_timeout.total_seconds() == 48 * 3600 and asked[0].defaults == ["Reject"]
    assert (result["approval"]["by"], result["approval"]["reason"]) == ("nobody", "nobody answered within 48 hours")
    assert found(cabinet) == ["inbox/old courses.csv"]
    assert site.changed(pristine) == []


def test_execute_checks_the_decision_itself(
    site: Site, pristine: Site, cabinet: Cabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Marking the task as success approves nothing."""
    drop(cabinet, tmp_path)
    monkeypatch.setattr("toolsync.operators.approve.ApproveOperator.process", lambda *args: None)
    assert site.run(DAG_ID)["state"] == "failed"
    assert site.changed(pristine) == []
    assert len(found(cabinet, "inbox", "tryback", "archive")) == 0
    monkeypatch.undo()
    monkeypatch.setenv("TOOLSYNC_CABINET", str(cabinet.root.parent))
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", site.connection(dataroot=tmp_path / "moodledata"))
    assert site.run(DAG_ID)["state"] == "awaiting approval"
    assert found(cabinet) == ["inbox/old courses.csv"]


# Changes between the plan and its execution


def visit(site: Site, days_ago: float = 0) -> None:
    site.rows(
        "INSERT INTO {user_lastaccess} (userid, courseid, timeaccess) SELECT 7, id, UNIX_TIMESTAMP() - %s FROM {course} WHERE shortname = 'C106'",
        (int(days_ago * 86400),),
    )


def rename(site: Site) -> None:
    site.rows("UPDATE {course} SET shortname = CONCAT('X', shortname) WHERE shortname IN ('C106', 'C108')")
    site.rows("UPDATE {course} SET shortname = 'C106' WHERE shortname = 'XC108'")


@pytest.fixture(params=["SQL and Python", "Python alone"])
def guarded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What compares lines with the plan: the SQL of the type, or Python for types whose SQL does not."""
    if request.param == "Python alone":

        def without_plan(**facts: Any) -> Occasion:
            return Occasion(**{**facts, "approved_plan": False})

        monkeypatch.setattr("toolsync.operators.execute.Occasion", without_plan)


def once_asked(monkeypatch: pytest.MonkeyPatch, change: Callable[[], Any]) -> None:
    """Between plan and execution."""
    from toolsync.operators.approve import ApproveOperator

    ask = ApproveOperator.process

    def ask_then_change(self: ApproveOperator, *args: Any) -> Any:
        answer = ask(self, *args)
        change()
        return answer

    monkeypatch.setattr(ApproveOperator, "process", ask_then_change)


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize(("change", "says"), [(visit, "since the plan was made"), (rename, "was not approved")])
def test_a_line_that_is_not_what_was_approved_fails_and_the_others_are_done(
    site: Site, monkeypatch: pytest.MonkeyPatch, change: Callable[[Site], None], says: str
):
    once_asked(monkeypatch, lambda: change(site))
    courses = site.value("SELECT COUNT(*) FROM {course}")
    result = site.run(DAG_ID, FILE, approve="yes")
    assert result["state"] == "success"
    assert (result["counts"]["deleted"], result["counts"]["failed"]) == (1, 2)
    assert site.value("SELECT COUNT(*) FROM {course}") == courses - 1
    assert site.value("SELECT COUNT(*) FROM {course} WHERE shortname = 'C107'") == 0
    text = Path(result["report"]).read_text()
    [told] = [line for line in text.splitlines() if line.startswith("  line 2") and "Drop the line again" in line]
    assert says in told
    assert Path(result["tryback"]).read_text() == "shortname\nC106\nNOWHERE\n"


@pytest.mark.usefixtures("guarded")
def test_a_line_that_failed_when_the_plan_was_made_says_why(site: Site, monkeypatch: pytest.MonkeyPatch):
    refuses = "IF OLD.shortname = 'C106' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF"
    trigger = f"CREATE TRIGGER zz BEFORE DELETE ON {{course}} FOR EACH ROW BEGIN {refuses}; END"
    with altered(site, trigger, "DROP TRIGGER IF EXISTS zz"):
        once_asked(monkeypatch, lambda: site.rows("DROP TRIGGER zz"))
        result = site.run(DAG_ID, FILE, approve="yes")
    assert (result["counts"]["deleted"], result["counts"]["failed"]) == (1, 2)
    why = "this line failed when the plan was made: the database refuses this line: not this one. Drop the line again"
    assert why in Path(result["report"]).read_text()


# Crashes

MOMENTS = [
    ("toolsync.running.batches:BatchRun._totals", "after"),
    ("toolsync.operators.plan:PlanOperator.process", "after"),
    ("toolsync.operators.approve:ApproveOperator._decide", "before"),
    ("toolsync.operators.approve:ApproveOperator._decide", "after"),
]
MOMENTS_OF_YES = [
    ("toolsync.running.ledger:Ledger.enter", "after"),
    ("toolsync.moodle.session:MoodleSession.commit", "before"),
    ("toolsync.moodle.session:MoodleSession.commit", "after"),
    ("toolsync.cabinet.folders:Cabinet.archive", "before"),
]
MOMENTS_OF_NO = [
    ("toolsync.cabinet.folders:Cabinet.reserve", "before"),
    ("toolsync.cabinet.folders:Cabinet.reserve", "after"),
    ("toolsync.operators.archive:write_report", "after"),
    ("toolsync.cabinet.folders:Cabinet.put_back", "after"),
]


def holding(cabinet: Cabinet) -> list[str]:
    """The folders that hold the command file."""
    names = ("inbox", "work", "tryback", "archive")
    paths = ((name, path) for name in names for path in cabinet.folder(name).rglob("*"))
    return [name for name, path in paths if path.is_file() and path.read_text() == FILE]


@pytest.mark.parametrize(("where", "when"), MOMENTS + MOMENTS_OF_YES)
def test_after_a_kill_at_any_point_what_was_approved_is_done(
    site: Site, cabinet: Cabinet, tmp_path: Path, where: str, when: str
):
    drop(cabinet, tmp_path)
    killed(where, when, DAG_ID, "--approve", "yes", real=EVERYTHING and (where, when) == MOMENTS[0])
    assert holding(cabinet) == ["work"]
    result = site.run(DAG_ID)
    assert result["state"] == "success"
    assert result["counts"]["deleted"] == 2
    assert site.value(GONE) == 0
    assert holding(cabinet) == ["archive"]
    assert found(cabinet, "inbox", "work") == []
    assert len(found(cabinet, "undo")) == 5  # bundle and index of two courses, and the index of the run


@pytest.mark.parametrize(("where", "when"), sample(MOMENTS + MOMENTS_OF_NO, 2))
def test_after_a_kill_at_any_point_what_was_rejected_is_not_done(
    site: Site, pristine: Site, cabinet: Cabinet, tmp_path: Path, where: str, when: str
):
    drop(cabinet, tmp_path)
    killed(where, when, DAG_ID, "--approve", "no")
    assert len(holding(cabinet)) == 1
    assert site.run(DAG_ID)["state"] in {"not approved", "awaiting approval"}
    assert found(cabinet) == ["inbox/old courses.csv"]
    assert holding(cabinet) == ["inbox"]
    assert site.changed(pristine) == []


def test_an_answer_in_advance_does_not_count_for_files_of_a_dead_run(
    site: Site, pristine: Site, cabinet: Cabinet, tmp_path: Path
):
    drop(cabinet, tmp_path)
    killed("toolsync.operators.plan:PlanOperator.process", "after", DAG_ID, "--approve", "no")
    assert site.run(DAG_ID, "shortname\nC108\n", approve="yes")["counts"]["deleted"] == 1
    assert holding(cabinet) == ["work"]
    assert site.run(DAG_ID, approve="yes")["state"] == "not approved"
    assert found(cabinet, "inbox") == ["inbox/old courses.csv"]
    assert site.value(GONE) == 2


# Formats


def plan_of(number: int) -> list[dict[str, Any]]:
    return [
        {
            "line": line, "courseid": line, "shortname": f"C{line}", "fullname": "A | <b>*bold*</b>\n[x](http://y) `z`", "people": 1200,
            "lastaccess": 1777622400 if line == 1 else None, "files": line, "bytes": 1_500_000,
        }
        for line in range(1, number + 1)
    ]  # fmt: skip


def test_names_are_escaped_in_the_form():
    head, rule, row = markdown(plan_of(1))
    assert head.startswith("| line | courseid | shortname | fullname | people | last access |")
    assert rule.count("|") == head.count("|")
    assert row.replace("\\|", "").count("|") == head.count("|")
    assert r"A \| \<b\>\*bold\*\<\/b\> \[x\]\(http\:\/\/y\) \`z\`" in row
    assert "| 1\\,200 | 2026\\-05\\-01 08\\:00 UTC | 1 | 1\\.5 MB |" in row


def test_a_long_plan_is_cut():
    rows = plan_of(SHOWN + 1)
    more = "… and 1 more; the report's table …_plan.csv lists them all"
    assert plan_lines(rows)[-1] == list(markdown(rows))[-1].strip() == more
    wide = [{**row, "fullname": "漢" * 200, "shortname": "字" * 200, "category": "語" * 200} for row in rows]
    assert len("\n".join(markdown(wide)).encode()) < 60_000


def test_totals():
    total = Totals.of(plan_of(2))
    assert total.sentence() == "2 courses: 2,400 people enrolled, 3 files (3.0 MB), last access 2026-05-01 08:00 UTC"
    assert Totals.of([]).sentence() == "0 things"
    assert [size(number) for number in (0, 999, 1000, 999_900, 123_456_789)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1000 kB",
        "123 MB",
    ]
    assert cell("lastaccess", 0) == "never"

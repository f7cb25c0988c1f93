"""What a run tells: its note, its logs, its links, its asset events, and the same again when somebody clears a task."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from tests.support.site import Site
from toolsync import starting
from toolsync.cabinet import durability
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import Failure, TryAgain
from toolsync.reporting import listener
from toolsync.reporting.verdict import MESSAGE
from toolsync.run import load_dag

HEADER = "username,firstname,lastname,email\n"
ADA, BAD = "ada,Ada,Lovelace,ada@example.org\n", "no.last,No,,x@example.org\n"


@pytest.mark.in_airflow
@pytest.mark.usefixtures("airflow")
def test_what_airflow_shows_of_a_run(site: Site, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]):
    from airflow.utils.session import create_session

    done = site.run("toolsync_users", HEADER + ADA + BAD, fail_over="10%")
    # Red, and all the work kept.
    assert done["state"] == "failed"
    assert done["failed_over"] == "1 of 2 lines failed or are incomplete: more than Param fail_over (10%) allows."
    assert [done["failed_over"] in message for message in done["messages"]] == [True]
    assert Path(done["archive"]).exists() and Path(done["tryback"]).read_text() == HEADER + BAD
    text = Path(done["report"]).read_text()
    assert f"TOO MANY FAILED: {done['failed_over']}" in text
    assert f"Next: correct the line in {done['tryback']} and drop it into " in text
    # The contract of the JSON report.
    assert {name: done[name] for name in ("type", "dag_id", "unit", "reading", "refused")} == {
        "type": "users", "dag_id": "toolsync_users", "unit": "line", "reading": {"delimiter": ",", "encoding": "utf-8"}, "refused": False,
    }  # fmt: skip
    assert Path(done["docs"]).exists() and done["claim"] in done["report"] and done["by"]
    # A sentence, no traceback.
    printed = capsys.readouterr().out
    assert "Task exited" in printed and "Task failed with exception" not in printed and "Traceback" not in printed
    with create_session() as session:
        run = latest_run(session)
        assert run.run_id == done["run_id"]
        listener.on_dag_run_failed(run, "as the scheduler does")
        session.flush()
        assert run.note == "command.csv: 2 lines, 1 created, 1 failed · too many failed"
        (event,) = events_of(session, run.run_id)
        assert event.extra == {"file": "command.csv", "claim": done["claim"], "counts": {"created": 1, "failed": 1}}
        check_notes(run, session, caplog)
    check_links(run.dag_id, run.run_id, done)

    for simulate in (True, False):  # nothing changes: no event
        text = HEADER + (ADA.replace("ada", "bda") if simulate else ADA)
        again = site.run("toolsync_users", text, simulate=simulate)
        assert again["state"] == "success" and again["failed_over"] is None
        with create_session() as session:
            run = latest_run(session)
            listener.on_dag_run_success(run, "as the scheduler does")
            assert run.note == f"command.csv: 1 line, 1 {'created · simulation' if simulate else 'unchanged'}"
            assert events_of(session, run.run_id) == []


def check_links(of_dag: str, run_id: str, done: dict[str, Any]) -> None:
    """The links of a task of the file lead to what there is, those of others nowhere."""
    from toolsync.operators.links import LINKS, operators_of_files

    def links(task_id: str, map_index: int = -1, dag_id: str = of_dag) -> dict[str, str]:
        key: Any = SimpleNamespace(dag_id=dag_id, task_id=task_id, run_id=run_id, map_index=map_index)
        return {link.name: link.get_link(None, ti_key=key) for link in LINKS}

    assert links("file.execute", 0) == {
        "Report": f"/toolsync/#/reports/toolsync_users/{done['claim']}",
        "Tryback": f"/toolsync/#/trybacks/toolsync_users/{Path(done['tryback']).name}",
        "Data Docs": f"/toolsync/api/dags/toolsync_users/reports/{done['claim']}/files/docs",
    }
    until_then = links("file.execute", 1)
    assert until_then.pop("Report").startswith("/toolsync/#/runs/toolsync_users/manual__20")
    assert not any([*until_then.values(), *links("collect").values(), *links("file.execute", 0, "another").values()])
    with patch("toolsync.operators.links.operators_of_files", side_effect=ImportError("no such module")):
        assert LINKS[0].operators == [], "other DAGs have pages"
    names = {operator.__name__ for operator in operators_of_files()}
    assert {"ArchiveOperator", "ExecuteCoursesOperator", "NoTrybackOperator", "ArchivePicturesOperator"} <= names


def check_notes(run: Any, session: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A cleared run replaces its note, what a person wrote stays, and no error gets out."""
    verdict = run.note
    for person in ("for HR", "Second thoughts:\n\n- one"):
        run.dag_run_note.content, run.dag_run_note.user_id = person, "42"
        for _ in range(2):
            listener.write_note(run, failed=True)
            assert run.note == f"Tool Sync: {verdict}\n\n{person}" and run.dag_run_note.user_id == "42"
    run.dag_run_note.content = "x" * 990
    listener.write_note(run, failed=True)
    assert run.note == "x" * 990, "there is no room"
    run.dag_run_note = None
    session.flush()
    pictured: Any = SimpleNamespace(dag_run_note=None)
    listener._write(pictured, "a.csv: rejected: unknown column ![x](https://example.org/x.png)")
    assert "![x] (https" in pictured.dag_run_note.content  # Markdown, which would show the picture
    caplog.clear()
    broken: Any
    for broken in (SimpleNamespace(dag_id="toolsync_users", run_id="r"), SimpleNamespace(dag_id="another")):
        listener.write_note(broken, failed=True)
    assert caplog.text.count("No note was written on run r") == 1


def latest_run(session: Any) -> Any:
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    return session.scalars(select(DagRun).order_by(DagRun.id.desc()).limit(1)).one()


def events_of(session: Any, run_id: str) -> list[Any]:
    from airflow.models.asset import AssetEvent
    from sqlalchemy import select

    return list(session.scalars(select(AssetEvent).where(AssetEvent.source_run_id == run_id)))


class Kept(dict):
    """What Airflow keeps for a task."""

    def set(self, key: str, value: Any, **_: Any) -> None:
        self[key] = json.loads(json.dumps(value))


def context_of(task: Any, **conf: Any) -> Any:
    params = task.dag.params.dump() | conf
    run = SimpleNamespace(conf=conf, run_type="manual", triggering_user_name="ada")
    pushed: dict[str, Any] = {}
    return {
        "dag": task.dag, "params": params, "run_id": "manual__story", "dag_run": run, "pushed": pushed, "outlet_events": defaultdict(lambda: SimpleNamespace(extra={})),
        "ti": SimpleNamespace(xcom_push=pushed.__setitem__), "task_state_store": Kept(),
    }  # fmt: skip


class Log:
    """What a task logs."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.facts: list[dict[str, Any]] = []

    def log(self, _level: int, text: str, *values: Any) -> None:
        self.lines.append(text % values if values else text)

    def info(self, text: str, *values: Any, **facts: Any) -> None:
        self.log(logging.INFO, text, *values)
        self.facts += [facts] if facts else []

    warning = error = info


def test_a_cleared_task_says_the_same_again(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIRFLOW__LOGGING__JSON_LOGS", "True")
    facts: list[dict[str, Any]] = []  # what programs find in the logs: each file once
    (tmp_path / "mounts").write_text("overlay / overlay rw 0 0\n")
    monkeypatch.setattr(durability, "MOUNTS", tmp_path / "mounts")
    cabinet, dag = Cabinet("users"), load_dag("toolsync_users")
    collect = dag.get_task("collect")

    def drop(name: str, text: str) -> None:
        (tmp_path / name).write_text(text)
        cabinet.put(tmp_path / name)

    def told(task: Any, context: Any) -> tuple[Any, list[str]]:
        """What a task returns, or fails with, and its log."""
        task._cached_logger = log = Log()
        try:
            returned = task.execute(context)
        except (Failure, AirflowSkipException) as ended:
            returned = f"{type(ended).__name__}: {ended}"
        facts.extend(log.facts)
        return returned, [line for line in log.lines if "outside of the Task Runner" not in line]

    drop("good.csv", HEADER + ADA + BAD)
    drop("rejected.csv", "username,nam\n1,2\n")
    context = context_of(collect)
    claims, log = told(collect, context)
    assert [claim["name"] for claim in claims] == ["good.csv", "rejected.csv"]
    assert log[0] == f"good.csv is claimed as {claims[0]['id']} (93 bytes)." and log[-1] == "This run takes 2 files."
    assert len([line for line in log if "in the container's own layer (overlay)" in line]) == 1
    drop("later.csv", HEADER + ADA)
    again, log_again = told(collect, context)
    assert again == claims and log_again[1:] == log
    assert [path.name for path in cabinet.folder("inbox").iterdir()] == ["later.csv"]

    for claim in claims:
        first: dict[str, Any] = {}
        tasks: list[Any] = [dag.get_task(f"file.{name}") for name in ("validate", "execute", "tryback", "archive")]
        for task in tasks:
            if claim["name"] == "rejected.csv" and task.task_id == "file.execute":
                continue
            task.claim = claim
            first[task.task_id] = told(task, context_of(task))
            assert first[task.task_id][1], f"{task.task_id} says nothing"
        last_context = context_of(tasks[-1])
        for task in tasks:
            if task.task_id in first:
                returned, log = told(task, last_context)
                assert returned == first[task.task_id][0]
                assert log[0] == f"{claim['name']} was finished before. What became of it:"
        report = Path(str(returned_report(cabinet, claim))).read_text()
        for line in report.splitlines():
            if line != "Columns of this type:":  # which folds, as there are many
                assert line in log, "the log of archive is the report"
                assert line in first["file.archive"][1]
    assert [(found["toolsync"]["file"], found["toolsync"]["end"]) for found in facts] == [
        ("good.csv", "done"),
        ("rejected.csv", "rejected"),
    ]
    ended = first["file.archive"][0]
    assert (
        ended.startswith("Failure: rejected.csv was rejected: unknown column nam")
        and last_context["pushed"][MESSAGE] in ended
    )
    assert (
        "Columns of this type:" in report and "\n  username\n" in report and "_tryback.csv and drop it into " in report
    )


def returned_report(cabinet: Cabinet, claim: dict[str, Any]) -> Any:
    return (cabinet.result(Claim(**claim)) or {})["report"]


@pytest.mark.parametrize(
    ("reason", "action"),
    [
        (AirflowFailException("Param x: …"), RetryAction.FAIL),
        (AirflowException("The server is away."), RetryAction.DEFAULT),
    ],
)
def test_what_has_words_ends_a_task_without_a_traceback(reason: Exception, action: RetryAction):
    """Airflow logs the traceback of every exception but SystemExit."""
    task: Any = load_dag("toolsync_users").get_task("collect")
    context = context_of(task)
    task.perform = lambda _context: (_ for _ in ()).throw(reason)
    with pytest.raises(SystemExit) as ended:
        task.execute(context)
    assert str(ended.value) == str(reason) == context["pushed"][MESSAGE] and ended.value.code == 1
    assert task.retry_policy.evaluate(ended.value, 1, 3).action == action
    assert TryAgain().evaluate(ValueError("unknown"), 1, 3).action == RetryAction.DEFAULT


def test_there_are_inboxes_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    starting.on_starting(SimpleNamespace())  # a task
    assert not (tmp_path / "cabinet").exists()
    job = type("Job", (), {})()  # the scheduler
    starting.on_starting(job)
    inboxes = {path.parent.name for path in (tmp_path / "cabinet").glob("*/inbox")}
    assert {"users", "user_pictures", "courses_delete"} <= inboxes and "categories_clean" not in inboxes
    (tmp_path / "file").touch()
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "file"))
    starting.on_starting(job)
    assert "The inboxes were not made" in caplog.text
    monkeypatch.setenv("TOOLSYNC_CABINET", "s3://conn@bucket/cabinet")
    starting.on_starting(job)

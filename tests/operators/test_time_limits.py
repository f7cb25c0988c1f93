"""Locks of others, statements and tasks that take too long: the run gives way, ends in a sentence, and goes on where it stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import MySQLdb
import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from tests.support.dag_runs import HOME
from tests.support.site import Site
from toolsync import by_hand, settings
from toolsync.moodle import hook
from toolsync.moodle.errors import explained
from toolsync.moodle.hook import MoodleHook
from toolsync.operators.approve import ApproveOperator
from toolsync.operators.base import in_words
from toolsync.run import load_dag
from toolsync.sites import the_site

pytestmark = [pytest.mark.usefixtures("airflow"), pytest.mark.in_airflow]

HEADER = "username,firstname,lastname,email\n"
# Two new accounts, a change of one that is there, and another new one.
PEOPLE = [
    "ada,Ada,Lovelace,ada@example.org",
    "alan,Alan,Turing,alan@example.org",
    "u001,Changed,Name,u001@example.org",
    "grace,Grace,Hopper,grace@example.org",
]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.settings(), "batch_lines", 2)
    monkeypatch.setitem(settings.settings(), "batch_seconds", None)


@contextmanager
def row_locked(site: Site) -> Iterator[Any]:
    """A transaction of somebody else that keeps the account `u001` locked; it can be ended with `commit`."""
    connection = site.connect()
    connection.autocommit(False)
    try:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE mdl_user SET lastip = '10.0.0.1' WHERE mnethostid = 1 AND username = 'u001'")
        yield connection
    finally:
        connection.close()


def people_file() -> str:
    return HEADER + "\n".join(PEOPLE) + "\n"


def is_complete(site: Site) -> bool:
    found = site.rows(
        "SELECT username, COUNT(*) FROM {user} WHERE username IN ('ada', 'alan', 'grace') GROUP BY username"
    )
    changed = site.value("SELECT firstname FROM {user} WHERE username = 'u001'")
    return len(found) == 3 and all(count == 1 for _, count in found) and changed == "Changed"


# Locks


def test_a_session_waits_briefly(site: Site, monkeypatch: pytest.MonkeyPatch):
    statements = "max_execution_time / 1000" if site.is_mysql else "max_statement_time"
    names = ("innodb_lock_wait_timeout", "lock_wait_timeout", statements)
    limits = f"SELECT {', '.join(f'@@{name}' for name in names)}"
    with MoodleHook().session() as session:
        assert session.rows(limits) == [(3, 3, 600)]
    with MoodleHook().snapshot() as session:
        assert session.rows(limits) == [(3, 3, 600)]
    servers = site.rows(f"SELECT {', '.join(f'@@global.{name}' for name in names)}")
    for name in ("lock_wait_seconds", "statement_seconds"):
        monkeypatch.setitem(settings.settings(), name, None)
    with MoodleHook().session() as session:
        assert session.rows(limits) == servers


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lock_wait_seconds", 0.5, "lock_wait_seconds: expected a whole number of at least 1, or null, found 0.5"),
        ("lock_wait_seconds", "3 s", "lock_wait_seconds: expected a whole number of at least 1, or null, found '3 s'"),
        ("statement_seconds", 0, "statement_seconds: expected a number of at least 1, or null, found 0"),
        ("task_hours", True, "task_hours: expected a number of at least 0.01, or null, found True"),
    ],
)
def test_limits_that_make_no_sense_are_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str, value: Any, words: str
):
    monkeypatch.setitem(settings.settings(), name, value)
    with pytest.raises(AirflowFailException, match=rf"^include/toolsync.yaml, line \d+, {words}"), in_words(the_site()):
        _ = the_site().task_hours
        with MoodleHook().session():
            pass


def test_a_batch_gives_way_to_people_and_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings.settings(), "lock_wait_seconds", 1)
    waited: list[float] = []

    def somebody(theirs: Any) -> None:
        time.sleep(1)
        # Another row, which the batch may have locked while it waits for the first.
        began = time.perf_counter()
        site.rows("UPDATE {user} SET lastip = '10.0.0.2' WHERE mnethostid = 1 AND username = 'u002'")
        waited.append(time.perf_counter() - began)
        time.sleep(1.5)
        theirs.commit()

    with row_locked(site) as theirs:
        person = threading.Thread(target=somebody, args=(theirs,))
        person.start()
        result = site.run("toolsync_users", people_file() + "u002,Other,Name,u002@example.org\n")
        person.join()
    assert result["state"] == "success" and is_complete(site)
    assert site.value("SELECT lastip FROM {user} WHERE username = 'u001'") == "10.0.0.1"
    assert waited[0] < 2


def test_a_run_that_has_gone_silent_loses_its_locks(site: Site, monkeypatch: pytest.MonkeyPatch):
    """As that of a machine without power: its connection stays open, and nothing comes over it."""
    monkeypatch.setattr(hook, "SILENT_SECONDS", 1)
    change = "UPDATE {user} SET lastip = '10.0.0.1' WHERE mnethostid = 1 AND username = 'u001'"
    with pytest.raises(AirflowException), MoodleHook().session(lock_seconds=1) as session:
        session.execute(change)
        site.rows(change)  # waits for the row, as Moodle does
        session.execute("SELECT 1")
    with MoodleHook().session(lock_seconds=1) as session:
        assert session.value("SELECT @@wait_timeout") == 1


# Statements


def test_a_statement_that_takes_too_long_ends_the_run_in_a_sentence(site: Site, monkeypatch: pytest.MonkeyPatch):
    if site.is_mysql:
        pytest.skip("MySQL ends only statements that read, this one writes")
    monkeypatch.setitem(settings.settings(), "lock_wait_seconds", 60)
    monkeypatch.setitem(settings.settings(), "statement_seconds", 1)
    with row_locked(site):
        result = site.run("toolsync_users", people_file())
        assert site.value("SELECT COUNT(*) FROM {user} WHERE username = 'grace'") == 0
    assert result["state"] == "failed"
    told = result["messages"][0]
    assert told.startswith("A statement took longer than `statement_seconds` (include/toolsync.yaml) (")
    assert "; in include/sql/users/" in told
    assert "the file goes on there when the task is cleared or the DAG runs again" in told
    assert site.run("toolsync_users")["state"] == "success" and is_complete(site)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1969, "A statement took longer than `statement_seconds`"),
        (3024, "A statement took longer than `statement_seconds`"),
        (1317, "A statement was ended by somebody"),
        (28, "no room left on one of its disks"),
        (1021, "no room left on one of its disks"),
        (1026, "no room left on one of its disks"),
    ],
)
def test_what_ends_a_statement_has_words(code: int, words: str):
    with pytest.raises(AirflowException, match=words) as failure, explained():
        raise MySQLdb.OperationalError(code, 'what the server says (Errcode: 28 "No space left on device")')
    assert not isinstance(failure.value, AirflowFailException)


# Tasks


def test_a_task_that_takes_too_long_ends_as_any_stop_does(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings.settings(), "lock_wait_seconds", 1)
    (file := HOME / "command.csv").write_text(people_file())
    dag = load_dag("toolsync_users")
    dag.get_task("file.execute").execution_timeout = timedelta(seconds=3)
    with row_locked(site):
        result = by_hand.run(dag, file, {})
        assert site.value("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'toolsync'") == 0
    assert result["state"] == "failed"
    assert result["messages"][0].startswith(
        "The task took longer than `task_hours` (include/toolsync.yaml), so it was stopped."
    )
    assert "is not finished. It stays in" in result["messages"][-1]
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username IN ('ada', 'alan')") == 2
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username = 'grace'") == 0
    assert site.run("toolsync_users")["state"] == "success" and is_complete(site)


def test_a_stopped_task_was_not_stopped_by_a_person(site: Site):
    (file := HOME / "command.csv").write_text(people_file())
    dag = load_dag("toolsync_users")
    dag.get_task("file.execute").execution_timeout = timedelta(seconds=1)
    with row_locked(site):
        by_hand.run(dag, file, {})
    assert not by_hand.stopped.is_set()


def answer_time(dag: DAG) -> timedelta | None:
    task = dag.get_task("file.approve")
    assert isinstance(task, ApproveOperator)
    return task.response_timeout


def test_tasks_have_a_limit_and_answers_have_their_own(monkeypatch: pytest.MonkeyPatch):
    dag = load_dag("toolsync_courses_delete")
    limits = {task.task_id: task.execution_timeout for task in dag.tasks}
    assert limits.pop("file.approve") is None
    assert set(limits.values()) == {timedelta(hours=12)}
    assert answer_time(dag) is None
    monkeypatch.setitem(settings.settings(), "task_hours", None)
    monkeypatch.setitem(settings.settings()["protection"], "answer_within_hours", 48)
    dag = load_dag("toolsync_courses_delete")
    assert {task.execution_timeout for task in dag.tasks} == {None}
    assert answer_time(dag) == timedelta(hours=48)

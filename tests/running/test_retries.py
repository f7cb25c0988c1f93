"""A lock error, or a lost connection, at any statement of any type: in the end the file did what it does without."""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import MySQLdb
import pytest

from tests.support.differ import Differ
from tests.support.faults import CONFLICTS, PHASES, Statements, deadlock, lost
from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from tests.support.torture import TIMES, seeds
from tests.support.undo import delete, restore
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.running.sql_folder import SqlFolder
from toolsync.running.state import RunState
from toolsync.settings import ROOT, settings

pytestmark = pytest.mark.usefixtures("airflow")

Result = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A command file.

    :param run: runs it.
    :param again: runs the DAG once more, with what lies in the work folder.
    :param differences: what differs from what it should do; `[]`: nothing.
    :param prepare: makes the site what the file finds, before anything goes wrong.
    """

    run: Callable[[Site], Result]
    again: Callable[[Site], Result]
    differences: Callable[[Site, Site], Any]
    prepare: Callable[[Site], Any] = lambda site: None


def of_scenario(name: str) -> Case:
    scenario = SCENARIOS[name]
    return Case(
        scenario.run,
        lambda site: site.run(scenario.dag_id, approve="yes", **scenario.params),
        scenario.differences,
    )


def back_again(site: Site, pristine: Site) -> Any:
    """What differs from the site before its course was deleted; notifications and counters aside."""
    connection = site.connect()
    try:
        changes = Differ(connection, pristine.database, site.database, 0).changes()
    finally:
        connection.close()
    return [table for table in changes if table not in ("course", "grade_grades_history")]


RESTORE = Case(
    lambda site: restore(site, "C101", "C102"),
    lambda site: site.run("toolsync_courses_restore"),
    back_again,
    lambda site: delete(site, "C101", "C102"),
)
USERS = SCENARIOS.get("users-rename")
UNDONE: dict[str, str] = {}


def run_users(site: Site) -> None:
    assert USERS is not None
    UNDONE["claim"] = USERS.run(site)["claim"]


UNDO = Case(
    lambda site: site.run("toolsync_undo", approve="yes", runs=[UNDONE["claim"]]),
    lambda site: site.run("toolsync_undo", approve="yes"),
    back_again,
    run_users,
)
# One or two of each type, and with Params under which files end with work of their own.
USUAL = [
    "categories-clean-leaves",
    "cohort-bindings-roles-and-groups",
    "cohorts-create-with-members",
    "courses-create-new-category-path",
    "courses-delete-rich",
    "courses-meta-links",
    "enrolments-purge-groups",
    "group-members-purge-empty",
    "groups-update-and-delete",
    "pictures-overwrite-off",
    "reset-grades-and-groups",
    "users-create-full",
    "users-rename",
]
ALL = bool(os.environ.get(TIMES))
CASES = {
    name: of_scenario(name)
    for name in (sorted(SCENARIOS) if ALL else USUAL)
    if name in SCENARIOS  # some stand in a folder beside this repository
} | {"restore": RESTORE, "undo": UNDO}


def test_every_type_is_here():
    types = {SCENARIOS[name].dag_id for name in CASES if name in SCENARIOS} | {
        "toolsync_courses_restore",
        "toolsync_undo",
    }
    dags = {path.stem for path in (ROOT / "dags").glob("toolsync_*.py")}
    writes_nothing = {
        "make_command_file",
        "export",
        "feeds",
        "courses_check",
        "all",
        "cabinet_cleanup",
        "check",
        "history",
    }
    assert dags - types == {f"toolsync_{name}" for name in writes_nothing}


class Written(int):
    """A number of rows. The server counts no row that is given the time again that it has, within the same second; so it differs by a few."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and abs(int(self) - int(other)) <= max(2, int(self) // 20)

    __hash__ = int.__hash__


@dataclass(frozen=True)
class Usual:
    """What a file does when nothing goes wrong."""

    outcomes: list[list[str]]
    differences: Any
    seen: dict[str, int]
    written: dict[str, Written]


_usual: dict[str, Usual] = {}


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def usual(case: str, site: Site, pristine: Site) -> Usual:
    """The file without an error. The site is as before."""
    if case not in _usual:
        CASES[case].prepare(site)
        with Statements().watched() as statements:
            result = CASES[case].run(site)
        assert result["state"] == "success"
        _usual[case] = Usual(
            outcomes(result), CASES[case].differences(site, pristine), dict(statements.seen), written(result)
        )
        site.restore(pristine)
    return _usual[case]


def outcomes(result: Result) -> list[list[str]]:
    """Number, outcome and column of each line and remark."""
    report = Path(result["report"])
    with report.with_name(f"{report.stem}_lines.csv").open(newline="") as stream:
        return [row[:3] for row in csv.reader(stream)]


def written(result: Result) -> dict[str, Written]:
    """How many rows of each table were written; not of Moodle's flags, whose rows hold hardly more than the time."""
    return {table: Written(rows) for table, rows in result["written"].items() if table != "mdl_cache_flags"}


def faults(case: str, usual: Usual, phases: tuple[str, ...], tag: str) -> Iterator[tuple[str, int, random.Random]]:
    """Statements to strike at: one in each phase that the file has, as often as asked."""
    for seed in seeds(1):
        for phase in phases:
            if usual.seen.get(phase):
                chance = random.Random(f"{tag} {case} {phase} {seed}")
                yield phase, chance.randrange(usual.seen[phase]), chance


def test_a_conflict_in_any_phase_is_tried_again(case: str, usual: Usual, site: Site, pristine: Site):
    assert usual.differences == []
    for phase, number, chance in faults(case, usual, PHASES, "conflict"):
        strike = chance.choice(CONFLICTS)
        CASES[case].prepare(site)
        with Statements(phase, number, strike).watched() as statements:
            result = CASES[case].run(site)
        told = f"{strike.__name__} at statement {number} of {phase}"
        assert statements.struck and result["state"] == "success", told
        assert outcomes(result) == usual.outcomes, told
        assert written(result) == usual.written, told
        assert result["took"]["retries"] == 1 or (phase != "work" and result["took"]["retries"] == 0), told
        assert CASES[case].differences(site, pristine) == [], told
        site.restore(pristine)


# The next run needs what a type keeps in memory or elsewhere: one of each kind.
ELSEWHERE = ["courses-delete-rich", "enrolments-purge-groups", "pictures-overwrite-off", "restore", "users-rename"]


@pytest.mark.parametrize("case", list(CASES) if ALL else ELSEWHERE, scope="module")
def test_after_a_lost_connection_the_next_run_finishes(
    case: str, usual: Usual, site: Site, pristine: Site, capfd: pytest.CaptureFixture[str]
):
    phases = PHASES if ALL else (random.Random(f"phase {case}").choice(sorted(usual.seen)),)
    for phase, number, _ in faults(case, usual, phases, "lost"):
        CASES[case].prepare(site)
        with Statements(phase, number, lost(site)).watched() as statements:
            result = CASES[case].run(site)
        told = f"connection lost at statement {number} of {phase}"
        assert statements.struck and result["state"] == "failed", told
        assert "The connection to the database was lost (" in "".join(capfd.readouterr()), told
        result = CASES[case].again(site)
        assert result["state"] == "success", told
        assert (outcomes(result), written(result)) == (usual.outcomes, usual.written), told
        assert CASES[case].differences(site, pristine) == [], told
        site.restore(pristine)


def test_conflicts_that_last_are_told_in_a_sentence(
    site: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(settings(), "lock_attempts", 1)
    with Statements("work", 3, deadlock).watched() as statements:
        assert site.run("toolsync_users", "username,city\nu004,Rome\n")["state"] == "failed"
    assert statements.struck
    assert "Others on the site kept rows locked that this file changes (Deadlock found" in "".join(capfd.readouterr())
    assert site.run("toolsync_users")["counts"]["updated"] == 1


def test_lines_that_the_database_has_lost_are_not_taken_for_done(
    site: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    run = SqlFolder.run

    def lose(folder: SqlFolder, statements: Any) -> None:
        run(folder, statements)
        if statements is folder.touches:
            folder.state.session.execute("DELETE FROM toolsync_row WHERE line = 3")

    monkeypatch.setattr(SqlFolder, "run", lose)
    file = "username,city\nu004,Rome\nu005,Rome\n"
    assert site.run("toolsync_users", file)["state"] == "failed"
    assert "lost the lines that were staged there: 1 of 2 are left" in "".join(capfd.readouterr())
    assert site.value("SELECT COUNT(*) FROM {user} WHERE city = 'Rome'") == 0
    monkeypatch.setattr(SqlFolder, "run", run)
    assert site.run("toolsync_users")["counts"]["updated"] == 2


# What a run remembers besides the rows


def bundles(site: Site) -> list[str]:
    return sorted(path.name for path in Cabinet("courses_delete").folder("undo").glob("*"))


def test_an_attempt_that_was_rolled_back_leaves_no_undo_bundle(site: Site):
    """At the last statement before the commit, somebody else deletes the course."""
    with Statements().watched() as statements:
        delete(site, "C101", simulate=True)
        assert not statements.seen
        delete(site, "C108")
    before = bundles(site)

    def gone_meanwhile(session: MoodleSession) -> None:
        session.rollback()
        site.rows("UPDATE {course} SET shortname = 'C101 of old' WHERE shortname = 'C101'")
        deadlock(session)

    with Statements("around", statements.seen["around"] - 2, gone_meanwhile).watched() as struck:
        result = delete(site, "C101")
    assert struck.struck and result["counts"]["failed"] == 1
    assert bundles(site) == before


def test_undo_bundles_stay_when_nobody_knows_whether_they_are_needed(site: Site, monkeypatch: pytest.MonkeyPatch):
    commit = MoodleSession.commit

    def commit_unheard(session: MoodleSession) -> None:
        monkeypatch.setattr(MoodleSession, "commit", commit)
        commit(session)
        raise MySQLdb.OperationalError(2013, "Lost connection to server during query")

    monkeypatch.setattr(MoodleSession, "commit", commit_unheard)
    assert delete(site, "C101")["state"] == "failed"
    assert site.run("toolsync_courses_delete", require_approval=False)["counts"]["deleted"] == 1
    assert restore(site, "C101")["counts"]["created"] == 1


def test_after_a_savepoint_nothing_is_remembered_of_what_was_undone(site: Site):
    with MoodleHook().session(lock_seconds=1) as session:
        state, done = RunState(session), list[str]()
        state.changed_courses.add(1)
        state.written["mdl_user"] += 1
        state.after_commit.append(lambda: done.append("before"))
        roll_back = state.savepoint("here")
        session.execute("UPDATE {user} SET city = 'Nowhere' WHERE id = 7")
        state.changed_courses.add(2)
        state.written.update(mdl_user=1, mdl_course=1)
        state.after_commit.append(lambda: done.append("undone"))
        roll_back()
        assert state.changed_courses == {1} and state.written == {"mdl_user": 1}
        assert session.value("SELECT city FROM {user} WHERE id = 7") != "Nowhere"
        state.commit()
        assert state.written == {}
    assert done == ["before"]

"""Errors of the database at one statement of an execution: counted in one run, struck in the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import MySQLdb
import pytest

from tests.support.site import Site
from toolsync.course.backup_lines import CoursesRun
from toolsync.moodle.errors import SiteChanged
from toolsync.moodle.session import MoodleSession
from toolsync.moodle.work_tables import WorkTables
from toolsync.running.batches import BatchRun
from toolsync.running.sql_folder import SqlFolder

# The parts of an execution. `around`: staging lines, reading outcomes, marking the batch.
PHASES = ("touches", "work", "end", "around")
Strike = Callable[[MoodleSession], None]


def deadlock(session: MoodleSession) -> None:
    """The server gives the transaction up, as it does with one of two that wait for each other."""
    session.rollback()
    raise MySQLdb.OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction")


def lock_timeout(session: MoodleSession) -> None:
    """The server undoes the statement only: what the transaction did before is still there."""
    raise MySQLdb.OperationalError(1205, "Lock wait timeout exceeded; try restarting transaction")


def record_changed(session: MoodleSession) -> None:
    """MariaDB 11.6 and later, where a statement meets a row that somebody has changed since it began."""
    raise MySQLdb.OperationalError(
        1020, "Record has changed since last read in table 'mdl_user'; try restarting transaction"
    )


def site_changed(session: MoodleSession) -> None:
    raise SiteChanged("somebody added to a course while a template was copied into it")


CONFLICTS: list[Strike] = [deadlock, lock_timeout, record_changed, site_changed]


def lost(site: Site) -> Strike:
    """The connection is killed. The statement itself then finds that out."""

    def kill(session: MoodleSession) -> None:
        site.rows(f"KILL CONNECTION {session.conn.thread_id()}")

    return kill


class Statements:
    """The statements of executions, while `watched`. Plans and simulations don't count.

    :param phase: where to strike.
    :param number: at which statement of that phase, from 0.
    :param strike: what happens there, once; None: nothing.
    """

    def __init__(self, phase: str = "", number: int = 0, strike: Strike | None = None) -> None:
        self.seen: Counter[str] = Counter()  # statements by phase
        self.struck = False
        self._target = (phase, number)
        self._strike = strike
        self._phase: str | None = None  # None: no batch is being executed

    @contextmanager
    def watched(self) -> Iterator[Statements]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("toolsync.running.batches.random.uniform", lambda low, high: 0)
            patch.setattr("toolsync.running.runner.FEW_LINES", -1)  # each statement by itself
            self._follow(patch)
            for owner, method in (
                (MoodleSession, "execute"),
                (MoodleSession, "rows"),
                (MoodleSession, "stream"),
                (WorkTables, "load"),
            ):
                self._count(patch, owner, method)
            yield self

    def _follow(self, patch: pytest.MonkeyPatch) -> None:
        attempt, prepared, run = BatchRun._try, CoursesRun.prepared, SqlFolder.run

        def followed_attempt(batch: Any, *args: Any) -> Any:
            with self._within(None if batch.rehearsal else "around"):
                return attempt(batch, *args)

        def followed_preparation(batch: Any, *args: Any) -> Any:
            with self._within(None if batch.rehearsal else "around"):
                return prepared(batch, *args)

        def followed_run(folder: SqlFolder, statements: Any) -> None:
            inside = {id(folder.touches): "touches", id(folder.work): "work", id(folder.end): "end"}[id(statements)]
            with self._within(self._phase and inside):
                run(folder, statements)

        patch.setattr(BatchRun, "_try", followed_attempt)
        patch.setattr(CoursesRun, "prepared", followed_preparation)
        patch.setattr(SqlFolder, "run", followed_run)

    @contextmanager
    def _within(self, phase: str | None) -> Iterator[None]:
        before, self._phase = self._phase, phase
        try:
            yield
        finally:
            self._phase = before

    def _count(self, patch: pytest.MonkeyPatch, owner: type, method: str) -> None:
        original = getattr(owner, method)

        def counted(of: Any, *args: Any, **kwargs: Any) -> Any:
            self._next(of if isinstance(of, MoodleSession) else of._session)
            return original(of, *args, **kwargs)

        patch.setattr(owner, method, counted)

    def _next(self, session: MoodleSession) -> None:
        if self._phase is None:
            return
        here = (self._phase, self.seen[self._phase])
        self.seen[self._phase] += 1
        if self._strike and not self.struck and here == self._target:
            self.struck = True
            self._strike(session)

"""The site in a transaction that is never committed, and files executed there, below the DAG: an example takes a fraction of a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import settings

from tests.support.differ import Differ
from tests.support.generated import File
from tests.support.site import Site
from toolsync.functions import sql_folder
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.reading.command_file import CommandFile
from toolsync.reading.staging import Stager
from toolsync.reading.suite import load_suite
from toolsync.reading.values import read_zone
from toolsync.reporting.outcomes import Outcomes
from toolsync.run import load_dag
from toolsync.running.execution import Execution, StagedLine
from toolsync.running.sql_folder import Occasion, SqlFolder
from toolsync.running.state import RunState

EXAMPLES = settings(derandomize=True, database=None, deadline=None)


@cache
def defaults(kind: str) -> dict[str, Any]:
    """The Params of a type with their defaults."""
    return dict(load_dag(f"toolsync_{kind}").params.dump())


def options_of(file: File) -> dict[str, Any]:
    return {**defaults(file.kind), **file.options}


def opened(file: File) -> CommandFile:
    suite = load_suite(file.kind)
    return CommandFile.open(file, suite=suite, key_column=options_of(file)[suite.key.param] if suite.key else None)


@dataclass
class Result:
    """What a file did.

    :param lines: number, status, and whether a part of the line failed.
    :param told: whose rights Moodle is to load again.
    :param stale: topics of caches.
    :param changes: rows that differ from the pristine site's, named so that ids do not count.
    """

    lines: list[tuple[int, str, bool]]
    stale: list[str]
    told: list[tuple[str, str]]
    changes: Any


class Sandbox:
    """A session on the site, in a transaction that is never committed."""

    def __init__(self, session: MoodleSession, pristine: Site) -> None:
        self.session = session
        self.state = RunState(session, snapshot=MoodleHook().snapshot)
        self.now = int(time.time())
        self.differ = Differ(session.conn, pristine.database, session.value("SELECT DATABASE()"), self.now)
        self.batches = 0
        self.folders: dict[str, SqlFolder] = {}

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Roll back what is done inside."""
        self.batches = 0
        try:
            yield
        finally:
            self.state.rollback()

    @contextmanager
    def made(self, file: File) -> Iterator[None]:
        """Prepare the site for the file."""
        with self.undone():
            for step in file.before:
                if isinstance(step, File):
                    self.execute(step)
                else:
                    self.session.execute(step)
            self.session.execute("SAVEPOINT made")
            yield

    def result(self, file: File, batch_lines: int = 10_000) -> Result:
        """Execute a file on the pristine site and find out what it changed."""
        self.session.execute("ROLLBACK TO SAVEPOINT made")
        self.state.tables.drop()
        assert self.state.waiting == []
        outcomes = self.execute(file, batch_lines)
        return Result(told_of(outcomes), sorted(outcomes.stale), self.told(), self.differ.changes())

    def folder(self, file: File, command: CommandFile) -> SqlFolder:
        """The SQL of a file, rendered once for all files with the same columns and Params."""
        key = repr((file.kind, file.columns, file.options))
        if key not in self.folders:
            occasion = Occasion(
                columns=set(command.header.plain), families=set(command.header.families), options=options_of(file)
            )
            self.folders[key] = sql_folder(file.kind, self.state, occasion)
        return self.folders[key]

    def execute(self, file: File, batch_lines: int = 10_000, same: Container[int] = ()) -> Outcomes:
        """Execute a file in batches, each at a later time than the one before.

        :param same: lines that are as in the last file of the data set.
        """
        suite, command = load_suite(file.kind), opened(file)
        stager = Stager(suite, command.header, read_zone(self.session.timezone), self.session.schema.limits)
        lines = [
            StagedLine(record.line, *stager.values(record), stager.misfit(record))
            for some in command.records()
            for record in some
        ]
        folder = self.folder(file, command)
        execution = Execution(folder, [(spec.name, spec.type) for spec in suite.plain_columns])
        outcomes = Outcomes()
        changed = [line for line in lines if line.line not in same]
        for start in range(0, len(changed), batch_lines):
            self.state.more_lines = start + batch_lines < len(changed)
            outcomes.add(self.later(execution.run, changed[start : start + batch_lines]))
        failed = {line for line, status, _, _ in outcomes.lines if status == "failed"}
        left = [line for line in lines if line.line not in failed]
        if folder.end and left:
            outcomes.add(self.later(execution.end, left))
        return outcomes

    def later(self, work: Callable[[Sequence[StagedLine]], Outcomes], lines: Sequence[StagedLine]) -> Outcomes:
        self.batches += 1
        self.session.execute("SET @now = %s, @actor = 2", (self.now + self.batches,))
        return work(lines)

    def told(self) -> list[tuple[str, str]]:
        return self.session.rows(
            "SELECT f.flagtype, COALESCE(IF(u.deleted, u.email, u.username), f.name) AS whose FROM {cache_flags} f "
            "LEFT JOIN {user} u ON f.flagtype = 'accesslib/dirtyusers' AND u.id = f.name ORDER BY 1, 2"
        )


def told_of(outcomes: Outcomes) -> list[tuple[int, str, bool]]:
    incomplete = {line for line, _, _ in outcomes.problems}
    return sorted((line, status, line in incomplete) for line, status, _, _ in outcomes.lines)

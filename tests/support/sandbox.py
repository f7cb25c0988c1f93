"""The site in a transaction that is never committed, and files executed there, below the DAG: an example takes a fraction of a second."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import settings

from tests.conformance import rowdiff
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
TABLE = re.compile(r"`mdl_(\w+)`")
INSERTS = re.compile(r"^\s*(?:REPLACE|INSERT)\b.*?\bINTO (?:`mdl_(\w+)`)?", re.MULTILINE)
STEP_TABLE = re.compile(r"\{(\w+)\}")


@cache
def defaults(kind: str) -> dict[str, Any]:
    """The Params of a type with their defaults."""
    return dict(load_dag(f"toolsync_{kind}").params.dump())


def options_of(file: File) -> dict[str, Any]:
    return {**defaults(file.kind), **file.options}


def written(statement: str) -> set[str]:
    """The tables of the site that a statement may change, possibly with a few others."""
    insert = INSERTS.search(statement)
    if insert:
        return {insert[1]} if insert[1] else set()
    return set() if "SELECT" in statement.split()[0] else set(TABLE.findall(statement))


def opened(file: File) -> CommandFile:
    suite = load_suite(file.kind)
    return CommandFile.open(file, suite=suite, key_column=options_of(file)[suite.key.param] if suite.key else None)


class Differ(rowdiff.Differ):
    """The differences in the tables that matter. The pristine site is read once."""

    def __init__(self, session: MoodleSession, pristine: Site, since: int) -> None:
        self.site = session.value("SELECT DATABASE()")
        super().__init__(session.conn, pristine.database, self.site, since)
        self.tables: set[str] = set()

    def changes_in(self, tables: set[str]) -> Any:
        self.after = rowdiff.Database(self.connection, self.site)
        self.tables = tables
        return json.loads(json.dumps(self.changes()))

    def changed_tables(self) -> list[str]:
        found = []
        for table in self.tables & self.columns.keys():
            if not rowdiff.IGNORED_TABLES.match(table) or table in rowdiff.KEPT_ROWS:
                before, after = self.select(table, self.before), self.select(table, self.after)
                differ = f"(({before}) EXCEPT ({after})) UNION ALL (({after}) EXCEPT ({before}))"
                found.append(f"SELECT '{table}' AS name FROM DUAL WHERE EXISTS ({differ})")
        return sorted(row["name"] for row in self.before.query(" UNION ALL ".join(found)))


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
        self.differ = Differ(session, pristine, self.now)
        self.batches = 0
        self.tables: set[str] = set()  # that may have changed
        self.folders: dict[str, SqlFolder] = {}

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Roll back what is done inside."""
        self.batches = 0
        self.tables.clear()
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
                    self.tables.update(STEP_TABLE.findall(step))
            self.session.execute("SAVEPOINT made")
            yield

    def result(self, file: File, batch_lines: int = 10_000) -> Result:
        """Execute a file on the pristine site and find out what it changed."""
        self.session.execute("ROLLBACK TO SAVEPOINT made")
        outcomes = self.execute(file, batch_lines)
        return Result(told_of(outcomes), sorted(outcomes.stale), self.told(), self.differ.changes_in(self.tables))

    def folder(self, file: File, command: CommandFile) -> SqlFolder:
        """The SQL of a file, rendered once for all files with the same columns and Params."""
        key = repr((file.kind, file.columns, file.options))
        if key not in self.folders:
            occasion = Occasion(
                columns=set(command.header.plain), families=set(command.header.families), options=options_of(file)
            )
            self.folders[key] = sql_folder(file.kind, self.state, occasion)
        return self.folders[key]

    def execute(self, file: File, batch_lines: int = 10_000) -> Outcomes:
        """Execute a file in batches, each at a later time than the one before."""
        suite, command = load_suite(file.kind), opened(file)
        stager = Stager(suite, command.header, read_zone(self.session.timezone))
        lines = [StagedLine(record.line, *stager.values(record)) for some in command.records() for record in some]
        folder = self.folder(file, command)
        for statement in folder.touches + folder.work + folder.end:
            self.tables.update(written(statement.sql))
        execution = Execution(folder, [(spec.name, spec.type) for spec in suite.plain_columns])
        outcomes = Outcomes()
        for start in range(0, len(lines), batch_lines):
            outcomes.add(self.later(execution.run, lines[start : start + batch_lines]))
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

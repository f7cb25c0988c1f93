"""Runs the statements of a type on a session."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from more_itertools import peekable

from toolsync.moodle.errors import COLLATION_ERRORS, error_code
from toolsync.moodle.session import StatementFailed
from toolsync.reading.problems import shown
from toolsync.running.chunks import Chunks
from toolsync.running.state import RunState
from toolsync.running.statements import Statement

FEW_LINES = (
    200  # for up to so many lines, statements are sent together: the way to the server takes longer than they do
)
ROW_TABLE = "toolsync_row"
# Why a statement can't be prepared before the run: Python makes a table of it later; the server prepares no such statement.
NOT_YET = {1054, 1146, 1295}


class Runner:
    """Runs statements in order, without those that would find nothing.

    :param functions: what `-- python:` calls, by name: takes rows and the state, returns rows.
    :param settled: the text of statements that run once a transaction.
    :param on_disks: the tables that are never made in memory.
    """

    def __init__(
        self,
        state: RunState,
        functions: Mapping[str, Callable[[Sequence[Any], RunState], Any]],
        settled: Collection[str] = (),
        on_disks: Collection[str] = (),
    ) -> None:
        self.seconds: dict[str, float] = {}  # that each file has taken so far
        self._state = state
        self._session = state.session
        self._tables = state.tables
        self._functions = functions
        self._chunks = Chunks(state.session, state.tables)
        self._together: list[Statement] = []  # not sent yet
        self._settled = settled
        self._on_disks = on_disks
        self._ran: set[str] = set()  # those of them that ran in this transaction
        self._transaction = -1  # its number

    def run(self, statements: Collection[Statement]) -> None:
        """Run statements; what they put into their tables is there until the next `clean_up`."""
        self._together.clear()  # of a run that failed
        if self._transaction != self._state.transaction:
            self._transaction = self._state.transaction
            self._ran.clear()
        rows = self._tables.most_rows(ROW_TABLE)
        few = rows is not None and rows <= FEW_LINES
        for statement in statements:
            if self._finds_nothing(statement):
                continue
            if self._takes_new_rows_away(statement):
                self._send()
            if few and self._can_wait(statement):
                self._together.append(statement)
            else:
                self._send()
                self._one(statement)
        self._send()

    def compares_two_kinds(self, statement: Statement) -> bool:
        """Whether a statement compares texts of two collations, which the server finds out when it prepares it.

        Of the statements of a type, one after the other: work tables are made and stay empty, settings are read, nothing else is run.
        """
        import MySQLdb

        try:
            if statement.creates or statement.text in self._settled:
                self._run(statement)
            elif not statement.drops:
                self._session.execute("PREPARE toolsync_prepared FROM %s", (statement.sql,))
        except MySQLdb.Error as error:
            if error_code(error) not in COLLATION_ERRORS | NOT_YET:
                raise
            return error_code(error) in COLLATION_ERRORS
        return False

    def _finds_nothing(self, statement: Statement) -> bool:
        """Whether a statement has nothing to do, as far as is known: a table is empty that it needs rows of, or is as it would make it."""
        waiting = {each.fills for each in self._together}
        settled, made = statement.text in self._settled, statement.creates or statement.drops
        if settled or made and made not in waiting and statement.makes_empty:
            if waiting & statement.when:
                self._send()
            done = statement.text in self._ran if settled else self._tables.is_ready(made, self._making(statement))
            return done or not all(map(self._tables.has_rows, statement.when))
        if made and made not in waiting and statement.drops:
            return self._tables.is_defined(made) and self._tables.is_empty(made)
        if any(self._tables.is_empty(name) for name in statement.needs - waiting):
            return True
        if waiting & statement.when or any(self._tables.is_empty(name) for name in statement.needs & waiting):
            self._send()  # it costs less than statements that find nothing
        return not all(map(self._tables.has_rows, statement.when)) or any(map(self._tables.is_empty, statement.needs))

    def _can_wait(self, statement: Statement) -> bool:
        """Whether it can be sent with others. The first that writes to the site is not: from then on, rows are locked."""
        if statement.call or statement.creates or statement.drops:
            return False
        if statement.writes_site and self._state.writes_nothing_yet:
            return False
        if self._state.images and self._state.images.gives_ids(statement):
            return False
        return not statement.chunks or self._chunks.takes_all(statement.chunks)

    def _takes_new_rows_away(self, statement: Statement) -> bool:
        """Whether it may delete rows of the site that one of those that wait inserts: then their ids have to be looked up before."""
        deletes = statement.writes_site and statement.code.startswith("DELETE")
        return deletes and any(each.writes == statement.writes for each in self._together)

    def _one(self, statement: Statement) -> None:
        started = time.perf_counter()
        try:
            self._run(statement)
        except Exception as error:
            _tell(error, statement)
            raise
        self._took(statement, time.perf_counter() - started)

    def _send(self) -> None:
        """Send the statements that wait."""
        if not self._together:
            return
        statements, self._together = self._together, []
        images = self._state.images
        sent: list[tuple[Statement, str]] = []  # each with what is run of it
        for statement in statements:
            if images and (before := images.before(statement)):
                sent.append((statement, before))
            sent.append((statement, statement.sql))
        started = time.perf_counter()
        try:
            counts = self._session.execute_all([sql for _, sql in sent])
        except StatementFailed as failed:
            _tell(failed.error, sent[failed.number][0])
            raise failed.error from None
        seconds = (time.perf_counter() - started) / len(statements)
        inserted: dict[str, list[tuple[Statement, int, int]]] = {}
        for (statement, sql), count, first in zip(sent, counts, self._session.first_ids, strict=True):
            if sql is not statement.sql and images:
                images.kept(statement, count)
                continue
            self._filled(statement, count)
            self._took(statement, seconds)
            if statement.writes:
                inserted.setdefault(statement.writes, []).append((statement, count, first))
        if images:
            for of_table in inserted.values():
                images.after([(statement, count, first) for statement, count, first in of_table])

    def _run(self, statement: Statement) -> None:
        if statement.creates:
            self._create(statement)
        elif self._tables.is_defined(statement.drops):
            self._tables.clear([statement.drops])
        elif call := statement.call:
            rows = self._session.rows(statement.sql)
            if rows and (answer := peekable(self._functions[call.function](rows, self._state))):
                self._tables.load(call.table, self._tables.columns(call.table), answer)
        else:
            if statement.writes_site:
                self._state.locks_from_now()
                self._keep(statement)
            chunks = statement.chunks
            parts = self._chunks.run(statement, chunks) if chunks else [self._session.insert(statement.sql)]
            self._filled(statement, sum(count for count, _ in parts))
            if self._state.images and statement.writes_site:
                self._state.images.after([(statement, count, first) for count, first in parts])

    def _keep(self, statement: Statement) -> None:
        """Keep what a statement will change on the site."""
        if images := self._state.images:
            if before := images.before(statement):
                images.kept(statement, self._session.execute(before))
            images.ids_given(statement)

    def _create(self, statement: Statement) -> None:
        if statement.creates_if_missing and self._tables.is_there(statement.creates):
            return
        if not statement.makes_empty:
            self._session.execute(statement.sql)
            self._tables.made(statement.creates)
        else:
            self._tables.define(statement.creates, self._making(statement))

    def _making(self, statement: Statement) -> str:
        """The SQL that makes the table of a statement."""
        if self._tables.are_light and statement.in_memory and statement.creates not in self._on_disks:
            return statement.in_memory
        return statement.sql

    def _filled(self, statement: Statement, count: int) -> None:
        if statement.text in self._settled:
            self._ran.add(statement.text)
        if statement.writes:
            self._state.written[statement.writes] += count
        if statement.fills:
            self._tables.count(statement.fills, count)
        elif statement.empties:
            self._tables.emptied(statement.empties)

    def _took(self, statement: Statement, seconds: float) -> None:
        file = statement.place.partition(":")[0]
        self.seconds[file] = self.seconds.get(file, 0) + seconds


def _tell(error: Exception, statement: Statement) -> None:
    error.add_note(f"in include/sql/{statement.place}: {shown(statement.sql)}")

"""INSERTs range by range, so that each is short.

At MariaDB's default settings an INSERT … SELECT holds the AUTO-INC lock of its table to its end, and everybody else's INSERT waits for that.
"""

from __future__ import annotations

import time

from toolsync.moodle.session import MoodleSession
from toolsync.moodle.work_tables import WorkTables
from toolsync.running.statements import Directive, Statement

AIM = 0.01  # seconds of one INSERT
FEWEST = 100  # rows of one: the way to the server may take longer than the INSERT
ALL_AT_ONCE = 500  # a table of up to so many rows is not cut
WHOLE = (-(2**63), 2**63 - 1)


class Chunks:
    """Runs INSERTs for ranges of a work table's rows. Each remembers how many it can take in the time that is aimed at.

    :param session: on which they run; `@first` and `@last` are set there.
    """

    def __init__(self, session: MoodleSession, tables: WorkTables) -> None:
        self._session = session
        self._tables = tables
        self._widths: dict[str, float] = {}  # rows of one INSERT, by the statement

    def takes_all(self, over: Directive) -> bool:
        """Whether `run` would run a statement once, for all rows of its work table, and the variables are set for that."""
        rows = self._tables.most_rows(over.table)
        return self._session.range == WHOLE and rows is not None and rows <= ALL_AT_ONCE

    def run(self, statement: Statement, over: Directive) -> list[tuple[int, int]]:
        """Run a statement for all rows of its work table.

        :param over: the directive that names the table and the column.
        :return: of each range, the number of rows that it inserted, and the first id that the server gave them.
        """
        rows = self._tables.most_rows(over.table)
        if rows is not None and rows <= ALL_AT_ONCE:
            return [self._insert(statement, WHOLE)]
        found = self._session.rows(f"SELECT MIN({over.column}), MAX({over.column}), COUNT(*) FROM {over.table}")
        lowest, highest, rows = found[0]
        if lowest is None:
            return []
        spread = (highest - lowest + 1) / rows  # some numbers may be missing
        done = []
        while lowest <= highest:
            width = self._widths.get(statement.sql, ALL_AT_ONCE)
            last = min(highest, lowest + max(int(width * spread), 1) - 1)
            started = time.perf_counter()
            done.append(self._insert(statement, (lowest, last)))
            seconds = max(time.perf_counter() - started, 1e-6)
            self._widths[statement.sql] = max(float(FEWEST), width * min(max(AIM / seconds, 0.25), 4))
            lowest = last + 1
        return done

    def _insert(self, statement: Statement, rows: tuple[int, int]) -> tuple[int, int]:
        if self._session.range == rows:
            return self._session.insert(statement.sql)
        self._session.range = None  # until it is known that the variables were set
        first, last = rows
        counts = self._session.execute_together([f"SET @first = {first}, @last = {last}", statement.sql])
        self._session.range = rows
        return counts[-1], self._session.first_ids[-1]

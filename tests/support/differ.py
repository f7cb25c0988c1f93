"""The referee's comparison of two sites, of those tables alone whose checksums differ."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.conformance import rowdiff

TABLES_A_QUERY = 60


class Database(rowdiff.Database):
    """Rows of one database. Those that another lacks are told apart to the letter, where EXCEPT takes `Anna` for `anna`."""

    def query(self, sql: str, args: Any = ()) -> Any:
        of_both = re.fullmatch(r"\((.+)\) EXCEPT \((.+)\)", sql)
        if not of_both:
            return super().query(sql, args)
        there = set(map(repr, super().query(of_both[2])))
        return [row for row in super().query(of_both[1]) if repr(row) not in there]


class Differ(rowdiff.Differ):
    """The differences between two sites.

    The referee compares the rows of every table. That takes the server ten times as long as a checksum of the rows, and hardly a table differs.

    :param before: the database of the site that nobody writes to. It is read once.
    :param after: the database of the other one.
    :param since: when the changes began, in seconds since 1970.
    """

    def __init__(self, connection: Any, before: str, after: str, since: int) -> None:
        super().__init__(connection, before, after, since)
        self.before = Database(connection, before)
        ignored = {table for table in self.columns if rowdiff.IGNORED_TABLES.match(table)}
        self.tables = sorted(self.columns.keys() - (ignored - rowdiff.KEPT_ROWS.keys()))
        self._sums_before = self._sums(before)

    def changes(self) -> Any:
        """What differs now, as `expected.json` has it."""
        self.after = Database(self.connection, self.after.name)
        return json.loads(json.dumps(super().changes()))

    def changed_tables(self) -> list[str]:
        sums = self._sums(self.after.name)
        return [table for table in self.tables if sums[table] != self._sums_before[table]]

    def _sums(self, database: str) -> dict[str, tuple[int, int]]:
        """For each table, how many rows it has, and the sum of their checksums. A row's checksum includes its id."""
        queries = [self._sum(database, table) for table in self.tables]
        found: dict[str, tuple[int, int]] = {}
        for start in range(0, len(queries), TABLES_A_QUERY):
            rows = self.before.query(" UNION ALL ".join(queries[start : start + TABLES_A_QUERY]))
            found |= {row["name"]: (row["number"], row["total"]) for row in rows}
        return found

    def _sum(self, database: str, table: str) -> str:
        # A separator and a mark for NULL that no text has: the same text in another column gives another checksum.
        values = ", ".join(f"COALESCE(`{column}`, X'00')" for column in self.columns[table])
        return (
            f"SELECT '{table}' AS name, COUNT(*) AS number, SUM(CRC32(CONCAT_WS(X'1F', {values}))) AS total "
            f"FROM `{database}`.`{rowdiff.PREFIX}{table}`"
        )

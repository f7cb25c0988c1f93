"""Rows of undo bundles, on their way into the temporary tables from which they are put back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from toolsync.running.state import RunState

STAGED_ROWS = 5000  # that are held before they are loaded


class StagedRows:
    """Loads rows into `toolsync_<side>_<table>`, many at once."""

    def __init__(self, state: RunState) -> None:
        self.schema = state.session.schema
        self.tables = state.tables
        self._rows: dict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]] = {}  # by temporary table and columns
        self._held = 0

    def need(self, table: str, columns: Iterable[str]) -> None:
        """Check that the site has columns.

        :raises ValueError: it lacks the table or one of them.
        """
        if lacking := [column for column in columns if not self.schema.has(table, column)]:
            raise ValueError(
                f"the site no longer has the column {table}.{lacking[0]} that the bundle has values for: its version of Moodle has changed since"
            )

    def hold(self, side: str, table: str, columns: tuple[str, ...], line: int, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows of a line."""
        if rows:
            self._rows.setdefault((f"toolsync_{side}_{table}", columns), []).extend((line, *row) for row in rows)
            self._held += len(rows)
        if self._held >= STAGED_ROWS:
            self.flush()

    def flush(self) -> None:
        """Load the rows that are held."""
        for (name, columns), rows in self._rows.items():
            self.tables.load(name, ["toolsync_line", *columns], rows)
        self._rows.clear()
        self._held = 0

"""Whether every temporary table and every function that statements name is there when they run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from toolsync.running.sql_text import SqlError
from toolsync.running.statements import DROPS, Statement


def check_names(
    statements: Iterable[Statement], staged: Collection[str], functions: Mapping[str, Collection[str]]
) -> None:
    """Check that the temporary tables and functions that statements name are there when they run.

    :param staged: the temporary tables that are there before the first statement.
    :param functions: by name, the prefixes of the temporary tables that each function makes itself.
    :raises SqlError: one is not there.
    """
    tables = _Tables(staged)
    for statement in statements:
        tables.check(statement)
        if call := statement.call:
            if call.function not in functions:
                known = ", ".join(sorted(functions))
                raise SqlError(
                    call.place, f"there is no function {call.function} in plugins/toolsync/functions.py, only {known}"
                )
            tables.prefixes += tuple(functions[call.function])


class _Tables:
    """The temporary tables that are there so far."""

    def __init__(self, staged: Collection[str]) -> None:
        self.staged = frozenset(staged)
        self.made = set(staged)
        self.prefixes: tuple[str, ...] = ()

    def check(self, statement: Statement) -> None:
        for directive in statement.directives:
            self._need(directive.place, directive.table)
            if directive.table in self.staged and not directive.function and not directive.column:
                raise SqlError(
                    directive.place,
                    f"{directive.table} is always there: `-- when:` is for the tables that statements fill",
                )
        for name in statement.named:
            self._need(statement.place, name)
        if dropped := DROPS.match(statement.code):
            if not dropped[1]:
                self._need(statement.place, dropped[2])
            self.made.discard(dropped[2])
        if statement.creates:
            if statement.creates in self.made and not statement.creates_if_missing:
                raise SqlError(
                    statement.place, f"an earlier statement made the temporary table {statement.creates}: drop it first"
                )
            self.made.add(statement.creates)

    def _need(self, place: str, name: str) -> None:
        if name not in self.made and not (self.prefixes and name.startswith(self.prefixes)):
            raise SqlError(place, f"no statement before this one makes the temporary table {name}")

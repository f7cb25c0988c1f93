"""The SQL files of a type: rendered for one command file on one site, run in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from toolsync.moodle.memory_tables import in_memory, sole_key
from toolsync.moodle.session import with_prefix
from toolsync.running.runner import Runner
from toolsync.running.sql_names import check_names
from toolsync.running.state import RunState
from toolsync.running.statements import STATEMENTS, Statement, cut, definitions
from toolsync.running.templates import render
from toolsync.running.variables import selected, settled
from toolsync.settings import INCLUDE

Row = Sequence[Any]
NAMED_TABLE = re.compile(r"`(\w+)`")
# An UPDATE or DELETE of the rows whose ids a work table holds, of all of them and whatever is in them.
ALL_OF_A_TABLE = re.compile(
    r"^(?P<verb>UPDATE|DELETE\s+\w+\s+FROM)\s+(?P<work>toolsync_\w+)\s+(?P<alias>\w+)\s+"
    r"(?P<join>STRAIGHT_JOIN\s+`\w+`\s+(?P<target>\w+) FORCE INDEX \(PRIMARY\)\s+ON\s+(?P=target)\.id = (?P=alias)\.(?P<key>\w+))(?P<set>\s+SET\b.*)?\Z",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Occasion:
    """What the SQL is rendered for.

    :param columns: the columns that the file has, by their names in the suite.
    :param families: the column families that it has (`course#`).
    :param options: the DAG's Params.
    :param approved_plan: the file has a plan to keep to, in `toolsync_approved`.
    :param rehearsal: the run is rolled back at the end: a plan or a simulation.
    :param parts: the parts of undo bundles that the file names; None: they are not known.
    """

    columns: Collection[str] = ()
    families: Collection[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    approved_plan: bool = False
    rehearsal: bool = False
    parts: Collection[Any] | None = None


@dataclass(frozen=True)
class Function:
    """A Python function that SQL may call.

    :param call: takes the rows of a SELECT and the state of the run, returns rows.
    :param makes: prefixes of the temporary tables that it makes itself.
    """

    call: Callable[[Sequence[Row], RunState], Iterable[Row]]
    makes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Language:
    """What the SQL of all types may name. `toolsync.functions` holds it.

    :param functions: by the name that `-- python:` calls them by.
    :param names: what Jinja sees, by name.
    """

    functions: Mapping[str, Function]
    names: Mapping[str, Callable[[RunState, Occasion], Any]]


class SqlFolder:
    """The SQL of a type, rendered for one command file on one site.

    :param folder: of the type in `include/sql`.
    :param state: of the run.
    :param staged: temporary tables that are there before the first statement.
    :raises SqlError: a file is not written as `include/sql/README.md` says.
    """

    def __init__(
        self,
        folder: str,
        state: RunState,
        occasion: Occasion,
        language: Language,
        *,
        staged: Collection[str],
        root: Path = INCLUDE / "sql",
    ) -> None:
        self.name = folder
        self.state = state
        self.occasion = occasion
        self._language = language
        self._root = root
        self._names = {name: value(state, occasion) for name, value in language.names.items()}
        self.columns = definitions(self._render(f"{folder}/columns.sql")) if self._has(f"{folder}/columns.sql") else ""
        self.touches = self._optional(f"{folder}/touches.sql")
        self.end = self._optional(f"{folder}/end.sql")
        numbered = sorted((root / folder).glob("[0-9]*.sql"))
        self.work = [statement for path in numbered for statement in self.statements(f"{folder}/{path.name}")]
        makes = {name: function.makes for name, function in language.functions.items()}
        for statements in (self.touches, self.work, self.end):
            check_names(statements, staged, makes)
        self.tables = sorted({statement.creates for statement in self.work + self.touches + self.end} - {""})
        keys = {statement.creates: sole_key(statement.in_memory) for statement in self.touches + self.work + self.end}
        self.touches, self.work, self.end = (
            [_in_order(statement, keys) for statement in statements]
            for statements in (self.touches, self.work, self.end)
        )
        self._runner = Runner(
            state,
            {name: function.call for name, function in language.functions.items()},
            settled(self.touches + self.work + self.end, state.session.prefix),
            # They say what is locked, in the order of its ids. From a table in memory, the server takes the rows as they came; and if it has one row, it looks
            # this up and locks what it would change before it asks for anything else.
            on_disks={
                table
                for statement in [*self.touches, *self.work, *self.end]
                if not statement.in_order
                for table in statement.changes_by
            },
        )

    def beside(self, folder: str, occasion: Occasion, staged: Collection[str]) -> SqlFolder:
        """Another folder of SQL, or this one for another occasion, for the same run.

        :param staged: temporary tables that are there before its first statement.
        """
        return SqlFolder(folder, self.state, occasion, self._language, staged=staged, root=self._root)

    def run(self, statements: list[Statement]) -> None:
        """Run statements in order; what they put into their tables is there until the next `clean_up`."""
        self._runner.run(statements)

    def incomparable(self) -> set[str]:
        """The site's tables whose texts the statements of the type would compare with texts of another collation. The tables of staged lines must be there."""
        others, found = self.state.session.collations.others, set[str]()
        settings = {f"{self.state.session.prefix}{table}" for table in ("config", "config_plugins")}  # few rows
        for statement in [*self.touches, *self.work, *self.end]:
            named = others.keys() & set(NAMED_TABLE.findall(statement.sql))
            if self._runner.compares_two_kinds(statement):
                found |= named
            elif "toolsync_" in statement.code:
                # The server compares these, but without their index.
                found |= {table for table in named - settings if _names_narrow(statement, others[table])}
        return found

    def fills(self, tables: Collection[str]) -> bool:
        """Whether a statement of the type puts rows into one of these temporary tables."""
        return any(statement.fills in tables for statement in [*self.touches, *self.work, *self.end])

    def written(self) -> set[str]:
        """The tables of the site that the statements of the type change."""
        return {statement.writes.strip("{}") for statement in [*self.touches, *self.work, *self.end]} - {""}

    def calls(self, functions: Sequence[str]) -> list[str]:
        """Those of these functions of the server that the statements of the type call."""
        code = "\n".join(statement.code for statement in [*self.touches, *self.work, *self.end])
        return [name for name in functions if re.search(rf"\b{name}\(", code)]

    @property
    def seconds(self) -> dict[str, float]:
        """That each file has taken so far."""
        return self._runner.seconds

    def statements(self, name: str) -> list[Statement]:
        """The statements of a file, rendered."""
        return list(_statements(self._render(name), self.state.session.prefix, self.state.tables.collated))

    def clean_up(self) -> None:
        """Empty the temporary tables of the type, and drop those that its Python made."""
        self.state.tables.clear(self.tables)
        self.state.tables.drop_made()

    def _has(self, name: str) -> bool:
        return (self._root / name).exists()

    def _optional(self, name: str) -> list[Statement]:
        return self.statements(name) if self._has(name) else []

    def _render(self, name: str) -> str:
        return render(self._root, name, self._names)


@lru_cache(maxsize=256)
def _statements(rendered: str, prefix: str, table_options: str) -> tuple[Statement, ...]:
    """The statements of a rendered file, for a site: with its table names, and its collation where a table is defined.

    They are kept: a plan and the execution after it, in one process, have the same.
    """
    return tuple(_finished(statement, prefix, table_options) for statement in cut(rendered))


def _names_narrow(statement: Statement, columns: Mapping[str, str]) -> bool:
    """Whether a statement reads a column that holds no more than three bytes a character.

    :param columns: the columns of a table that have another collation than most, with it.
    """
    read = re.sub(r"^INSERT [^(]*\([^)]*\)", "", statement.code)
    return any(
        not collation.startswith("utf8mb4_") and re.search(rf"\b{re.escape(column)}\b", read)
        for column, collation in columns.items()
    )


def _in_order(statement: Statement, keys: Mapping[str, str]) -> Statement:
    """A statement that changes rows of the site, reading its work table by that one's key: the server locks these rows in the order in which it reads.

    :param keys: the column that is the primary key of a work table that may be in memory, by table.
    """
    found = ALL_OF_A_TABLE.search(statement.sql) if statement.changes_by else None
    if found is None or keys.get(found["work"]) != found["key"] or re.search(r"\bWHERE\b", statement.code):
        return statement
    alias, rest = found["alias"], found["set"] or ""
    sql = f"{found['verb']} {found['work']} {alias} FORCE INDEX (PRIMARY) {found['join']} AND {alias}.{found['key']} > 0{rest}"
    return replace(statement, sql=f"{statement.sql[: found.start()]}{sql}", in_order=True)


@lru_cache(maxsize=STATEMENTS)
def _finished(statement: Statement, prefix: str, table_options: str) -> Statement:
    statement = selected(statement)
    sql = with_prefix(statement.sql, prefix)
    if not statement.only_defines:
        return replace(statement, sql=sql)
    short = in_memory(sql)
    return replace(statement, sql=f"{sql} {table_options}", in_memory=f"{short} {table_options}" if short else "")

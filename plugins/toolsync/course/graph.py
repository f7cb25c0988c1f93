"""The course graph: which table hangs on which in a course, by which column, and what its rows are.

`include/course_graph/*.yaml` holds it as data; `include/course_graph/README.md` says how it is written. Deleting walks it leaf to root, copying root
to leaf, resetting takes parts of it; the SQL asks for it as `graph`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from toolsync.moodle.schema import Schema
from toolsync.settings import INCLUDE

FOLDER = INCLUDE / "course_graph"
ACTIVITY = "activity"  # stands for every activity's own table
KEYS = {"tables", "kinds", "outside", "links"}
STAYS = "TRUE"  # of a table whose rows all stay
COLUMN = re.compile(r"\bt\.(\w+)")  # of the row itself, in a condition


class GraphError(ValueError):
    """A file of the graph is wrong; the message says where."""


@dataclass(frozen=True)
class Link:
    """A column that holds the id of a row of another table.

    :param when: SQL on the row, which is `t`; empty: always.
    :param key: the column of the other table that it equals, where that is not its `id`.
    """

    column: str
    table: str
    when: str = ""
    key: str = "id"

    @property
    def condition(self) -> str:
        return f" AND {self.when}" if self.when else ""

    def on(self, schema: Schema, table: str) -> bool:
        """Whether this site has what the link of that table's needs."""
        return (
            schema.has(self.table, self.key) and schema.has(table, self.column) and _has_all(schema, table, self.when)
        )


@dataclass(frozen=True)
class Table:
    """A table with rows of courses.

    :param of: the ways that lead to its rows: a row belongs to the course of a row that one of these links names.
    :param refs: the other links of its rows.
    :param people: its rows are what people did, not content.
    :param activity: it is an activity's own table, `quiz`.
    :param stays: SQL on a row, which is `t`: whether it stays when its course is deleted; empty: none does.
    :param remains: the same of a course whose content is replaced by a template's.
    :param facts: whatever else the file says of it, by key.
    """

    name: str
    of: tuple[Link, ...]
    refs: tuple[Link, ...] = ()
    people: bool = False
    activity: bool = False
    stays: str = ""
    remains: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def part(self) -> str:
        """The temporary table with the ids of its rows in the courses at hand."""
        return f"toolsync_of_{self.name}"


class CourseGraph:
    """The graph, or that part of it that a site's version has.

    :param tables: by name.
    :param kinds: what plugins may bring that the graph has to know, as the files say it.
    :param outside: tables that have no rows of a course although a column of theirs names one, and why.
    :param links: pages of the site with ids in their addresses, and the tables of these.
    """

    def __init__(
        self,
        tables: Mapping[str, Table],
        kinds: Mapping[str, Any],
        outside: Mapping[str, str],
        links: Mapping[str, Any],
    ) -> None:
        self.tables = dict(tables)
        self.kinds = dict(kinds)
        self.outside = dict(outside)
        self.links = dict(links)

    def having(self, tables: Mapping[str, Table]) -> CourseGraph:
        """The same with other tables."""
        return CourseGraph(tables, self.kinds, self.outside, self.links)

    def on(self, schema: Schema) -> CourseGraph:
        """What of the graph this site has: its tables, and of their links those whose columns are there."""
        schema.read_all()

        def here(table: Table) -> Table:
            def has_all(when: str) -> bool:
                return _has_all(schema, table.name, when)

            return replace(
                table,
                of=tuple(link for link in table.of if link.on(schema, table.name)),
                refs=tuple(link for link in table.refs if link.on(schema, table.name)),
                stays=_stays(table.facts.get("stays"), has_all),
                remains=_remains(table.facts, has_all),
                facts=_facts(schema, table),
            )

        return self.having({name: here(table) for name, table in self.tables.items() if schema.has(name)})

    @cached_property
    def deletable(self) -> CourseGraph:
        """What goes when a course goes: the graph without the rows that stay."""
        gone = {name: table for name, table in self.tables.items() if table.stays != STAYS}

        def without_spared(table: Table) -> Table:
            spared = f"NOT ({table.stays})" if table.stays else ""
            links = (link for link in table.of if link.table in gone)
            return replace(table, of=tuple(replace(link, when=_and(link.when, spared)) for link in links))

        return self.having({name: without_spared(table) for name, table in gone.items()})

    @cached_property
    def replaceable(self) -> CourseGraph:
        """What has to be looked at when a course's content goes and another comes: the graph without logs and the like, with the rows that remain."""
        logs = {
            name
            for name, table in self.tables.items()
            if table.stays == STAYS and (table.people or table.facts.get("derived"))
        }
        return self.having(
            {
                name: replace(table, of=tuple(link for link in table.of if link.table not in logs))
                for name, table in self.tables.items()
                if name not in logs
            }
        )

    def leading_to(self, names: Iterable[str]) -> CourseGraph:
        """The part of the graph that leads to the rows of these tables."""
        parents = {name: {link.table for link in table.of} for name, table in self.tables.items()}
        wanted = {parent for name in names if name in parents for parent in {name} | _reach(name, parents)}
        return self.having({name: table for name, table in self.tables.items() if name in wanted})

    @property
    def activities(self) -> list[str]:
        """The activities that the graph knows."""
        return [table.name for table in self.tables.values() if table.activity]

    @cached_property
    def root_to_leaf(self) -> list[Table]:
        """The tables, each after those that it hangs on (but for the cycle of blocks and contexts)."""
        return [table for cycle in self.cycles for table in cycle]

    @property
    def leaf_to_root(self) -> list[Table]:
        return self.root_to_leaf[::-1]

    def ways(self) -> Iterator[tuple[Table, Link]]:
        """The links to follow, in an order that finds every row of a course: a cycle is walked as often as it has tables."""
        for cycle in self.cycles:
            names = {table.name for table in cycle}
            for table in cycle:
                yield from ((table, link) for link in table.of if link.table not in names)
            for _ in range(len(cycle) if len(cycle) > 1 else 0):
                for table in cycle:
                    yield from ((table, link) for link in table.of if link.table in names)

    @cached_property
    def cycles(self) -> list[list[Table]]:
        """The tables root to leaf; tables that hang on one another together."""
        parents = {
            name: {link.table for link in table.of if link.table in self.tables and link.table != name}
            for name, table in self.tables.items()
        }
        above = {name: _reach(name, parents) for name in parents}
        cycle_of: dict[str, tuple[str, ...]] = {
            name: tuple(sorted({name} | {other for other in above[name] if name in above[other]})) for name in parents
        }
        order: TopologicalSorter[tuple[str, ...]] = TopologicalSorter()
        for name in parents:
            order.add(cycle_of[name], *sorted({cycle_of[parent] for parent in parents[name]} - {cycle_of[name]}))
        return [[self.tables[name] for name in cycle] for cycle in order.static_order()]


def _reach(name: str, parents: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(parents[name])
    while waiting:
        parent = waiting.pop()
        if parent not in found:
            found.add(parent)
            waiting += parents[parent]
    return found


@cache
def course_graph() -> CourseGraph:
    """The graph of Moodle's core plugins and of whatever files lie beside it, read once a process.

    :raises GraphError: a file is wrong.
    """
    return read_graph(sorted(FOLDER.glob("*.yaml")))


@lru_cache(maxsize=4)
def site_graph(schema: Schema) -> CourseGraph:
    """The part of the graph that a site has.

    :raises GraphError: a file is wrong.
    """
    return course_graph().on(schema)


def read_graph(paths: Iterable[Path]) -> CourseGraph:
    """Read the files of a graph as one.

    :raises GraphError: a file is wrong.
    """
    entries: dict[str, tuple[Path, Mapping[str, Any]]] = {}
    kinds: dict[str, Any] = {}
    outside: dict[str, str] = {}
    links: dict[str, Any] = {}
    for path in paths:
        try:
            document = _mapping(path.name, yaml.safe_load(path.read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            raise GraphError(f"{path.name}: {error}") from error
        if unknown := sorted(document.keys() - KEYS):
            raise GraphError(f"{path.name}: unknown: {', '.join(unknown)}")
        for name, entry in _mapping(f"{path.name}: tables", document.get("tables")).items():
            if name in entries:
                raise GraphError(f"{path.name}: table {name} stands in {entries[name][0].name} already")
            entries[name] = path, _mapping(f"{path.name}: {name}", entry)
        for kind, known in _mapping(f"{path.name}: kinds", document.get("kinds")).items():
            if missing := sorted({"table", "column", "known"} - _mapping(f"{path.name}: {kind}", known).keys()):
                raise GraphError(f"{path.name}: {kind} lacks {', '.join(missing)}")
            merged = kinds.setdefault(kind, {**known, "known": []})
            merged["known"] = [*merged["known"], *known["known"]]
        outside |= _mapping(f"{path.name}: outside", document.get("outside"))
        links |= _mapping(f"{path.name}: links", document.get("links"))
    activities = [name for name, (_, entry) in entries.items() if entry.get("activity")]
    graph = CourseGraph({name: _table(name, *entries[name], activities) for name in entries}, kinds, outside, links)
    for table in graph.tables.values():
        for link in table.of:
            if link.table not in graph.tables:
                raise GraphError(
                    f"{entries[table.name][0].name}: {table.name} hangs on {link.table}, which is not there"
                )
    return graph


def _table(name: str, path: Path, entry: Mapping[str, Any], activities: list[str]) -> Table:
    rest = {key: value for key, value in entry.items() if key not in ("of", "refs", "people", "activity")}
    of = _links(f"{path.name}: {name}", entry.get("of"), activities)
    if not of and name != "course":
        raise GraphError(f"{path.name}: {name} hangs on nothing")
    return Table(
        name,
        of,
        _links(f"{path.name}: {name}", entry.get("refs"), activities),
        bool(entry.get("people")),
        bool(entry.get("activity")),
        _stays(_checked_stays(f"{path.name}: {name}", entry, "stays")),
        _remains({key: _checked_stays(f"{path.name}: {name}", entry, key) for key in ("stays", "remains")}),
        rest,
    )


def _links(where: str, given: Any, activities: list[str]) -> tuple[Link, ...]:
    """Links as the file has them: a mapping of columns to tables, or a list of such mappings, each of which may have a `when`."""
    links: list[Link] = []
    for part in given if isinstance(given, list) else [given]:
        when = _mapping(where, part).get("when", "")
        when = f"({when})" if " OR " in when else when
        for column, table in _mapping(where, part).items():
            if column == "when":
                continue
            if not isinstance(table, str):
                raise GraphError(f"{where}: {column} leads to {table!r}, which is no table")
            kind, _, by = table.partition(" by ")
            if kind == ACTIVITY and by:
                links += [Link(column, name, _and(when, _names(by, name))) for name in activities]
            else:
                target, _, key = table.partition(".")
                links.append(Link(column, target, when, key or "id"))
    return tuple(links)


def _mapping(where: str, given: Any) -> Mapping[str, Any]:
    """What should be a mapping, or nothing."""
    if given is not None and not isinstance(given, Mapping):
        raise GraphError(f"{where}: {given!r} is no mapping")
    return given or {}


def _checked_stays(where: str, entry: Mapping[str, Any], key: str) -> Any:
    given = entry.get(key)
    if isinstance(given, Mapping) and given.keys() != {"why", "when"}:
        raise GraphError(f"{where}: {key} is a reason, or has why and when")
    return given


def _stays(given: Any, here: Callable[[str], bool] = lambda when: True) -> str:
    """The condition under which rows stay: a reason alone means all; `when` is one condition or several, of which any will do.

    :param here: whether this site has the columns that a condition names.
    """
    if not isinstance(given, Mapping):
        return STAYS if given else ""
    conditions = given["when"] if isinstance(given["when"], list) else [given["when"]]
    return " OR ".join(f"({when})" for when in conditions if here(when))


def _remains(facts: Mapping[str, Any], here: Callable[[str], bool] = lambda when: True) -> str:
    """What stays when a course is deleted remains when its content is replaced, and more."""
    conditions = [_stays(facts.get(key), here) for key in ("stays", "remains")]
    return STAYS if STAYS in conditions else " OR ".join(filter(None, conditions))


def _facts(schema: Schema, table: Table) -> dict[str, Any]:
    """What the graph says of copying a table, without what names a column that this site lacks, or is in one."""

    def here(said: Any) -> bool:
        return _has_all(schema, table.name, str(said))

    facts = {key: said for key, said in table.facts.items() if key != "copy" or here(said)}
    return facts | {
        "copied": {name: said for name, said in facts.get("copied", {}).items() if here(said)},
        "embeds": {name: kind for name, kind in facts.get("embeds", {}).items() if schema.has(table.name, name)},
    }


def _has_all(schema: Schema, table: str, when: str) -> bool:
    """Whether this site's version has all columns of the table that a condition names."""
    return all(schema.has(table, column) for column in COLUMN.findall(when))


def _names(column: str, activity: str) -> str:
    """That a column names the activity; `module` does by its id."""
    if column == "module":
        return f"t.module = (SELECT m.id FROM {{modules}} m WHERE m.name = '{activity}')"
    return f"t.{column} = '{activity}'"


def _and(*conditions: str) -> str:
    return " AND ".join(condition for condition in conditions if condition)

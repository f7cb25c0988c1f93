"""The course graph: which tables hold rows of a course, which column leads from each to its parent, and what its rows are.

It is data, in `include/course_graph/*.yaml`; the README there explains the notation, and `graph_files.py` reads it. Deleting a course walks the graph from
the leaves to the course, copying from the course to the leaves; resetting takes parts of it. The SQL gets it by `course_graph()`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any, TypeVar

from toolsync.course.conditions import all_of
from toolsync.moodle.schema import Schema

Node = TypeVar("Node")

ROOT = "course"
LINKS = "links"  # the kind of embedded ids that stand in links to pages of the site
STAYS = "TRUE"  # the condition of a table whose rows all stay
COLUMN = re.compile(r"\bt\.(\w+)")  # a column of the row itself, in a condition


@dataclass(frozen=True)
class Link:
    """A column that holds the id of a row of another table.

    :param when: SQL condition on the row, `t`, under which it does; empty: always.
    :param key: the column of the other table that it equals, where that is not `id`.
    :param since: the first Moodle version that has the column, if it was read and not run; otherwise empty.
    :param in_text: on this site, the column holds texts, of which some are ids.
    """

    column: str
    table: str
    when: str = ""
    key: str = "id"
    since: str = ""
    in_text: bool = False

    @property
    def condition(self) -> str:
        """`when`, to be appended to another condition."""
        return f" AND {self.when}" if self.when else ""

    @property
    def named(self) -> str:
        """SQL of the id that a row, `t`, has in the column. A text that is none is 0: MySQL compares no such text with numbers where it writes."""
        own = f"t.{self.column}"
        return f"IF({own} REGEXP '^[1-9][0-9]{{0,17}}$', CAST({own} AS SIGNED), 0)" if self.in_text else own

    def on_site(self, schema: Schema, table: str) -> Link:
        """The link of a table as a site has it."""
        return replace(self, in_text=self.key == "id" and schema.holds_texts(table, self.column))

    def exists(self, schema: Schema, table: str) -> bool:
        """Whether a site has all tables and columns that the link of a table needs."""
        return (
            schema.has(self.table, self.key)
            and schema.has(table, self.column)
            and has_columns(schema, table, self.when)
        )


@dataclass(frozen=True)
class Table:
    """A table with rows of courses.

    :param parents: the links to the rows that it belongs to: a row is part of a course if any of these leads to a row of that course.
    :param refs: its other links.
    :param people: its rows are what people did, not content.
    :param activity: it is the main table of an activity module, such as `quiz`.
    :param stays: SQL condition on a row, `t`, under which it stays when its course is deleted; empty: no row stays.
    :param remains: the same for a course whose content is replaced by a template's.
    :param facts: the other keys of the table's entry in the file.
    :param file: the name of that file.
    """

    name: str
    parents: tuple[Link, ...]
    refs: tuple[Link, ...] = ()
    people: bool = False
    activity: bool = False
    stays: str = ""
    remains: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""

    @property
    def links(self) -> tuple[Link, ...]:
        return (*self.parents, *self.refs)

    @property
    def part(self) -> str:
        """The temporary table with the ids of its rows in the courses that the SQL is working on."""
        return f"toolsync_of_{self.name}"


class CourseGraph:
    """The graph, of all versions of Moodle or of one site.

    :param tables: by name.
    :param kinds: the kinds of plugins, activities aside, that store rows in these tables (question types, for instance), as the files describe them.
    :param outside: tables, and columns (`table.column`), that lead to no rows of a course although their names look like it, each with the reason.
    :param links: addresses of the site's pages with ids in them, each with the tables of these ids.
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

    def with_tables(self, tables: Iterable[Table]) -> CourseGraph:
        """The same graph with these tables instead of its own."""
        return CourseGraph({table.name: table for table in tables}, self.kinds, self.outside, self.links)

    def for_site(self, schema: Schema) -> CourseGraph:
        """The part of the graph that a site has: its tables, and the links and conditions whose columns exist."""
        schema.read_all()

        def on_site(table: Table) -> Table:
            table = replace(table, facts=_facts_then(table.facts, schema))

            def of_site(links: Iterable[Link]) -> tuple[Link, ...]:
                return tuple(link.on_site(schema, table.name) for link in links if link.exists(schema, table.name))

            def exists(condition: str) -> bool:
                return has_columns(schema, table.name, condition)

            return replace(
                table,
                parents=of_site(table.parents),
                refs=of_site(table.refs),
                stays=stays_condition(table.facts.get("stays"), exists),
                remains=remains_condition(table.facts, exists),
                facts=_facts_on_site(table, schema),
            )

        found = self.with_tables(on_site(table) for table in self.tables.values() if schema.has(table.name))
        found.links = {page: ids for page, said in self.links.items() if (ids := _ids_then(said, schema))}
        return found

    @cached_property
    def deletable(self) -> CourseGraph:
        """What is deleted with a course: the graph without the rows that stay."""
        deleted = {name: table for name, table in self.tables.items() if table.stays != STAYS}

        def without_staying_rows(table: Table) -> Table:
            is_deleted = f"NOT ({table.stays})" if table.stays else ""
            links = (link for link in table.parents if link.table in deleted)
            return replace(table, parents=tuple(replace(link, when=all_of(link.when, is_deleted)) for link in links))

        return self.with_tables(map(without_staying_rows, deleted.values()))

    @cached_property
    def replaceable(self) -> CourseGraph:
        """What is collected when the content of a course is replaced: everything, rows that remain included, except logs and what Moodle computes."""
        left_alone = {
            name
            for name, table in self.tables.items()
            if table.stays == STAYS and (table.people or table.facts.get("derived"))
        }
        return self.with_tables(
            replace(table, parents=tuple(link for link in table.parents if link.table not in left_alone))
            for name, table in self.tables.items()
            if name not in left_alone
        )

    def leading_to(self, names: Iterable[str]) -> CourseGraph:
        """The part of the graph that is needed to find the rows of these tables: they and their ancestors."""
        wanted = {found for name in names if name in self.tables for found in {name} | self.ancestors[name]}
        return self.with_tables(table for name, table in self.tables.items() if name in wanted)

    def below(self, names: Iterable[str]) -> CourseGraph:
        """The part of the graph with these tables and their descendants."""
        roots = set(names)
        return self.between(name for name in self.tables if name in roots or self.ancestors[name] & roots)

    def between(self, names: Iterable[str]) -> CourseGraph:
        """The part of the graph with these tables alone."""
        found = {name: self.tables[name] for name in names if name in self.tables}
        return self.with_tables(
            replace(table, parents=tuple(link for link in table.parents if link.table in found))
            for table in found.values()
        )

    @property
    def activities(self) -> list[str]:
        """The activity modules that the graph describes."""
        return [table.name for table in self.tables.values() if table.activity]

    @cached_property
    def root_to_leaf(self) -> list[Table]:
        """The tables, each after its parents (except within the cycle of contexts and blocks)."""
        return [table for cycle in self.cycles for table in cycle]

    @property
    def leaf_to_root(self) -> list[Table]:
        return self.root_to_leaf[::-1]

    def ways(self) -> Iterator[tuple[Table, Link]]:
        """The links to follow from the course to all of its rows, in order.

        One pass over a cycle finds the rows one link further along it, so the links within a cycle come as often as it has tables.
        """
        for cycle in self.cycles:
            names = {table.name for table in cycle}
            for table in cycle:
                yield from ((table, link) for link in table.parents if link.table not in names)
            for _ in range(len(cycle) if len(cycle) > 1 else 0):
                for table in cycle:
                    yield from ((table, link) for link in table.parents if link.table in names)

    @cached_property
    def cycles(self) -> list[list[Table]]:
        """The tables from root to leaf, in groups: tables that are each other's ancestors (contexts and blocks) form one, every other table stands alone.

        A topological sort refuses cycles, so it sorts these groups instead of the tables.
        """
        cycle_of: dict[str, tuple[str, ...]] = {
            name: tuple(sorted({name} | {other for other in above if name in self.ancestors[other]}))
            for name, above in self.ancestors.items()
        }
        order: TopologicalSorter[tuple[str, ...]] = TopologicalSorter()
        for name, cycle in cycle_of.items():
            order.add(cycle, *sorted({cycle_of[parent] for parent in self._parents[name]} - {cycle}))
        return [[self.tables[name] for name in cycle] for cycle in order.static_order()]

    @cached_property
    def ancestors(self) -> dict[str, set[str]]:
        """The tables of the graph to which the links of each table lead, directly or through others."""
        return {name: reachable(name, self._parents) for name in self._parents}

    @cached_property
    def _parents(self) -> dict[str, set[str]]:
        return {
            name: {link.table for link in table.parents if link.table in self.tables and link.table != name}
            for name, table in self.tables.items()
        }


def reachable(start: Node, edges: Mapping[Node, Iterable[Node]]) -> set[Node]:
    """The nodes that edges lead to from a node, directly or through others."""
    found: set[Node] = set()
    waiting = [*edges.get(start, ())]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += edges.get(node, ())
    return found


def stays_condition(said: Any, exists: Callable[[str], bool] = lambda condition: True) -> str:
    """The SQL condition under which rows stay.

    :param said: what a file says under `stays` or `remains`: a reason (all rows stay), or a mapping with `why` and with `when`, one condition or several
        of which any is enough.
    :param exists: whether the site has the columns that a condition names.
    """
    if not isinstance(said, Mapping):
        return STAYS if said else ""
    conditions = said["when"] if isinstance(said["when"], list) else [said["when"]]
    return " OR ".join(f"({condition})" for condition in conditions if exists(condition))


def remains_condition(facts: Mapping[str, Any], exists: Callable[[str], bool] = lambda condition: True) -> str:
    """The SQL condition under which rows remain when the content of a course is replaced: those that stay even when it is deleted, and more.

    :param facts: the entry of the table.
    :param exists: whether the site has the columns that a condition names.
    """
    conditions = [stays_condition(facts.get(key), exists) for key in ("stays", "remains")]
    return STAYS if STAYS in conditions else " OR ".join(filter(None, conditions))


def has_columns(schema: Schema, table: str, condition: str) -> bool:
    """Whether a site has all columns of a table that a condition names."""
    return all(schema.has(table, column) for column in COLUMN.findall(condition))


def _ids_then(said: Any, schema: Schema) -> Any:
    """The tables of the ids in a page's address; None where the site's release has another page instead: what a file says is `to` and `before`."""
    if not isinstance(said, Mapping):
        return said
    return None if schema.since(*said["before"]) else said["to"]


def _facts_then(facts: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The facts of a table, with those of older releases where the site has one: what `earlier` says of releases `before` these."""
    said = facts.get("earlier", [])
    older = [each for each in (said if isinstance(said, list) else [said]) if not schema.since(*each["before"])]
    found = {key: value for key, value in facts.items() if key != "earlier"}
    for each in older:
        found |= {key: value for key, value in each.items() if key != "before"}
    return found


def _facts_on_site(table: Table, schema: Schema) -> dict[str, Any]:
    """The facts of a table, without those about copying that name a column which the site lacks, or describe one."""

    def exists(said: Any) -> bool:
        return has_columns(schema, table.name, str(said))

    def has(column: str) -> bool:
        return schema.has(table.name, column)

    facts: dict[str, Any] = {key: said for key, said in table.facts.items() if key != "copy" or exists(said)}
    named = {key: list(filter(has, facts[key])) for key in ("dates", "needs", "scales", "shift") if key in facts}
    return (
        facts
        | named
        | {
            "copied": {name: said for name, said in facts.get("copied", {}).items() if exists(said)},
            "embeds": {name: kind for name, kind in facts.get("embeds", {}).items() if has(name)},
        }
    )

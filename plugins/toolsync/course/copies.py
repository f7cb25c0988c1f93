"""What copying a course writes, as the course graph says it: which tables, in which order, and what each column becomes.

The graph's README says how it is written: `copy`, `copied`, `needs`, `embeds`, `shift`, `mark`. The SQL asks for it as `course_copies()`.

In the SQL, `t` is the template's row, `c` the copy (`courseid`, `templateid`, `shift`), `m` the row's place in `toolsync_copy_<table>`,
which says for every copy which new row each old one became.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from graphlib import TopologicalSorter
from typing import Any

from toolsync.course.graph import CourseGraph, Link, Table, site_graph
from toolsync.moodle.schema import Schema

ROOT, SCALES, ROLES, USED, LINKS = "course", "scale", "role", "used", "links"
PLACEHOLDER = re.compile(r"\[(\w+)\]")
OF_ROW = re.compile(r"\bt\.")
# An activity whose module is on its way out, or was lost, is not there for anybody.
ALIVE = (
    "t.id IN (SELECT cm.instance FROM {{course_modules}} cm JOIN {{modules}} k ON k.id = cm.module AND k.name = '{name}' "
    "WHERE cm.course = t.course AND cm.deletioninprogress = 0)"
)
# Rows that may be there already where content is copied into a course that exists; a new course has its own context.
MERGEABLE = (
    "block_instances",
    "block_positions",
    "competency_coursecomp",
    "competency_coursecompsetting",
    "contentbank_content",
    "context",
    "course_completion_aggr_methd",
    "course_completion_criteria",
    "course_completion_defaults",
    "course_format_options",
    "course_sections",
    "customfield_data",
    "event",
    "files",
    "filter_active",
    "filter_config",
    "grade_categories",
    "grade_items",
    "grade_letters",
    "grade_outcomes",
    "grade_outcomes_courses",
    "grade_settings",
    "groupings",
    "groupings_groups",
    "groups",
    "lti_coursevisible",
    "lti_types",
    "lti_types_config",
    "question_categories",
    "role_capabilities",
    "role_names",
    "scale",
    "tag_instance",
)


# Tables whose new rows `copied.sql` asks for, although no column leads to them.
ASKED_FOR = ("badge_criteria_param", "lesson_answers")
FEW = 3  # tables that a column may lead to before it is worth a look-up of its own


@dataclass(frozen=True)
class Named:
    """A table that a column of a row, `t`, may lead to.

    :param when: SQL on the row: whether it does.
    """

    column: str
    table: str
    when: str

    @property
    def map(self) -> str:
        return copy_map(self.table)


@dataclass(frozen=True)
class Late:
    """A column that is set once all rows are there: its target comes later, or is the table itself.

    :param negative: it holds the id of a scale as a negative number.
    """

    column: str
    target: str
    when: str = ""
    negative: bool = False


@dataclass(frozen=True)
class Step:
    """The rows of a table that are copied at once.

    :param ways: the links to parents that are there by then.
    :param again: the table had a step before: these are the rows that hang on what was copied meanwhile.
    """

    table: Table
    ways: tuple[Link, ...]
    again: bool = False

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def rows(self) -> str:
        """The temporary table with the template's rows."""
        return template_rows(self.name)

    @property
    def map(self) -> str:
        """The temporary table that says what became of each row in each copy."""
        return copy_map(self.name)

    @property
    def linked(self) -> str:
        """The temporary table with the template's rows that may have ids in their texts."""
        return linked_rows(self.name)

    @property
    def mergeable(self) -> bool:
        return self.name in MERGEABLE

    @property
    def mark(self) -> str:
        """A text column by which new rows are known that have no column to a parent."""
        return self.table.facts.get("mark", "")


@dataclass
class Insert:
    """How the rows of a table are written.

    :param values: SQL of each column.
    :param joins: SQL of the joins that the values need.
    :param named: the tables that a column may lead to which has many of them.
    :param late: the columns to be set afterwards.
    """

    values: dict[str, str] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)


def template_rows(table: str) -> str:
    return f"toolsync_tpl_{table}"


def copy_map(table: str) -> str:
    return f"toolsync_copy_{table}"


def linked_rows(table: str) -> str:
    return f"toolsync_linked_{table}"


class Copies:
    """What copying writes on a site.

    :param graph: the part of the course graph that the site has.
    """

    def __init__(self, graph: CourseGraph) -> None:
        self.graph = graph

    @cached_property
    def content(self) -> CourseGraph:
        """The tables whose rows are copied, with the ways to those rows and no others."""
        wanted = {name for name, table in self.graph.tables.items() if is_copied(table)} | {ROOT}
        while lost := {
            name for name in wanted - {ROOT} if not any(link.table in wanted for link in self.graph.tables[name].of)
        }:
            wanted -= lost
        return self.graph.having(
            {name: _within(table, wanted) for name, table in self.graph.tables.items() if name in wanted}
        )

    @cached_property
    def walked(self) -> CourseGraph:
        """The same, with the ways as they are walked from a course to those of its rows that are copied."""
        return self.content.having({name: _chosen(table) for name, table in self.content.tables.items()})

    @property
    def tables(self) -> list[Table]:
        return [table for table in self.content.tables.values() if table.name != ROOT]

    @cached_property
    def steps(self) -> list[Step]:
        """The order of copying: each table after those that its rows need."""
        cycle = self._cycle
        outside = {name: [link for link in self._parents(name) if link.table not in cycle] for name in cycle}
        first = {name for name, links in outside.items() if links}
        nodes: dict[str, set[str]] = {}

        def place(name: str, of: str) -> str:
            """The node to wait for: within a cycle the first step of a table, from without its last."""
            return f"{name} again" if name in first and of.split()[0] not in cycle else name

        for table in self.tables:
            nodes.setdefault(table.name, set())
            for link in self._parents(table.name):
                if table.name in first and link.table in cycle:
                    nodes.setdefault(f"{table.name} again", {table.name}).add(link.table)
                elif link.table != ROOT:
                    nodes[table.name].add(place(link.table, table.name))
            for link in table.of:
                if link.key != "id":
                    nodes.setdefault(link.table, set()).add(table.name)
        for table in self.tables:
            for link in self._references(table):
                wanted, by = place(link.table, table.name), table.name
                if wanted != by and not _reaches(nodes, wanted, by):
                    nodes[by].add(wanted)
        return [self._step(node, cycle, first) for node in TopologicalSorter({node: sorted(after) for node, after in nodes.items()}).static_order()]

    def _step(self, node: str, cycle: set[str], first: set[str]) -> Step:
        name, again = node.split()[0], node.endswith(" again")
        ways = self.content.tables[name].of
        if name in first:
            ways = tuple(link for link in ways if (link.table in cycle) == again)
        return Step(self.content.tables[name], ways, again)

    @cached_property
    def _cycle(self) -> set[str]:
        """Tables that hang on one another: contexts and blocks."""
        return {table.name for cycle in self.content.cycles if len(cycle) > 1 for table in cycle}

    def _parents(self, name: str) -> list[Link]:
        return [link for link in self.content.tables[name].of if link.key == "id"]

    def _references(self, table: Table) -> list[Link]:
        """The other links to copied rows, those first without which a row is not copied."""
        needs = table.facts.get("needs", [])
        links = [
            link for link in table.refs if link.table in self.content.tables and link.table not in (ROOT, table.name)
        ]
        return sorted(links, key=lambda link: link.column not in needs)

    def inserted(self, step: Step, columns: Sequence[str]) -> Insert:
        """How the rows of a step are written.

        :param columns: of its table on this site.
        """
        return _Writer(self, step, columns).insert

    def gone(self) -> Iterator[tuple[Step, list[str]]]:
        """The rows of the template that are not copied after all, in order: steps, and conditions of which each lets rows `t` out."""
        shrinking: set[str] = set()
        for step in self.steps:
            conditions = list(self._needed(step.table))
            parents = list(step.table.of)
            if not step.again and any(link.table in shrinking for link in parents):
                conditions.append(f"NOT ({self.hangs(parents)})")
            if conditions and not step.again:
                shrinking.add(step.name)
                yield step, conditions

    def _needed(self, table: Table) -> Iterator[str]:
        known = self.graph.tables
        for column in table.facts.get("needs", []):
            for link in (*known[table.name].of, *table.refs):
                if link.column == column and link.table != ROOT and (link.table in known or link.table == ROLES):
                    there = (
                        f" AND NOT {self._there(link)}"
                        if link.table not in known or link.table in self.content.tables
                        else ""
                    )
                    yield f"COALESCE(t.{column}, '') NOT IN ('', '0'){link.condition}{there}"

    def _there(self, link: Link) -> str:
        """That what a row of the template's, `t`, names is copied, or is a role that means something in the course."""
        if link.table == ROLES:
            return f"EXISTS (SELECT 1 FROM toolsync_role_known p WHERE p.courseid = t.toolsync_course AND p.roleid = t.{link.column})"
        return self.hangs([replace(link, when="")])

    def of_old_row(self, condition: str) -> str:
        """A condition on a row, `t`, as one on the template's row where that is called `o`."""
        return OF_ROW.sub("o.", condition)

    def hangs(self, ways: Iterable[Link]) -> str:
        """That a row of the template's, `t`, hangs on a row that is copied."""
        by_table: dict[str, list[str]] = {}
        for link in ways:
            own = "t.toolsync_course" if link.table == ROOT else f"p.{link.key}"
            by_table.setdefault(link.table, []).append(f"t.{link.column} = {own}{link.condition}")
        return " OR ".join(
            _any(conditions)
            if table == ROOT
            else f"EXISTS (SELECT 1 FROM {template_rows(table)} p WHERE p.toolsync_course = t.toolsync_course AND {_any(conditions)})"
            for table, conditions in by_table.items()
        )

    def found(self, step: Step) -> str:
        """How the new rows of a step, `t`, are known: they hang on rows that we made."""
        by_table: dict[str, list[Link]] = {}
        for link in step.ways:
            if link.key == "id":
                by_table.setdefault(link.table, []).append(link)
        return " OR ".join(_ours(table, links) for table, links in by_table.items())

    @cached_property
    def _named(self) -> set[str]:
        """The tables to whose rows a column leads, or a page's address."""
        links = (link for table in self.tables for link in (*table.of, *table.refs))
        children = (table.name for table in self.tables if any(link.key != "id" for link in table.of))
        pages = (name for page in self.graph.links.values() for name in (page if isinstance(page, list) else [page]))
        return {*(link.table for link in links), *children, *pages, *ASKED_FOR}

    def is_named(self, step: Step) -> bool:
        """Whether it has to be known which new row each row of the table became: another table names it, or a column waits."""
        return step.name in self._named or bool(step.mark) or step.again or step.name in self._waiting

    @cached_property
    def _waiting(self) -> set[str]:
        """Tables with a column that is set once all rows are there."""
        columns = {
            table.name: {link.column for link in (*table.of, *table.refs)} | set(table.facts.get("scales", []))
            for table in self.tables
        }
        return {step.name for step, _ in self.late(columns.__getitem__)}

    def may_have_links(self, step: Step, texts_of: Callable[[str], Iterable[str]]) -> bool:
        """Whether texts of the table may have ids in them."""
        return bool(self.texts(step.table, texts_of))

    def late(self, columns_of: Any) -> Iterator[tuple[Step, Late]]:
        """What is set once all rows are there."""
        for step in self.steps:
            if not step.again:
                for late in self.inserted(step, columns_of(step.name)).late:
                    yield step, late

    def scaled(self) -> Iterator[tuple[Table, str]]:
        """The columns that hold the id of a scale: as a negative number, or (with a link) as it is."""
        for table in self.tables:
            for column in table.facts.get("scales", []):
                yield table, f"-t.{column}"
            for link in table.refs:
                if link.table == SCALES:
                    yield table, f"t.{link.column}"

    def embedded(self, texts_of: Callable[[str], Iterable[str]]) -> Iterator[tuple[str, str, str]]:
        """Columns in whose text ids may stand: table, column, and how they stand there.

        :param texts_of: the long texts of a table on this site: in those of which the graph says nothing, links to pages are looked for.
        """
        for table in self.tables:
            yield from ((table.name, column, kind) for column, kind in self.texts(table, texts_of).items())

    def texts(self, table: Table, texts_of: Callable[[str], Iterable[str]]) -> dict[str, str]:
        """The same of one table: how ids stand in each column."""
        return dict.fromkeys(texts_of(table.name), LINKS) | table.facts.get("embeds", {})


@lru_cache(maxsize=4)
def site_copies(schema: Schema) -> Copies:
    """What copying writes on a site with these tables."""
    return Copies(site_graph(schema))


class _Writer:
    """Works out one INSERT."""

    def __init__(self, copies: Copies, step: Step, columns: Sequence[str]) -> None:
        self.copies = copies
        self.table = step.table
        self.insert = Insert()
        self.joined: set[str] = set()
        facts = self.table.facts
        self.shifted = {*facts.get("shift", []), *facts.get("dates", [])}
        self.scales = set(facts.get("scales", []))
        self.before = {earlier.name for earlier in copies.steps[: copies.steps.index(step)]}
        parents = {link.column for link in self.table.of}
        values: dict[str, str] = {}
        # Of two columns that lead to one table, one has to wait: no temporary table stands twice in a statement.
        said = facts.get("copied", {})
        wanted = {name for expression in said.values() for name in PLACEHOLDER.findall(expression)}
        for column in sorted(columns, key=lambda name: (name not in parents, name not in facts.get("needs", []))):
            if column != "id":
                values[column] = self._value(column) if column in wanted or column not in said else ""
        for column, expression in said.items():
            if column in values:
                values[column] = PLACEHOLDER.sub(lambda match: values.get(match[1], "NULL"), expression)
        self.insert.values = {column: values[column] for column in columns if column in values}

    def _value(self, column: str) -> str:
        links = [
            link
            for link in (*self.table.of, *self.table.refs)
            if link.column == column and link.key == "id" and link.table in self.copies.content.tables
        ]
        own = f"t.`{column}`"
        if column in self.shifted:
            return f"IF({own} > 0, {own} + c.shift, {own})"
        if column in self.scales:
            return self._scale(column, own)
        value = own
        by_table: dict[str, list[Link]] = {}
        for link in links:
            by_table.setdefault(link.table, []).append(link)
        found: list[str] = []
        there = [name for name in by_table if name in self.before]
        many = len(there) > FEW and not self.insert.named
        if many:
            self.insert.joins.append(
                "LEFT JOIN toolsync_named named ON named.courseid = c.courseid AND named.oldid = t.id"
            )
            found.append("named.newid")
        for name, group in by_table.items():
            when = _any([link.when for link in group]) if all(link.when for link in group) else ""
            if name == ROOT:
                value = f"IF({own} = c.templateid{f' AND {when}' if when else ''}, c.courseid, {value})"
            elif many and name in there:
                self.insert.named.append(Named(column, name, when or "TRUE"))
            elif name in self.before and name not in self.joined:
                found.append(f"{self._join(name, own, when)}.newid")
            else:
                self.insert.late.append(Late(column, name, when))
                if name == self.table.name:
                    value = f"CASE WHEN {when + ' AND ' if when else ''}{own} <> 0 THEN 0 ELSE {own} END"
        return f"COALESCE({', '.join([*found, value])})" if found else value

    def _scale(self, column: str, own: str) -> str:
        if SCALES in self.joined or SCALES not in self.before:
            self.insert.late.append(Late(column, SCALES, f"t.{column} < 0", negative=True))
            return own
        alias = self._join(SCALES, f"-{own}", f"{own} < 0")
        return f"COALESCE(-{alias}.newid, {own})"

    def _join(self, name: str, value: str, when: str) -> str:
        self.joined.add(name)
        alias = f"to_{name}"
        wanted = f"CASE WHEN {when} THEN {value} END" if when else value
        self.insert.joins.append(
            f"LEFT JOIN {copy_map(name)} {alias} ON {alias}.courseid = c.courseid AND {alias}.oldid = {wanted}"
        )
        return alias


def is_copied(table: Table) -> bool:
    """Whether rows of the table are copied: content is, unless the graph says otherwise."""
    said = table.facts.get("copy")
    return bool(said) if said is not None else not table.people and not table.facts.get("derived")


def _ours(table: str, links: Sequence[Link]) -> str:
    """That a new row, `t`, hangs on one of ours in that table."""
    ours, rows = ("courseid", "toolsync_copy") if table == ROOT else ("newid", copy_map(table))
    columns = {link.column for link in links}
    if len(columns) > 1:
        return f"EXISTS (SELECT 1 FROM {rows} p WHERE {_any([f'p.{ours} = t.{link.column}{link.condition}' for link in links])})"
    when = f" AND {_any([link.when for link in links])}" if all(link.when for link in links) else ""
    return f"t.{columns.pop()} IN (SELECT p.{ours} FROM {rows} p){when}"


def _within(table: Table, wanted: set[str]) -> Table:
    return replace(table, of=tuple(link for link in table.of if link.table in wanted))


def _chosen(table: Table) -> Table:
    said = table.facts.get("copy")
    only = f"({said})" if isinstance(said, str) and said != USED else ""
    alive = ALIVE.format(name=table.name) if table.activity else ""

    def limited(link: Link) -> Link:
        return replace(link, when=" AND ".join(part for part in (link.when, only, alive) if part))

    return replace(table, of=tuple(limited(link) for link in table.of))


def _any(conditions: Sequence[str]) -> str:
    unique = list(dict.fromkeys(conditions))
    return unique[0] if len(unique) == 1 else "(" + " OR ".join(f"({condition})" for condition in unique) + ")"


def _reaches(nodes: Mapping[str, set[str]], start: str, goal: str) -> bool:
    """Whether one waits, through others, for the other."""
    waiting, seen = [start], set()
    while waiting:
        node = waiting.pop()
        if node == goal:
            return True
        if node not in seen:
            seen.add(node)
            waiting += nodes.get(node, ())
    return False

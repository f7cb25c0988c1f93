"""What belongs together: the links between rows along which they stay and go with each other, so that nothing is there by halves after an undo."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from toolsync.course.graph import CourseGraph, Link, Table
from toolsync.course.graph_check import whole_graph
from toolsync.course.graph_files import site_graph
from toolsync.moodle.references import AUTHORS, Reference
from toolsync.moodle.schema import Schema
from toolsync.moodle.session import MoodleSession

# Links that are no way from the course, along which a row stays with the other all the same: the module of an activity, the item of a category, the files of a
# text. What people did stays with what people did that it is about, too: a comment with its page.
TOGETHER = frozenset(
    {
        ("course_format_options", "sectionid"),
        ("course_modules", "instance"),
        ("course_sections", "itemid"),
        ("files", "itemid"),
        ("grade_items", "iteminstance"),
        ("grade_outcomes_courses", "outcomeid"),
        ("tag_instance", "itemid"),
    }
)


class Kin(NamedTuple):
    """A column of a row that leads to another one, which it needs.

    :param column: of the row.
    :param target: the table of the other.
    :param named: SQL of what the row, `t`, has in the column.
    :param key: the column of the other that it equals.
    :param when: SQL condition on the row under which it does; empty: always.
    :param part: whether the row is part of the other, and stays with it.
    """

    column: str
    target: str
    named: str
    key: str = "id"
    when: str = ""
    part: bool = True


def kin_of(session: MoodleSession, table: str) -> list[Kin]:
    """The links of a table: those of the course graph, and the site's references besides.

    :raises SiteUnfit: a file of the graph is wrong.
    """
    graph = _graph(session.schema)
    of_graph = graph.tables.get(table, Table(table, parents=()))
    found = [
        Kin(link.column, link.table, link.named, link.key, link.when, _is_part(graph, of_graph, link))
        for link in of_graph.links
        if link.column not in AUTHORS
    ]
    known = {(one.column, one.target) for one in found}
    for one in session.references.of(table):
        if (one.column, one.target) not in known:
            when = f"t.contextlevel = {one.level}" if one.level else ""
            found.append(
                Kin(
                    one.column,
                    one.target,
                    f"t.{one.column}",
                    when=when,
                    part=table not in graph.tables or bool(one.level),
                )
            )
    return found


@lru_cache(maxsize=4)
def hanging(schema: Schema) -> CourseGraph:
    """What hangs on what: the course graph of a site, in which the parents of a table are all rows with which a row goes.

    Without the rows that Moodle leaves. Where the other names the row (`question_attempts` its usage), it goes with the only one that does.
    """
    graph = _graph(schema)

    def hangs(table: Table, link: Link) -> bool:
        once = link.key == "id" or [link.key] in schema.unique_keys(link.table)
        return link.column not in AUTHORS and once and link.table != table.name and _is_part(graph, table, link)

    return graph.with_tables(
        replace(table, parents=tuple(link for link in table.links if hangs(table, link)))
        for table in graph.tables.values()
    ).deletable


def _is_part(graph: CourseGraph, table: Table, link: Link) -> bool:
    """Whether a row is part of the one that a link leads to, and not the other way round."""
    if link in table.parents or (table.name, link.column) in TOGETHER:
        return True
    target = graph.tables.get(link.table)
    return table.people and target is not None and target.people and table.name not in graph.ancestors[link.table]


def users_of(session: MoodleSession, target: str) -> list[Reference]:
    """Of which rows the course graph alone says that they belong to rows of a table: neither Moodle nor their names do."""
    known = {one[:2] for one in (*session.references.to(target), *session.references.unindexed_to(target))}
    return [
        Reference(table.name, link.column, target)
        for table in _graph(session.schema).tables.values()
        for link in table.parents
        if (link.table, link.key, link.when) == (target, "id", "") and not table.facts.get("derived")
        if (table.name, link.column) not in known
    ]


def left_behind(schema: Schema) -> list[str]:
    """The tables in which Moodle leaves rows when it deletes a course, an activity or what people did: also of methods by which others took its people."""
    return ["enrol", *(table.name for table in _graph(schema).tables.values() if table.stays)]


def highest_ids(session: MoodleSession) -> dict[str, int]:
    """The highest id in each table in which Moodle leaves rows. Of what is put back now, only later ones can be a use."""
    tables = left_behind(session.schema)
    found = session.rows("SELECT " + ", ".join(f"(SELECT MAX(t.id) FROM {{{name}}} t)" for name in tables))
    return {name: highest for name, highest in zip(tables, found[0], strict=True) if highest}


def _graph(schema: Schema) -> CourseGraph:
    """The part of the course graph that the site has. It need not know all of the site's: what a run made is in its bundle."""
    whole_graph()
    return site_graph(schema)

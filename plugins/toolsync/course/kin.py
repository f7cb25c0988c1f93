"""What belongs together: the links between the rows that a run made, for an undo, after which nothing may be there by halves."""

from __future__ import annotations

from typing import NamedTuple

from toolsync.course.graph_files import site_graph
from toolsync.moodle.references import AUTHORS, Reference
from toolsync.moodle.session import MoodleSession

# Links that are no way from the course, along which a row stays with the other all the same: the module of an activity, the item of a category, the files of a
# text.
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
    :param key: the column of the other that it equals.
    :param when: SQL condition on the row, `t`, under which it does; empty: always.
    :param part: whether the row is part of the other, and stays with it.
    """

    column: str
    target: str
    key: str = "id"
    when: str = ""
    part: bool = True


def kin_of(session: MoodleSession, table: str) -> list[Kin]:
    """The links of a table: those of the course graph, and the site's references besides."""
    of_graph = site_graph(session.schema).tables.get(table)
    parents = set(of_graph.parents) if of_graph else set()
    found = [
        Kin(link.column, link.table, link.key, link.when, link in parents or (table, link.column) in TOGETHER)
        for link in (of_graph.links if of_graph else ())
        if link.column not in AUTHORS and (link.key != "id" or not _is_text(session, table, link.column))
    ]
    known = {(one.column, one.target) for one in found}
    for one in session.references.of(table):
        if (one.column, one.target) not in known:
            when = f"t.contextlevel = {one.level}" if one.level else ""
            found.append(Kin(one.column, one.target, when=when, part=not of_graph or bool(one.level)))
    return found


def users_of(session: MoodleSession, target: str) -> list[Reference]:
    """Of which rows the course graph alone says that they belong to rows of a table: neither Moodle nor their names do."""
    known = {one[:2] for one in (*session.references.to(target), *session.references.unindexed_to(target))}
    return [
        Reference(table.name, link.column, target)
        for table in site_graph(session.schema).tables.values()
        for link in table.parents
        if (link.table, link.key, link.when) == (target, "id", "") and not table.facts.get("derived")
        if (table.name, link.column) not in known
    ]


def _is_text(session: MoodleSession, table: str, column: str) -> bool:
    """Whether a column holds texts, of which some are ids: what a badge asks for."""
    limits = session.schema.limits(table, column)
    return limits is not None and limits.characters is not None

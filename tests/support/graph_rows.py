"""The rows of a course, found by walking the course graph link by link, one query a link."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from toolsync.course.graph import CourseGraph
from toolsync.moodle.session import MoodleSession


def walk(graph: CourseGraph, session: MoodleSession, course: int) -> dict[str, set[int]]:
    rows: dict[str, set[int]] = defaultdict(set, {"course": {course}})
    for table, link in graph.ways():
        if parents := rows[link.table]:
            named = listed(parents)
            if link.key != "id":
                named = f"SELECT p.{link.key} FROM {{{link.table}}} p WHERE p.id IN ({named})"
            sql = f"SELECT t.id FROM {{{table.name}}} t WHERE t.{link.column} IN ({named}){link.condition}"
            rows[table.name].update(id_ for (id_,) in session.rows(sql))
    return rows


def listed(ids: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ids)))

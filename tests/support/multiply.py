"""Copies of a course with all that people did in it, made by SQL along the course graph, for benchmarks and tests."""

from __future__ import annotations

from tests.support.site import Site
from toolsync.course.graph import CourseGraph, Table
from toolsync.course.graph_files import site_graph
from toolsync.functions import sql_folder
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.running.sql_folder import Occasion
from toolsync.running.state import RunState

STEP = 10_000_000  # between the ids of one copy and the next
UNIQUE = {("course", "shortname"), ("files", "pathnamehash")}


def multiply(site: Site, course: str, copies: int) -> list[str]:
    """Copy a course with everything that belongs to it. Ids inside texts stay those of the original.

    :return: the short names of the copies.
    """
    with MoodleHook("moodle_db").session(lock_seconds=60) as session:
        state = RunState(session)
        occasion = Occasion(columns={"shortname"}, options={"course_id_field": "shortname"})
        folder = sql_folder("courses_delete", state, occasion)
        statements = folder.statements("shared/course/collect.sql")
        graph, tables = site_graph(session.schema).deletable, state.tables
        tables.create("toolsync_of_course", "id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL")
        found = "INSERT INTO toolsync_of_course SELECT id, id FROM {course} WHERE shortname = %s"
        tables.count("toolsync_of_course", session.execute(found, (course,)))
        folder.run(statements)
        names = []
        for number in range(1, copies + 1):
            for table in graph.root_to_leaf:
                if tables.has_rows(table.part):
                    _copy(session, graph, table, number)
            _paths(session, number * STEP)
            names.append(f"{course}x{number}")
        session.commit()
        folder.clean_up()
    return names


def _copy(session: MoodleSession, graph: CourseGraph, table: Table, number: int) -> None:
    offset = number * STEP
    values = {name: f"t.`{name}`" for name in session.schema.columns(table.name)}
    for link in table.links:
        if link.table in graph.tables and link.key == "id" and link.column in values:
            when = f" AND {link.when}" if link.when else ""
            values[link.column] = (
                f"CASE WHEN t.`{link.column}` > 0{when} THEN t.`{link.column}` + {offset} ELSE {values[link.column]} END"
            )
    values["id"] = f"t.id + {offset}"
    if table.name == "course":
        values["shortname"] = f"CONCAT(t.shortname, 'x{number}')"
        values["idnumber"] = f"CONCAT(t.idnumber, 'x{number}')"
    if table.name == "files":
        values["pathnamehash"] = f"SHA1(CONCAT(t.pathnamehash, '{number}'))"
    names = ", ".join(f"`{name}`" for name in values)
    session.execute(
        f"INSERT INTO {{{table.name}}} ({names}) SELECT {', '.join(values.values())} FROM {table.part} p JOIN {{{table.name}}} t ON t.id = p.id"
    )


def _paths(session: MoodleSession, offset: int) -> None:
    """Contexts lie under their new course."""
    session.execute(
        f"""UPDATE {{context}} x JOIN toolsync_of_context p ON x.id = p.id + {offset} JOIN {{context}} o ON o.id = p.id
              JOIN {{context}} c ON c.contextlevel = 50 AND c.instanceid = p.courseid
               SET x.path = CONCAT(REPLACE(SUBSTRING_INDEX(o.path, CONCAT('/', c.id), 1), '//', '/'), '/', c.id + {offset},
                                   IF(o.id = c.id, '', CONCAT('/', o.id + {offset})))"""
    )

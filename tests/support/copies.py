"""Copies of courses, looked at row by row: what they refer to, and templates that have something for every way of the course graph to lead to."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from tests.conformance import rowdiff
from tests.support.graph_rows import listed, walk
from toolsync.course.copies import Copies
from toolsync.course.graph import CourseGraph, Link, Table
from toolsync.moodle.session import MoodleSession

Rows = dict[str, set[int]]

NUMBERS = re.compile(r"\d+")
# Columns that are lists of ids, or have ids among other things.
LISTS = {
    ("context", "path"): "context",
    ("course_sections", "sequence"): "course_modules",
    ("grade_categories", "path"): "grade_categories",
    ("question_multianswer", "sequence"): "question",
}
RESTRICTIONS = {
    "completion": ("cm", "course_modules"),
    "group": ("id", "groups"),
    "grouping": ("id", "groupings"),
    "grade": ("id", "grade_items"),
}
# Anywhere in a text: what is found there, and the table whose id it is.
WITHIN = [
    (re.compile(r"##gi(\d+)##"), "grade_items"),
    (re.compile(r'"glossary";[is]:(?:\d+:)?"?(\d+)'), "glossary"),
    (re.compile(r'"activityparentid";[is]:(?:\d+:)?"?(\d+)'), "quiz"),
    (re.compile(r'"activitygradeitemid";[is]:(?:\d+:)?"?(\d+)'), "grade_items"),
    (re.compile(r'"ctx";[is]:(?:\d+:)?"?(\d+)'), "context"),
    (re.compile(r'"category": ?\{[^{}]*"values": ?\["?(\d+)'), "question_categories"),
    (re.compile(r'"questioncategoryid": ?"?(\d+)'), "question_categories"),
    (re.compile(r'"cat": ?"(\d+),'), "question_categories"),
    (re.compile(r'"cat": ?"\d+,(\d+)"'), "context"),
    (re.compile(r"/mod/\w+/view\.php(?:\?|%3F)id(?:=|%3D)(\d+)"), "course_modules"),
    (re.compile(r"/course/view\.php\?id=(\d+)"), "course"),
    (re.compile(r"/pluginfile\.php/(\d+)"), "context"),
]
# What no two courses, or rows, have alike.
OF_ITS_OWN = rowdiff.RANDOM | {"id", "clientid"}
COURSES_OWN = {"shortname", "fullname", "idnumber", "sortorder", "cacherev", "originalcourseid"}
SETTINGS = re.compile(r"Tzo")  # of a block
# Words of the graph's conditions: a column that has a value.
FIXED = re.compile(r"\bt\.(\w+) (?:= |IN \()(?:'(\w+)'|(\d+)\b)")
# What has to be there by hand, since the graph's conditions ask for more than a value of a column.
FIELD = """
    INSERT INTO {{customfield_category}} (name, component, area, itemid, contextid, sortorder, timecreated, timemodified) VALUES ('Extra', '{0}', '{1}', 0, 1, 1, 1, 1);
    INSERT INTO {{customfield_field}} (shortname, name, type, categoryid, sortorder, configdata, timecreated, timemodified)
    VALUES ('extra{1}', 'Extra', 'text', LAST_INSERT_ID(), 1, '{{}}', 1, 1);
    INSERT INTO {{customfield_data}} (fieldid, instanceid, component, area, itemid, contextid, charvalue, value, valueformat, timecreated, timemodified)
    VALUES (LAST_INSERT_ID(), ({2}), '{0}', '{1}', 0, (SELECT id FROM {{context}} WHERE contextlevel = 50 AND instanceid = :course), 'x', 'x', 0, 1, 1)"""
IN_BANK = """SELECT MAX(v.questionid) FROM {question_versions} v JOIN {question_bank_entries} e ON e.id = v.questionbankentryid
    JOIN {question_categories} k ON k.id = e.questioncategoryid JOIN {context} x ON x.id = k.contextid
    JOIN {course_modules} cm ON x.contextlevel = 70 AND cm.id = x.instanceid AND cm.course = :course"""
BY_HAND = [
    statement
    for text in [
        FIELD.format("core_group", "grouping", "SELECT MIN(id) FROM {groupings} WHERE courseid = :course"),
        FIELD.format("qbank_customfields", "question", IN_BANK),
        """INSERT INTO {badge_criteria} (badgeid, criteriatype, method) SELECT MIN(id), 1, 1 FROM {badge} WHERE courseid = :course;
        INSERT INTO {badge_criteria_param} (critid, name, value)
        SELECT LAST_INSERT_ID(), CONCAT('module_', MAX(id)), MAX(id) FROM {course_modules} WHERE course = :course;
        INSERT INTO {badge_criteria} (badgeid, criteriatype, method) SELECT MIN(id), 4, 1 FROM {badge} WHERE courseid = :course;
        INSERT INTO {badge_criteria_param} (critid, name, value) VALUES (LAST_INSERT_ID(), 'course_:course', ':course')""",
        """INSERT INTO {filter_config} (filter, contextid, name, value)
        SELECT s.filter, c.id, 'how', 'x' FROM {filter_active} s JOIN {context} x ON x.id = s.contextid AND x.contextlevel = 10
          JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = :course WHERE s.active = 1 LIMIT 1""",
        f"""INSERT INTO {{comments}} (contextid, component, commentarea, itemid, content, format, userid, timecreated)
        SELECT 1, 'qbank_comment', 'question', ({IN_BANK}), 'x', 0, 2, 1""",
        """UPDATE {course_sections} SET availability = CONCAT('{"op":"&","c":[{"type":"group","id":', (SELECT MIN(id) FROM {groups} WHERE courseid = :course), '}],"showc":[true]}')
         WHERE course = :course AND section = 1""",
        "UPDATE {lti} SET typeid = (SELECT MAX(id) FROM {lti_types} WHERE course = :course) WHERE course = :course",
        "INSERT INTO {scale} (courseid, userid, name, scale, description, timemodified) VALUES (:course, 2, 'Used', 'a,b', '', 1)",
        """UPDATE {question_set_references} r JOIN {context} x ON x.id = r.usingcontextid AND x.contextlevel = 70
          JOIN {course_modules} cm ON cm.id = x.instanceid AND cm.course = :course
           SET r.filtercondition = JSON_SET(r.filtercondition, '$.cat', CONCAT(JSON_VALUE(r.filtercondition, '$.filter.category.values[0]'), ',', r.questionscontextid))""",
    ]
    for statement in text.split(";\n")
]
# That a copy comes from its template is said on purpose.
MEANT = {("course", "originalcourseid", "course")}


def course_id(session: MoodleSession, shortname: str) -> int:
    found = session.value("SELECT id FROM {course} WHERE shortname = %s", (shortname,))
    assert found, shortname
    return found


def rows_of(session: MoodleSession, graph: CourseGraph, shortname: str) -> Rows:
    return walk(graph, session, course_id(session, shortname))


def strays(
    session: MoodleSession, graph: CourseGraph, differ: rowdiff.Differ, own: Rows, others: Rows
) -> set[tuple[str, str, str]]:
    """Where rows of a course name rows of another one: table, column, table of what is named.

    What leads where is said by the graph and, apart from it, by the scenarios' own `rowdiff.py`: one that the graph lacks is found, too.
    """
    found = {(name, "id", name) for name in own if own[name] & others.get(name, set())}
    for name, ids in own.items():
        if ids and session.schema.has(name):
            found |= {(name, *stray) for stray in _by_graph(session, graph.tables.get(name), ids, others)}
            columns = session.schema.columns(name)
            for values in session.rows(f"SELECT * FROM {{{name}}} WHERE id IN ({listed(ids)})"):
                row = dict(zip(columns, values, strict=True))
                named = [*_by_referee(differ, name, row), *_in_texts(name, row)]
                found |= {(name, column, table) for column, table, id_ in named if id_ in others.get(table, ())}
    return found - MEANT


def _by_graph(session: MoodleSession, table: Table | None, ids: set[int], others: Rows) -> Iterator[tuple[str, str]]:
    if table is None or table.name == "course":
        return
    links = [(link.column, link.table, link.condition, "") for link in table.links if link.key == "id"]
    links += [(column, "scale", "", "-") for column in table.facts.get("scales", [])]
    for column, target, condition, sign in links:
        if others.get(target) and session.value(
            f"SELECT 1 FROM {{{table.name}}} t WHERE t.id IN ({listed(ids)}) AND {sign}t.`{column}` IN ({listed(others[target])}){condition} LIMIT 1"
        ):
            yield column, target


def _by_referee(differ: rowdiff.Differ, table: str, row: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    for column, value in row.items():
        if column != "id" and isinstance(value, int) and (target := differ.target(table, column, row)):
            yield column, target, value


def _in_texts(table: str, row: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    for column, text in row.items():
        if not isinstance(text, str) or not text:
            continue
        if (table, column) in LISTS:
            yield from ((column, LISTS[table, column], int(id_)) for id_ in NUMBERS.findall(text))
        elif column == "availability":
            yield from ((column, target, id_) for target, id_ in _restrictions(json.loads(text)))
        elif table == "badge_criteria_param" and text.partition("_")[0] in ("module", "course"):
            target = {"module": "course_modules"}.get(text.partition("_")[0], "course")
            yield column, target, int(text.partition("_")[2])
        else:
            plain = base64.b64decode(text).decode() if column == "configdata" else text
            for expression, target in WITHIN:
                yield from ((column, target, int(id_)) for id_ in expression.findall(plain))


def _restrictions(tree: dict[str, Any]) -> Iterator[tuple[str, int]]:
    if tree.get("type") in RESTRICTIONS:
        key, table = RESTRICTIONS[tree["type"]]
        if tree.get(key):
            yield table, tree[key]
    for child in tree.get("c", []):
        yield from _restrictions(child)


def picture(session: MoodleSession, graph: CourseGraph, shortname: str, now: int) -> dict[str, list[dict[str, Any]]]:
    """All rows of a course, by table, with the places of rows in the tables instead of their ids: equal for copies of one template.

    :param now: moments from then on, for a minute, are one.
    """
    own = rows_of(session, graph, shortname)
    places = {name: {id_: place for place, id_ in enumerate(sorted(ids))} for name, ids in own.items()}
    seen = {}
    for name in sorted(own):
        columns = session.schema.columns(name)
        rows = (
            session.rows(f"SELECT * FROM {{{name}}} WHERE id IN ({listed(own[name])}) ORDER BY id") if own[name] else []
        )
        leads = _leads(session, graph.tables[name], own)
        scales = graph.tables[name].facts.get("scales", [])
        seen[name] = [
            {
                column: _told(value, leads.get((row["id"], column)), column in scales, places, now)
                for column, value in row.items()
                if column not in (OF_ITS_OWN | COURSES_OWN if name == "course" else OF_ITS_OWN)
                and row.get("name") != "servicesalt"
            }
            | {"texts": [(column, to, _place(places, to, id_)) for column, to, id_ in _in_texts(name, row)]}
            for row in (dict(zip(columns, values, strict=True)) for values in rows)
        ]
    return {name: rows for name, rows in seen.items() if rows}


def _leads(session: MoodleSession, table: Table, own: Rows) -> dict[tuple[int, str], str]:
    """The table that a column of a row leads to."""
    found: dict[tuple[int, str], str] = {}
    for link in table.links:
        if own[table.name] and own.get(link.table) and link.key == "id":
            named = f"t.id IN ({listed(own[table.name])}) AND t.`{link.column}` IN ({listed(own[link.table])}){link.condition}"
            found |= {
                (id_, link.column): link.table
                for (id_,) in session.rows(f"SELECT t.id FROM {{{table.name}}} t WHERE {named}")
            }
    return found


def _told(value: Any, target: str | None, scale: bool, places: dict[str, dict[int, int]], now: int) -> Any:
    if target:
        return _place(places, target, value)
    if isinstance(value, int):
        return (
            "now"
            if now <= value < now + 60
            else f"scale {places['scale'][-value]}"
            if scale and -value in places["scale"]
            else value
        )
    return (
        NUMBERS.sub("#", base64.b64decode(value).decode() if SETTINGS.match(value) else value)
        if isinstance(value, str)
        else value
    )


def _place(places: dict[str, dict[int, int]], target: str, value: Any) -> Any:
    place = places.get(target, {}).get(int(value)) if value not in (None, "") else None
    return value if place is None else f"{target} {place}"


# -- templates with a row for everything --------------------------------------------------------------------------------


def ways(graph: CourseGraph) -> Iterator[tuple[str, Link]]:
    """The columns of copied rows that hold ids of copied rows: the table, and where its column leads to."""
    content = Copies(graph).walked.tables
    for table in Copies(graph).walked.root_to_leaf:
        for link in table.links:
            if link.key == "id" and link.table in content and table.name != "course":
                yield table.name, link


def unled(session: MoodleSession, graph: CourseGraph, rows: Rows) -> set[str]:
    """Those that none of these rows has."""
    return {
        f"{name}.{link.column} -> {link.table}" for name, link in ways(graph) if not _led(session, name, link, rows)
    }


def _led(session: MoodleSession, table: str, link: Link, rows: Rows) -> bool:
    return bool(
        rows[table]
        and rows[link.table]
        and session.value(
            f"SELECT 1 FROM {{{table}}} t WHERE t.id IN ({listed(rows[table])}) AND t.`{link.column}` IN ({listed(rows[link.table])}){link.condition} LIMIT 1"
        )
    )


def grow(session: MoodleSession, graph: CourseGraph, course: int) -> None:
    """Give a course a row for every way that it has none for, as far as the graph's conditions are plain ones; the rest by hand."""
    for statement in BY_HAND:
        session.execute(statement.replace(":course", str(course)))
    walked = Copies(graph).walked
    rows = walk(walked, session, course)
    for table in Copies(graph).tables:
        for column in table.facts.get("scales", []) if rows[table.name] else ():
            one = max(rows[table.name])
            session.execute(f"UPDATE {{{table.name}}} SET {column} = %s WHERE id = %s", (-max(rows["scale"]), one))
    for name, link in 2 * list(ways(graph)):  # files come before some of what they belong to
        if rows[link.table] and not _led(session, name, link, rows):
            to = max(rows[link.table])
            fixed = {column: text or number for column, text, number in FIXED.findall(link.when)}
            if rows[name] and link in walked.tables[name].refs and not fixed:
                one = max(rows[name] - {to}, default=to)
                session.execute(f"UPDATE {{{name}}} SET `{link.column}` = %s WHERE id = %s", (to, one))
            else:
                _add(session, walked.tables[name], {**fixed, link.column: to}, rows)
                rows |= walk(walked.leading_to([name]), session, course)
    for name, column in dated(graph, session):
        if rows[name]:
            session.execute(f"UPDATE {{{name}}} SET {column} = 1770000000 + id WHERE id = %s", (max(rows[name]),))


def dated(graph: CourseGraph, session: MoodleSession) -> Iterator[tuple[str, str]]:
    """The columns of the site that move with the course's start."""
    for table in Copies(graph).tables:
        for column in {*table.facts.get("dates", ()), *table.facts.get("shift", ())}:
            if session.schema.has(table.name, column):
                yield table.name, column


def _add(session: MoodleSession, table: Table, values: dict[str, Any], rows: Rows) -> None:
    """A row like one that is there, or of next to nothing, with these values."""
    columns = session.rows(
        "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = %s AND column_name <> 'id'",
        (f"mdl_{table.name}",),
    )
    model: dict[str, Any] = {}
    if rows[table.name]:
        names = session.schema.columns(table.name)
        found = session.rows(f"SELECT * FROM {{{table.name}}} WHERE id = %s", (max(rows[table.name]),))
        model = dict(zip(names, found[0], strict=True))
    parents = {
        link.column: max(rows[link.table])
        for link in table.links
        if not link.when and link.key == "id" and rows.get(link.table) and link.table != table.name
    }
    row = {
        name: values.get(
            name, model.get(name, parents.get(name, 1 if kind.endswith("int") or kind == "decimal" else "x"))
        )
        for name, kind, nullable, default in columns
        if name in values or name in model or name in parents or nullable == "NO" and default is None
    }
    if "pathnamehash" in row:
        row |= {
            "pathnamehash": session.value("SELECT SHA1(UUID())"),
            "filename": f"{session.value('SELECT UUID()')}.txt",
        }
    session.execute(
        f"INSERT INTO {{{table.name}}} ({', '.join(f'`{name}`' for name in row)}) VALUES ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )

"""The course graph: it misses no table or column of Moodle, finds exactly what Moodle's `delete_course` deletes, and no row of another course."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conformance import rowdiff
from tests.support.blueprint import NEWEST, OLDEST, Blueprint
from tests.support.graph_rows import listed, walk
from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from toolsync.course.graph import STAYS, CourseGraph, Link
from toolsync.course.graph_files import GraphError, read_graph
from toolsync.moodle.session import MoodleSession
from toolsync.settings import ROOT

OURS = ROOT / "include/course_graph/moodle.yaml"
DECLARED = json.loads((ROOT / "tests/conformance/foreign_keys.json").read_text())
DELETED = {"courses-delete-rich": 3, "courses-delete-plain": 4}
FIXED = re.compile(r"\bt\.(\w+) = ")  # a column that a condition sets to one value

# Links without an index: following them scans the whole table.
WHOLE = {
    ("bigbluebuttonbn", "course"): "one row an activity",
    ("repository_instance_config", "instanceid"): "a few rows an instance, and courses hardly have any",
    ("enrol_lti_resource_link", "resourceid"): "one row a published tool and platform",
    ("tool_brickfield_process", "courseid"): "a queue",
    ("user_private_key", "instance"): "by (script, value): keys to grades only",
    ("wiki_locks", "pageid"): "locks of pages that are being edited",
    (
        "competency_usercompcourse",
        "courseid",
    ): "few rows, as most people have none; only (userid, courseid, …) is indexed",
}

# Tables that also have rows of the site, of categories and of people. Their rows are in a context outside all courses, which this column names,
CONTEXTS = {
    "block_instances": "parentcontextid",
    "context": "id",
    **dict.fromkeys(["comments", "favourite", "files", "filter_active", "gradepenalty_duedate_rule"], "contextid"),
    **dict.fromkeys(["repository_instances", "role_assignments", "role_capabilities", "tag_instance"], "contextid"),
}
ELSEWHERE = """t.{} NOT IN (
    SELECT x.id FROM {{context}} x JOIN {{context}} c ON c.contextlevel = 50 AND (x.id = c.id OR x.path LIKE CONCAT(c.path, '/%')))"""
# or meet another condition.
TALK = "SELECT c.id FROM {message_conversations} c WHERE c.component = 'core_group'"
OF_THE_SITE = {
    **{table: ELSEWHERE.format(column) for table, column in CONTEXTS.items()},
    "badge": "t.courseid IS NULL",
    "badge_criteria": "t.badgeid IN (SELECT b.id FROM {badge} b WHERE b.courseid IS NULL)",
    "badge_criteria_param": "t.critid IN (SELECT c.id FROM {badge_criteria} c JOIN {badge} b ON b.id = c.badgeid WHERE b.courseid IS NULL)",
    "badge_issued": "t.badgeid IN (SELECT b.id FROM {badge} b WHERE b.courseid IS NULL)",
    "event": "t.courseid = 0 AND t.eventtype IN ('category', 'user')",
    "logstore_standard_log": "COALESCE(t.courseid, 0) = 0",
    "message_conversations": f"t.id NOT IN ({TALK})",
    "message_conversation_members": f"t.conversationid NOT IN ({TALK})",
    "messages": f"t.conversationid NOT IN ({TALK})",
    "message_user_actions": f"t.messageid IN (SELECT m.id FROM {{messages}} m WHERE m.conversationid NOT IN ({TALK}))",
    "post": "t.module = 'blog'",
    "scale": "t.courseid = 0",
    "user_private_key": "t.script = 'core_files'",
}


class Column(NamedTuple):
    """A column that holds ids of rows of another table; `to` is None if that table depends on the row."""

    table: str
    name: str
    to: str | None


@pytest.fixture(scope="module")
def session(pristine: Site) -> Iterator[MoodleSession]:
    connection = pristine.connect()
    session = MoodleSession(connection, "mdl_", {})
    session.schema.read_all()
    yield session
    connection.close()


@pytest.fixture(scope="module")
def whole() -> CourseGraph:
    """The graph of all versions."""
    return read_graph([OURS])


@pytest.fixture(scope="module")
def graph(whole: CourseGraph, session: MoodleSession) -> CourseGraph:
    """The part of the graph that the site has."""
    return whole.for_site(session.schema)


@pytest.fixture(scope="module")
def found(graph: CourseGraph, session: MoodleSession) -> dict[int, dict[str, set[int]]]:
    """The ids of the rows of all courses, by course id and table."""
    return {course: walk(graph, session, course) for (course,) in session.rows("SELECT c.id FROM {course} c")}


# -- completeness -------------------------------------------------------------------------------------------------


def columns_that_name_rows(session: MoodleSession) -> Iterator[Column]:
    """Columns of the site that hold ids: by their foreign key, by their name, or depending on another column."""
    numbers = session.rows(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND data_type LIKE '%int'"
    )
    for table, column in ((table.removeprefix("mdl_"), column) for table, column in numbers):
        to, key = DECLARED.get(table, {}).get(column, (rowdiff.REFERENCES_BY_NAME.get(column), "id"))
        if to and key == "id":
            yield Column(table, column, to)
        elif (table, column) in rowdiff.POLYMORPHIC or to:
            yield Column(table, column, None)


def test_every_column_that_names_a_row_of_a_course_is_in_the_graph(graph: CourseGraph, session: MoodleSession):
    missed = []
    for column in columns_that_name_rows(session):
        table = graph.tables.get(column.table)
        if table is None:
            if column.to in graph.tables and column.table not in graph.outside:
                missed.append(column)
        elif column.name not in table.facts.get("scales", ()):
            links = [link for link in table.links if link.column == column.name]
            if not links or column.to not in {None, *(link.table for link in links)}:
                missed.append(column)
    assert missed == []


def test_older_releases_do_otherwise(whole: CourseGraph):
    oldest, newest = (whole.for_site(Blueprint(version)) for version in (OLDEST, NEWEST))
    page = "badges/view.php?type=2&id"
    assert oldest.links[page] == "course" and page not in newest.links
    assert all(isinstance(ids, str | list) for graph in (oldest, newest) for ids in graph.links.values())
    facts = [
        {key: graph.tables["bigbluebuttonbn"].facts.get(key) for key in ("dates", "shift", "earlier")}
        for graph in (oldest, newest)
    ]
    assert facts == [
        {"dates": [], "shift": ["timemodified"], "earlier": None},
        {"dates": ["openingtime", "closingtime"], "shift": None, "earlier": None},
    ]


def test_no_table_is_both_inside_and_outside(whole: CourseGraph):
    assert whole.outside.keys() & whole.tables.keys() == set()
    assert all(whole.outside.values())


def test_every_table_and_column_is_there_or_was_in_an_older_version(whole: CourseGraph, session: MoodleSession):
    old = {name for name, table in whole.tables.items() if "until" in table.facts}
    assert {name for name in whole.tables if not session.schema.has(name)} == old
    assert [name for name in old if not whole.tables[name].facts["until"] < 5.1] == []
    assert [
        (name, link)
        for name, table in whole.tables.items()
        for link in table.links
        if name not in old
        and not (
            session.schema.has(name, link.column) and (link.table in old or session.schema.has(link.table, link.key))
        )
    ] == []
    assert [name for name in whole.outside if not session.schema.has(name)] == [
        "assignment_upgrade",
        "editor_atto_autosave",
    ]


def test_every_activity_and_kind_of_the_site_is_known(graph: CourseGraph, session: MoodleSession):
    assert {name for (name,) in session.rows("SELECT m.name FROM {modules} m")} == set(graph.activities)
    for kind in graph.kinds.values():
        there = session.rows(
            f"SELECT DISTINCT t.{kind['column']} FROM {{{kind['table']}}} t WHERE {kind.get('when', 'TRUE')}"
        )
        assert {name for (name,) in there} - set(kind["known"]) == set()


# -- what is deleted, and what belongs to whom -----------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in DELETED if name in SCENARIOS])
def test_what_is_deleted_is_what_moodle_deletes(name: str, graph: CourseGraph, session: MoodleSession):
    expected = SCENARIOS[name].json("expected.json")
    deleted = {
        table: {int(row["id"].partition("#")[2]) for row in changes["deleted"]}
        for table, changes in expected.items()
        if "deleted" in changes
    }
    gone = {table: ids for table, ids in walk(graph.deletable, session, DELETED[name]).items() if ids}
    # Unused tags, and roles in another course that came by meta link: no column leads from the course to these.
    assert deleted.pop("tag", set()) <= {
        tag
        for (tag,) in session.rows(
            f"SELECT g.tagid FROM {{tag_instance}} g GROUP BY g.tagid HAVING SUM(g.id NOT IN ({listed(gone.get('tag_instance', {0}))})) = 0"
        )
    }
    deleted["role_assignments"] -= {
        role
        for (role,) in session.rows(
            "SELECT r.id FROM {role_assignments} r JOIN {enrol} e ON e.id = r.itemid "
            "WHERE r.component = 'enrol_meta' AND e.enrol = 'meta' AND e.customint1 = %s",
            (DELETED[name],),
        )
    }
    # Tables that the scenarios do not compare.
    unseen = {table for table in gone if rowdiff.IGNORED_TABLES.match(table) and table not in rowdiff.KEPT_ROWS}
    assert {table: ids for table, ids in gone.items() if table not in unseen} == deleted


def test_each_row_is_deleted_or_stays(
    graph: CourseGraph, session: MoodleSession, found: dict[int, dict[str, set[int]]]
):
    gone = walk(graph.deletable, session, 3)
    for name, ids in found[3].items():
        if ids:
            stays = graph.tables[name].stays or "FALSE"
            kept = {
                id_
                for (id_,) in session.rows(f"SELECT t.id FROM {{{name}}} t WHERE t.id IN ({listed(ids)}) AND ({stays})")
            }
            assert (gone[name] & kept, gone[name] | kept) == (set(), ids), name


def test_no_row_belongs_to_two_courses(graph: CourseGraph, found: dict[int, dict[str, set[int]]]):
    assert {
        name: shared
        for name in graph.tables
        if (shared := [row for row, times in owners(found, name).items() if times > 1])
    } == {}


def test_every_row_belongs_to_a_course_or_is_known_not_to(
    graph: CourseGraph, session: MoodleSession, found: dict[int, dict[str, set[int]]]
):
    astray = {}
    for name in graph.tables:
        rows = {id_ for (id_,) in session.rows(f"SELECT t.id FROM {{{name}}} t")}
        if left := rows - owners(found, name).keys():
            of_the_site = OF_THE_SITE.get(name, "FALSE")
            explained = session.rows(f"SELECT t.id FROM {{{name}}} t WHERE t.id IN ({listed(left)}) AND {of_the_site}")
            if left := left - {id_ for (id_,) in explained}:
                astray[name] = left
    assert astray == {}


def owners(found: dict[int, dict[str, set[int]]], table: str) -> Counter[int]:
    return Counter(row for rows in found.values() for row in rows[table])


def test_rows_that_columns_name_exist(graph: CourseGraph, session: MoodleSession):
    """Ids in a column exist in the table that the graph says: it is the right one."""
    nowhere = Counter(
        (name, link.column)
        for name, table in graph.tables.items()
        for link in table.links
        if link.key == "id" and dangling(session, name, link)
    )
    assert dict(nowhere) == {
        ("grade_grades_history", "oldid"): 1,  # a history of deleted rows
        ("lti_tool_settings", "coursemoduleid"): 1,  # a row of the test site that was made by hand
    }


def dangling(session: MoodleSession, table: str, link: Link) -> int:
    return session.value(
        f"SELECT COUNT(*) FROM {{{table}}} t WHERE t.{link.column} NOT IN (-1, 0) "
        f"AND NOT EXISTS (SELECT 1 FROM {{{link.table}}} p WHERE p.id = t.{link.column}){link.condition}"
    )


# -- indexes ---------------------------------------------------------------------------------------------------


def test_every_link_to_a_parent_has_an_index(graph: CourseGraph, session: MoodleSession):
    indexes: dict[str, list[list[str]]] = defaultdict(list)
    for table, columns in session.rows(
        "SELECT table_name, GROUP_CONCAT(column_name ORDER BY seq_in_index) FROM information_schema.statistics "
        "WHERE table_schema = DATABASE() GROUP BY table_name, index_name"
    ):
        indexes[table.removeprefix("mdl_")].append(columns.split(","))
    without = {
        (table.name, link.column)
        for table in graph.deletable.tables.values()
        for link in table.parents
        if not any(leads(index, link) for index in indexes[table.name])
    }
    assert without == WHOLE.keys()


def leads(index: list[str], link: Link) -> bool:
    """Whether an index serves a link: its column comes first, or after columns that the condition compares with one value."""
    before = index[: index.index(link.column)] if link.column in index else None
    return before is not None and set(before) <= set(FIXED.findall(link.when))


# -- the files -----------------------------------------------------------------------------------------------------------


def test_files_are_read_as_one(tmp_path: Path):
    (tmp_path / "a.yaml").write_text(
        "tables:\n  course:\n  quiz: {of: {course: course}, activity: true}\n"
        "kinds:\n  question type: {table: question, column: qtype, known: [essay]}\noutside: {cohort: of the site}\n"
    )
    (tmp_path / "b.yaml").write_text(
        "tables:\n"
        "  game: {of: {course: course}, activity: true}\n"
        "  game_play: {of: {game: game}, people: true, refs: [{userid: user}, {item: a, when: t.x = 1 OR t.y = 2}], reset: game_all}\n"
        "  event: {of: [{courseid: course}, {instance: activity by modulename, when: t.visible = 1}]}\n"
        "  score: {of: {id: game_play.scoreid}, stays: {why: a record, when: [t.best = 1, t.kept = 1]}}\n"
        "  diary: {of: {course: course}, stays: a log}\n"
        "kinds:\n  question type: {table: question, column: qtype, known: [riddle]}\noutside: {hall: a site's}\n"
    )
    graph = read_graph([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert graph.activities == ["quiz", "game"]
    assert graph.kinds["question type"]["known"] == ["essay", "riddle"]
    assert graph.outside == {"cohort": "of the site", "hall": "a site's"}
    play = graph.tables["game_play"]
    assert (play.people, play.facts["reset"]) == (True, "game_all")
    assert play.refs == (Link("userid", "user"), Link("item", "a", "(t.x = 1 OR t.y = 2)"))
    assert graph.tables["event"].parents == (
        Link("courseid", "course"),
        Link("instance", "quiz", "t.visible = 1 AND t.modulename = 'quiz'"),
        Link("instance", "game", "t.visible = 1 AND t.modulename = 'game'"),
    )
    assert graph.tables["score"].parents == (Link("id", "game_play", "", "scoreid"),)
    assert graph.tables["score"].stays == "(t.best = 1) OR (t.kept = 1)"
    assert graph.tables["diary"].stays == STAYS
    order = [table.name for table in graph.root_to_leaf]
    assert order.index("course") < order.index("game") < order.index("game_play") < order.index("score")
    assert graph.leaf_to_root[-1].name == "course"


def test_a_site_has_what_its_version_has(session: MoodleSession, tmp_path: Path):
    (tmp_path / "a.yaml").write_text(
        "tables:\n  course:\n  never: {of: {course: course}}\n"
        "  event:\n"
        "    of: [{courseid: course}, {nothing: course}, {instance: course, when: t.none = 1}, {instance: never}]\n"
        "    stays: {why: so, when: [t.courseid = 0, t.none = 1]}\n"
    )
    graph = read_graph([tmp_path / "a.yaml"]).for_site(session.schema)
    assert graph.tables.keys() == {"course", "event"}
    assert graph.tables["event"].parents == (Link("courseid", "course"),)
    assert graph.tables["event"].stays == "(t.courseid = 0)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tables: {course: {", "while parsing"),
        ("- tables", "expected a mapping"),
        ("tables: [course]", "tables: expected a mapping, got ['course']"),
        ("table: {}", "unknown key table; known are tables, kinds, outside, links"),
        ("tables: {course: , quiz: [course]}", "quiz: expected a mapping, got ['course']"),
        ("tables: {course: , quiz: {activity: true}}", "quiz lacks the key of"),
        ("tables: {course: , quiz: {of: {course: }}}", "quiz: column course must lead to a table, not to None"),
        ("tables: {course: , quiz: {of: course}}", "quiz: expected a mapping, got 'course'"),
        ("tables: {course: , quiz: {of: [course]}}", "quiz: expected a mapping, got 'course'"),
        ("tables: {course: , quiz: {of: {course: courses}}}", "quiz: its parent courses is described in no file"),
        (
            "tables: {course: , quiz: {of: {course: course}, stays: {when: t.id = 1}}}",
            "stays must be a reason, or have the keys why and when",
        ),
        ("kinds: {question type: {table: question}}", "question type lacks the key column, known"),
        ("kinds: {question type: essay}", "question type: expected a mapping, got 'essay'"),
        ("outside: cohort", "outside: expected a mapping, got 'cohort'"),
    ],
)
def test_a_wrong_file_is_refused(text: str, message: str, tmp_path: Path):
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(GraphError, match=f"wrong.yaml.*{re.escape(message)}"):
        read_graph([tmp_path / "wrong.yaml"])


def test_a_table_is_described_in_one_file(tmp_path: Path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("tables: {course: }")
    with pytest.raises(GraphError, match=r"b\.yaml: table course is already described in a\.yaml"):
        read_graph([tmp_path / "a.yaml", tmp_path / "b.yaml"])

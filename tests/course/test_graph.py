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
from tests.support.blueprint import LATER, NEWEST, OLDEST, VERSIONS, Blueprint, state_of, tables
from tests.support.graph_rows import listed, walk
from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from toolsync.course.graph import STAYS, CourseGraph, Link
from toolsync.course.graph_check import find_unknown
from toolsync.course.graph_files import GraphError, read_graph
from toolsync.course.kin import hanging, kin_of
from toolsync.moodle.errors import SiteUnfit
from toolsync.moodle.hook import OLDEST_NAME
from toolsync.moodle.releases import READ, TESTED
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


def test_every_table_and_column_is_there_or_in_another_version(whole: CourseGraph, session: MoodleSession):
    run = float(TESTED)
    old = {name for name, table in whole.tables.items() if table.facts.get("until", run) < run}
    later = {name for name, table in whole.tables.items() if table.facts.get("since", run) > run}
    assert {name for name in whole.tables if not session.schema.has(name)} == old | later
    assert [
        (name, link)
        for name, table in whole.tables.items()
        for link in table.links
        if name not in old | later
        and not float(link.since or run) > run
        and not (
            session.schema.has(name, link.column) and (link.table in old or session.schema.has(link.table, link.key))
        )
    ] == []


def test_the_manuals_name_the_versions_that_were_run():
    run = TESTED
    assert (run, max(VERSIONS)) == (NEWEST, READ)
    for page in ("README.md", "docs/operating.md", "docs/settings.md"):
        assert f"Moodle {OLDEST_NAME} to {run}" in (ROOT / page).read_text(encoding="utf-8"), page


@pytest.mark.parametrize("version", LATER)
def test_a_later_version_has_what_is_marked_since(version: str, whole: CourseGraph):
    there = tables(version)
    for name, table in whole.tables.items():
        if "since" in table.facts:
            assert (name in there) == (str(table.facts["since"]) <= version), name
        for link in table.links if name in there else ():
            if link.since:
                # A column for a file of feedback was found, that of comments is only like it.
                assert (link.column in there[name]) == (link.since <= version) or name == "assignfeedback_comments", (
                    link
                )


@pytest.mark.parametrize("version", VERSIONS)
def test_every_table_of_moodle_is_inside_or_outside(version: str, whole: CourseGraph):
    found = find_unknown(whole, Blueprint(version).numbers(), [f"mod_{name}" for name in whole.activities])
    assert (found.of_courses, found.of_people, found.columns) == ((), (), ())


def test_everything_outside_is_moodles(whole: CourseGraph):
    """A misspelt name would be of no use."""
    gone = "of plugins that Moodle no longer has; it leaves what they left"
    there = {name: set(columns) for version in VERSIONS for name, columns in tables(version).items()}
    names = [name.partition(".") for name, reason in whole.outside.items() if reason != gone]
    assert [name for name, _, column in names if name not in there or column and column not in there[name]] == []


# -- what a site has besides ----------------------------------------------------------------------------------------

SITE = {
    "course": ["id", "category"],
    "quiz": ["id", "course", "grade"],
    "groups": ["id", "courseid"],
    "user": ["id", "mnethostid"],
}


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"local_foo_items": ["id", "courseid"], "local_foo_marks": ["id", "itemid", "userid"], "local_foo": ["id"]},
         "plugin local_foo: local_foo_items (courseid), local_foo_marks (itemid, userid)"),
        ({"game": ["id", "course", "grade"], "game_plays": ["id", "gameid", "userid", "score"]}, "plugin mod_game: game (course), game_plays (gameid, userid)"),
        ({"block_xp": ["id", "contextid"]}, "plugin block_xp: block_xp (contextid)"),
        ({"block_xp": ["id", "quiz_id"]}, "plugin block_xp: block_xp (quiz_id)"),
        ({"block_xp": ["id", "cmid"]}, "plugin block_xp: block_xp (cmid)"),
        ({"block_xp": ["id", "groupid"]}, "plugin block_xp: block_xp (groupid)"),
        ({"local_old_x": ["id", "courseid"]}, "of no plugin that its name tells, local_old: local_old_x (courseid)"),
        ({"plagiarism_urkund_files": ["id", "cm", "userid"]}, "of no plugin that its name tells, plagiarism: plagiarism_urkund_files (cm, userid)"),
        ({"question_gapfill": ["id", "question"]}, "of no plugin that its name tells, question: question_gapfill (question)"),
        ({"block_xp": ["id", "linkcourseid"]}, "plugin block_xp: block_xp (linkcourseid)"),
    ],
)  # fmt: skip
def test_what_may_belong_to_a_course_is_named(tables: dict[str, list[str]], told: str, whole: CourseGraph):
    found = find_unknown(whole, SITE | tables, ["local_foo", "mod_game", "mod_quiz", "block_xp"])
    assert (list(map(str, found.of_courses)), found.of_people) == ([told], ())
    assert told in found.told()


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"block_xp": ["id", "userid", "levelid"]}, ["plugin block_xp: block_xp (userid, levelid)"]),
        # What belongs to a person, by a table of the plugin itself.
        ({"local_foo_post": ["id", "userid"], "local_foo_like": ["id", "postid"]}, ["plugin local_foo: local_foo_like (postid), local_foo_post (userid)"]),
        ({"local_foo": ["id", "typeid", "rating", "scale"]}, ["plugin local_foo: local_foo (typeid)"]),
        ({"local_foo": ["id", "rating", "scale"]}, []),
    ],
)  # fmt: skip
def test_what_can_belong_to_people_only_is_told_apart(
    tables: dict[str, list[str]], told: list[str], whole: CourseGraph
):
    found = find_unknown(whole, SITE | tables, ["local_foo", "block_xp"])
    assert (found.of_courses, list(map(str, found.of_people))) == ((), told)


# Tables as plugins have them. Names deceive: `quizid` is a quiz of the plugin's own, `userid` no row of local_mail_message_users, `linkcourseid` not the course.
PLUGINS = {
    "local_mail_labels": ["id", "userid"],
    "local_mail_message_users": ["id", "messageid", "userid"],
    "local_mail_messages": ["id", "courseid"],
    "checklist": ["id", "course"],
    "checklist_item": ["id", "checklist", "linkcourseid", "moduleid"],
    "realtimequiz": ["id", "course"],
    "realtimequiz_question": ["id", "quizid"],
    "attendance_log": ["id", "sessionid", "studentid", "takenby"],
    "attendance": ["id", "course"],
}
INSTALLED = ["local_mail", "mod_checklist", "mod_realtimequiz", "mod_attendance"]


def test_the_draft_is_certain_or_can_not_be_read(whole: CourseGraph, tmp_path: Path):
    found = find_unknown(whole, SITE | PLUGINS, INSTALLED)
    lines = [line for owner in found.of_courses for line in owner.draft()]
    assert sorted(lines) == [
        "attendance: {of: {course: course}, copy: false}",
        "attendance_log: {of: {COLUMN: TABLE}, people: true}",
        "checklist: {of: {course: course}, copy: false}",
        "checklist_item: {of: {COLUMN: TABLE}, copy: false}",
        "local_mail_labels: {of: {COLUMN: TABLE}, people: true}",
        "local_mail_message_users: {of: {COLUMN: TABLE}, people: true}",
        "local_mail_messages: {of: {courseid: course}, copy: false}",
        "realtimequiz: {of: {course: course}, copy: false}",
        "realtimequiz_question: {of: {COLUMN: TABLE}, copy: false}",
    ]
    (tmp_path / "own.yaml").write_text("tables:\n  " + "\n  ".join(lines))
    with pytest.raises(GraphError, match="COLUMN: TABLE"):
        read_graph([OURS, tmp_path / "own.yaml"])


def test_what_a_file_of_the_site_leaves_out_is_not_forgotten(whole: CourseGraph, tmp_path: Path):
    """A table without a way to a course, of a plugin whose others are described."""
    own = tmp_path / "own.yaml"
    own.write_text("tables:\n  local_mail_messages: {of: {courseid: course}}\n")
    found = find_unknown(read_graph([OURS, own]), SITE | PLUGINS, ["local_mail"])
    told = "plugin local_mail: local_mail_labels (userid), local_mail_message_users (messageid, userid)"
    assert told in map(str, found.of_courses)
    # Columns of tables of one's own are not asked for one by one.
    own.write_text(
        "tables:\n  attendance: {of: {course: course}, copy: false}\n  attendance_log: {of: {sessionid: attendance}, people: true}\n"
    )
    found = find_unknown(
        read_graph([OURS, own]), SITE | {name: PLUGINS[name] for name in PLUGINS if name[0] == "a"}, INSTALLED
    )
    assert (found.of_courses, found.of_people, found.columns) == ((), (), ())


def test_an_unknown_column_of_a_table_of_moodle_is_named(whole: CourseGraph, tmp_path: Path):
    site = SITE | {"quiz": ["id", "course", "grade", "partnerid"]}
    found = find_unknown(whole, site, ["mod_quiz"])
    assert (found.of_courses, found.of_people, found.columns) == ((), (), ("quiz.partnerid",))
    lines = re.search(r"^outside:\n(?:  .*\n?)+", found.told(), re.MULTILINE)
    assert lines
    (tmp_path / "own.yaml").write_text(lines[0])
    assert not find_unknown(read_graph([OURS, tmp_path / "own.yaml"]), site, ["mod_quiz"]).columns


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


def test_a_row_hangs_on_what_it_is_part_of_and_not_the_other_way_round(session: MoodleSession):
    found = hanging(session.schema)
    hangs = {(table.name, link.table) for table in found.tables.values() for link in table.parents}
    assert hangs >= {
        ("comments", "wiki_pages"),
        ("files", "assign_submission"),
        ("forum_posts", "forum_discussions"),
        ("grading_instances", "assign_grades"),
        ("question_attempts", "question_usages"),
        ("question_usages", "quiz_attempts"),
        ("rating", "forum_posts"),
    }
    assert not hangs & {
        ("forum_discussions", "forum_posts"),
        ("question_usages", "question_attempts"),
        ("quiz_attempts", "question_usages"),
    }
    assert [sorted(table.name for table in cycle) for cycle in found.cycles if len(cycle) > 1] == [
        ["block_instances", "context"]
    ]
    assert "grade_grades_history" not in found.tables


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
        "kinds:\n  question type: {table: question, column: qtype, known: [riddle]}\noutside: {hall: a site's, of nobody: [mice, quiz.holes]}\n"
    )
    graph = read_graph([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert graph.activities == ["quiz", "game"]
    assert graph.kinds["question type"]["known"] == ["essay", "riddle"]
    assert graph.outside == {
        "cohort": "of the site",
        "hall": "a site's",
        "mice": "of nobody",
        "quiz.holes": "of nobody",
    }
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
        ("tables: {course: {", "line 1: expected"),
        ("tables:\n\tcourse:", "line 2: found character"),
        ("- tables", "expected a mapping"),
        ("tables: [course]", "tables: expected a mapping, got ['course']"),
        ("table: {}", "unknown key table; known are tables, kinds, outside, links"),
        ("outside: {cohort: }", "outside: cohort: expected a reason, or a list of tables, got None"),
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


def test_an_undo_stops_at_a_wrong_file_and_says_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "ours.yaml").write_text("tables:\n  local_foo: {of: {courseid: course}")
    for module in ("graph_files", "graph_check"):
        monkeypatch.setattr(f"toolsync.course.{module}.course_graph", lambda: read_graph(tmp_path.glob("*.yaml")))
    with pytest.raises(SiteUnfit, match=r"ours\.yaml, line 2: expected .* Correct it"):
        kin_of(state_of(NEWEST).session, "quiz_slots")


def test_a_table_is_described_in_one_file(tmp_path: Path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("tables: {course: }")
    with pytest.raises(GraphError, match=r"b\.yaml: table course is already described in a\.yaml"):
        read_graph([tmp_path / "a.yaml", tmp_path / "b.yaml"])

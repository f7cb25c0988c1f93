"""Whether the course graph fits a site: no newer Moodle than was tested, and no tables or columns that it does not know and that may hold rows of a course.

A type that walks the graph would leave such rows behind, and out of its undo bundles. So on such a site it does nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from toolsync.course.graph import CourseGraph
from toolsync.course.graph_files import OURS, GraphError, course_graph
from toolsync.moodle.errors import SiteUnfit
from toolsync.moodle.hook import OLDEST_NAME
from toolsync.moodle.releases import BRANCHES, READ, TESTED
from toolsync.moodle.schema import Schema
from toolsync.moodle.session import MoodleSession

log = logging.getLogger(__name__)

INSTALLED = "SELECT plugin FROM {config_plugins} WHERE name = 'version'"
# What columns are called that hold nothing but ids of rows of these tables, wherever they stand.
CERTAIN = {
    "course": "course",
    "courseid": "course",
    "contextid": "context",
    "cmid": "course_modules",
    "coursemoduleid": "course_modules",
}
# Other names that mean something in a course, with or without `id` behind them.
MEANT = {
    *("course", "context", "cm", "coursemodule", "course_module", "module", "section", "group", "grouping", "question"),
    *("attempt", "enrolment", "assign", "assignment", "bigbluebuttonbn", "forum", "glossary", "h5pactivity", "lesson"),
    *("quiz", "scorm", "wiki"),
}
ENDS = ("course", "context", "cm", "coursemodule")  # also at the end of a longer name: `linkcourseid`
PEOPLE = ("user", "student", "teacher", "owner", "author", "grader", "marker", "submitter", "creator", "takenby")
REASON = "why these hold no course data"

Columns = Mapping[str, Collection[str]]  # by table


def newer_than_tested(session: MoodleSession) -> str | None:
    """What to say of a site whose Moodle is newer than what was tested; None for any other."""
    if session.branch <= int(TESTED.replace(".", "0")) and session.version // 100 <= BRANCHES[TESTED]:
        return None
    return (
        f"This site runs Moodle {session.release}; Tool Sync was tested with {OLDEST_NAME} to {TESTED}. "
        f"Later versions, up to {READ}, were only reviewed in their source."
    )


def whole_graph() -> CourseGraph:
    """The course graph of all versions.

    :raises SiteUnfit: a file of it is wrong.
    """
    try:
        return course_graph()
    except GraphError as error:
        raise SiteUnfit(
            f"A file of include/course_graph is wrong, so nothing was done: {error}. Correct it, or move it out of that folder, and try again."
        ) from error


@lru_cache(maxsize=1)
def check_graph(session: MoodleSession, accept_newer: bool) -> None:
    """Check, once a session, that the course graph fits the site.

    :param accept_newer: Param `accept_newer`.
    :raises SiteUnfit: it does not, or a file of it is wrong.
    """
    if (told := newer_than_tested(session)) and not accept_newer:
        raise SiteUnfit(
            f"{told} What a newer one stores elsewhere would be left behind, and missing in undo bundles. Nothing was done. Update Tool Sync, or try the "
            "file on a copy of the site with Param accept_newer, then set it here (docs/operating.md#a-new-version-of-moodle)."
        )
    installed = sorted(plugin for (plugin,) in session.rows(INSTALLED))
    unknown = _unknown(whole_graph(), session.schema, tuple(installed))
    for owner in unknown.of_people:
        log.info("Outside the course graph, as no column of theirs leads to a course: %s.", owner)
    if unknown.of_courses or unknown.columns:
        raise SiteUnfit(unknown.told())


@lru_cache(maxsize=4)
def _unknown(graph: CourseGraph, schema: Schema, installed: tuple[str, ...]) -> Unknown:
    return find_unknown(graph, schema.numbers(), installed)


@dataclass(frozen=True)
class Owner:
    """A plugin with tables that the graph does not know.

    :param name: `plugin local_foo`, or what its tables have in common.
    :param columns: those that look like ids, by table.
    """

    name: str
    columns: Columns

    def __str__(self) -> str:
        tables = (f"{table} ({', '.join(names)})" for table, names in self.columns.items())
        return f"{self.name}: {', '.join(tables)}"

    def draft(self) -> Iterator[str]:
        """A line for each table, for a file of the graph. Where its parent is not certain, the line has to be completed before the file can be read."""
        for table, names in self.columns.items():
            way = next((name for name in CERTAIN if name in names), None)
            parent = f"{way}: {CERTAIN[way]}" if way else "COLUMN: TABLE"
            people = any(_is_person(name) for name in names)
            yield f"{table}: {{of: {{{parent}}}, {'people: true' if people else 'copy: false'}}}"


@dataclass(frozen=True)
class Unknown:
    """What the graph does not know on a site.

    :param of_courses: whose rows may belong to courses.
    :param of_people: whose rows can't, by the names of their columns.
    :param columns: that look like ids, in tables of Moodle that the graph knows: `quiz.partnerid`.
    """

    of_courses: tuple[Owner, ...]
    of_people: tuple[Owner, ...]
    columns: tuple[str, ...]

    def told(self) -> str:
        """What to tell a person, and what to do."""
        lines = []
        if self.of_courses:
            lines += [
                f"The course graph does not know tables of this site whose rows may belong to courses: {'; '.join(map(str, self.of_courses))}. "
                "They would be left behind, and missing in undo bundles. Nothing was done. Describe them in a file of your own beside "
                "include/course_graph/moodle.yaml, as the README there explains. A draft, made of the names of columns: check every line before you use it. "
                "A wrong parent deletes rows of other courses; rows of content are copied with a course once you take `copy: false` away.",
                "tables:",
                *(f"  {line}" for owner in self.of_courses for line in owner.draft()),
                "Instead, tables that hold no rows of a course:",
                "outside:",
                f"  {REASON}: [{', '.join(table for owner in self.of_courses for table in owner.columns)}]",
            ]
        if self.columns:
            lines += [
                f"Tables of Moodle have columns that the course graph does not know: {', '.join(self.columns)}. Their ids would be copied as they are, and "
                "rows that they lead to left behind. Nothing was done. If they lead to nothing in a course, add to such a file:",
                "outside:",
                f"  {REASON}: [{', '.join(self.columns)}]",
            ]
        return "\n".join(lines)


def find_unknown(graph: CourseGraph, columns: Columns, installed: Collection[str]) -> Unknown:
    """Find the tables and columns of a site that the graph does not know although they may hold rows of a course.

    :param graph: of all versions.
    :param columns: those of the site that hold whole numbers, by table.
    :param installed: the site's plugins, `mod_quiz`.
    """
    named = {stem for name in graph.tables for stem in _stems(name)} | MEANT
    families: dict[str, dict[str, Collection[str]]] = {}
    for table in sorted(columns.keys() - graph.tables.keys() - graph.outside.keys()):
        families.setdefault(_owner(table, installed), {})[table] = columns[table]
    # Where somebody has described tables of a plugin, the others of it hang on them.
    described = {_owner(name, installed) for name, table in graph.tables.items() if table.file != OURS}
    of_courses: list[Owner] = []
    of_people: list[Owner] = []
    for name, tables in families.items():
        ids = {table: [c for c in names if _is_id(c)] for table, names in tables.items()}
        if not any(ids.values()):
            continue
        leads = name in described or any(_in_course(c, named, tables) for names in ids.values() for c in names)
        owner = Owner(name, {table: names for table, names in ids.items() if names})
        (of_courses if leads else of_people).append(owner)
    return Unknown(tuple(of_courses), tuple(of_people), tuple(_of_known_tables(graph, columns)))


def _of_known_tables(graph: CourseGraph, columns: Columns) -> Iterator[str]:
    """Columns that the graph does not know, in tables of Moodle that it knows."""
    for name in sorted(columns.keys() & graph.tables.keys()):
        table = graph.tables[name]
        known = {link.column for link in table.links} | set(table.facts.get("scales", ()))
        if table.file == OURS:
            yield from (
                f"{name}.{column}"
                for column in columns[name]
                if _stem(column) and column not in known and f"{name}.{column}" not in graph.outside
            )


def _is_id(column: str) -> bool:
    return bool(_stem(column)) or column.lower() in MEANT or column.lower() in PEOPLE


def _in_course(column: str, named: Collection[str], own: Collection[str]) -> bool:
    """Whether a column may lead to a course, by its name.

    :param named: what columns are called that lead to tables of the graph.
    :param own: the tables of the plugin, one of which it may mean instead.
    """
    stem = _stem(column) or column.lower()
    if stem.endswith(ENDS):
        return True
    return (
        stem in named and not _is_person(column) and not any(table.endswith((f"_{stem}", f"_{stem}s")) for table in own)
    )


def _is_person(column: str) -> bool:
    return any(word in column.lower() for word in PEOPLE)


def _stem(column: str) -> str:
    """What a column that looks like an id is called without it; empty when it does not."""
    column = column.lower()
    return column[:-2].rstrip("_") if column.endswith("id") else ""


def _stems(table: str) -> Iterator[str]:
    """How a column may call a table."""
    for name in (table, table.replace("_", "")):
        yield name
        if name.endswith("s"):
            yield name[:-1]


def _owner(table: str, installed: Collection[str]) -> str:
    """The plugin that has a table, by its name."""
    bases = {plugin.removeprefix("mod_"): plugin for plugin in installed}
    words = table.split("_")
    for length in range(len(words), 0, -1):
        if plugin := bases.get("_".join(words[:length])):
            return f"plugin {plugin}"
    kinds = {plugin.partition("_")[0] for plugin in installed}
    return f"of no plugin that its name tells, {'_'.join(words[:2] if words[0] in kinds else words[:1])}"

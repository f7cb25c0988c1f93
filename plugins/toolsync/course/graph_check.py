"""Whether the course graph fits a site: no newer Moodle than was tried, and no tables or columns that it does not know and that may hold rows of a course.

A type that walks the graph would leave such rows behind, and out of its undo bundles. So on such a site it does nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from toolsync.course.graph import CourseGraph
from toolsync.course.graph_files import course_graph
from toolsync.moodle.errors import SiteUnfit
from toolsync.moodle.hook import OLDEST_NAME
from toolsync.moodle.session import MoodleSession

log = logging.getLogger(__name__)

INSTALLED = "SELECT plugin FROM {config_plugins} WHERE name = 'version'"
# What columns are called that hold ids of rows of these tables, besides `<table>id`: a name, or its end.
CALLED = {"course": "course", "context": "context", "cm": "course_modules", "coursemodule": "course_modules"}
SHORT = {"section": "course_sections", "attempt": "quiz_attempts", "enrolment": "user_enrolments"}
# Activities whose name alone is what a column is called; that of the others is an ordinary word.
BARE = {"assign", "assignment", "bigbluebuttonbn", "forum", "glossary", "h5pactivity", "lesson", "quiz", "scorm", "wiki"}  # fmt: skip
REASON = "the reason why no row of theirs belongs to a course"

Columns = Mapping[str, Collection[str]]  # by table


def newer_than_tried(session: MoodleSession) -> str | None:
    """What to say of a site whose Moodle is newer than what was tried; None for any other."""
    run, read = course_graph().versions["run"], course_graph().versions["read"]
    if session.branch <= run["branch"] and session.version // 100 <= run["begins"]:
        return None
    return (
        f"This site runs Moodle {session.release}; Tool Sync was tried on {OLDEST_NAME} to {run['name']}. "
        f"The tables of later versions, up to {read['name']}, were only read."
    )


@lru_cache(maxsize=4)
def check_graph(session: MoodleSession, accept_newer: bool) -> None:
    """Check, once a session, that the course graph fits the site.

    :param accept_newer: Param `accept_newer`.
    :raises SiteUnfit: it does not.
    """
    told = newer_than_tried(session)
    if told and not accept_newer:
        raise SiteUnfit(
            f"{told} What a newer one stores elsewhere would be left over, and missing in undo bundles. Nothing was done. Update Tool Sync, or try the "
            "file on a copy of the site with Param accept_newer, then set it here (docs/operating.md#a-new-version-of-moodle)."
        )
    installed = [plugin for (plugin,) in session.rows(INSTALLED)]
    unknown = find_unknown(course_graph(), session.schema.numbers(), installed)
    for owner in unknown.of_people:
        log.info("Outside the course graph, as its rows belong to people only: %s.", owner)
    if unknown.of_courses:
        raise SiteUnfit(unknown.told())


@dataclass(frozen=True)
class Owner:
    """A plugin with tables or columns that the graph does not know.

    :param name: `plugin local_foo`, or what its tables have in common.
    :param columns: those that look like ids, by table.
    :param lines: of a file of the graph that describe the tables.
    :param outside: what such a file names if they hold no rows of a course.
    """

    name: str
    columns: Columns
    lines: Sequence[str]
    outside: Sequence[str]

    def __str__(self) -> str:
        tables = (f"{table} ({', '.join(names)})" for table, names in self.columns.items())
        return f"{self.name}: {', '.join(tables)}"


@dataclass(frozen=True)
class Unknown:
    """What the graph does not know on a site.

    :param of_courses: whose rows may belong to courses.
    :param of_people: whose rows can't.
    """

    of_courses: tuple[Owner, ...]
    of_people: tuple[Owner, ...]

    def told(self) -> str:
        """What to tell a person, and what to do."""
        outside = ", ".join(name for owner in self.of_courses for name in owner.outside)
        tables = [f"  {line}" for owner in self.of_courses for line in owner.lines]
        return "\n".join(
            [
                f"The course graph does not know tables of this site whose rows may belong to courses: {'; '.join(map(str, self.of_courses))}. "
                "They would be left over, and missing in undo bundles. Nothing was done. Describe them in a file of your own beside "
                "include/course_graph/moodle.yaml, as the README there explains, under `tables`, about so:",
                *(["tables:", *tables] if tables else []),
                "or those that hold no rows of a course under `outside`:",
                "outside:",
                f"  {REASON}: [{outside}]",
            ]
        )


def find_unknown(graph: CourseGraph, columns: Columns, installed: Collection[str]) -> Unknown:
    """Find the tables and columns of a site that the graph does not know although they may hold rows of a course.

    :param graph: of all versions.
    :param columns: those of the site that hold whole numbers, by table.
    :param installed: the site's plugins, `mod_quiz`.
    """
    families: dict[str, dict[str, Collection[str]]] = {}
    for table in sorted(columns.keys() - graph.tables.keys() - graph.outside.keys()):
        families.setdefault(_owner(table, installed), {})[table] = columns[table]
    of_courses: list[Owner] = []
    of_people: list[Owner] = []
    for name, tables in families.items():
        family = _Family(graph, tables)
        if found := family.owner(name):
            (of_courses if family.leads_to_courses else of_people).append(found)
    return Unknown((*_of_known_tables(graph, columns), *of_courses), tuple(of_people))


def _of_known_tables(graph: CourseGraph, columns: Columns) -> Iterator[Owner]:
    """Columns that the graph does not know, in tables that it knows."""
    found: dict[str, Collection[str]] = {}
    for name in sorted(columns.keys() & graph.tables.keys()):
        table = graph.tables[name]
        known = {link.column for link in table.links} | set(table.facts.get("scales", ()))
        if strange := [c for c in columns[name] if _stem(c) and c not in known and f"{name}.{c}" not in graph.outside]:
            found[name] = strange
    if found:
        names = [f"{table}.{column}" for table, strange in found.items() for column in strange]
        yield Owner("columns of tables that it knows", found, (), names)


class _Family:
    """The tables of one plugin.

    :param tables: their columns that hold whole numbers.
    """

    def __init__(self, graph: CourseGraph, tables: Columns) -> None:
        self.tables = tables
        self._stems = {stem: name for name in graph.tables for stem in _stems(name)} | SHORT
        self._links = {
            name: {column: table for column in columns if (table := self._leads_to(name, column))}
            for name, columns in tables.items()
        }

    @property
    def leads_to_courses(self) -> bool:
        """Whether a column of theirs leads to a table of the graph."""
        return any(table not in ("user", *self.tables) for links in self._links.values() for table in links.values())

    def owner(self, name: str) -> Owner | None:
        """The plugin, if its rows belong to somebody; otherwise None."""
        if not any(self._links.values()):
            return None
        looked_at = {
            table: named
            for table, columns in self.tables.items()
            if (named := [column for column in columns if _stem(column) or column in self._links[table]])
        }
        lines = [line for table in looked_at if (line := self._line(name, table))]
        return Owner(name, looked_at, lines, list(looked_at))

    def _leads_to(self, table: str, column: str) -> str | None:
        """The table to which a column leads by its name: one of the graph, `user`, or another one of the plugin."""
        column = column.lower()
        stem = _stem(column) or (column if column in ("course", "user", *BARE) else "")
        if not stem:
            return "user" if column.startswith("userid") or column == "usermodified" else None
        if stem not in CALLED and (own := self._own(stem)):
            return own if own != table else None
        for end, target in CALLED.items():
            if stem.endswith(end):
                return target
        return "user" if "user" in stem else self._stems.get(stem)

    def _own(self, stem: str) -> str | None:
        """The table of the plugin that a column means."""
        names = (stem, f"{stem}s", f"{stem[:-1]}ies")
        meant = (
            name
            for name in self.tables
            if name.endswith(tuple(f"_{each}" for each in names)) or name.replace("_", "") in names
        )
        return next(meant, None)

    def _line(self, plugin: str, table: str) -> str:
        """The line of a file of the graph that describes a table; empty when no column says to what it belongs."""
        links = self._links[table]
        ways = [column for column, target in links.items() if target != "user"]
        ways.sort(key=lambda column: (links[column] not in ("course", "context"), links[column] not in self.tables))
        if not ways:
            return ""
        activity = ", activity: true" if plugin == f"plugin mod_{table}" else ""
        people = ", people: true" if any(_stem(column) == "user" for column in links) else ""
        refs = ", ".join(f"{column}: {target}" for column, target in links.items() if column != ways[0])
        return (
            f"{table}: {{of: {{{ways[0]}: {links[ways[0]]}}}{activity}{people}{f', refs: {{{refs}}}' if refs else ''}}}"
        )


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
    return f"Moodle itself or a plugin that is gone, {'_'.join(words[:2] if words[0] in kinds else words[:1])}"

"""What resetting a course can remove on a site, as the course graph says it: options, and the rows that each of them removes.

The graph's README explains the keys `options`, `reset`, `regrade`, `grades`, `dates`, `calendar` and `reset_sets`. The SQL gets this by `course_resets()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from toolsync.course.graph import CourseGraph, Table
from toolsync.course.graph_files import course_graph, site_graph
from toolsync.moodle.schema import Schema

# The columns about the course itself rather than its activities: the options that each of their words asks for. The word of a yes/no column is empty.
COURSE_COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    **{
        name: {"": (name,)}
        for name in ("events", "notes", "comments", "completion", "blog_associations", "competency_ratings")
    },
    "grades": {
        "items": ("gradebook_items",),
        "grades": ("gradebook_grades",),
        "all": ("gradebook_items", "gradebook_grades"),
    },
    "local_roles": {
        "roles": ("roles_local",),
        "overrides": ("roles_overrides",),
        "all": ("roles_local", "roles_overrides"),
    },
    "groups": {
        "groups": ("groups_remove",),
        "members": ("groups_members",),
        "all": ("groups_remove", "groups_members"),
    },
    "groupings": {
        "groupings": ("groupings_remove",),
        "groups": ("groupings_remove",),
        "members": ("groupings_members",),
        "all": ("groupings_remove", "groupings_members"),
    },
}
GRADE_TABLES = {"grade_items", "grade_grades", "course_modules_completion", "files"}
# The tables in which options (any of a key) change rows, or remove more than the graph says.
SIDE_EFFECTS: Mapping[tuple[str, ...], set[str]] = {
    ("roles",): {
        "user_enrolments",
        "role_assignments",
        "user_lastaccess",
        "forum_subscriptions",
        "forum_digests",
        "forum_track_prefs",
        "forum_read",
        *GRADE_TABLES,
    },
    ("groups_remove",): {
        "quiz_overrides",
        "assign_overrides",
        "lesson_overrides",
        "event",
        "groupings_groups",
        "message_conversations",
        "message_conversation_actions",
        "messages",
        "message_user_actions",
        "favourite",
        "files",
    },
    ("groupings_remove",): {"groupings", "groupings_groups", "course", "course_modules", "files"},
    ("feedback",): {"course_modules_completion"},
    ("gradebook_items",): {"grade_categories", "grade_outcomes", "grade_outcomes_courses", "scale", "grade_settings"},
    ("startdate",): {"course", "course_modules", "course_sections", "course_completion_criteria", "event"},
}
# What the plan counts apart from all other rows: its column, by table.
COUNTED: Mapping[str, str] = {
    **dict.fromkeys(["quiz_attempts", "lesson_attempts", "scorm_attempt", "h5pactivity_attempts"], "attempts"),
    **dict.fromkeys(
        ["assign_submission", "workshop_submissions", "feedback_completed", "choice_answers"], "submissions"
    ),
    **dict.fromkeys(["forum_posts", "glossary_entries", "data_records", "wiki_pages", "chat_messages"], "posts"),
}
BOTH = " and "  # between two options: with both
WITH = "with "  # before the parent table: when its row there is removed
REMOVED = "toolsync_gone_"  # the temporary tables with the ids of the rows that are removed


@dataclass(frozen=True)
class Option:
    """A part of the form with which Moodle resets a course.

    :param module: the activity module that it belongs to.
    :param default: whether the form proposes it.
    """

    name: str
    module: str
    default: bool


@dataclass(frozen=True)
class Removal:
    """Rows of a table that are removed with an option, or with a row of their parent.

    :param option: its name; two names with `and` between them: when both are asked for.
    :param when: SQL condition on a row, `t`, of the course `p.courseid`; empty: all rows.
    :param parent: instead of an option: the table whose rows, when removed, take these with them.
    """

    table: Table
    option: str
    when: str = ""
    parent: str = ""

    @property
    def named(self) -> str:
        """SQL of the id of the parent that a row, `t`, has."""
        return next(link.named for link in self.table.parents if link.table == self.parent)

    @property
    def depends_on(self) -> set[str]:
        """The tables whose removed rows have to be known before these."""
        if self.parent:
            return {self.parent}
        return {words.split()[0].strip(")") for words in self.when.split(REMOVED)[1:]}


class Resets:
    """What can be reset on a site.

    :param graph: the part of the course graph that the site has.
    :param whole: the course graph of all versions.
    """

    def __init__(self, graph: CourseGraph, whole: CourseGraph) -> None:
        self.graph = graph
        self.whole = whole

    @property
    def counted(self) -> Mapping[str, str]:
        """The column of the plan that counts the removed rows of a table, besides the one that counts all."""
        return COUNTED

    @property
    def course_columns(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """The columns about the course itself: the options that each of their words asks for."""
        return COURSE_COLUMNS

    @property
    def modules(self) -> list[str]:
        """The activity modules of the site that the graph describes."""
        return self.graph.activities

    @property
    def every_module(self) -> list[str]:
        """The activity modules that the graph describes, of any version."""
        return self.whole.activities

    @cached_property
    def options(self) -> dict[str, Option]:
        """The options of all modules, by name."""
        return {
            name: Option(name, table.name, bool(default))
            for table in self.graph.tables.values()
            if table.activity
            for name, default in table.facts.get("options", {}).items()
        }

    def of_module(self, module: str) -> list[Option]:
        return [option for option in self.options.values() if option.module == module]

    def proposed(self, module: str) -> list[Option]:
        """The options of a module that Moodle's form proposes."""
        return [option for option in self.of_module(module) if option.default]

    def columns(self) -> Iterator[tuple[str, list[Option]]]:
        """The columns about modules, with the options that each asks for: all of a module for the column named after it."""
        for module in self.modules:
            if options := self.of_module(module):
                yield module, options
        for option in self.options.values():
            if option.name not in self.modules:
                yield option.name, [option]

    def not_here(self) -> Iterator[tuple[str, str]]:
        """The columns about modules that the site lacks: column and module."""
        here = {column for column, _ in self.columns()}
        for column, options in Resets(self.whole, self.whole).columns():
            if column not in here:
                yield column, options[0].module

    def possible(self, given: Callable[[str], bool]) -> set[str]:
        """The options that the lines of a file can ask for.

        :param given: whether the file has a column.
        """
        found = {option.name for option in self.options.values() if given("modules") and option.default}
        for column, options in self.columns():
            if given(column):
                found |= {option.name for option in options}
        found |= {column for column in ("startdate", "roles") if given(column)}
        for column, words in COURSE_COLUMNS.items():
            if given(column):
                found |= {name for names in words.values() for name in names}
        return found

    def removals(self, possible: set[str]) -> list[Removal]:
        """What is removed with some options, in an order in which each entry comes after those that it depends on."""
        found = [
            removal
            for table in self.graph.root_to_leaf
            for removal in _removals(table)
            if removal.parent or set(removal.option.split(BOTH)) <= possible
        ]
        independent = [removal for removal in found if not removal.depends_on]
        return independent + self._ordered(independent, [removal for removal in found if removal.depends_on])

    def _ordered(self, done: list[Removal], waiting: list[Removal]) -> list[Removal]:
        """The waiting removals in order; those that depend on a table without any removal are left out."""
        tables = {removal.table.name for removal in done}
        ordered: list[Removal] = []
        while ready := [removal for removal in waiting if removal.depends_on <= tables]:
            # All removals of a table come before what depends on it, as long as they don't depend on each other.
            incomplete = {removal.table.name for removal in waiting if removal not in ready}
            ready = [removal for removal in ready if not removal.depends_on & incomplete] or ready
            ordered += ready
            tables |= {removal.table.name for removal in ready}
            waiting = [removal for removal in waiting if removal not in ready]
        return ordered

    def pairs(self, removals: list[Removal]) -> list[tuple[str, list[str]]]:
        """The pairs of options that remove something only together: their joint name, and both names."""
        names = dict.fromkeys(removal.option for removal in removals if BOTH in removal.option)
        return [(name, name.split(BOTH)) for name in names]

    def also_changed(self) -> dict[tuple[str, ...], set[str]]:
        """The tables that options change besides what `removals` lists. Each key names options; any of them changes these tables."""
        regraded = {name for _, options in self.facts("regrade") for name in options}
        of_members = {"groups", "groups_members", "message_conversation_members", "quiz_attempts"}
        found = {
            **SIDE_EFFECTS,
            ("groups_members", "groups_remove"): of_members,
            ("roles",): SIDE_EFFECTS[("roles",)] | of_members,
            (*sorted(regraded), "gradebook_grades", "gradebook_items"): GRADE_TABLES,
            ("startdate",): SIDE_EFFECTS[("startdate",)] | {table.name for table, _ in self.dated()},
        }
        for table, options in self.facts("reset_sets"):
            for name in options:
                found[(name,)] = {table.name}
        return found

    def dated(self) -> list[tuple[Table, list[str]]]:
        """The tables with dates that move with the start of the course, and these columns."""
        return [(table, list(columns)) for table, columns in self.facts("dates")]

    def facts(self, key: str) -> list[tuple[Table, Any]]:
        """The tables that have a key in the graph, with what it says."""
        return [(table, table.facts[key]) for table in self.graph.root_to_leaf if key in table.facts]


@lru_cache(maxsize=4)
def site_resets(schema: Schema) -> Resets:
    """What can be reset on a site."""
    return Resets(site_graph(schema), course_graph())


def _removals(table: Table) -> Iterator[Removal]:
    """What the key `reset` of a table says."""
    said = table.facts.get("reset")
    if said is None:
        return
    if isinstance(said, str):
        if said.startswith(WITH):
            yield Removal(table, "", parent=said.removeprefix(WITH))
            return
        said = {said: True}
    for option, conditions in said.items():
        for condition in conditions if isinstance(conditions, list) else [conditions]:
            yield Removal(table, option, "" if condition is True else condition)

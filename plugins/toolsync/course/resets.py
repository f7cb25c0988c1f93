"""What resetting a course may take away, as the course graph says it: options, and the rows that go with each.

The graph's README says how it is written: `options`, `reset`, `regrade`, `grades`, `dates`, `calendar`, `reset_sets`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from toolsync.course.graph import CourseGraph, Table, course_graph, site_graph
from toolsync.moodle.schema import Schema

# The columns that ask for parts of the course itself: what each of their words asks for. A yes/no column asks for what it is named after.
COURSE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
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
# What options change besides the rows that go with them.
GRADES = {"grade_items", "grade_grades", "course_modules_completion", "files"}
SIDE_EFFECTS: Mapping[tuple[str, ...], set[str]] = {
    ("roles",): {
        "user_enrolments",
        "role_assignments",
        "user_lastaccess",
        "forum_subscriptions",
        "forum_digests",
        "forum_track_prefs",
        "forum_read",
        *GRADES,
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
# What a person wants to know the number of, by its tables.
COUNTED: Mapping[str, str] = {
    **dict.fromkeys(["quiz_attempts", "lesson_attempts", "scorm_attempt", "h5pactivity_attempts"], "attempts"),
    **dict.fromkeys(
        ["assign_submission", "workshop_submissions", "feedback_completed", "choice_answers"], "submissions"
    ),
    **dict.fromkeys(["forum_posts", "glossary_entries", "data_records", "wiki_pages", "chat_messages"], "posts"),
}
BOTH, WITH, GONE = " and ", "with ", "toolsync_gone_"


@dataclass(frozen=True)
class Option:
    """A part of a module's reset form.

    :param default: the form proposes it.
    """

    name: str
    module: str
    default: bool


@dataclass(frozen=True)
class Going:
    """Rows that go with an option.

    :param option: two of them with `and` between: with both.
    :param when: SQL on a row, `t`, whose course is `p.courseid`; empty: all rows.
    :param parent: instead of an option: the table whose row, going, takes these with it.
    """

    table: Table
    option: str
    when: str = ""
    parent: str = ""

    @property
    def column(self) -> str:
        """The column that leads to the parent."""
        return next(link.column for link in self.table.of if link.table == self.parent)


class Resets:
    """What may be reset on a site.

    :param graph: the part of the course graph that the site has.
    :param whole: the course graph of all versions.
    """

    def __init__(self, graph: CourseGraph, whole: CourseGraph) -> None:
        self.graph = graph
        self.whole = whole

    @property
    def counted(self) -> Mapping[str, str]:
        """The column of the plan that counts the rows of a table, beside all rows."""
        return COUNTED

    @cached_property
    def options(self) -> dict[str, Option]:
        """The parts of the modules' reset forms, by name."""
        return {
            name: Option(name, table.name, bool(default))
            for table in self.graph.tables.values()
            if table.activity
            for name, default in table.facts.get("options", {}).items()
        }

    @cached_property
    def modules(self) -> list[str]:
        return [table.name for table in self.graph.tables.values() if table.activity]

    @property
    def every_module(self) -> list[str]:
        """The modules that the graph knows, of any version."""
        return [table.name for table in self.whole.tables.values() if table.activity]

    @property
    def course_columns(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        return COURSE

    def of_module(self, module: str) -> list[Option]:
        return [option for option in self.options.values() if option.module == module]

    def proposed(self, module: str) -> list[Option]:
        """What the module's reset form proposes."""
        return [option for option in self.of_module(module) if option.default]

    def not_here(self) -> Iterator[tuple[str, str]]:
        """The columns that ask for parts of modules which this site lacks, and the module."""
        here = {column for column, _ in self.columns()}
        for column, parts in Resets(self.whole, self.whole).columns():
            if column not in here:
                yield column, parts[0].module

    def columns(self) -> Iterator[tuple[str, list[Option]]]:
        """The columns that ask for parts of modules, with these parts: a module's own column asks for all of it."""
        for module in self.modules:
            if parts := self.of_module(module):
                yield module, parts
        for option in self.options.values():
            if option.name not in self.modules:
                yield option.name, [option]

    def possible(self, given: Callable[[str], bool]) -> set[str]:
        """The options that lines of a file with such columns may ask for."""
        found = {option.name for option in self.options.values() if given("modules") and option.default}
        for column, parts in self.columns():
            if given(column):
                found |= {option.name for option in parts}
        found |= {column for column in ("startdate", "roles") if given(column)}
        for column, words in COURSE.items():
            if given(column):
                found |= {name for names in words.values() for name in names}
        return found

    def going(self, possible: set[str]) -> list[Going]:
        """What goes with the options, in an order in which each entry finds those that it depends on."""
        found: list[Going] = []
        for table in self.graph.root_to_leaf:
            found += [entry for entry in _entries(table) if entry.parent or set(entry.option.split(BOTH)) <= possible]
        first = [entry for entry in found if not entry.parent and GONE not in entry.when]
        return first + self._dependent(first, [entry for entry in found if entry not in first])

    def _dependent(self, first: list[Going], waiting: list[Going]) -> list[Going]:
        """Those that go with rows of others, once it is certain that these may go."""
        tables = {entry.table.name for entry in first}
        ordered: list[Going] = []
        while ready := [entry for entry in waiting if _needs(entry) <= tables]:
            # All entries of a table before what depends on it.
            blocked = {entry.table.name for entry in waiting if entry not in ready}
            ready = [entry for entry in ready if not _needs(entry) & blocked] or ready
            ordered += ready
            tables |= {entry.table.name for entry in ready}
            waiting = [entry for entry in waiting if entry not in ready]
        return ordered

    def pairs(self, going: list[Going]) -> list[tuple[str, list[str]]]:
        """Options that are two together."""
        names = dict.fromkeys(entry.option for entry in going if BOTH in entry.option)
        return [(name, name.split(BOTH)) for name in names]

    def also_changed(self) -> dict[tuple[str, ...], set[str]]:
        """The tables whose rows options change, or take, besides those that go with them."""
        regraded = {name for table, of in self.facts("regrade") for name in of}
        leaving = {"groups", "groups_members", "message_conversation_members", "quiz_attempts"}
        found = {
            **SIDE_EFFECTS,
            ("groups_members", "groups_remove"): leaving,
            ("roles",): SIDE_EFFECTS[("roles",)] | leaving,
            (*sorted(regraded), "gradebook_grades", "gradebook_items"): GRADES,
            ("startdate",): SIDE_EFFECTS[("startdate",)] | {table.name for table, _ in self.dated()},
        }
        for table, of in self.facts("reset_sets"):
            for name in of:
                found[(name,)] = {table.name}
        return found

    def dated(self) -> list[tuple[Table, list[str]]]:
        """The tables with dates that move with the course's start, and these columns."""
        return [(table, list(table.facts["dates"])) for table in self.graph.root_to_leaf if "dates" in table.facts]

    def facts(self, key: str) -> list[tuple[Table, Any]]:
        """What the tables say under a key."""
        return [(table, table.facts[key]) for table in self.graph.root_to_leaf if key in table.facts]


@lru_cache(maxsize=4)
def site_resets(schema: Schema) -> Resets:
    """What may be reset on a site with these tables."""
    return Resets(site_graph(schema), course_graph())


def _entries(table: Table) -> Iterator[Going]:
    said = table.facts.get("reset")
    if said is None:
        return
    if isinstance(said, str):
        if said.startswith(WITH):
            yield Going(table, "", parent=said.removeprefix(WITH))
            return
        said = {said: True}
    for option, condition in said.items():
        for when in condition if isinstance(condition, list) else [condition]:
            yield Going(table, option, "" if when is True else when)


def _needs(entry: Going) -> set[str]:
    """The tables whose going rows an entry asks for."""
    if entry.parent:
        return {entry.parent}
    return {word.split()[0].strip(")") for word in entry.when.split(GONE)[1:]}

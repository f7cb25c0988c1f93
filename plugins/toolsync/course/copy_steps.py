"""The order in which a copy of a course is written: one step after the other, each for the rows of a table.

The temporary tables of a table `quiz`: `toolsync_tpl_quiz` holds the rows of the templates, `toolsync_linked_quiz` names those of them in whose texts ids
may stand, and `toolsync_copy_quiz` says which new row each of them became in each copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from toolsync.course.graph import ROOT, CourseGraph, Link, Table, reachable

# Tables whose rows may already exist where a template is copied into an existing course. (A new course already has its own context.)
MERGEABLE = (
    "block_instances",
    "block_positions",
    "competency_coursecomp",
    "competency_coursecompsetting",
    "contentbank_content",
    "context",
    "course_completion_aggr_methd",
    "course_completion_criteria",
    "course_completion_defaults",
    "course_format_options",
    "course_sections",
    "customfield_data",
    "event",
    "files",
    "filter_active",
    "filter_config",
    "grade_categories",
    "grade_items",
    "grade_letters",
    "grade_outcomes",
    "grade_outcomes_courses",
    "grade_settings",
    "groupings",
    "groupings_groups",
    "groups",
    "lti_coursevisible",
    "lti_types",
    "lti_types_config",
    "question_categories",
    "role_capabilities",
    "role_names",
    "scale",
    "tag_instance",
)
StepKey = tuple[str, bool]  # a table, and whether this is its second step


def template_table(table: str) -> str:
    """The temporary table with the templates' rows of a table."""
    return f"toolsync_tpl_{table}"


def copy_map(table: str) -> str:
    """The temporary table that maps the templates' rows of a table to the new rows."""
    return f"toolsync_copy_{table}"


def linked_table(table: str) -> str:
    """The temporary table with the ids of the templates' rows that may have ids in their texts."""
    return f"toolsync_linked_{table}"


@dataclass(frozen=True)
class Step:
    """Rows of a table that are copied by one INSERT.

    :param parents: the links to parents that are copied by then; the step copies the rows that have such a parent.
    :param again: it is the second step of its table.
    """

    table: Table
    parents: tuple[Link, ...]
    again: bool = False

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def rows(self) -> str:
        return template_table(self.name)

    @property
    def map(self) -> str:
        return copy_map(self.name)

    @property
    def linked(self) -> str:
        return linked_table(self.name)

    @property
    def mark(self) -> str:
        """A text column by which new rows are recognised that have no column to a parent; empty: its rows have one."""
        return self.table.facts.get("mark", "")


def ordered_steps(content: CourseGraph) -> list[Step]:
    """The steps that copy these tables, in order."""
    return _Order(content).steps()


class _Order:
    """Works out the order.

    A table follows its parents, because its new rows are recognised by the new ids of these. Contexts and blocks are each other's parents: a block has a
    context and is shown in one. So a table of such a cycle that also has parents outside it is copied in two steps: the rows under those parents first, and
    `again` those under rows of the cycle that were copied meanwhile.

    Other references are honoured as long as they don't contradict that: when the row that a column names comes first, its new id can be inserted at once;
    otherwise the column has to be updated at the end.
    """

    def __init__(self, content: CourseGraph) -> None:
        self.content = content
        self.tables = [table for table in content.tables.values() if table.name != ROOT]
        self.cycle = {table.name for cycle in content.cycles if len(cycle) > 1 for table in cycle}
        self.in_two_steps = {
            name for name in self.cycle if any(link.table not in self.cycle for link in self._parents(name))
        }
        self.waits_for: dict[StepKey, set[StepKey]] = {}

    def steps(self) -> list[Step]:
        for table in self.tables:
            self._wait_for_parents(table)
        for table in self.tables:
            self._wait_for_references(table)
        # Sorted, so that the order is the same in each process.
        order = TopologicalSorter({step: sorted(before) for step, before in self.waits_for.items()})
        return [self._step(name, again) for name, again in order.static_order()]

    def _wait_for_parents(self, table: Table) -> None:
        first, second = (table.name, False), (table.name, True)
        before = self.waits_for.setdefault(first, set())
        for link in self._parents(table.name):
            if table.name in self.in_two_steps and link.table in self.cycle:
                self.waits_for.setdefault(second, {first}).add((link.table, False))
            elif link.table != ROOT:
                before.add(self._complete(link.table, for_table=table))
        for link in table.parents:
            if link.key != "id":  # the parent names its child by id, so the child comes first
                self.waits_for.setdefault((link.table, False), set()).add(first)

    def _wait_for_references(self, table: Table) -> None:
        step = table.name, False
        for link in self._references(table):
            target = self._complete(link.table, for_table=table)
            if target != step and step not in reachable(target, self.waits_for):
                self.waits_for[step].add(target)

    def _complete(self, name: str, *, for_table: Table) -> StepKey:
        """The step after which all rows of a table are there. Within the cycle only its first step can be waited for."""
        return name, name in self.in_two_steps and for_table.name not in self.cycle

    def _parents(self, name: str) -> list[Link]:
        return [link for link in self.content.tables[name].parents if link.key == "id"]

    def _references(self, table: Table) -> Sequence[Link]:
        """The links of a table to other copied tables, first those without which a row is not copied."""
        needs = table.facts.get("needs", [])
        links = [
            link for link in table.refs if link.table in self.content.tables and link.table not in (ROOT, table.name)
        ]
        return sorted(links, key=lambda link: link.column not in needs)

    def _step(self, name: str, again: bool) -> Step:
        table = self.content.tables[name]
        parents = table.parents
        if name in self.in_two_steps:
            parents = tuple(link for link in parents if (link.table in self.cycle) == again)
        return Step(table, parents, again)

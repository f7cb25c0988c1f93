"""What a copy of a course's content consists of on a site, as the course graph says it: `copy`, `copied`, `needs`, `embeds`, `shift`, `mark` in its files.

The SQL gets it by `course_copies()`. There, `t` is a template's row or a new one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from operator import attrgetter

from more_itertools import map_reduce

from toolsync.course.conditions import all_of, any_if_each, any_of
from toolsync.course.copy_inserts import SCALES, Insert, InsertBuilder, LateColumn
from toolsync.course.copy_steps import MERGEABLE, Step, copy_map, ordered_steps, template_table
from toolsync.course.graph import LINKS, ROOT, CourseGraph, Link, Table
from toolsync.course.graph_files import site_graph
from toolsync.moodle.schema import Schema

ROLES = "role"
QUESTIONS = "question"
# What a question bank consists of, besides what goes with a question.
IN_BANKS = (
    QUESTIONS,
    "question_bank_entries",
    "question_dataset_definitions",
    "question_dataset_items",
    "question_versions",
)
USED = "used"  # under `copy`: the rows that a copied row uses
OF_ROW = re.compile(r"\bt\.")
# Nobody sees an activity that is being deleted, or whose module is lost.
ALIVE = (
    "t.id IN (SELECT cm.instance FROM {{course_modules}} cm JOIN {{modules}} k ON k.id = cm.module AND k.name = '{name}' "
    "WHERE cm.course = t.course AND cm.deletioninprogress = 0)"
)
# Tables whose new ids `copied.sql` uses, although no column leads to them.
USED_BY_SQL = ("badge_criteria_param", "lesson_answers")


class Copies:
    """What copying writes on a site.

    :param graph: the part of the course graph that the site has.
    :param course_banks: its courses have question banks of their own: Moodle before 5.0.
    """

    def __init__(self, graph: CourseGraph, *, course_banks: bool = False) -> None:
        self.graph = graph
        self.course_banks = course_banks

    @cached_property
    def content(self) -> CourseGraph:
        """The tables whose rows are copied, with the links to copied parents and no others."""
        tables = self.graph.tables
        copied = {name for name, table in tables.items() if is_copied(table)} | {ROOT}
        # A table without a copied parent is not copied, and then its children are not, either.
        while orphans := {
            name for name in copied - {ROOT} if not any(link.table in copied for link in tables[name].parents)
        }:
            copied -= orphans
        return self.graph.with_tables(
            replace(table, parents=tuple(link for link in table.parents if link.table in copied))
            for name, table in tables.items()
            if name in copied
        )

    @cached_property
    def walked(self) -> CourseGraph:
        """The same, for walking from a course to those of its rows that are copied: the links lead to no others."""
        return self.content.with_tables(map(_limited, self.content.tables.values()))

    @property
    def tables(self) -> list[Table]:
        return [table for table in self.content.tables.values() if table.name != ROOT]

    def named_by(self, name: str) -> list[str]:
        """The columns other than `id` by which rows of a table are found, since others belong to them."""
        links = (link for table in self.tables for link in table.parents if link.table == name)
        return sorted({link.key for link in links} - {"id"})

    @cached_property
    def steps(self) -> list[Step]:
        """The steps of copying, in order."""
        return ordered_steps(self.content)

    @cached_property
    def of_questions(self) -> list[tuple[Table, Link]]:
        """The tables whose rows go with a question, each with the link that leads there, parents first."""
        names, found = {QUESTIONS}, []
        for table, link in self.content.ways():
            if link.table in names and link.key == "id":
                names.add(table.name)
                found.append((table, link))
        return found

    def is_mergeable(self, step: Step) -> bool:
        """Whether a row that exists may stand for one of the template's, or a row be left out of some copies."""
        return step.name in MERGEABLE or self.course_banks and step.name in self._in_banks

    @cached_property
    def _in_banks(self) -> set[str]:
        return {*IN_BANKS, *(table.name for table, _ in self.of_questions)}

    def insert_for(self, step: Step, columns: Sequence[str]) -> Insert:
        """How the rows of a step are written.

        :param columns: those that its table has on this site.
        """
        before = {earlier.name for earlier in self.steps[: self.steps.index(step)]}
        return InsertBuilder(self.content, step, before).build(columns)

    # Which of the templates' rows are copied

    def left_out(self) -> Iterator[tuple[Step, list[str]]]:
        """Staged rows that are not copied, because something that they need is not.

        :return: in order, steps with conditions on a row, `t`; each condition leaves rows out.
        """
        shrinking: set[str] = set()
        for step in self.steps:
            if step.again:
                continue
            conditions = list(self._lacks_what_it_needs(step.table))
            parents = step.table.parents
            if any(link.table in shrinking for link in parents):
                conditions.append(f"NOT ({self.has_copied_parent(parents)})")
            if conditions:
                shrinking.add(step.name)
                yield step, conditions

    def has_copied_parent(self, parents: Iterable[Link]) -> str:
        """The condition that a template's row, `t`, has a parent that is copied.

        :param parents: the links that count.
        """

        def equals_key(link: Link) -> str:
            key = "t.toolsync_course" if link.table == ROOT else f"p.{link.key}"
            return f"{link.named} = {key}{link.condition}"

        return " OR ".join(
            condition
            if table == ROOT
            else f"EXISTS (SELECT 1 FROM {template_table(table)} p WHERE p.toolsync_course = t.toolsync_course AND {condition})"
            for table, condition in map_reduce(parents, attrgetter("table"), equals_key, any_of).items()
        )

    def _lacks_what_it_needs(self, table: Table) -> Iterator[str]:
        """The conditions that a column which must lead to a copied row (`needs`) leads to another one."""
        needs, tables = table.facts.get("needs", []), self.graph.tables
        for column in needs:
            for link in (*tables[table.name].parents, *table.refs):
                if link.column == column and link.table != ROOT and (link.table in tables or link.table == ROLES):
                    names_a_row = f"COALESCE(t.{column}, '') NOT IN ('', '0'){link.condition}"
                    yield all_of(names_a_row, self._is_missing(link))

    def _is_missing(self, link: Link) -> str:
        """The condition that what a template's row, `t`, names by a link is not copied; of a role: that it means nothing in the course."""
        if link.table == ROLES:
            known = "SELECT 1 FROM toolsync_role_known p WHERE p.courseid = t.toolsync_course"
            return f"NOT EXISTS ({known} AND p.roleid = {link.named})"
        if link.table in self.content.tables:
            return f"NOT {self.has_copied_parent([replace(link, when='')])}"
        return ""  # nothing of that table is copied

    # New rows, and what is updated in them

    def is_new_row(self, step: Step) -> str:
        """The condition that a row, `t`, is one of those that a step inserted: its parent is a row that this copy made."""
        links = (link for link in step.parents if link.key == "id")
        return " OR ".join(
            _has_new_parent(table, group) for table, group in map_reduce(links, attrgetter("table")).items()
        )

    def needs_new_ids(self, step: Step) -> bool:
        """Whether the new id of each row has to be known: something names rows of the table, or a column of it is updated later."""
        return step.name in self._referenced or bool(step.mark) or step.again or step.name in self._updated_late

    def late_columns(self, columns_of: Callable[[str], Sequence[str]]) -> Iterator[tuple[Step, LateColumn]]:
        """What is updated when all rows are there.

        :param columns_of: the columns of a table on this site.
        """
        for step in self.steps:
            if not step.again:
                for column in self.insert_for(step, columns_of(step.name)).late_columns:
                    yield step, column

    def of_old_row(self, condition: str) -> str:
        """A condition on a row, `t`, as one on the template's row where that is called `o`."""
        return OF_ROW.sub("o.", condition)

    def scaled(self) -> Iterator[tuple[Table, str]]:
        """The columns that hold the id of a scale: tables, and SQL of the id."""
        for table in self.tables:
            for column in table.facts.get("scales", []):
                yield table, f"-t.{column}"
            for link in table.refs:
                if link.table == SCALES:
                    yield table, link.named

    @cached_property
    def _referenced(self) -> set[str]:
        """The tables to whose rows a column leads, or the address of a page, or SQL."""
        targets = (link.table for table in self.tables for link in table.links)
        named_by_parents = (table.name for table in self.tables if any(link.key != "id" for link in table.parents))
        in_addresses = (
            table for said in self.graph.links.values() for table in (said if isinstance(said, list) else [said])
        )
        return {*targets, *named_by_parents, *in_addresses, *USED_BY_SQL}

    @cached_property
    def _updated_late(self) -> set[str]:
        """The tables with a late column."""
        columns = {
            table.name: [*dict.fromkeys([*(link.column for link in table.links), *table.facts.get("scales", [])])]
            for table in self.tables
        }
        return {step.name for step, _ in self.late_columns(columns.__getitem__)}

    # Ids within texts

    def may_have_links(self, step: Step, texts_of: Callable[[str], Iterable[str]]) -> bool:
        """Whether ids may stand in texts of the step's table."""
        return bool(self.texts(step.table, texts_of))

    def embedded(self, texts_of: Callable[[str], Iterable[str]]) -> Iterator[tuple[str, str, str]]:
        """The columns in whose texts ids may stand: table, column, and the kind of these ids.

        :param texts_of: the columns of a table on this site that hold long texts.
        """
        for table in self.tables:
            yield from ((table.name, column, kind) for column, kind in self.texts(table, texts_of).items())

    def texts(self, table: Table, texts_of: Callable[[str], Iterable[str]]) -> dict[str, str]:
        """The columns of one table in whose texts ids may stand, with the kind of these ids: as the graph says, else links to pages."""
        return dict.fromkeys(texts_of(table.name), LINKS) | table.facts.get("embeds", {})


@lru_cache(maxsize=4)
def site_copies(schema: Schema) -> Copies:
    """What copying writes on a site."""
    return Copies(site_graph(schema), course_banks=not schema.since("5.0"))


def is_copied(table: Table) -> bool:
    """Whether rows of a table are copied: content is, unless the graph says otherwise."""
    said = table.facts.get("copy")
    return bool(said) if said is not None else not table.people and not table.facts.get("derived")


def _limited(table: Table) -> Table:
    """A table with links that lead to those of its rows only that are copied."""
    said = table.facts.get("copy")
    condition = f"({said})" if isinstance(said, str) and said != USED else ""
    alive = ALIVE.format(name=table.name) if table.activity else ""
    return replace(
        table, parents=tuple(replace(link, when=all_of(link.when, condition, alive)) for link in table.parents)
    )


def _has_new_parent(table: str, links: Sequence[Link]) -> str:
    """The condition that a parent of a row, `t`, is a new row of a table."""
    new_id, rows = ("courseid", "toolsync_copy") if table == ROOT else ("newid", copy_map(table))
    named = {link.named for link in links}
    if len(named) > 1:
        names_it = any_of(f"p.{new_id} = {link.named}{link.condition}" for link in links)
        return f"EXISTS (SELECT 1 FROM {rows} p WHERE {names_it})"
    return all_of(f"{named.pop()} IN (SELECT p.{new_id} FROM {rows} p)", any_if_each(link.when for link in links))

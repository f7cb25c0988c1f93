"""The INSERT that copies the rows of a table: what each column of the new rows holds.

In its SQL, `t` is the template's row, `c` the copy (`courseid`, `templateid`, `shift`: seconds by which dates move), and `m` the row's entry in the table's
copy map.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from more_itertools import map_reduce

from toolsync.course.conditions import all_of, any_if_each
from toolsync.course.copy_steps import Step, copy_map
from toolsync.course.graph import ROOT, CourseGraph

SCALES = "scale"
PLACEHOLDER = re.compile(r"\[(\w+)\]")  # in an expression of the graph: what another column holds
FEW_TARGETS = 3  # tables that a column may lead to before a look-up of its own costs less than a join with each


@dataclass(frozen=True)
class Target:
    """One of many tables that a column may lead to.

    :param named: SQL of the id that the row, `t`, has in the column.
    :param when: SQL condition on the row under which it leads there.
    """

    named: str
    table: str
    when: str

    @property
    def map(self) -> str:
        return copy_map(self.table)


@dataclass(frozen=True)
class LateColumn:
    """A column that is updated when all rows are there, because the table that it leads to comes later, or is its own.

    :param target: that table.
    :param named: SQL of the id that the row, `t`, has in the column.
    :param when: SQL condition on the row under which it leads there; empty: always.
    :param negative: it holds the id of a scale as a negative number.
    """

    column: str
    target: str
    named: str
    when: str = ""
    negative: bool = False


@dataclass
class Insert:
    """How the rows of a step are written.

    :param values: SQL of each column.
    :param joins: SQL of the joins that these need.
    :param targets: the tables that a column may lead to which has too many of them for joins: their new ids are looked up beforehand, in `toolsync_named`.
    :param late_columns: the columns to be updated at the end.
    """

    values: dict[str, str] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    late_columns: list[LateColumn] = field(default_factory=list)


class InsertBuilder:
    """Works out the INSERT of one step.

    :param content: the tables whose rows are copied.
    :param before: the tables of earlier steps.
    """

    def __init__(self, content: CourseGraph, step: Step, before: Collection[str]) -> None:
        self.content = content
        self.table = step.table
        self.before = before
        facts = step.table.facts
        self.shifted = {*facts.get("shift", []), *facts.get("dates", [])}
        self.scales = set(facts.get("scales", []))
        self._insert = Insert()
        self._joined: set[str] = set()

    def build(self, columns: Sequence[str]) -> Insert:
        """Make the INSERT.

        :param columns: those that the table has on this site.
        """
        facts = self.table.facts
        parents, needs = {link.column for link in self.table.parents}, facts.get("needs", [])
        expressions = facts.get("copied", {})
        in_expressions = {name for expression in expressions.values() for name in PLACEHOLDER.findall(expression)}
        values: dict[str, str] = {}
        # MySQL takes a temporary table once in a statement. So of two columns that lead to one table, the more important one is joined and the other is late.
        for column in sorted(columns, key=lambda name: (name not in parents, name not in needs)):
            if column != "id":
                is_used = column not in expressions or column in in_expressions
                values[column] = self._value(column) if is_used else ""
        for column, expression in expressions.items():
            if column in values:
                values[column] = PLACEHOLDER.sub(lambda match: values.get(match[1], "NULL"), expression)
        self._insert.values = {column: values[column] for column in columns if column in values}
        return self._insert

    def _value(self, column: str) -> str:
        """SQL of a column without an expression of its own: the new id of the row that it names, or the template's value."""
        own = f"t.`{column}`"
        if column in self.shifted:
            return f"IF({own} > 0, {own} + c.shift, {own})"
        if column in self.scales:
            return self._scale(column, own)
        conditions, named = self._targets(column), self._named(column)
        looked_up = self._look_up(column, conditions)
        new_ids = ["named.newid"] if looked_up else []
        value = own
        for table, when in conditions.items():
            if table == ROOT:
                value = f"IF({all_of(f'{named} = c.templateid', when)}, c.courseid, {value})"
            elif table in looked_up:
                continue
            elif table in self.before and table not in self._joined:
                new_ids.append(self._join(table, named, when))
            else:
                self._insert.late_columns.append(LateColumn(column, table, named, when))
                if table == self.table.name:
                    value = f"CASE WHEN {all_of(when, f'{named} <> 0')} THEN 0 ELSE {own} END"
        return f"COALESCE({', '.join([*new_ids, value])})" if new_ids else value

    def _targets(self, column: str) -> dict[str, str]:
        """The copied tables that a column may lead to, each with the condition under which it does."""
        links = (
            link
            for link in self.table.links
            if link.column == column and link.key == "id" and link.table in self.content.tables
        )
        return map_reduce(links, attrgetter("table"), attrgetter("when"), any_if_each)

    def _named(self, column: str) -> str:
        """SQL of the id that the template's row has in a column."""
        links = (link for link in self.table.links if link.column == column and link.key == "id")
        return next((link.named for link in links), f"t.{column}")

    def _look_up(self, column: str, conditions: dict[str, str]) -> list[str]:
        """Have the new ids looked up beforehand if the column may lead to many tables. One column of an INSERT can.

        :return: the tables that are looked up.
        """
        there = [table for table in conditions if table in self.before]
        if len(there) <= FEW_TARGETS or self._insert.targets:
            return []
        self._insert.joins.append(
            "LEFT JOIN toolsync_named named ON named.courseid = c.courseid AND named.oldid = t.id"
        )
        self._insert.targets = [Target(self._named(column), table, conditions[table] or "TRUE") for table in there]
        return there

    def _scale(self, column: str, own: str) -> str:
        """SQL of a column that holds a negative number where that is the id of a scale."""
        if SCALES in self._joined or SCALES not in self.before:
            self._insert.late_columns.append(
                LateColumn(column, SCALES, f"-t.{column}", f"t.{column} < 0", negative=True)
            )
            return own
        return f"COALESCE(-{self._join(SCALES, f'-{own}', f'{own} < 0')}, {own})"

    def _join(self, table: str, value: str, when: str) -> str:
        """Join the new rows of a table.

        :param value: SQL of the old id.
        :return: SQL of the new id; NULL where there is none.
        """
        self._joined.add(table)
        alias = f"to_{table}"
        old_id = f"CASE WHEN {when} THEN {value} END" if when else value
        self._insert.joins.append(
            f"LEFT JOIN {copy_map(table)} {alias} ON {alias}.courseid = c.courseid AND {alias}.oldid = {old_id}"
        )
        return f"{alias}.newid"

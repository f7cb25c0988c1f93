"""The files of the course graph, `include/course_graph/*.yaml`, read into one graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from toolsync.course.conditions import all_of
from toolsync.course.graph import ROOT, CourseGraph, Link, Table, remains_condition, stays_condition
from toolsync.moodle.schema import Schema
from toolsync.settings import INCLUDE

FOLDER = INCLUDE / "course_graph"
ACTIVITY = "activity"  # in a link: the main table of any activity module
OURS = "moodle.yaml"  # the others are of this site
SECTIONS = ("tables", "kinds", "outside", "links")
NOT_FACTS = {"of", "refs", "people", "activity"}  # the keys of a table's entry that have an attribute of their own


class GraphError(ValueError):
    """A file of the graph is wrong; the message says where."""


@cache
def course_graph() -> CourseGraph:
    """The graph of all files, read once a process: Moodle's core plugins, and those that somebody added.

    :raises GraphError: a file is wrong.
    """
    return read_graph(sorted(FOLDER.glob("*.yaml")))


@lru_cache(maxsize=4)
def site_graph(schema: Schema) -> CourseGraph:
    """The part of the graph that a site has.

    :raises GraphError: a file is wrong.
    """
    return course_graph().for_site(schema)


def read_graph(paths: Iterable[Path]) -> CourseGraph:
    """Read files as one graph.

    :raises GraphError: a file is wrong.
    """
    reader = _Reader()
    for path in paths:
        reader.add(path)
    return reader.graph()


class _Reader:
    """Collects what the files say; a table's links may lead to tables of other files."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[str, Mapping[str, Any]]] = {}  # file name and entry, by table
        self.kinds: dict[str, Any] = {}
        self.outside: dict[str, str] = {}
        self.links: dict[str, Any] = {}

    def add(self, path: Path) -> None:
        try:
            document = _mapping(path.name, yaml.safe_load(path.read_text(encoding="utf-8")))
        except yaml.MarkedYAMLError as error:
            line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
            raise GraphError(f"{path.name}{line}: {error.problem}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise GraphError(f"{path.name}: {error}") from error
        if unknown := sorted(document.keys() - SECTIONS):
            raise GraphError(f"{path.name}: unknown key {', '.join(unknown)}; known are {', '.join(SECTIONS)}")
        section = {name: _mapping(f"{path.name}: {name}", document.get(name)) for name in SECTIONS}
        self._add_tables(path.name, section["tables"])
        self._add_kinds(path.name, section["kinds"])
        self._add_outside(path.name, section["outside"])
        self.links |= section["links"]

    def _add_tables(self, file: str, tables: Mapping[str, Any]) -> None:
        for name, entry in tables.items():
            if name in self.entries:
                raise GraphError(f"{file}: table {name} is already described in {self.entries[name][0]}")
            self.entries[name] = file, _mapping(f"{file}: {name}", entry)

    def _add_kinds(self, file: str, kinds: Mapping[str, Any]) -> None:
        """Add kinds of plugins; several files may know plugins of one kind."""
        for kind, said in kinds.items():
            where = f"{file}: {kind}"
            if missing := sorted({"table", "column", "known"} - _mapping(where, said).keys()):
                raise GraphError(f"{where} lacks the key {', '.join(missing)}")
            merged = self.kinds.setdefault(kind, {**said, "known": []})
            merged["known"] = [*merged["known"], *said["known"]]

    def _add_outside(self, file: str, outside: Mapping[str, Any]) -> None:
        """Add tables without rows of a course: each with its reason, or a reason with a list of tables."""
        for name, said in outside.items():
            if not (said and isinstance(said, str | list)):
                raise GraphError(f"{file}: outside: {name}: expected a reason, or a list of tables, got {said!r}")
            self.outside |= dict.fromkeys(said, name) if isinstance(said, list) else {name: said}

    def graph(self) -> CourseGraph:
        activities = [name for name, (_, entry) in self.entries.items() if entry.get("activity")]
        tables = {name: _table(file, name, entry, activities) for name, (file, entry) in self.entries.items()}
        for table in tables.values():
            for link in table.parents:
                if (link.column, link.table) == ("COLUMN", "TABLE"):
                    raise GraphError(
                        f"{self.entries[table.name][0]}: {table.name}: replace COLUMN: TABLE by the column that leads to its parent, and that table"
                    )
                if link.table not in tables:
                    raise GraphError(
                        f"{self.entries[table.name][0]}: {table.name}: its parent {link.table} is described in no file"
                    )
        return CourseGraph(tables, self.kinds, self.outside, self.links)


def _table(file: str, name: str, entry: Mapping[str, Any], activities: list[str]) -> Table:
    where = f"{file}: {name}"
    parents = _links(where, entry.get("of"), activities)
    if not parents and name != ROOT:
        raise GraphError(f"{where} lacks the key of: the column that leads to its parent, and that table")
    for key in ("stays", "remains"):
        _check_reason(where, key, entry.get(key))
    return Table(
        name,
        parents,
        refs=_links(where, entry.get("refs"), activities),
        people=bool(entry.get("people")),
        activity=bool(entry.get("activity")),
        stays=stays_condition(entry.get("stays")),
        remains=remains_condition(entry),
        facts={key: said for key, said in entry.items() if key not in NOT_FACTS},
        file=file,
    )


def _links(where: str, said: Any, activities: list[str]) -> tuple[Link, ...]:
    """The links that a file describes.

    :param said: a mapping of columns to tables, or a list of such mappings, each of which may have a condition, `when`, and a version, `since`.
    """
    links: list[Link] = []
    for part in said if isinstance(said, list) else [said]:
        columns = dict(_mapping(where, part))
        when, since = columns.pop("when", ""), str(columns.pop("since", ""))
        when = f"({when})" if " OR " in when else when
        for column, target in columns.items():
            if not isinstance(target, str):
                raise GraphError(f"{where}: column {column} must lead to a table, not to {target!r}")
            links += (replace(link, since=since) for link in _links_of_column(column, target, when, activities))
    return tuple(links)


def _links_of_column(column: str, target: str, when: str, activities: list[str]) -> list[Link]:
    """The links of one column.

    :param target: `table`, `table.column`, or `activity by column`: a link to each activity module, under the condition that this column names it.
    """
    table, _, by = target.partition(" by ")
    if table == ACTIVITY and by:
        return [Link(column, activity, all_of(when, _names(by, activity))) for activity in activities]
    table, _, key = target.partition(".")
    return [Link(column, table, when, key or "id")]


def _names(column: str, activity: str) -> str:
    """The condition that a column names an activity module: by its id in `module`, by its name in any other."""
    if column == "module":
        return f"t.module = (SELECT m.id FROM {{modules}} m WHERE m.name = '{activity}')"
    return f"t.{column} = '{activity}'"


def _mapping(where: str, said: Any) -> Mapping[str, Any]:
    """What must be a mapping, or nothing."""
    if said is not None and not isinstance(said, Mapping):
        raise GraphError(f"{where}: expected a mapping, got {said!r}")
    return said or {}


def _check_reason(where: str, key: str, said: Any) -> None:
    if isinstance(said, Mapping) and said.keys() != {"why", "when"}:
        raise GraphError(f"{where}: {key} must be a reason, or have the keys why and when")

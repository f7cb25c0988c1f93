"""Restrictions of activities and sections, the JSON that Moodle keeps in `availability`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# What restrictions name by id: the key of the id, the table, and what Moodle writes when there is no such row any more.
NAMED = {
    "completion": ("cm", "course_modules", 0),
    "group": ("id", "groups", -1),
    "grouping": ("id", "groupings", -1),
    "grade": ("id", "grade_items", 0),
}

Node = dict[str, Any]  # a restriction, or several of them
Change = Callable[[Node], bool]  # whether there was anything to change


def shift_dates(rows: Iterable[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """Move restrictions by date.

    :param rows: id, seconds, availability.
    :return: id and availability of those that have such a restriction.
    """
    shifted = ((row, _changed(text, _later(seconds))) for row, seconds, text in rows)
    return [(row, text) for row, text in shifted if text is not None]


def with_ids(text: str, new: Callable[[str, int], int | None], seconds: int) -> str | None:
    """A restriction with other ids and later dates.

    :param new: the id that takes the place of one of a table; None when none does.
    :return: None when nothing changes.
    """
    return _changed(text, _renamed(new), *([_later(seconds)] if seconds else []))


def php_json(tree: Any) -> str:
    """As PHP writes JSON."""
    return json.dumps(tree, separators=(",", ":")).replace("/", "\\/")


def _changed(text: str, *changes: Change) -> str | None:
    """A restriction with such changes; None when there is nothing to change."""
    try:
        tree = json.loads(text)
    except ValueError:
        return None  # Moodle itself can't read it
    found = [change(node) for change in changes for node in _nodes(tree)]
    return php_json(tree) if any(found) else None


def _nodes(tree: Any) -> Iterator[Node]:
    """A tree of restrictions and all in it."""
    if isinstance(tree, dict):
        yield tree
        children = tree.get("c")
        for child in children if isinstance(children, list) else []:
            yield from _nodes(child)


def _later(seconds: int) -> Change:
    def later(node: Node) -> bool:
        found = node.get("type") == "date" and isinstance(node.get("t"), int)
        if found:
            node["t"] += seconds
        return found

    return later


def _renamed(new: Callable[[str, int], int | None]) -> Change:
    def renamed(node: Node) -> bool:
        kind = node.get("type")
        if not isinstance(kind, str) or kind not in NAMED:
            return False
        key, table, lost = NAMED[kind]
        old = node.get(key)
        # No id: any group, or the activity's own grouping; -1: the activity before. Moodle reads an activity's id written as text, too.
        number = int(old) if isinstance(old, int) or isinstance(old, str) and old.isdecimal() else 0
        if number <= 0:
            return False
        node[key] = new(table, number) or lost
        return True

    return renamed

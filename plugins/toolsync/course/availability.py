"""Restrictions of activities and sections: the JSON in Moodle's columns `availability`, a tree of conditions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# The types of conditions that contain an id: its key, its table, and what Moodle's restore writes when there is no such row.
REFERENCES = {
    "completion": ("cm", "course_modules", 0),
    "group": ("id", "groups", -1),
    "grouping": ("id", "groupings", -1),
    "grade": ("id", "grade_items", 0),
}

Node = dict[str, Any]  # a condition, or a group of conditions
Change = Callable[[Node], bool]  # changes a node; returns whether it is one that this change is about


def shift_dates(rows: Iterable[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """Shift the dates in restrictions.

    :param rows: id, seconds, availability.
    :return: id and new availability; only of restrictions that contain a date.
    """
    shifted = ((row, _changed(text, _later(seconds))) for row, seconds, text in rows)
    return [(row, text) for row, text in shifted if text is not None]


def with_ids(text: str, new_id: Callable[[str, int], int | None], seconds: int) -> str | None:
    """A restriction with other ids and shifted dates.

    :param new_id: the id that replaces one of a table; None when there is none.
    :return: None when nothing changes.
    """
    return _changed(text, _with_new_id(new_id), *([_later(seconds)] if seconds else []))


def php_json(tree: Any) -> str:
    """JSON as PHP's json_encode() writes it."""
    return json.dumps(tree, separators=(",", ":")).replace("/", "\\/")


def _changed(text: str, *changes: Change) -> str | None:
    try:
        tree = json.loads(text)
        applied = [change(node) for change in changes for node in _nodes(tree)]
        return php_json(tree) if any(applied) else None
    except (ValueError, RecursionError):
        return None  # Moodle can't read it, either


def _nodes(tree: Any) -> Iterator[Node]:
    if isinstance(tree, dict):
        yield tree
        children = tree.get("c")
        for child in children if isinstance(children, list) else []:
            yield from _nodes(child)


def _later(seconds: int) -> Change:
    def change(node: Node) -> bool:
        is_date = node.get("type") == "date" and isinstance(node.get("t"), int)
        if is_date:
            node["t"] += seconds
        return is_date

    return change


def _with_new_id(new_id: Callable[[str, int], int | None]) -> Change:
    def change(node: Node) -> bool:
        condition = node.get("type")
        if not isinstance(condition, str) or condition not in REFERENCES:
            return False
        key, table, missing = REFERENCES[condition]
        old = node.get(key)
        # Without an id: any group, or the activity's own grouping; -1: the previous activity. Moodle also reads the id of an activity written as text.
        number = int(old) if isinstance(old, int) or isinstance(old, str) and old.isdecimal() else 0
        if number <= 0:
            return False
        node[key] = new_id(table, number) or missing
        return True

    return change

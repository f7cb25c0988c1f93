"""Restrictions of activities and sections, the JSON that Moodle keeps in `availability`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any


def shift_dates(rows: Iterable[tuple[int, int, str]], session: Any) -> list[tuple[int, str]]:
    """Move restrictions by date.

    :param rows: id, seconds, availability.
    :return: id and availability of those that have such a restriction.
    """
    shifted = []
    for row, seconds, text in rows:
        try:
            tree = json.loads(text)
        except ValueError:
            continue  # Moodle itself can't read it
        if _shift(tree, seconds):
            shifted.append((row, php_json(tree)))
    return shifted


def _shift(tree: Any, seconds: int) -> bool:
    """Move all dates in a tree; whether there is one."""
    if not isinstance(tree, dict):
        return False
    found = tree.get("type") == "date" and isinstance(tree.get("t"), int)
    if found:
        tree["t"] += seconds
    children = tree.get("c")
    return any([_shift(child, seconds) for child in children] if isinstance(children, list) else []) or found


def php_json(tree: Any) -> str:
    """As PHP writes JSON."""
    return json.dumps(tree, separators=(",", ":")).replace("/", "\\/")


# What restrictions name by id: the key of the id, the table, and what Moodle writes when there is no such row any more.
NAMED = {
    "completion": ("cm", "course_modules", 0),
    "group": ("id", "groups", -1),
    "grouping": ("id", "groupings", -1),
    "grade": ("id", "grade_items", 0),
}


def with_ids(text: str, new: Callable[[str, int], int | None], seconds: int) -> str | None:
    """A restriction with other ids and later dates.

    :param new: the id that takes the place of one of a table; None when none does.
    :return: None when nothing changes.
    """
    try:
        tree = json.loads(text)
    except ValueError:
        return None  # Moodle itself can't read it
    changed = _rename(tree, new)
    if seconds:
        changed = _shift(tree, seconds) or changed
    return php_json(tree) if changed else None


def _rename(tree: Any, new: Callable[[str, int], int | None]) -> bool:
    """Put other ids into a tree; whether there is one."""
    if not isinstance(tree, dict):
        return False
    found = False
    kind = tree.get("type")
    if isinstance(kind, str) and kind in NAMED:
        key, table, lost = NAMED[kind]
        old = tree.get(key)
        # No id: any group, or the activity's own grouping; -1: the activity before. Moodle reads an activity's id written as text, too.
        number = int(old) if isinstance(old, int) or isinstance(old, str) and old.isdecimal() else 0
        if number > 0:
            tree[key] = new(table, number) or lost
            found = True
    children = tree.get("c")
    return any([_rename(child, new) for child in children] if isinstance(children, list) else []) or found

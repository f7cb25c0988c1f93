"""Restrictions of activities and sections, the JSON that Moodle keeps in `availability`."""

from __future__ import annotations

import json
from collections.abc import Iterable
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
            shifted.append((row, _php(tree)))
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


def _php(tree: Any) -> str:
    """As PHP writes JSON."""
    return json.dumps(tree, separators=(",", ":")).replace("/", "\\/")

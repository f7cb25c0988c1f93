"""Conditions in SQL, joined. An empty condition stands for: always true."""

from __future__ import annotations

from collections.abc import Iterable


def all_of(*conditions: str) -> str:
    """The conditions joined with AND; empty when none of them says anything."""
    return " AND ".join(filter(None, conditions))


def any_of(conditions: Iterable[str]) -> str:
    """The conditions joined with OR, in brackets; duplicates are dropped.

    :param conditions: at least one, none of them empty.
    """
    unique = list(dict.fromkeys(conditions))
    return unique[0] if len(unique) == 1 else "(" + " OR ".join(f"({condition})" for condition in unique) + ")"


def any_if_each(conditions: Iterable[str]) -> str:
    """As `any_of`; empty when any of the conditions is: then the whole is always true."""
    given = list(conditions)
    return any_of(given) if all(given) else ""

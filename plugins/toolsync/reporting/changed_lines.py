"""Which line of the file a changed row is due to: the one that named what the row refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

USER = "user"
PLACES = ("groups", "cohort", "enrol", "context", "course", "course_categories")
PAIRS = (*((USER, place) for place in PLACES), ("groups", "groupings"), ("cohort", "course"))
ALONE = ("groups", "groupings", "cohort", "enrol", "context", "course_categories", "course")
SEVERAL = 0  # stands for a line: it could be one or the other

Named = Sequence[tuple[Sequence[str], Sequence[Sequence[Any]]]]


class Lines:
    """What the lines of a part named, to be searched.

    :param named: tables, and rows of a line and ids of these tables, or None.
    """

    def __init__(self, named: Named) -> None:
        self._named = named
        self._first: dict[tuple[str, ...], dict[Any, int]] = {}
        self._only: dict[tuple[str, bool], dict[int, int]] = {}
        self._with_people: set[int] = set()
        for kinds, rows in named:
            if USER in kinds:
                at = kinds.index(USER) + 1
                self._with_people.update(row[0] for row in rows if row[at] is not None)

    def of(self, own: str, ids: Mapping[str, int]) -> int | None:
        """The line that a row is due to: that which names the thing itself, the first of several; or the person in that place, or that group of that
        grouping; or, if it is one line only, the person; or, of what concerns no person, the place.

        :param own: the row's table.
        :param ids: what the row is and refers to, by table.
        :return: None: no line fits, or one as well as another. Then it is a consequence of them.
        """
        if own in ids and (line := self._index(own).get(ids[own])):
            return line
        for pair in PAIRS:
            if pair[0] in ids and pair[1] in ids and (line := self._index(*pair).get((ids[pair[0]], ids[pair[1]]))):
                return line
        person = USER in ids
        if person and (line := self._lone(USER, False).get(ids[USER])) is not None:
            return line or None
        for kind in ALONE:
            # A line about somebody else is not to blame for what happens to this person.
            if kind in ids and (line := self._lone(kind, person).get(ids[kind])) is not None:
                return line or None
        return None

    def names(self, table: str, number: int) -> bool:
        """Whether a line names a thing itself."""
        return number in self._index(table)

    def _index(self, *kinds: str) -> dict[Any, int]:
        """The first line, by an id or a pair of ids."""
        if kinds not in self._first:
            found: dict[Any, int] = {}
            for columns, rows in self._named:
                if not set(kinds) <= set(columns):
                    continue
                first, *others = [columns.index(kind) + 1 for kind in kinds]
                for row in rows:
                    key = (row[first], row[others[0]]) if others else row[first]
                    if found.setdefault(key, row[0]) > row[0]:
                        found[key] = row[0]
            self._first[kinds] = found
        return self._first[kinds]

    def _lone(self, kind: str, without_people: bool) -> dict[int, int]:
        """The only line, by an id, or `SEVERAL`.

        :param without_people: leave out lines that name somebody.
        """
        if (kind, without_people) not in self._only:
            found: dict[int, int] = {}
            for columns, rows in self._named:
                if kind not in columns:
                    continue
                at = columns.index(kind) + 1
                for row in rows:
                    if row[at] is None or (without_people and row[0] in self._with_people):
                        continue
                    if found.setdefault(row[at], row[0]) != row[0]:
                        found[row[at]] = SEVERAL
            self._only[kind, without_people] = found
        return self._only[kind, without_people]

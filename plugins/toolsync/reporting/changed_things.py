"""What a run changed on the site, value by value, read from the parts of its bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from toolsync.cabinet.bundles import Bundle
from toolsync.reading.texts import one_line, shorten
from toolsync.reporting.changed_lines import USER, Lines
from toolsync.reporting.changed_values import CUT, NOISY_TABLES, SECRET, called, is_news, is_secret, shown

LAST = 1 << 62  # stands for a line, in that order, where there is none
SORTED = 50_000  # changes of a part that are put in the order of the lines
LABELS = ("name", "filename", "itemname", "title", "subject")  # columns by which a row that is gone is called
# What a thing is called after: a person first, then where, then the rest.
ORDER = (
    "user", "cohort", "groups", "groupings", "role", "user_info_field", "customfield_field", "tag", "grade_items", "forum", "enrol", "course_modules",
    "context", "course", "course_categories",
)  # fmt: skip

Name = tuple[str, *tuple[Any, ...]]  # what a thing is called, and of what it is: table and id, or nothing
Refers = Callable[[str, str], str | None]


class Change(NamedTuple):
    """A value that changed; or a row that was made or taken away, which `column` does not name.

    :param line: of the file; None: a consequence of several.
    :param before: empty for a row that was made; of one that was taken away, what it was.
    """

    line: int | None
    thing: str
    table: str
    id: int
    column: str
    before: str
    after: str

    @property
    def act(self) -> str:
        """What happened, in words: `account made`, `course changed`."""
        word = called(self.table)
        return f"{word} {'changed' if self.column else 'made' if self.after else 'taken away'}"

    def sentence(self, unit: str) -> str:
        """`line 3: u007 · suspended: no → yes`.

        :param unit: what the items of the file are called: `line`, `image`.
        """
        where = f"{unit} {self.line}: " if self.line else ""
        if not self.column:
            return f"{where}{self.thing} · {self.act}"
        if self.before == self.after == SECRET:
            return f"{where}{self.thing} · {self.column}: {SECRET}"
        return f"{where}{self.thing} · {self.column}: {self.before or '(empty)'} → {self.after or '(empty)'}"


@dataclass
class Part:
    """A part of a bundle, or what a bundle says of one course.

    :param read: yields its lines with rows.
    :param refers: the table that a column of a table holds an id of.
    :param named: what lines of the file named; see `Lines`.
    :param line: the only line of the file that it is about; None: there are several.
    """

    read: Callable[[], Iterable[dict[str, Any]]]
    refers: Refers
    names: dict[str, dict[int, Name]] = field(default_factory=dict)
    named: list[tuple[list[str], list[list[Any]]]] = field(default_factory=list)
    line: int | None = None


def parts_of(bundle: Bundle, refers: Refers, *, only: int | None = None) -> Iterator[Part]:
    """The parts of a run's bundle, in order.

    :param refers: the table that a column of a table holds an id of.
    :param only: the number of the part that is wanted; None: all.
    """
    for number in bundle.parts():
        if only not in (None, number):
            continue
        part = Part(partial(_rows, bundle, number), refers)
        for told in bundle.read(number, rows=False):
            if "names" in told:
                part.names.setdefault(told["names"], {}).update((row[0], tuple(row[1:])) for row in told["rows"])
            elif "lines" in told:
                part.named.append((told["lines"], told["rows"]))
            elif "part" in told and told["first"] == told["last"]:
                part.line = told["first"]
        yield part


def _rows(bundle: Bundle, number: int) -> Iterator[dict[str, Any]]:
    """The lines of a part that hold rows."""
    return (line for line in bundle.read(number) if "table" in line)


def changes(parts: Iterable[Part], zone: tzinfo = UTC) -> Iterator[Change]:
    """What parts say that was changed; in each, by line, and what is due to no line last.

    :param zone: the timezone of dates.
    """
    for part in parts:
        found = _Reading(part, zone).changes()
        first = [change for change, _ in zip(found, range(SORTED), strict=False)]
        first.sort(key=lambda change: change.line or LAST)
        yield from chain(first, found)


class _Reading:
    """A part that is being read."""

    def __init__(self, part: Part, zone: tzinfo) -> None:
        self.part = part
        self.zone = zone
        self.lines = Lines(part.named)
        # By table and columns: what rows refer to besides a person, and what that is called. By table: the same of a thing.
        self._known: dict[tuple[str, ...], dict[tuple[Any, ...], tuple[dict[str, int], str]]] = {}

    def changes(self) -> Iterator[Change]:
        for piece in self.part.read():
            if piece["table"] not in NOISY_TABLES:
                yield from self._changed(piece) if piece["change"] == "changed" else self._made_or_gone(piece)

    def _made_or_gone(self, piece: dict[str, Any]) -> Iterator[Change]:
        table, columns = piece["table"], piece["columns"]
        says, word, made = self._about(table, columns), called(table), piece["change"] == "made"
        at_id = columns.index("id")
        folder = _place(columns, "filename") if table == "files" else None
        for row in piece["rows"]:
            if folder is not None and row[folder] == ".":  # a folder, which comes and goes with its files
                continue
            line, thing, _ = says(row[at_id], row)
            yield Change(line, thing, table, row[at_id], "", "" if made else word, word if made else "")

    def _changed(self, piece: dict[str, Any]) -> Iterator[Change]:
        table, columns = piece["table"], piece["columns"]
        refers = piece.get("refers") or columns
        says, label = self._about(table, refers), _place(refers, "name")
        about = piece.get("about") or piece["rows"]
        width, kinds = len(columns), [self.part.refers(table, column) for column in columns]
        compared = [(place, column) for place, column in enumerate(columns) if column != "id"]
        at_id = columns.index("id")
        for row, told in zip(piece["rows"], about, strict=True):
            number = row[at_id]
            line, thing, named = says(number, told)
            for place, column in compared:
                old, new = row[place], row[width + place]
                if old == new or not is_news(table, column, named=named):
                    continue
                if is_secret(table, column, told[label] if label is not None else None):
                    before = after = SECRET
                elif kind := kinds[place]:
                    before, after = self._called(kind, old), self._called(kind, new)
                else:
                    before, after = shown(table, column, old, new, self.zone)
                yield Change(line, thing, table, number, column, before, after)

    def _about(self, table: str, columns: list[str]) -> Callable[[int, list[Any]], tuple[int | None, str, bool]]:
        """What says of a row to which line it is due, what it is about, and whether a line names it.

        :param columns: of what the row holds, or of what it refers to.
        """
        kinds = [(place, kind) for place, column in enumerate(columns) if (kind := self.part.refers(table, column))]
        person = next((place for place, kind in kinds if kind == USER), None)
        others = [(place, kind) for place, kind in kinds if place != person]
        label = next((place for name in LABELS if (place := _place(columns, name)) is not None), None)
        known: dict[tuple[Any, ...], tuple[dict[str, int], str]] = self._known.setdefault((table, *columns), {})
        of_itself = table in self.part.names

        def says(number: int, row: Sequence[Any]) -> tuple[int | None, str, bool]:
            key = tuple([row[place] for place, _ in others])
            if key not in known:
                known[key] = self._together([(kind, row[place]) for place, kind in others if row[place]])
            about, thing = known[key]
            ids = dict(about)
            if person is not None and row[person]:
                ids[USER] = row[person]
                thing = _joined([self._reference(USER, row[person])[1], thing])
            if of_itself:
                itself, name = self._reference(table, number)
                ids.update(itself)
                thing = _joined([name, self._reference("role", ids["role"])[1] if "role" in ids else ""]) or thing
            elif label is not None and row[label]:
                thing = _joined([thing, shorten(one_line(str(row[label])), CUT)])
            line = self.part.line or self.lines.of(table, ids)
            return line, thing or f"{table} {number}", self.part.line is not None or self.lines.names(table, number)

        return says

    def _together(self, things: Sequence[tuple[str, int]]) -> tuple[dict[str, int], str]:
        """What several things and that which they are of are, by table; and what they are called, where they are told once."""
        ids: dict[str, int] = {}
        told: dict[str, str] = {}
        for kind, number in things:
            more, told[kind] = self._reference(kind, number)
            ids.update(more)
        names = [told[kind] for kind in ORDER if told.get(kind)]
        return ids, _joined(name for name in names if not any(other.endswith(f" in {name}") for other in names))

    def _reference(self, kind: str, number: int) -> tuple[dict[str, int], str]:
        """A thing with what it is of, by table, and what they are called: `manual in C102`."""
        known = self._known.setdefault((kind,), {})
        if (number,) not in known:
            name, *of = self.part.names.get(kind, {}).get(number, ("",))
            ids = {kind: number}
            if of:
                others, whose = self._reference(of[0], of[1])
                ids |= others
                name = f"{name} in {whose}" if name and whose else name or whose
            known[number,] = ids, shorten(one_line(name), CUT)
        return known[number,]

    def _called(self, kind: str, number: Any) -> str:
        return (self._reference(kind, number)[1] or str(number)) if number else ""


def _place(columns: Iterable[str], name: str) -> int | None:
    return next((place for place, column in enumerate(columns) if column == name), None)


def _joined(names: Iterable[str]) -> str:
    """`u007 · student · manual in C102`, each name once."""
    return " · ".join(dict.fromkeys(filter(None, names)))

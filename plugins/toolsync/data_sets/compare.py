"""Which lines of a file have to run because something about their things changed since the last file."""

from __future__ import annotations

import io
from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any

from toolsync.cabinet.data_sets import ENTRY
from toolsync.data_sets.things import Things
from toolsync.reading.records import Record

ROUNDS = 100  # lines that depend on one another by longer ways: then all lines run

Array = Any  # of numpy, which takes a moment to import


@dataclass
class Compared:
    """A file beside the last one.

    :param lines: the numbers of its lines.
    :param runs: for each line, whether it has to run.
    :param entries: a hash for each thing: of the thing, and of what its lines say, in their order.
    :param several: for each thing, whether its lines say more than one thing of it.
    :param line_of: for each mention of a thing, the line.
    :param thing_of: for each mention, the thing, by its place in `entries`.
    :param own: for each mention, whether the thing is the line's own.
    """

    lines: Array
    runs: Array
    entries: Array
    several: Array
    line_of: Array
    thing_of: Array
    own: Array

    def left_alone(self) -> bytes:
        """The hashes of those things that no line that runs is about."""
        import numpy

        touched = numpy.zeros(len(self.entries), dtype=bool)
        touched[self.thing_of[numpy.isin(self.line_of, self.lines[self.runs])]] = True
        return _sorted(self.entries[~touched])

    def done(self, failed: Collection[int]) -> bytes:
        """The hashes of those things of which the site has what the file says.

        :param failed: the lines that failed.
        """
        import numpy

        missed = numpy.isin(self.line_of, numpy.fromiter(failed, dtype=numpy.int64, count=len(failed)))
        undone = numpy.zeros(len(self.entries), dtype=bool)
        undone[self.thing_of[missed & (self.own | self.several[self.thing_of])]] = True
        # What several lines say alike is true as soon as one of them is done.
        said = numpy.zeros(len(self.entries), dtype=bool)
        said[self.thing_of[~missed]] = True
        return _sorted(self.entries[~undone & said])

    def as_bytes(self) -> bytes:
        """All of it, for `from_bytes`."""
        import numpy

        out = io.BytesIO()
        numpy.savez(out, **{each.name: getattr(self, each.name) for each in fields(self)})
        return out.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Compared:
        import numpy

        with numpy.load(io.BytesIO(content), allow_pickle=False) as kept:
            return cls(**{each.name: kept[each.name] for each in fields(cls)})


def compare(records: Iterable[Record], things: Things, salt: str, known: bytes) -> Compared:
    """Compare a file with the last one.

    :param records: its records.
    :param things: what returns the things of a line.
    :param salt: goes into each hash.
    :param known: the hashes of the last file.
    """
    import numpy

    lines, unreadable, mentions = array("q"), array("q"), _Mentions(things)
    for record in records:
        if record.continued:
            continue
        lines.append(record.line)
        if record.values is None or not mentions.add(record.raw.rstrip(b"\r\n"), record.values, len(lines) - 1):
            unreadable.append(len(lines) - 1)
    thing_of, line_at, own, entries, several = mentions.grouped(salt)
    runs = numpy.zeros(len(lines), dtype=bool)
    runs[_array(unreadable)] = True
    _spread(runs, ~_among(entries, known), thing_of, line_at, several)
    numbers = _array(lines)
    return Compared(numbers, runs, entries, several, numbers[line_at], thing_of, own)


class _Mentions:
    """Which line mentions which thing, and what it says of it."""

    def __init__(self, things: Things) -> None:
        self._of_line = things
        self._things = bytearray()
        self._says = bytearray()
        self._lines = array("q")
        self._own = bytearray()

    def add(self, raw: bytes, cells: list[str], line: int) -> bool:
        """Add a line.

        :param raw: its bytes, without line end.
        :param line: its place among the lines.
        :return: whether it is about anything of its own.
        """
        whole = b""
        for thing, says in self._of_line(cells):
            if says is None:
                whole = whole or blake2b(raw, digest_size=16).digest()
            self._things += blake2b(thing.encode(errors="surrogatepass"), digest_size=8).digest()
            self._says += (
                whole
                if says is None
                else blake2b(says.encode(errors="surrogatepass"), digest_size=16, key=b"says").digest()
            )
            self._lines.append(line)
            self._own.append(says is None)
        return bool(whole)

    def grouped(self, salt: str) -> tuple[Array, Array, Array, Array, Array]:
        """Put the mentions of a thing together.

        :return: as in `Compared`: for each mention, its thing, its line and whether it is the line's own; for each thing, the hash, and whether its lines say
            more than one thing.
        """
        import numpy

        things = numpy.frombuffer(bytes(self._things), dtype=">u8")
        order = numpy.argsort(things, kind="stable")  # of one thing, in the order of the file
        things, lines = things[order], _array(self._lines)[order]
        own = numpy.frombuffer(bytes(self._own), dtype=bool)[order]
        says = numpy.frombuffer(bytes(self._says), dtype=">u8").reshape(-1, 2)[order]
        new_thing = numpy.ones(len(things), dtype=bool)
        new_thing[1:] = things[1:] != things[:-1]
        news = new_thing.copy()  # what only repeats the line before says nothing
        news[1:] |= (says[1:] != says[:-1]).any(axis=1)
        thing_of = numpy.cumsum(new_thing) - 1
        count = numpy.bincount(thing_of[news], minlength=int(thing_of[-1]) + 1 if len(thing_of) else 0)
        said, names, key = says[news].tobytes(), things[new_thing].tobytes(), salt.encode()
        entries, at = bytearray(), 0
        for place, sayings in enumerate(count.tolist()):
            end = at + 16 * sayings
            entries += blake2b(names[8 * place : 8 * place + 8] + said[at:end], digest_size=ENTRY, key=key).digest()
            at = end
        hashes = numpy.frombuffer(bytes(entries), dtype=">u8").reshape(-1, 2)
        return thing_of, lines, own, hashes, count > 1


def _spread(runs: Array, changed: Array, thing_of: Array, line_at: Array, several: Array) -> None:
    """Let all lines run that depend on what changed.

    :param runs: for each line, whether it runs; changed.
    :param changed: for each thing, whether its lines say something else than before; changed, too.
    """
    for _ in range(ROUNDS):
        before = int(changed.sum()), int(runs.sum())
        runs[line_at[changed[thing_of]]] = True
        changed[thing_of[runs[line_at] & several[thing_of]]] = True
        if before == (int(changed.sum()), int(runs.sum())):
            return
    runs[:] = True


def _among(entries: Array, known: bytes) -> Array:
    """For each hash, whether it is among those that are known."""
    import numpy

    old = numpy.frombuffer(known, dtype=">u8").reshape(-1, 2)
    if not len(old):
        return numpy.zeros(len(entries), dtype=bool)
    at = numpy.minimum(numpy.searchsorted(old[:, 0], entries[:, 0]), len(old) - 1)
    return (old[at] == entries).all(axis=1)


def _sorted(entries: Array) -> bytes:
    import numpy

    return entries[numpy.argsort(entries[:, 0], kind="stable")].tobytes()


def _array(numbers: array[int]) -> Array:
    import numpy

    return numpy.frombuffer(bytes(numbers), dtype=numpy.int64)

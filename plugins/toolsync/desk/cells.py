"""The cells of single lines of a command file that may be large: found by the offsets of its lines, without reading it all again."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import or_
from typing import Any

import numpy as np

from toolsync.desk.inspection import column_answer, shown_cells
from toolsync.desk.kept import Kept
from toolsync.desk.table import occurrences
from toolsync.reading.beginning import Beginning, read_beginning
from toolsync.reading.command_file import CommandFile
from toolsync.reading.encodings import CODECS
from toolsync.reading.problems import FileRejected
from toolsync.reading.records import LINE_END, Record, RecordReader
from toolsync.reading.suite import Suite

BLOCK = 8 << 20  # bytes read at once
NEAR = 256 << 10  # bytes: lines that lie no further apart are read together
MOST_LINES = 1000  # of a record
MOST_VERIFIED = 2000  # lines of a file with a secret column, of which each is looked at when a text is searched
CR, LF = b"\r"[0], b"\n"[0]


@dataclass(frozen=True)
class Offsets:
    """Where the lines of a file begin, and where it ends."""

    begins: Any
    size: int

    @property
    def nbytes(self) -> int:
        return self.begins.nbytes

    def of(self, line: int) -> int:
        """The offset of a line, from 1; the end of the file for one after the last."""
        return int(self.begins[line - 1]) if line <= len(self.begins) else self.size


_offsets: Kept[Offsets] = Kept(128 << 20)


class Layout:
    """How the cells of a file are laid out.

    :param opened: the file.
    :param suite: of its type.
    :param delimiter: Param `delimiter`.
    :param encoding: Param `encoding`.
    :ivar header: `name` and `secret` of each column, and whether nobody knows it (`unknown`); none when nobody can tell what the columns are.
    :ivar rejected: why the file as a whole can't be used.
    :ivar before: the bytes before its first record.
    :ivar lines_before: the number of lines that these are.
    :ivar has_header: whether the first record is the header.
    """

    def __init__(self, opened: Any, suite: Suite, delimiter: str, encoding: str) -> None:
        self.opened, self.encoding = opened, encoding
        self.rejected: list[str] = []
        self.before, self.lines_before, self.has_header = b"", 0, True
        try:
            file = CommandFile.open(
                opened, suite=suite, delimiter=delimiter, encoding=encoding, ignore_unknown_columns=True
            )
            names: Sequence[str] = file.header.written
            self.delimiter, self.has_header = file.delimiter, bool(file.header_raw)
            self.before, self.lines_before = file.before, len(LINE_END.findall(file.before))
        except FileRejected as rejection:
            self.rejected = rejection.messages
            names, beginning = _names(opened, suite, delimiter, encoding)
            self.delimiter = beginning.delimiter if beginning else ","
            if beginning:
                self.before, self.lines_before = beginning.raw, beginning.lines
        self.header = [
            {
                "name": answer["name"],
                "secret": answer["secret"],
                "unknown": bool(answer["name"]) and not answer["column"],
            }
            for answer in (column_answer(suite, name) for name in names)
        ]
        self._hidden = [column["secret"] for column in self.header]
        self._shifted = list(accumulate(self._hidden, or_))  # from the first secret one on

    @property
    def hides(self) -> bool:
        """Whether a column is secret."""
        return any(self._hidden)

    def shown(self, record: Record) -> list[str | None] | None:
        """The cells of a record, secret ones left out; None when it can't be read, or nobody knows what its cells are.

        When something stands in no column, a delimiter in a value without quotes may have moved a password to the right.
        """
        if record.values is None or not self.header:
            return None
        width = len(self.header)
        without = (value for at, value in enumerate(record.values) if at >= width or not self.header[at]["name"])
        hidden = self._shifted if any(without) else self._hidden
        values = [*record.values[:width], *[""] * (width - len(record.values))]
        return shown_cells(Record(record.line, record.raw, values), hidden)

    def parse(self, raw: bytes, line: int) -> Record | None:
        """The record that some bytes are."""
        reader = RecordReader(
            io.BytesIO(raw),
            delimiter=self.delimiter,
            encoding=self.encoding,
            names=[column["name"] for column in self.header],
            line=line - 1,
        )
        return next(iter(reader), None)


def _names(opened: Any, suite: Suite, delimiter: str, encoding: str) -> tuple[list[str], Beginning | None]:
    """The header of a file that was rejected, if it has one, and how the file begins."""
    try:
        beginning = read_beginning(opened, suite, delimiter, encoding)
    except FileRejected:
        return [], None
    names = beginning.first.values or []
    return (names if any(map(suite.recognises, names)) else []), beginning


def records_at(layout: Layout, key: Any, size: int, lines: Sequence[int]) -> dict[int, Record]:
    """The records that begin in some lines of a file.

    :param key: names the file in its present state.
    :param size: of the file, in bytes.
    :param lines: from 1, in any order; those that the file has not are left out.
    """
    offsets = offsets_of(layout, key, size)
    found: dict[int, Record] = {}
    with layout.opened.open("rb") as stream:
        for near in _near(offsets, sorted(line for line in set(lines) if 0 < line <= len(offsets.begins))):
            start = offsets.of(near[0])
            stream.seek(start)
            block = stream.read(offsets.of(near[-1] + 1) - start)
            for line in near:
                raw = block[offsets.of(line) - start : offsets.of(line + 1) - start]
                if raw.count(b'"') % 2:
                    raw = _whole(stream, offsets, line)
                if record := layout.parse(raw, line):
                    found[line] = record
    return found


def offsets_of(layout: Layout, key: Any, size: int) -> Offsets:
    """Where the lines of a file begin.

    :param key: names the file in its present state.
    """
    return _offsets.get(key, lambda: _scanned(layout.opened))


def lines_with(layout: Layout, key: Any, size: int, text: str, begins: Any) -> Any:
    """The lines of a file that hold a text, in any case, outside secret columns; of a record of several lines, any of these.

    :param key: names the file in its present state.
    :param begins: the lines that records begin in, in order: from another line on, nobody can tell which cell is which.
    """
    offsets = offsets_of(layout, key, size)
    codec = CODECS[layout.encoding]
    # Bytes are lowered as ASCII has it; of other letters, both cases are tried.
    forms = {form for case in (text.lower(), text.upper(), text.title()) for form in (case, case.replace('"', '""'))}
    wanted = {form.encode(codec, "replace").lower() for form in forms}
    found, at, rest = [np.zeros(0, np.int64)], 0, b""
    with layout.opened.open("rb") as stream:
        while block := stream.read(BLOCK):
            data = rest + block.lower()
            for form in wanted:
                hits = occurrences(np.frombuffer(data, np.uint8), np.frombuffer(form, np.uint8)) + at - len(rest)
                # Lines at once: a short text may be there a hundred million times.
                found.append(np.unique(np.searchsorted(offsets.begins, hits, side="right")))
            at += len(block)
            rest = data[-max(map(len, wanted)) + 1 :] if len(text) > 1 else b""
    lines = np.unique(np.concatenate(found))
    if not layout.hides:
        return lines
    places = np.searchsorted(begins, lines, side="right") - 1
    lines = np.unique(begins[places[places >= 0]])
    if len(lines) > MOST_VERIFIED:
        return lines[:0]
    records = records_at(layout, key, size, lines.tolist())
    return [
        line
        for line, record in records.items()
        if any(text.lower() in (cell or "").lower() for cell in layout.shown(record) or [])
    ]


def _whole(stream: Any, offsets: Offsets, line: int) -> bytes:
    """The bytes of a record that goes over several lines."""
    lines, start = 2, offsets.of(line)
    while True:
        stream.seek(start)
        raw = stream.read(offsets.of(line + lines) - start)
        ends = np.cumsum([part.count(b'"') for part in raw.splitlines(keepends=True)]) % 2 == 0
        if ends.any():
            return b"".join(raw.splitlines(keepends=True)[: int(np.argmax(ends)) + 1])
        if lines >= MOST_LINES:
            return raw
        lines *= 4


def _near(offsets: Offsets, lines: Sequence[int]) -> Iterator[list[int]]:
    """Lines that are read together."""
    group: list[int] = []
    for line in lines:
        if group and offsets.of(line) - offsets.of(group[-1]) > NEAR:
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _scanned(opened: Any) -> Offsets:
    found, at, after_cr = [np.zeros(1, np.int64)], 0, False
    with opened.open("rb") as stream:
        while block := stream.read(BLOCK):
            data = np.frombuffer(block, np.uint8)
            ends = data == LF
            returns = data == CR
            if after_cr and data[0] != LF:
                found.append(np.array([at], np.int64))  # the carriage return that ended the block before was a line end
            after_cr = bool(returns[-1])
            # A carriage return is a line end of its own unless a line feed follows.
            alone = returns.copy()
            alone[:-1] &= ~ends[1:]
            alone[-1] = False
            found.append(np.flatnonzero(ends | alone) + at + 1)
            at += len(block)
    begins = np.concatenate(found)
    if after_cr:
        begins = np.append(begins, at)
    return Offsets(begins[begins < at] if at else begins[:0], at)

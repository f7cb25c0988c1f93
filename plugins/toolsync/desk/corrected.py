"""A tryback with corrections, written so that every byte that nobody changed stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Any

import numpy as np

from toolsync.desk.cells import Layout, offsets_of
from toolsync.reading.encodings import CODECS, Evidence
from toolsync.reading.records import RecordReader

BLOCK = 1 << 20  # bytes copied at once
SPECIAL = re.compile(r'["\r\n]|^[\s#]|\s$')


class CantCorrect(ValueError):
    """The corrections can't be written; the message says which and why."""


@dataclass(frozen=True)
class Places:
    """Where the records of a file are.

    :param lines: the line that each begins in.
    :param begins: its offset.
    :param ends: the offset after it.
    :param header: where the header begins and ends.
    """

    lines: Any
    begins: Any
    ends: Any
    header: tuple[int, int]

    @property
    def nbytes(self) -> int:
        return 3 * self.begins.nbytes


def encoding_of(evidence: Evidence, given: str) -> str:
    """The encoding of a file: the one that it was read in, if that fits all its lines, else another one that does.

    :param evidence: what its lines tell.
    :param given: what it was read in.
    :raises CantCorrect: none fits.
    """
    likely = evidence.likely
    readable = given == "iso-8859-1" or (given == "windows-1252" and evidence.unknown is None)
    if evidence.is_ascii or (readable and not evidence.is_utf8):
        return given
    if likely and likely in CODECS:
        return likely
    if evidence.is_mixed:
        mixed = f"line {evidence.utf8} is in UTF-8, line {evidence.other} is not"
        raise CantCorrect(f"its lines are in several encodings: {mixed}")
    if likely:
        raise CantCorrect(f"its lines look like {likely}: save the file as UTF-8, and upload that")
    raise CantCorrect(f"line {evidence.other} is in no encoding that is known")


def places_of(layout: Layout, key: Any, size: int) -> Places:
    """Find the records of a file: all after the header.

    :param key: names the file in its present state.
    :param size: in bytes.
    """
    offsets = offsets_of(layout, key, size)
    lines: list[int] = []
    begins: list[int] = []
    ends: list[int] = []
    header = (0, 0)
    with layout.opened.open("rb") as stream:
        stream.read(len(layout.before))
        reader = RecordReader(stream, delimiter=layout.delimiter, encoding=layout.encoding, line=layout.lines_before)
        records = iter(reader)
        if layout.has_header and (first := next(records, None)):
            begin = max(offsets.of(first.line), len(layout.before))  # which a mark of the byte order may be a part of
            header = begin, begin + len(first.raw)
        for record in records:
            if record.continued:
                ends[-1] += len(record.raw)
                continue
            begins.append(offsets.of(record.line))
            ends.append(begins[-1] + len(record.raw))
            lines.append(record.line)
    return Places(np.array(lines, np.int64), np.array(begins, np.int64), np.array(ends, np.int64), header)


def corrections(
    layout: Layout,
    places: Places,
    changes: Mapping[int, Mapping[str, str]],
    drop: Sequence[int],
    columns: Mapping[str, str] | None = None,
    originals: Sequence[int | None] = (),
) -> list[tuple[int, int, bytes]]:
    """What to replace in a file: from and to which offset, and by what.

    :param changes: new values by the number of the record, from 1, and by column.
    :param drop: numbers of records to leave out.
    :param columns: new names of columns, by the old ones.
    :param originals: the lines that the page shows the records by: those of the file that they come from, where they are known.
    :raises CantCorrect: a record or column is not there, or a value can't be written.
    """
    total, dropped = len(places.lines), set(drop)
    if wrong := sorted(number for number in {*changes, *dropped} if not 1 <= number <= total):
        raise CantCorrect(f"There is no record {wrong[0]}: the tryback has {total}.")
    if total and len(dropped) == total:
        raise CantCorrect("All records are left out, so nothing is left to send.")
    found = [(int(places.begins[number - 1]), int(places.ends[number - 1]), b"") for number in dropped]
    changed = [("The header", *places.header, columns)] if columns else []
    for number in sorted(set(changes) - dropped):
        place = int(places.begins[number - 1]), int(places.ends[number - 1])
        line = originals[number - 1] if originals else places.lines[number - 1]
        what = f"Line {line}" if line else f"Line {places.lines[number - 1]} of the tryback"
        changed.append((what, *place, changes[number]))
    with layout.opened.open("rb") as stream:
        for what, begin, end, values in changed:
            stream.seek(begin)
            raw = stream.read(end - begin)
            if values:
                found.append((begin, end, _changed(layout, what, raw, values)))
    return sorted(found)


def write(stream: IO[bytes], source: IO[bytes], size: int, replaced: Sequence[tuple[int, int, bytes]]) -> None:
    """Write a file with some of its bytes replaced.

    :param size: of the source.
    :param replaced: as `corrections` returns it.
    """
    parts = [(0, 0, b""), *replaced, (size, size, b"")]
    for (_, begin, content), (end, *_) in pairwise(parts):
        stream.write(content)
        source.seek(begin)
        for block in _read(source, end - begin):
            stream.write(block)


def _read(source: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (block := source.read(min(BLOCK, size))):
        size -= len(block)
        yield block


def _changed(layout: Layout, what: str, raw: bytes, changed: Mapping[str, str]) -> bytes:
    """The bytes of a record with some values replaced; all other bytes stay.

    :param what: the record, in messages.
    """
    before = layout.parse(raw, 1)
    if before is None or before.values is None:
        raise CantCorrect(f"{what} can't be read, so it can't be changed here: download the tryback.")
    names = [column["name"] for column in layout.header]
    spans = _spans(raw, layout.delimiter.encode()[0])
    expected = before.values + [""] * (len(names) - len(before.values))
    cells = [raw[begin:end] for begin, end in spans] + [b""] * (len(names) - len(spans))
    for column, value in changed.items():
        if not column or names.count(column) != 1:
            raise CantCorrect(f"The tryback has no column {column!r}, or two of that name.")
        position = names.index(column)
        cells[position] = _written(layout, what, column, value)
        expected[position] = value.strip().replace("\r\n", "\n").replace("\r", "\n")
    result = layout.delimiter.encode().join(cells) + raw[spans[-1][1] :]
    after = layout.parse(result, 1)
    if after is None:
        raise CantCorrect(f"{what} would be empty: leave it out instead.")
    if after.values is None or after.values + [""] * (len(names) - len(after.values)) != expected:
        raise CantCorrect(f"{what}: the new values can't be written so that they are read again as they are.")
    return result


def _written(layout: Layout, what: str, column: str, value: str) -> bytes:
    """A value as a cell of the file."""
    text = f'"{value.replace(chr(34), 2 * chr(34))}"' if SPECIAL.search(value) or layout.delimiter in value else value
    try:
        return text.encode(CODECS[layout.encoding])
    except UnicodeEncodeError as error:
        bad = value[error.start - text.find(value) :][:1] if value in text else ""
        raise CantCorrect(
            f"{what}, column {column}: the file is {layout.encoding}, which has no character {bad!r}."
        ) from None


def _spans(raw: bytes, delimiter: int) -> list[tuple[int, int]]:
    """Where the cells of a record are, quotes included, the line end not."""
    spans, begin, at, quoted = [], 0, 0, False
    body = len(raw.rstrip(b"\r\n"))
    while at < body:
        byte = raw[at]
        if quoted:
            if byte == ord('"'):
                if raw[at + 1 : at + 2] == b'"':
                    at += 1
                else:
                    quoted = False
        elif byte == ord('"') and not raw[begin:at].strip(b" "):
            quoted = True
        elif byte == delimiter:
            spans.append((begin, at))
            begin = at + 1
        at += 1
    return [*spans, (begin, body)]

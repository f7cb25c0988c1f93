"""Cuts a file into records: quoting, line ends and encodings. A record that can't be read becomes a problem of its line, and reading goes on after it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from toolsync.reading.encodings import CODECS, CONTROLS
from toolsync.reading.problems import Problem

# Values of Param `delimiter` (but for `auto`; the tab is `tab`), and what they are called.
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

BLOCK = 1 << 20  # bytes read at once
RECORD_LIMIT = 32 << 20  # bytes of a record; a longer one fails

COMMENT = ord("#")
SKIPPABLE = frozenset(b"# \t\r\n\v\f")
LINE_END = re.compile(rb"\r\n|\r|\n")
ESCAPED = re.compile(
    r"&#(44|59)(?!\d+;);?"
)  # a comma or semicolon as old files write it, but not a longer HTML entity (&#4412;)
NOT_TEXT = re.compile("[\0\udc80-\udcff]")
NOT_LATIN = re.compile("[\0\x80-\x9f]")
NOT_VALID = "is not valid {}: check Param encoding"


@dataclass(slots=True)
class Record:
    """A record of the file.

    :param line: the line it begins in, from 1.
    :param raw: its bytes as in the file, line end included.
    :param values: one for each cell of the header, trimmed; None when the record can't be read.
    :param problem: why it can't be read.
    :param continued: whether this is a further piece of the record before it, which can't be read. Only `raw` matters then.
    """

    line: int
    raw: bytes
    values: list[str] | None
    problem: Problem | None = None
    continued: bool = False


class RecordReader:
    """Cuts a stream into records. Memory is bounded by `RECORD_LIMIT`.

    :param stream: the file, after what precedes its first record.
    :param delimiter: the character between two cells, one of `DELIMITERS`.
    :param encoding: one of `CODECS`.
    :param names: the names of the columns, for messages.
    :param line: the number of lines before it.
    :ivar blank_lines: the number of blank lines skipped so far.
    :ivar comment_lines: the number of comment lines skipped so far.
    """

    def __init__(
        self, stream: IO[bytes], *, delimiter: str, encoding: str, names: Sequence[str] = (), line: int = 0
    ) -> None:
        self.delimiter = delimiter
        self.encoding = encoding
        self.names = names
        self.line = line
        self.blank_lines = 0
        self.comment_lines = 0
        self._lines = _physical_lines(stream)
        self._pending: list[bytes] = []
        self._start = 0
        self._at_end = False
        self._undecodable = False
        csv.field_size_limit(max(csv.field_size_limit(), RECORD_LIMIT))

    def __iter__(self) -> Iterator[Record]:
        while True:
            rows = csv.reader(self._feed(), delimiter=self.delimiter, strict=True, skipinitialspace=True)
            try:
                for row in rows:
                    record = self._record(row)
                    if record:
                        yield record
            except csv.Error:
                yield from self._unreadable()
                continue
            if not self._pending:
                return
            yield from self._unreadable()

    def _feed(self) -> Iterator[str]:
        codec, pending, size = CODECS[self.encoding], self._pending, 0
        for raw in self._lines:
            self.line += 1
            if not pending:
                if raw[0] in SKIPPABLE and self._skip(raw):
                    continue
                self._start, size = self.line, 0
            pending.append(raw)
            size += len(raw)
            if size > RECORD_LIMIT:
                return
            try:
                yield raw.decode(codec)
            except UnicodeDecodeError:
                self._undecodable = True
                yield raw.decode(codec, "surrogateescape")
        self._at_end = True

    def _skip(self, raw: bytes) -> bool:
        if raw[0] == COMMENT:
            self.comment_lines += 1
            while not raw.endswith((b"\n", b"\r")):
                raw = next(self._lines, b"\n")
            return True
        if len(raw) <= RECORD_LIMIT and not raw.strip():
            self.blank_lines += 1
            return True
        return False

    def _take(self) -> bytes:
        raw = b"".join(self._pending)
        self._pending.clear()
        self._undecodable = False
        return raw

    def _record(self, row: list[str]) -> Record | None:
        lines, undecodable = len(self._pending), self._undecodable
        raw = self._take()
        if undecodable or b"\0" in raw or (self.encoding == "iso-8859-1" and CONTROLS.search(raw)):
            return Record(self._start, raw, None, self._not_text(raw, row))
        values = list(map(str.strip, row))
        if not any(values):
            self.blank_lines += lines
            return None
        if lines > 1:
            values = [value.replace("\r\n", "\n").replace("\r", "\n") for value in values]
        if b"&#" in raw:
            values = [ESCAPED.sub(lambda match: chr(int(match[1])), value) for value in values]
        return Record(self._start, raw, values)

    def _not_text(self, raw: bytes, row: list[str]) -> Problem:
        at, byte, complaint = _first_bad_byte(raw, self.encoding)
        bad = NOT_LATIN if self.encoding == "iso-8859-1" else NOT_TEXT
        position = next((number for number, value in enumerate(row) if bad.search(value)), len(row))
        field = self.names[position] or None if position < len(self.names) else None
        cell = "" if field else f" in cell {position + 1}"
        return Problem(self._start, field, None, f"{byte}{cell}{self._in_line(raw, at)} {complaint}")

    def _line_of(self, raw: bytes, at: int) -> int:
        return self._start + len(LINE_END.findall(raw, 0, at))

    def _in_line(self, raw: bytes, at: int) -> str:
        line = self._line_of(raw, at)
        return "" if line == self._start else f" in line {line}"

    def _unreadable(self) -> Iterator[Record]:
        """The pending lines as a record that fails, and the further pieces that belong to it."""
        raw = self._take()
        quote, in_quotes = _quote_to_blame(raw, self.delimiter)
        opened = f"the quote that opens in line {self._line_of(raw, quote)}"
        if len(raw) > RECORD_LIMIT:
            hint = f"; is {opened} closed?" if in_quotes else ""
            message = f"the record is longer than {RECORD_LIMIT >> 20} MiB{hint}"
        elif self._at_end:
            message = f"{opened} is never closed"
        else:
            message = f"text follows where {opened} closes: write a quote within a value twice"
        yield Record(self._start, raw, None, Problem(self._start, None, None, message))
        ended = raw.endswith((b"\n", b"\r"))
        while in_quotes or not ended:
            piece = next(self._lines, None)
            if piece is None:
                return
            self.line += ended
            ended = piece.endswith((b"\n", b"\r"))
            in_quotes ^= bool(piece.count(b'"') % 2)
            yield Record(self._start, piece, None, continued=True)


def _physical_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines with their ends. One that is longer than `RECORD_LIMIT` comes in pieces, and only the last piece has a line end."""
    rest = b""
    while block := stream.read(BLOCK):
        lines = (rest + block).splitlines(keepends=True)
        # A CR at the end of a block may be half of a CRLF.
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
        yield from lines
        if len(rest) > RECORD_LIMIT:
            held = rest[-1:] if rest.endswith(b"\r") else b""
            yield rest.removesuffix(held)
            rest = held
    if rest:
        yield rest


def _quote_to_blame(raw: bytes, delimiter: str) -> tuple[int, bool]:
    """Find the quote that makes a record unreadable.

    :return: the offset of the first quote that is not closed properly, and whether a quote is open at the end of the record.
    """
    outside = (ord(delimiter), *b"\r\n")
    opened, blamed, is_open, doubled = 0, -1, False, -1
    for match in re.finditer(b'"', raw):
        at = match.start()
        if at == doubled:
            continue
        if not is_open:
            previous = at - 1
            while previous >= 0 and raw[previous] == ord(" "):
                previous -= 1
            if previous < 0 or raw[previous] in outside:
                opened, is_open = at, True
        elif raw[at + 1 : at + 2] == b'"':
            doubled = at + 1
        else:
            is_open = False
            if blamed < 0 and at + 1 < len(raw) and raw[at + 1] not in outside:
                blamed = opened
    return (blamed if blamed >= 0 else opened), is_open


def _first_bad_byte(raw: bytes, encoding: str) -> tuple[int, str, str]:
    """The first byte that is not text in that encoding: its offset, its name, and what is wrong with it."""
    found = []
    nul = raw.find(b"\0")
    if nul >= 0:
        found.append((nul, "a NUL byte", "is not text: remove it"))
    control = CONTROLS.search(raw) if encoding == "iso-8859-1" else None
    if control:
        found.append((control.start(), f"byte 0x{control[0][0]:02X}", NOT_VALID.format(encoding)))
    try:
        raw.decode(CODECS[encoding])
    except UnicodeDecodeError as error:
        found.append((error.start, f"byte 0x{raw[error.start]:02X}", NOT_VALID.format(encoding)))
    return min(found)

"""A command file: its header, and its records."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from toolsync.reading.beginning import Beginning, check_header, read_beginning
from toolsync.reading.columns import Header
from toolsync.reading.problems import FileRejected, Problem, rejected
from toolsync.reading.records import DELIMITERS, LINE_END, Record, RecordReader
from toolsync.reading.suite import Suite
from toolsync.reading.texts import visible, without_unseen

CHUNK_BYTES = 8 << 20  # of raw records; their values may take ten times that in memory


class CommandFile:
    """A command file whose header was accepted: see `CommandFile.open`.

    :param path: where it is, local or in an object store.
    :param suite: the suite of its type.
    :param header: its columns.
    :param beginning: how it begins.
    :param encoding: one of `CODECS`.
    :param header_raw: the bytes of its header, line end included; empty when it has no header.
    :ivar delimiter: the character between two cells, one of `DELIMITERS`.
    :ivar before: the bytes before its first record: byte order marks, and the line `sep=;`.
    :ivar line_end: the line end of its first record, which stands for the file's.
    :ivar blank_lines: the number of blank lines that the last complete reading skipped.
    :ivar comment_lines: the number of comment lines that it skipped.
    """

    def __init__(
        self, path: Any, *, suite: Suite, header: Header, beginning: Beginning, encoding: str, header_raw: bytes
    ) -> None:
        self.path = path
        self.suite = suite
        self.header = header
        self.encoding = encoding
        self.header_raw = header_raw
        self.delimiter = beginning.delimiter
        self.before = beginning.raw
        self._lines_before = beginning.lines
        end = LINE_END.search(beginning.first.raw[-2:])
        self.line_end = end[0] if end else b"\n"
        self.blank_lines = 0
        self.comment_lines = 0

    @classmethod
    def open(
        cls,
        path: Any,
        *,
        suite: Suite,
        delimiter: str = "auto",
        encoding: str = "utf-8",
        key_column: str | None = None,
        ignore_unknown_columns: bool = False,
    ) -> CommandFile:
        """Read the header, and check that a record follows.

        :param path: a path, or anything with `open("rb")`.
        :param suite: the suite of its type.
        :param delimiter: Param `delimiter`: `auto`, `,`, `;`, `|` or `tab`.
        :param encoding: Param `encoding`: `utf-8`, `iso-8859-1` or `windows-1252`.
        :param key_column: the column by which the subject of a line is found; in a file without a header, the column of the first cell.
        :param ignore_unknown_columns: note unknown columns instead of rejecting the file.
        :raises FileRejected: when the file can't be used.
        :raises OSError: when it can't be read.
        """
        path = Path(path) if isinstance(path, str) else path
        beginning = read_beginning(path, suite, delimiter, encoding)
        names = beginning.first.values or []
        if suite.headerless is not None and not suite.names_key(names):
            header, header_raw = suite.match_headerless(key_column), b""
        else:
            check_header(suite, beginning, encoding)
            header_raw = beginning.first.raw
            header = suite.match_header(names, key_column=key_column, ignore_unknown_columns=ignore_unknown_columns)
        if header.problems:
            raise FileRejected(header.problems)
        file = cls(path, suite=suite, header=header, beginning=beginning, encoding=encoding, header_raw=header_raw)
        if next(file.records(1), None) is None:
            raise rejected("empty", "the file has a header but no line after it")
        return file

    def records(self, chunk_lines: int = 50_000) -> Iterator[list[Record]]:
        """Read the records after the header. May be called again.

        :param chunk_lines: the most records of a list; `CHUNK_BYTES` limits it, too.
        :raises OSError: when the file can't be read.
        """
        width, nameless = len(self.header.written), self.header.nameless
        with self.path.open("rb") as stream:
            stream.read(len(self.before))
            reader = RecordReader(
                stream,
                delimiter=self.delimiter,
                encoding=self.encoding,
                names=self.header.written,
                line=self._lines_before,
            )
            records = iter(reader)
            if self.header_raw:
                next(records)
            chunk: list[Record] = []
            size = 0
            for record in records:
                if record.values is not None and (nameless or len(record.values) != width):
                    self._fit(record, record.values)
                chunk.append(record)
                size += len(record.raw)
                if len(chunk) >= chunk_lines or size >= CHUNK_BYTES:
                    yield chunk
                    chunk, size = [], 0
            if chunk:
                yield chunk
        self.blank_lines = reader.blank_lines
        self.comment_lines = reader.comment_lines

    def _fit(self, record: Record, values: list[str]) -> None:
        """Give a record as many cells as the header has. It fails when a cell that has no column holds something."""
        width = len(self.header.written)
        for position in chain(self.header.nameless, range(width, len(values))):
            if position < len(values) and values[position]:
                record.values, record.problem = (
                    None,
                    Problem(record.line, None, None, self._no_column(position, values[position])),
                )
                return
        if self.header_raw and len(values) < width and not record.raw.endswith((b"\n", b"\r")):
            # A missing cell may mean another thing than an empty one: the whole cohort instead of one member.
            record.values, record.problem = None, Problem(record.line, None, None, _cut_off(len(values), width))
            return
        values += [""] * (width - len(values))
        del values[width:]

    def _no_column(self, position: int, value: str) -> str:
        """Why a value fails its line that is in no column. It is not told, since it may be a password, unless nobody sees it."""
        width = len(self.header.written)
        hidden = "" if without_unseen(value).strip() else f" ({visible(value)}, which nobody sees)"
        if position < width:
            return f"column {position + 1} has a value{hidden}, but no name in the header: name it, or set Param ignore_unknown_columns"
        if not self.header_raw:
            return f"cell {position + 1} has a value{hidden}, and at most {width} are expected"
        cut = DELIMITERS[self.delimiter]
        return f"cell {position + 1} has a value{hidden}, and the header has {width}: put a value that holds a {cut} in quotes"


def _cut_off(cells: int, width: int) -> str:
    """Why the last line of a file fails that has too few cells and no line end."""
    has = "1 cell" if cells == 1 else f"{cells} cells"
    return f"the file ends within this line, which has {has}, and the header has {width}: is it cut off? If the line is whole, end it with a line break"

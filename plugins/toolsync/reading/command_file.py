"""A command file: its encoding, delimiter and header, its records, and the tryback with the records that failed."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from toolsync.reading.columns import Header
from toolsync.reading.problems import FileProblem, FileRejected, Problem
from toolsync.reading.records import LINE_END, Record, RecordReader
from toolsync.reading.suite import Suite

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
ZIP_MARK = b"PK\3"  # a spreadsheet is a ZIP archive
CHUNK_BYTES = 8 << 20  # of raw records; their values may take ten times that in memory


class CommandFile:
    """A command file whose header was accepted: see `CommandFile.open`.

    :param path: where it is, local or in an object store.
    :param header: its columns.
    :param delimiter: the character between two cells, one of `DELIMITERS`.
    :param encoding: one of `CODECS`.
    :param bom: its byte order mark; empty when it has none.
    :param header_raw: the bytes of its header, line end included; empty when it has no header.
    :ivar blank_lines: the number of blank lines that the last complete reading skipped.
    :ivar comment_lines: the number of comment lines that it skipped.
    """

    def __init__(
        self, path: Any, *, header: Header, delimiter: str, encoding: str, bom: bytes, header_raw: bytes
    ) -> None:
        self.path = path
        self.header = header
        self.delimiter = delimiter
        self.encoding = encoding
        self.bom = bom
        self.header_raw = header_raw
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
        bom = _byte_order_mark(path, encoding)
        first, character = _first_record(path, suite, bom, delimiter, encoding)
        if suite.headerless is not None and not suite.names_key(first.values or ()):
            header, header_raw = suite.match_headerless(key_column), b""
        else:
            names = _header_names(first, suite, character, encoding)
            header_raw = first.raw
            header = suite.match_header(names, key_column=key_column, ignore_unknown_columns=ignore_unknown_columns)
        if header.problems:
            raise FileRejected(header.problems)
        file = cls(path, header=header, delimiter=character, encoding=encoding, bom=bom, header_raw=header_raw)
        if next(file.records(1), None) is None:
            raise _rejected("empty", "the file has a header but no line after it")
        return file

    @property
    def line_end(self) -> bytes:
        """The line end of the header, which stands for the file's."""
        match = LINE_END.search(self.header_raw[-2:])
        return match[0] if match else b"\n"

    def records(self, chunk_lines: int = 50_000) -> Iterator[list[Record]]:
        """Read the records after the header. May be called again.

        :param chunk_lines: the most records of a list; `CHUNK_BYTES` limits it, too.
        :raises OSError: when the file can't be read.
        """
        width = len(self.header.written)
        with self.path.open("rb") as stream:
            stream.read(len(self.bom))
            reader = RecordReader(stream, delimiter=self.delimiter, encoding=self.encoding, names=self.header.written)
            records = iter(reader)
            if self.header_raw:
                next(records)
            chunk: list[Record] = []
            size = 0
            for record in records:
                if record.values is not None and len(record.values) != width:
                    self._pad_or_fail(record)
                chunk.append(record)
                size += len(record.raw)
                if len(chunk) >= chunk_lines or size >= CHUNK_BYTES:
                    yield chunk
                    chunk, size = [], 0
            if chunk:
                yield chunk
        self.blank_lines = reader.blank_lines
        self.comment_lines = reader.comment_lines

    def _pad_or_fail(self, record: Record) -> None:
        values, width = record.values or [], len(self.header.written)
        if width - self.header.optional <= len(values) < width:
            values += [""] * (width - len(values))
            return
        expected = f"the header has {width}" if self.header_raw else f"at most {width} are expected"
        message = f"the line has {_cells(len(values))}, and {expected}"
        record.values, record.problem = None, Problem(record.line, None, None, message)


class TrybackWriter:
    """Writes failed records byte for byte under the file's own header. Writes nothing when no record failed.

    :param file: the file that the records come from.
    :param stream: where to write; it stays open.
    :ivar count: the number of records written so far.
    """

    def __init__(self, file: CommandFile, stream: IO[bytes]) -> None:
        self.count = 0
        self._begin = file.bom + file.header_raw
        self._line_end = file.line_end
        self._stream = stream
        self._ended = True

    def write(self, record: Record) -> None:
        """Add a record, or a further piece of the record before it."""
        if not record.continued:
            self._stream.write(b"" if self._ended else self._line_end)
            self._stream.write(b"" if self.count else self._begin)
            self.count += 1
        self._stream.write(record.raw)
        self._ended = record.raw.endswith((b"\n", b"\r"))

    def finish(self) -> None:
        """End the last line."""
        self._stream.write(b"" if self._ended else self._line_end)
        self._ended = True


def _byte_order_mark(path: Any, encoding: str) -> bytes:
    with path.open("rb") as stream:
        begin = stream.read(len(codecs.BOM_UTF8))
    if not begin:
        raise _rejected("empty", "the file is empty")
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _rejected("encoding", "the file is UTF-16: save it as UTF-8")
    if begin == ZIP_MARK:
        raise _rejected("encoding", "the file is a spreadsheet or an archive: save it as CSV")
    if begin != codecs.BOM_UTF8:
        return b""
    if encoding != "utf-8":
        message = f"the file begins with a UTF-8 byte order mark, so it is not {encoding}: set Param encoding to utf-8"
        raise _rejected("encoding", message)
    return begin


def _first_record(path: Any, suite: Suite, bom: bytes, delimiter: str, encoding: str) -> tuple[Record, str]:
    """The first record, and the delimiter: the one that makes most cells of it known columns."""
    tried = list(DELIMITERS) if delimiter == "auto" else ["\t" if delimiter == "tab" else delimiter]
    firsts: dict[str, Record] = {}
    for character in tried:
        with path.open("rb") as stream:
            stream.read(len(bom))
            first = next(iter(RecordReader(stream, delimiter=character, encoding=encoding)), None)
        if first is None:  # cells that are all empty when cut by one delimiter are no values when cut by another
            raise _rejected("empty", "the file holds nothing but blank lines and comments")
        firsts[character] = first
    best = max(firsts, key=lambda character: _recognised(suite, firsts[character], character))
    if delimiter == "auto" and suite.headerless is not None and not suite.names_key(firsts[best].values or ()):
        # There is no header to tell the delimiter by, and an identifier may well hold a comma.
        del firsts[","]
        best = max(firsts, key=lambda character: len(firsts[character].values or ()))
    return firsts[best], best


def _header_names(first: Record, suite: Suite, delimiter: str, encoding: str) -> list[str]:
    if first.problem:
        raise _rejected("header", f"line {first.line}, the header: {first.problem.message}")
    names = first.values or []
    if not _recognised(suite, first, delimiter)[0]:
        # The message does not repeat the line: without a header, it may hold a password.
        better = next((other for other in DELIMITERS if _recognised_when_cut(suite, first, other, encoding)), None)
        hint = f"; its cells look separated by {DELIMITERS[better]}, set Param delimiter" if better else ""
        known = ", ".join(spec.name for spec in suite.columns[:6])
        message = f"line {first.line} is not a header: it names no column of this type ({known} …){hint}"
        raise _rejected("header", message)
    return names


def _recognised_when_cut(suite: Suite, record: Record, delimiter: str, encoding: str) -> bool:
    first = next(iter(RecordReader(io.BytesIO(record.raw), delimiter=delimiter, encoding=encoding)), None)
    return first is not None and _recognised(suite, first, delimiter)[0] > 0


def _rejected(kind: str, message: str) -> FileRejected:
    return FileRejected([FileProblem(kind, "", message)])


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number} cells"


def _recognised(suite: Suite, record: Record, delimiter: str) -> tuple[int, int]:
    """The number of its cells that name a column, and the number of all its cells."""
    names = record.values or record.raw.decode("latin-1").split(delimiter)
    return sum(suite.spec(name) is not None for name in names), len(names)

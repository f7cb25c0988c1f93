"""A command file: its encoding, delimiter and header, its records, and the file that gives failed ones back."""

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
DELIMITER_NAMES = {"tab": "\t"}
ZIP_MARK = b"PK\3"  # spreadsheets are archives too
CHUNK_BYTES = 8 << 20  # short values take ten times that once they are read


class CommandFile:
    """A command file whose header is accepted. `CommandFile.open` makes it.

    :ivar header: its columns.
    :ivar delimiter: the character.
    :ivar encoding: one of `CODECS`.
    :ivar bom: the byte order mark, or nothing.
    :ivar header_raw: the bytes of the header with their line end; nothing when the file has no header.
    :ivar blank_lines: skipped by the last complete reading.
    :ivar comment_lines: skipped by the last complete reading.
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
        """Read the header, and look whether a record follows.

        :param path: a path, or anything with `open("rb")`.
        :param delimiter: `auto`, `,`, `;`, `|` or `tab`.
        :param encoding: `utf-8`, `iso-8859-1` or `windows-1252`.
        :param key_column: the column that identifies a line; in a file without header, what its first cell is.
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
            raise _rejected("empty", "the file has a header, and no line after it")
        return file

    @property
    def line_end(self) -> bytes:
        """What ends the header's line."""
        match = LINE_END.search(self.header_raw[-2:])
        return match[0] if match else b"\n"

    def records(self, chunk_lines: int = 50_000) -> Iterator[list[Record]]:
        """Read the records after the header, in lists that fit in memory. May be called again.

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
                    self._fit(record)
                chunk.append(record)
                size += len(record.raw)
                if len(chunk) >= chunk_lines or size >= CHUNK_BYTES:
                    yield chunk
                    chunk, size = [], 0
            if chunk:
                yield chunk
        self.blank_lines = reader.blank_lines
        self.comment_lines = reader.comment_lines

    def _fit(self, record: Record) -> None:
        values, width = record.values or [], len(self.header.written)
        if width - self.header.optional <= len(values) < width:
            values += [""] * (width - len(values))
            return
        whole = "the header has" if self.header_raw else "a line has at most"
        message = f"{_cells(len(values))} here, and {whole} {width}"
        record.values, record.problem = None, Problem(record.line, None, None, message)


class TrybackWriter:
    """Writes failed records as they stood in the file, under its header; writes nothing when none failed.

    :param file: where the records come from.
    :param stream: stays open.
    :ivar count: of records.
    """

    def __init__(self, file: CommandFile, stream: IO[bytes]) -> None:
        self.count = 0
        self._begin = file.bom + file.header_raw
        self._line_end = file.line_end
        self._stream = stream
        self._ended = True

    def write(self, record: Record) -> None:
        """Add a record, or a further piece of the one before it."""
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
        raise _rejected("encoding", f"the file says by its first bytes that it is utf-8, not {encoding}: choose utf-8")
    return begin


def _first_record(path: Any, suite: Suite, bom: bytes, delimiter: str, encoding: str) -> tuple[Record, str]:
    """The first record, and the delimiter: the one that cuts out the most columns that are known."""
    tried = list(DELIMITERS) if delimiter == "auto" else [DELIMITER_NAMES.get(delimiter, delimiter)]
    firsts: dict[str, Record] = {}
    for character in tried:
        with path.open("rb") as stream:
            stream.read(len(bom))
            first = next(iter(RecordReader(stream, delimiter=character, encoding=encoding)), None)
        if first:
            firsts[character] = first
    if not firsts:
        raise _rejected("empty", "the file holds nothing but blank lines and comments")
    best = max(firsts, key=lambda character: _recognised(suite, firsts[character], character))
    if delimiter == "auto" and suite.headerless is not None and not suite.names_key(firsts[best].values or ()):
        # Without a header to go by: an identifier may well hold a comma.
        del firsts[","]
        best = max(firsts, key=lambda character: len(firsts[character].values or ()))
    return firsts[best], best


def _header_names(first: Record, suite: Suite, delimiter: str, encoding: str) -> list[str]:
    if first.problem:
        hint = ""
        if encoding == "utf-8" and "byte 0x" in first.problem.message:
            hint = "; is the file iso-8859-1 or windows-1252?"
        raise _rejected("header", f"the header, line {first.line}: {first.problem.message}{hint}")
    names = first.values or []
    if not _recognised(suite, first, delimiter)[0]:
        # The names are not repeated here: what stands there may be somebody's password.
        better = next((other for other in DELIMITERS if _recognised_when_cut(suite, first, other, encoding)), None)
        hint = f"; it looks cut by {DELIMITERS[better]}, not by {DELIMITERS[delimiter]}" if better else ""
        known = ", ".join(spec.name for spec in suite.columns[:6])
        raise _rejected("header", f"line {first.line} is no header: it names no column of this type ({known} …){hint}")
    return names


def _recognised_when_cut(suite: Suite, record: Record, delimiter: str, encoding: str) -> bool:
    first = next(iter(RecordReader(io.BytesIO(record.raw), delimiter=delimiter, encoding=encoding)), None)
    return first is not None and _recognised(suite, first, delimiter)[0] > 0


def _rejected(kind: str, message: str) -> FileRejected:
    return FileRejected([FileProblem(kind, "", message)])


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number} cells"


def _recognised(suite: Suite, record: Record, delimiter: str) -> tuple[int, int]:
    """How many of its cells name a column, and how many there are."""
    names = record.values or record.raw.decode("latin-1").split(delimiter)
    return sum(suite.spec(name) is not None for name in names), len(names)

"""The tryback: the records of a command file that failed, for people to correct."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import IO

from toolsync.reading.command_file import CommandFile
from toolsync.reading.encodings import CODECS
from toolsync.reading.problems import FileRejected
from toolsync.reading.records import DELIMITERS, Record


class TrybackWriter:
    """Writes failed records byte for byte below what the file itself begins with. Writes nothing when no record failed.

    :param file: the file that the records come from.
    :param stream: where to write; it stays open.
    :ivar count: the number of records written so far.
    """

    def __init__(self, file: CommandFile, stream: IO[bytes]) -> None:
        self.count = 0
        self._file = file
        self._stream = stream
        self._ended = True

    def write(self, record: Record) -> None:
        """Add a record, or a further piece of the record before it."""
        if not record.continued:
            self._stream.write(b"" if self._ended else self._file.line_end)
            self._stream.write(b"" if self.count else self._begin(record))
            self.count += 1
        self._stream.write(record.raw)
        self._ended = record.raw.endswith((b"\n", b"\r"))

    def finish(self) -> None:
        """End the last line."""
        self._stream.write(b"" if self._ended else self._file.line_end)
        self._ended = True

    def _begin(self, record: Record) -> bytes:
        """What stands above the first record: a header, too, if the file has none and this record would not tell its delimiter."""
        file = self._file
        if file.header_raw or _reads_alike(file, record):
            return file.before + file.header_raw
        header = file.delimiter.join(file.header.written)
        return file.before + header.encode(CODECS[file.encoding]) + file.line_end


@dataclass(frozen=True)
class _Bytes:
    content: bytes

    def open(self, mode: str) -> IO[bytes]:
        return io.BytesIO(self.content)


def _reads_alike(file: CommandFile, record: Record) -> bool:
    """Whether a file without a header is read in the same way when it begins with this record."""
    others = (other.encode() for other in DELIMITERS if other != file.delimiter)
    if b'"' in record.raw and any(other in record.raw for other in others):
        return False  # cut by another delimiter, it may take the records after it into a quoted value
    try:
        again = CommandFile.open(_Bytes(file.before + record.raw), suite=file.suite, encoding=file.encoding)
    except FileRejected:
        return False
    return (again.before, again.header_raw, again.delimiter) == (file.before, b"", file.delimiter)

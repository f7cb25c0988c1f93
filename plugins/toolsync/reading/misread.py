"""Whether a command file is in another encoding than it is read in: one sentence about the file, beside the problems of its lines."""

from __future__ import annotations

import io
from collections.abc import Iterable

from toolsync.reading.command_file import CommandFile
from toolsync.reading.encodings import CODECS, OTHERS, Evidence, fits
from toolsync.reading.problems import rejected, shown
from toolsync.reading.records import Record, RecordReader


class Misread:
    """Looks at the records of a file as they are read.

    :param file: the file, which has the encoding that a person has set.
    """

    def __init__(self, file: CommandFile) -> None:
        self._file = file
        self._evidence = Evidence()
        self._first: Record | None = None
        self._count = 0

    def look(self, records: Iterable[Record]) -> None:
        for record in records:
            if record.raw.isascii():
                continue
            self._evidence.add(record.line, record.raw)
            if not record.continued and not fits(record.raw, self._file.encoding):
                self._first = self._first or record
                self._count += 1

    def check(self) -> None:
        """After the last record.

        :raises FileRejected: the file is UTF-8 and is read as something else, in which it is no text that anybody wrote. No line of it would fail.
        """
        encoding, line = self._file.encoding, self._evidence.utf8
        if encoding != "utf-8" and self._evidence.is_utf8:
            message = f"the file is UTF-8 (line {line} is the first that shows it), and Param encoding says {encoding}: set it to utf-8"
            raise rejected("encoding", message)

    @property
    def note(self) -> str | None:
        """What lines that are not in the encoding seem to be in, and what to do; None: there are none."""
        if self._first is None:
            return None
        encoding, likely = self._file.encoding, self._evidence.likely
        one = self._count == 1
        count = f"{self._count:,} {'line is' if one else 'lines are'} not valid {encoding}"
        if self._evidence.is_mixed:
            first = f"line {self._evidence.utf8} is UTF-8, line {self._evidence.other} is not"
            return f"{count}: the file is in several encodings, or damaged ({first}); save it as UTF-8 as a whole"
        where, value = _place(self._file, self._first, likely)
        if likely is None:
            return f"{count}, {where}{' is the first' if not one else ''}: save the file as UTF-8, or set Param encoding to what it is in"
        cure = f"set Param encoding to {likely}, or save the file as UTF-8" if likely in CODECS else "save it as UTF-8"
        reads = f", in which {where} says {value!r}" if value else f" ({where})"
        return f"{count}: the file looks like {likely}{reads}; {cure}"


def _place(file: CommandFile, record: Record, encoding: str | None) -> tuple[str, str | None]:
    """Where a record has bytes that don't fit, and the value there in another encoding; None: it is secret, or nobody can tell."""
    written = record.problem.field if record.problem else None
    text = record.raw.decode({**CODECS, **OTHERS}[encoding or "iso-8859-1"], "replace")
    read = next(iter(RecordReader(io.BytesIO(text.encode()), delimiter=file.delimiter, encoding="utf-8")), None)
    values = (read and read.values) or []
    fits_header = len(values) == len(file.header.written) and not any(values[each] for each in file.header.nameless)
    if written is None or not fits_header:
        # A delimiter without quotes moves a password into another column.
        return f"line {record.line}", None
    where = f"line {record.line}, column {written}"
    column = next((column for column in file.header.columns if column.written == written), None)
    if encoding is None or column is None or column.spec.secret:
        return where, None
    return where, shown(values[column.position])

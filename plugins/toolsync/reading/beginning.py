"""How a command file begins: byte order marks, the line that tells Excel the delimiter, and the first record, which tells the delimiter otherwise."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from toolsync.reading.encodings import utf16
from toolsync.reading.problems import rejected
from toolsync.reading.records import DELIMITERS, LINE_END, Record, RecordReader
from toolsync.reading.suite import Suite

PEEKED = 4096  # bytes
ZIP_MARK = b"PK\3"  # a spreadsheet is a ZIP archive
MARKS = re.compile(rb"(?:%s)*" % codecs.BOM_UTF8)  # programs that add one to a file that has one leave two
SEP_LINE = re.compile(rb' *"?sep=([^"\r\n]?)"?[,;\t| ]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


@dataclass(frozen=True)
class Beginning:
    """How a file begins.

    :param raw: the bytes before its first record: byte order marks, and the line `sep=;`.
    :param delimiter: the character between two cells, one of `DELIMITERS`.
    :param first: the first record, which may be the header.
    """

    raw: bytes
    delimiter: str
    first: Record

    @property
    def lines(self) -> int:
        """The number of lines before the first record, blank lines and comments aside."""
        return len(LINE_END.findall(self.raw))


def read_beginning(path: Any, suite: Suite, delimiter: str, encoding: str) -> Beginning:
    """Find out where the first record begins, and by what it is cut.

    :param path: anything with `open("rb")`.
    :param delimiter: Param `delimiter`.
    :param encoding: Param `encoding`.
    :raises FileRejected: when the file is no text in that encoding, holds nothing, or says itself that its delimiter is another one.
    :raises OSError: when it can't be read.
    """
    with path.open("rb") as stream:
        peeked = stream.read(PEEKED)
    marks = _byte_order_marks(peeked, encoding)
    sep = SEP_LINE.match(peeked, len(marks))
    raw = marks + (sep[0] if sep else b"")
    tried = _to_try(delimiter, sep[1].decode("latin-1") if sep else None)
    firsts: dict[str, Record] = {}
    for character in tried:
        with path.open("rb") as stream:
            stream.read(len(raw))
            reader = RecordReader(stream, delimiter=character, encoding=encoding, line=len(LINE_END.findall(raw)))
            first = next(iter(reader), None)
        if first is None:  # cells that are all empty when cut by one delimiter are no values when cut by another
            raise rejected("empty", "the file holds nothing but blank lines and comments")
        firsts[character] = first
    best = _best(suite, firsts)
    return Beginning(raw, best, firsts[best])


def check_header(suite: Suite, beginning: Beginning, encoding: str) -> None:
    """Check that the first record can be the header.

    :raises FileRejected: when it can't.
    """
    first = beginning.first
    if first.problem:
        raise rejected("header", f"line {first.line}, the header: {first.problem.message}")
    if _recognised(suite, first, beginning.delimiter)[0]:
        return
    # The message does not repeat the line: without a header, it may hold a password.
    better = next((other for other in DELIMITERS if _recognised_when_cut(suite, first, other, encoding)), None)
    cure = "correct line 1" if beginning.lines else "set Param delimiter"
    hint = f"; its cells look separated by {DELIMITERS[better]}, {cure}" if better else ""
    known = ", ".join(spec.name for spec in suite.columns[:6])
    message = f"line {first.line} is not a header: it names no column of this type ({known} …){hint}"
    raise rejected("header", message)


def _byte_order_marks(begin: bytes, encoding: str) -> bytes:
    if not begin:
        raise rejected("empty", "the file is empty")
    if utf16(begin):
        raise rejected("encoding", "the file is UTF-16: save it as UTF-8")
    if begin.startswith(ZIP_MARK):
        raise rejected(
            "encoding",
            "the file is a spreadsheet or an archive: save it as CSV; pictures go to the inbox of user_pictures",
        )
    found = MARKS.match(begin)
    marks = found[0] if found else b""
    if marks and encoding != "utf-8":
        message = f"the file begins with a UTF-8 byte order mark, so it is not {encoding}: set Param encoding to utf-8"
        raise rejected("encoding", message)
    return marks


def _to_try(delimiter: str, said: str | None) -> Collection[str]:
    """The delimiters that the file may have.

    :param delimiter: Param `delimiter`.
    :param said: what the line `sep=` says; None: there is none.
    """
    given = "\t" if delimiter == "tab" else delimiter
    if said is None:
        return DELIMITERS if given == "auto" else [given]
    if said not in DELIMITERS:
        known = ", ".join(DELIMITERS.values())
        raise rejected("header", f"line 1, sep=, names no delimiter that is known ({known})")
    if given not in ("auto", said):
        message = f"line 1, sep=, says that the delimiter is a {DELIMITERS[said]}, and Param delimiter that it is a {DELIMITERS[given]}: correct one of them"
        raise rejected("header", message)
    return [said]


def _best(suite: Suite, firsts: Mapping[str, Record]) -> str:
    """The delimiter that makes most cells of the first record known columns."""
    best = max(firsts, key=lambda character: _recognised(suite, firsts[character], character))
    if len(firsts) == 1 or suite.headerless is None or suite.names_key(firsts[best].values or ()):
        return best
    # There is no header to tell the delimiter by, and an identifier may well hold a comma.
    return max(
        (character for character in firsts if character != ","),
        key=lambda character: len(firsts[character].values or ()),
    )


def _recognised(suite: Suite, record: Record, delimiter: str) -> tuple[int, int]:
    """The number of its cells that name a column, and the number of all its cells."""
    names = record.values or record.raw.decode("latin-1").split(delimiter)
    return sum(map(suite.recognises, names)), len(names)


def _recognised_when_cut(suite: Suite, record: Record, delimiter: str, encoding: str) -> bool:
    first = next(iter(RecordReader(io.BytesIO(record.raw), delimiter=delimiter, encoding=encoding)), None)
    return first is not None and _recognised(suite, first, delimiter)[0] > 0

"""ZIP archives from untrusted sources: opened with limits, and the entries that are safe to read."""

from __future__ import annotations

import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from toolsync.reading.problems import rejected

SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "desktop.ini"}
UTF8_NAME = 0x800  # flags of an entry
ENCRYPTED = 0x1
DRIVE = re.compile(r"[A-Za-z]:")
# The decompressors of other methods can turn a few bytes into gigabytes before a limit applies.
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
HARMLESS = 1 << 20  # bytes: what unpacks to less is no ZIP bomb
ENTRY_BYTES = 512  # of the directory, for an entry with a long name


class Unreadable(ValueError):
    """The bytes of an entry can't be read; the message says why."""


@dataclass(frozen=True)
class ZipLimits:
    """Limits for an archive.

    :param entries: the most entries; an archive with more is rejected.
    :param entry_bytes: the largest size of an unpacked entry; a larger one is refused.
    :param total_bytes: the largest size of all unpacked entries that are read; an archive with more is rejected.
    :param ratio: the highest ratio of unpacked to packed size of an entry; one above it is refused, unless it is small.
    :param thing: what its entries are, in messages: `image`.
    :param others: what do not unpack to many times their size, in messages: `photographs`.
    """

    entries: int
    entry_bytes: int
    total_bytes: int
    ratio: float
    thing: str
    others: str

    def check_total(self, size: int) -> None:
        """Check the size of all unpacked entries that would be read.

        :param size: in bytes.
        :raises FileRejected: it is too large.
        """
        if size > self.total_bytes:
            raise rejected(
                "archive",
                f"its {self.thing}s are {megabytes(size)} unpacked; at most {megabytes(self.total_bytes)} are read",
            )

    def unsafe(self, info: zipfile.ZipInfo) -> str | None:
        """Why the bytes of an entry must not be read; None: it looks harmless."""
        kind = stat.S_IFMT(info.external_attr >> 16)
        if stat.S_ISLNK(kind):
            return f"it is a symbolic link, not {'an' if self.thing[0] in 'aeiou' else 'a'} {self.thing}"
        if kind and not stat.S_ISREG(kind):
            return "it is not a regular file"
        if info.flag_bits & ENCRYPTED:
            return "it is encrypted"
        if info.compress_type not in METHODS:
            return "its compression method is not supported; use deflate, or none"
        if info.file_size > self.entry_bytes:
            return f"it is {megabytes(info.file_size)} unpacked; at most {megabytes(self.entry_bytes)} are read"
        if info.file_size > max(HARMLESS, info.compress_size * self.ratio):
            return f"it unpacks to more than {self.ratio:g} times its size, as ZIP bombs do and {self.others} don't"
        return None


def open_zip(stream: IO[bytes], limits: ZipLimits) -> zipfile.ZipFile:
    """Open an archive.

    :param stream: seekable; must stay open as long as the archive is used.
    :raises FileRejected: it is no ZIP archive, or has too many entries.
    """
    try:
        archive = zipfile.ZipFile(_Guarded(stream, limits.entries * ENTRY_BYTES))
    except _TooLong:
        raise rejected(
            "archive",
            f"its directory has the size of more than {limits.entries} entries; at most {limits.entries} are read",
        ) from None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise rejected("archive", f"it can't be read as a ZIP archive: {error}") from None
    if len(archive.infolist()) > limits.entries:
        raise rejected("archive", f"it has {len(archive.infolist())} entries; at most {limits.entries} are read")
    return archive


def blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of an entry, in blocks: a single read() would unpack everything, whatever size the entry states.

    :raises Unreadable: it is damaged.
    """
    try:
        with archive.open(info) as stream:
            yield from iter(lambda: stream.read(HARMLESS), b"")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable(f"the archive is damaged here: {error}") from None


def path_of(info: zipfile.ZipInfo) -> str:
    """The path of an entry, with `/` between folders."""
    name = info.orig_filename
    if not info.flag_bits & UTF8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()  # macOS and others write UTF-8 without setting the flag
    return unicodedata.normalize("NFC", name).replace("\\", "/")


def base_of(path: str) -> str:
    """The name of a file, without its folders."""
    return path.rpartition("/")[2]


def is_system_file(path: str) -> bool:
    """Whether an operating system put it there."""
    *folders, base = path.split("/")
    hidden = any(part.startswith(".") and part not in {".", ".."} for part in (*folders, base))
    return hidden or "__MACOSX" in folders or base.lower() in SYSTEM_FILES


def misplaced(path: str) -> str | None:
    """What is wrong with the path of an entry; None: nothing."""
    if "\0" in path:
        return "there is a NUL character in its name"
    if ".." in path.split("/"):
        return "its path leads out of the archive"
    if path.startswith("/") or DRIVE.match(path):
        return "its path is absolute"
    return None


def megabytes(size: int) -> str:
    """A number of bytes as people read it."""
    return f"{size / 1e6:.3g} MB" if size < 1e9 else f"{size / 1e9:.3g} GB"


class _TooLong(OSError):
    """More would be read at once than the directory of an archive within the limits."""


class _Guarded:
    """A stream that refuses to read much at once: `zipfile` would read a directory of whatever size the archive states."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self.stream = stream
        self.most = max(most, HARMLESS)
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        if size > self.most:
            raise _TooLong
        return self.stream.read(size)

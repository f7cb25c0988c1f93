"""The images in a ZIP archive from an untrusted source.

Nothing is unpacked to disk. An image is read into memory when it is needed, and only if its entry in the archive's directory looks harmless.
"""

from __future__ import annotations

import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from more_itertools import partition

from toolsync.reading.problems import FileProblem, FileRejected

EXTENSIONS = ("jpg", "jpeg", "png", "gif", "webp")
ARCHIVE_EXTENSIONS = {"zip", "7z", "rar", "tar", "gz", "tgz", "bz2", "xz"}
SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "desktop.ini"}
UTF8_NAME = 0x800  # flags of an entry
ENCRYPTED = 0x1
DRIVE = re.compile(r"[A-Za-z]:")
# The decompressors of other methods can turn a few bytes into gigabytes before a limit applies.
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
HARMLESS = 1 << 20  # bytes: what unpacks to less is no ZIP bomb
ENTRY_BYTES = 512  # of the directory, for an entry with a long name


@dataclass(frozen=True)
class ArchiveLimits:
    """Limits for an archive.

    :param entries: the most entries; an archive with more is rejected.
    :param image_bytes: the largest size of an unpacked image; a larger one is refused.
    :param total_bytes: the largest size of all unpacked images; an archive with more is rejected.
    :param ratio: the highest ratio of unpacked to packed size of an image; one above it is refused, unless it is small.
    """

    entries: int
    image_bytes: int
    total_bytes: int
    ratio: float


@dataclass(frozen=True)
class Picture:
    """An image in the archive.

    :param line: the number of its entry, from 1.
    :param path: its path in the archive, with `/` between folders.
    :param refusal: why no picture is made of it; None: nothing speaks against it.
    :param readable: whether it is safe to read its bytes.
    """

    line: int
    path: str
    info: zipfile.ZipInfo
    refusal: str | None = None
    readable: bool = True

    @property
    def name(self) -> str:
        """The file name without its extension: it names the account."""
        return _base(self.path).rpartition(".")[0].strip()

    @property
    def safe_path(self) -> str:
        """Its path, relative and without `..`."""
        return "/".join(part for part in DRIVE.sub("", self.path, count=1).split("/") if part not in {"", ".", ".."})


class Unreadable(ValueError):
    """The bytes of an image can't be read; the message says why."""


class PictureArchive:
    """A ZIP archive of images.

    :param stream: seekable; must stay open as long as the archive is used.
    :raises FileRejected: it is no ZIP archive, contains no images, or is too large as a whole.
    """

    def __init__(self, stream: IO[bytes], limits: ArchiveLimits) -> None:
        self.limits = limits
        try:
            self._zip = zipfile.ZipFile(_Guarded(stream, limits.entries * ENTRY_BYTES))
        except _TooLong:
            raise _rejected(
                "archive",
                f"its directory has the size of more than {limits.entries} entries; at most {limits.entries} are read",
            ) from None
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
            raise _rejected("archive", f"it can't be read as a ZIP archive: {error}") from None
        entries = self._zip.infolist()
        if len(entries) > limits.entries:
            raise _rejected("archive", f"it has {len(entries)} entries; at most {limits.entries} are read")
        self.skipped = 0
        self.pictures = list(self._pictures(entries))
        if not self.pictures:
            raise _rejected("empty", "there is no image in it")
        total = sum(picture.info.file_size for picture in self.pictures if picture.readable)
        if total > limits.total_bytes:
            raise _rejected(
                "archive",
                f"its images are {_megabytes(total)} unpacked; at most {_megabytes(limits.total_bytes)} are read",
            )

    def read(self, picture: Picture) -> bytes:
        """The bytes of an image. Several threads can read at once.

        :raises Unreadable: the image is refused or damaged.
        """
        if not picture.readable:
            raise Unreadable(picture.refusal)
        try:
            # In blocks: a single read() would unpack everything, whatever size the entry states.
            with self._zip.open(picture.info) as stream:
                return b"".join(iter(lambda: stream.read(HARMLESS), b""))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise Unreadable(f"the archive is damaged here: {error}") from None

    def returnable(self, lines: set[int]) -> tuple[list[Picture], list[Picture]]:
        """Images that can be given back, and those that can't because they are refused or damaged.

        :param lines: the numbers of the images.
        """
        wanted = (picture for picture in self.pictures if picture.line in lines)
        unreadable, readable = map(list, partition(self._can_be_read, wanted))
        return readable, unreadable

    def copy(self, pictures: Iterable[Picture], target: IO[bytes]) -> None:
        """Write a ZIP archive of images, under safe paths."""
        with zipfile.ZipFile(target, "w") as copy:
            for picture in pictures:
                info = zipfile.ZipInfo(picture.safe_path or "unnamed", picture.info.date_time)
                info.compress_type = picture.info.compress_type
                copy.writestr(info, self.read(picture))

    def _can_be_read(self, picture: Picture) -> bool:
        try:
            self.read(picture)
        except Unreadable:
            return False
        return True

    def _pictures(self, entries: list[zipfile.ZipInfo]) -> Iterable[Picture]:
        for line, info in enumerate(entries, start=1):
            path = _path(info)
            if path.endswith("/"):
                continue
            if _is_system_file(path):
                self.skipped += 1
                continue
            unsafe = self._unsafe(info)
            yield Picture(line, path, info, unsafe or _misnamed(path), readable=unsafe is None)

    def _unsafe(self, info: zipfile.ZipInfo) -> str | None:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if stat.S_ISLNK(kind):
            return "it is a symbolic link, not an image"
        if kind and not stat.S_ISREG(kind):
            return "it is not a regular file"
        if info.flag_bits & ENCRYPTED:
            return "it is encrypted"
        if info.compress_type not in METHODS:
            return "its compression method is not supported; use deflate, or none"
        if info.file_size > self.limits.image_bytes:
            return (
                f"it is {_megabytes(info.file_size)} unpacked; at most {_megabytes(self.limits.image_bytes)} are read"
            )
        if info.file_size > max(HARMLESS, info.compress_size * self.limits.ratio):
            return (
                f"it unpacks to more than {self.limits.ratio:g} times its size, as ZIP bombs do and photographs don't"
            )
        return None


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


def _path(info: zipfile.ZipInfo) -> str:
    name = info.orig_filename
    if not info.flag_bits & UTF8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()  # macOS and others write UTF-8 without setting the flag
    return unicodedata.normalize("NFC", name).replace("\\", "/")


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _is_system_file(path: str) -> bool:
    *folders, base = path.split("/")
    hidden = any(part.startswith(".") and part not in {".", ".."} for part in (*folders, base))
    return hidden or "__MACOSX" in folders or base.lower() in SYSTEM_FILES


def _misnamed(path: str) -> str | None:
    if "\0" in path:
        return "there is a NUL character in its name"
    if ".." in path.split("/"):
        return "its path leads out of the archive"
    if path.startswith("/") or DRIVE.match(path):
        return "its path is absolute"
    stem, dot, extension = _base(path).rpartition(".")
    if extension.lower() in ARCHIVE_EXTENSIONS:
        return "it is an archive within the archive; put its images directly into this one"
    if not dot or extension.lower() not in EXTENSIONS:
        return f"its name must end in {', '.join(f'.{name}' for name in EXTENSIONS[:-1])} or .{EXTENSIONS[-1]}"
    if not stem.strip():
        return "there is no name before its extension"
    return None


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.3g} MB" if size < 1e9 else f"{size / 1e9:.3g} GB"


def _rejected(kind: str, message: str) -> FileRejected:
    return FileRejected([FileProblem(kind, "", message)])

"""The images in a ZIP archive from an untrusted source.

Nothing is unpacked to disk. An image is read into memory when it is needed, and only if its entry in the archive's directory looks harmless.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from more_itertools import partition

from toolsync.reading.problems import rejected
from toolsync.reading.zips import (
    DRIVE,
    Unreadable,
    ZipLimits,
    base_of,
    blocks,
    is_system_file,
    misplaced,
    open_zip,
    path_of,
)

EXTENSIONS = ("jpg", "jpeg", "png", "gif", "webp")
ARCHIVE_EXTENSIONS = {"zip", "7z", "rar", "tar", "gz", "tgz", "bz2", "xz"}


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
        return base_of(self.path).rpartition(".")[0].strip()

    @property
    def safe_path(self) -> str:
        """Its path, relative and without `..`."""
        return "/".join(part for part in DRIVE.sub("", self.path, count=1).split("/") if part not in {"", ".", ".."})


class PictureArchive:
    """A ZIP archive of images.

    :param stream: seekable; must stay open as long as the archive is used.
    :raises FileRejected: it is no ZIP archive, contains no images, or is too large as a whole.
    """

    def __init__(self, stream: IO[bytes], limits: ZipLimits) -> None:
        self.limits = limits
        self._zip = open_zip(stream, limits)
        self.skipped = 0
        self.pictures = list(self._pictures(self._zip.infolist()))
        if not self.pictures:
            raise rejected("empty", "there is no image in it")
        limits.check_total(sum(picture.info.file_size for picture in self.pictures if picture.readable))

    def read(self, picture: Picture) -> bytes:
        """The bytes of an image. Several threads can read at once.

        :raises Unreadable: the image is refused or damaged.
        """
        if not picture.readable:
            raise Unreadable(picture.refusal)
        return b"".join(blocks(self._zip, picture.info))

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
            path = path_of(info)
            if path.endswith("/"):
                continue
            if is_system_file(path):
                self.skipped += 1
                continue
            unsafe = self.limits.unsafe(info)
            yield Picture(line, path, info, unsafe or _misnamed(path), readable=unsafe is None)


def _misnamed(path: str) -> str | None:
    if wrong := misplaced(path):
        return wrong
    stem, dot, extension = base_of(path).rpartition(".")
    if extension.lower() in ARCHIVE_EXTENSIONS:
        return "it is an archive within the archive; put its images directly into this one"
    if not dot or extension.lower() not in EXTENSIONS:
        return f"its name must end in {', '.join(f'.{name}' for name in EXTENSIONS[:-1])} or .{EXTENSIONS[-1]}"
    if not stem.strip():
        return "there is no name before its extension"
    return None

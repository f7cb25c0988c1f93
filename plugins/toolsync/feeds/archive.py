"""The CSV files of a package, out of a ZIP archive from an untrusted source. They are copied, under names of our own, and are UTF-8 or windows-1252 then."""

from __future__ import annotations

import codecs
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from toolsync.feeds.kinds import PackageRejected
from toolsync.reading.encodings import Evidence, utf16
from toolsync.reading.problems import FileRejected
from toolsync.reading.zips import Unreadable, ZipLimits, base_of, blocks, is_system_file, misplaced, open_zip, path_of

LIMITS = ZipLimits(
    entries=1000, entry_bytes=1_000_000_000, total_bytes=2_000_000_000, ratio=250, thing="file", others="exports"
)
PART = b"Tool Sync: a part of a package"  # the comment of an archive that is a tryback


@dataclass(frozen=True)
class PackageFile:
    """A CSV file of a package.

    :param name: its path in the archive; its own name, where that tells which one is meant.
    :param path: the copy.
    :param encoding: of the copy: one that a command file may have.
    """

    name: str
    path: Path
    encoding: str


@dataclass
class PackageFiles:
    """The CSV files of a package, and what is to be told of the archive.

    :ivar is_part: whether it is a tryback, which has a part of what another package had.
    """

    files: list[PackageFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_part: bool = False


@contextmanager
def unpacked(source: Any) -> Iterator[PackageFiles]:
    """The CSV files of a package, which are there until the context ends.

    :param source: a path, or anything with `open("rb")`.
    :raises PackageRejected: it is no ZIP archive, there is no CSV file in it, or it is hostile.
    """
    with tempfile.TemporaryDirectory(prefix="toolsync-feed-") as folder:
        try:
            with (Path(source) if isinstance(source, str) else source).open("rb") as stream:
                found = _unpack(stream, Path(folder))
        except FileRejected as error:
            raise PackageRejected([f"the package: {message}" for message in error.messages]) from None
        yield found


def _unpack(stream: BinaryIO, folder: Path) -> PackageFiles:
    archive = open_zip(stream, LIMITS)
    found = PackageFiles(is_part=archive.comment == PART)
    wanted: list[tuple[str, zipfile.ZipInfo]] = []
    wrong: list[str] = []
    for info in archive.infolist():
        path = path_of(info)
        if reason := misplaced(path):
            wrong.append(f"{path!r}: {reason}")
        elif path.endswith("/") or is_system_file(path):
            continue
        elif not path.lower().endswith(".csv"):
            found.notes.append(f"{path} is not read: it is no CSV file")
        elif reason := LIMITS.unsafe(info):
            wrong.append(f"{path}: {reason}")
        else:
            wanted.append((path, info))
    if wrong:
        raise PackageRejected(wrong)
    if not wanted:
        raise PackageRejected(["the package: there is no CSV file in it"])
    LIMITS.check_total(sum(info.file_size for _, info in wanted))
    if twice := {path for path, count in Counter(path.casefold() for path, _ in wanted).items() if count > 1}:
        raise PackageRejected([f"{path}: it is there twice" for path, _ in wanted if path.casefold() in twice])
    bases = [base_of(path).casefold() for path, _ in wanted]
    for number, (path, info) in enumerate(wanted):
        name = base_of(path) if bases.count(base_of(path).casefold()) == 1 else path
        copy = folder / f"{number}.csv"
        try:
            note, encoding = _copy(archive, info, copy)
        except Unreadable as error:
            raise PackageRejected([f"{path}: {error}"]) from None
        found.files.append(PackageFile(name, copy, encoding))
        found.notes += [f"{name} {note}"] if note else []
    return found


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, copy: Path) -> tuple[str, str]:
    """Copy an entry.

    :return: what is to be told of its encoding, and the encoding of the copy.
    """
    decoder: Any = None
    with copy.open("wb") as target:
        for number, block in enumerate(blocks(archive, info)):
            if number == 0 and (codec := utf16(block)):
                decoder = codecs.getincrementaldecoder(codec)("replace")
            target.write(decoder.decode(block).encode() if decoder else block)
        target.write(decoder.decode(b"", True).encode() if decoder else b"")
    if decoder:
        return "is UTF-16, and was read as that; the standard asks for UTF-8", "utf-8"
    with copy.open("rb") as stream:
        is_windows = Evidence.of(stream).may_be_windows
    if is_windows:
        return "is not UTF-8, and was read as windows-1252; the standard asks for UTF-8", "windows-1252"
    return "", "utf-8"

"""Files of the cabinet as the page reads them: by a name that is taken apart first, and never through a link."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from toolsync.cabinet import store
from toolsync.cabinet.claims import CLAIM_ID, Claim
from toolsync.cabinet.disk import Disk
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.store import Store, Stored

REPORT = re.compile(rf"(?P<stem>.+)_(?P<claim>{CLAIM_ID})_(?P<simulated>simulation_)?report\.json")
TRYBACK = re.compile(rf"(?P<stem>.+)_(?P<claim>{CLAIM_ID})_tryback(?P<suffix>(?:\.[^.]*)?)")


@dataclass(frozen=True)
class PlainFile:
    """A file of this machine that is opened only if it is one: no link, folder, pipe or device."""

    path: Path

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Open it for reading.

        :raises FileNotFoundError: it is not there, or is something else.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise FileNotFoundError(self.path.name) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(self.path.name)
        return os.fdopen(descriptor, "rb")


@dataclass(frozen=True)
class Found:
    """A file in a folder of the cabinet.

    :param modified: when it changed last, ISO 8601; None: the store does not say.
    :param stamp: what differs once it is another file, as far as the system tells.
    """

    name: str
    size: int
    modified: str | None
    opened: Any
    stamp: str = ""

    def read(self) -> bytes:
        with self.opened.open("rb") as stream:
            return stream.read()


def find(cabinet: Cabinet, folder: str, name: str) -> Found | None:
    """A file of the cabinet by folder and name; None when there is none.

    :param folder: one of the folders, `report`.
    :param name: a name, perhaps from a request: one that leads elsewhere finds nothing.
    """
    if not name or "/" in name or "\\" in name or "\0" in name or name.startswith("."):
        return None
    path = cabinet.folder(folder) / name
    if isinstance(cabinet.files, Disk):
        return _on_disk(path)
    there = cabinet.files.look(path)
    return None if there is None else _in_store(cabinet.files, path, there)


class Folder:
    """What is in a folder of the cabinet, asked once: in an object store by one request.

    :param name: one of the folders, `report`.
    :ivar names: of what is in it, in order, without hidden ones.
    """

    def __init__(self, cabinet: Cabinet, name: str) -> None:
        self._files, self._path = cabinet.files, cabinet.folder(name)
        self._there = {} if isinstance(self._files, Disk) else self._files.objects(self._path)
        names = listed(self._path) if isinstance(self._files, Disk) else self._there
        self.names = sorted(name for name in names if not name.startswith("."))
        self._known = frozenset(self.names)

    def find(self, name: str) -> Found | None:
        """A file in it; None when there is none of that name."""
        if name not in self._known:
            return None
        if isinstance(self._files, Disk):
            return _on_disk(self._path / name)
        return _in_store(self._files, self._path / name, self._there[name])


def listed(folder: Path) -> list[str]:
    """The names in a folder of this machine; none when it is not there."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _on_disk(path: Path) -> Found | None:
    """A file of this machine; None: there is none, or it is a link, folder, pipe or device."""
    try:
        status = path.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    stamp = f"{status.st_ino} {status.st_mtime_ns}"
    return Found(path.name, status.st_size, iso(status.st_mtime), PlainFile(path), stamp)


def _in_store(files: Store, path: Any, there: store.Found) -> Found:
    """An object as a file."""
    modified = iso(there.written.timestamp()) if there.written else None
    return Found(path.name, there.size, modified, Stored(files, path, there.size), there.identity)


def iso(seconds: float) -> str:
    """A moment as the page gets it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def claim_of(claim_id: str, name: str, *, simulated: bool) -> Claim:
    """A claim as far as its files' names need it.

    :param name: of the command file.
    """
    return Claim(claim_id, name, {"simulate": simulated})

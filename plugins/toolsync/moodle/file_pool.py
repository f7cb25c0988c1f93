"""The contents of a site's files: `filedir` in its data folder, where Moodle keeps each under the SHA-1 of itself."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.folders import folder_at
from toolsync.moodle.session import MoodleSession

EMPTY = hashlib.sha1(b"").hexdigest()  # of directories; Moodle never removes it
WRITERS = 8  # contents written at once: disks and networks wait more than they work
ASKED = 1000  # hashes in one query


def pool_of_site(extra: Mapping[str, Any], conn_id: str) -> FilePool:
    """The pool in the data folder that the connection's extra names.

    :raises AirflowFailException: it can't be reached, or not be written to; nothing was touched.
    """
    if not extra.get("dataroot"):
        raise AirflowFailException(
            f"Connection {conn_id} does not say where the site's data folder is: its extra needs `dataroot`. Nothing was touched."
        )
    try:
        return FilePool(extra["dataroot"])
    except OutOfReach as reason:
        raise AirflowFailException(
            f"The site's data folder {extra['dataroot']} {reason}. Nothing was touched."
        ) from None


def at_hand(session: MoodleSession) -> bool:
    """Whether the site's data folder can be reached, so that contents of deleted files can go too."""
    if not session.extra.get("dataroot"):
        return False
    try:
        FilePool(session.extra["dataroot"])
    except OutOfReach:
        return False
    return True


class OutOfReach(Exception):
    """What is the matter with the data folder, to go after its address."""


class FilePool:
    """The pool of a site.

    :param address: of the site's data folder: a local folder, or what Airflow's ObjectStoragePath reaches.
    :raises OutOfReach: it is not there, or can't be written to.
    """

    def __init__(self, address: str) -> None:
        try:
            self.root = folder_at(address)
            self.local = isinstance(self.root, Path)
            if not self.root.is_dir():
                raise OutOfReach("is not there")
            pool = self.root / "filedir"
            folder = pool if pool.is_dir() else self.root
        except OutOfReach:
            raise
        except Exception as error:  # every file system has its own
            raise OutOfReach(f"can't be reached: {error}") from None
        if self.local:
            self._example = folder.stat()  # made by the site, with its `directorypermissions`
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise OutOfReach(f"can't be written to: this account may not write to {folder}")

    def read(self, content_hash: str) -> bytes | None:
        """A content, None when the pool does not have it."""
        try:
            return self._path("filedir", content_hash).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def has(self, content_hash: str) -> bool:
        """Whether the content is there, or in the trash, from where Moodle brings it back."""
        return any(_size(self._path(area, content_hash)) is not None for area in ("filedir", "trashdir"))

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Add contents, each whole or not at all.

        :param contents: by their hashes.
        """
        with ThreadPoolExecutor(WRITERS) as threads:
            list(threads.map(lambda item: self._write(*item), contents.items()))

    def discard(self, content_hashes: Iterable[str]) -> int:
        """Move contents into the trash, which Moodle's cron empties: until then it brings back what it turns out to need.

        :return: how many were there.
        """
        with ThreadPoolExecutor(WRITERS) as threads:
            return sum(threads.map(self._discard, content_hashes))

    def discard_unused(self, content_hashes: Collection[str], session: MoodleSession) -> int:
        """Those of these contents that no row of the site refers to go into the trash.

        :return: how many went.
        """
        unused = set(content_hashes) - {EMPTY}
        every = sorted(unused)
        for start in range(0, len(every), ASKED):
            asked = every[start : start + ASKED]
            marks = ", ".join(["%s"] * len(asked))
            used = session.rows(f"SELECT DISTINCT contenthash FROM {{files}} WHERE contenthash IN ({marks})", asked)
            unused.difference_update(content_hash for (content_hash,) in used)
        return self.discard(unused)

    def _path(self, area: str, content_hash: str) -> Any:
        return self.root / area / content_hash[:2] / content_hash[2:4] / content_hash

    def _write(self, content_hash: str, content: bytes) -> None:
        target = self._path("filedir", content_hash)
        if _size(target) == len(content):
            return
        self._make_folder(target.parent)
        part = self._aside(target)
        with part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            if self.local:
                os.fsync(stream.fileno())
        if self.local:
            self._as_the_site(part, self._example.st_mode & 0o666)
        self._move(part, target)

    def _discard(self, content_hash: str) -> bool:
        target, trash = self._path("filedir", content_hash), self._path("trashdir", content_hash)
        self._aside(target).unlink(missing_ok=True)
        if _size(target) is None:
            return False
        if _size(trash) is None:
            self._make_folder(trash.parent)
            self._move(target, trash)
        else:
            target.unlink()
        return True

    def _make_folder(self, folder: Any) -> None:
        if not self.local:
            folder.mkdir(parents=True, exist_ok=True)
        elif not folder.is_dir():
            self._make_folder(folder.parent)
            with suppress(FileExistsError):  # another thread was faster
                folder.mkdir()
                self._as_the_site(folder, stat.S_IMODE(self._example.st_mode))

    def _as_the_site(self, path: Path, mode: int) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._example.st_uid, self._example.st_gid)
        path.chmod(mode)

    def _move(self, source: Any, target: Any) -> None:
        if self.local:
            os.replace(source, target)
        else:
            source.move(target)

    @staticmethod
    def _aside(target: Any) -> Any:
        return target.parent / f"{target.name}.toolsync"


def _size(path: Any) -> int | None:
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
